"""Group commit: whatever goes wrong, every caller gets an answer, and the next ones are served."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NoReturn

import pytest
import sqlalchemy as sa

from provenance.errors import StorageError, UnreachableError
from provenance_registry.db import engine as engines
from provenance_registry.db.engine import open_engine
from provenance_registry.db.repository import SQLRepository
from provenance_registry.db.writer import GroupWriter

SOON = 5.0
"""Seconds after which an answer is taken for one that never comes."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_engine(tmp_path / "registry.db")
    yield engine
    engine.dispose()


def failure(future: Future[Any]) -> StorageError:
    error = future.exception(SOON)
    assert isinstance(error, StorageError)
    return error


def one(connection: sa.Connection) -> int:
    return int(connection.execute(sa.text("SELECT 1")).scalar_one())


def test_an_exhausted_pool_fails_the_write_and_not_the_writer(engine: sa.Engine) -> None:
    engine.pool._timeout = 0.05  # type: ignore[attr-defined]
    taken = [engine.connect() for _ in range(8)]
    writer = GroupWriter(engine)
    error = writer.submit(one).exception(SOON)
    assert isinstance(error, UnreachableError)  # It passes by itself.
    assert error.code == "database-busy"
    assert writer.trouble == error
    for connection in taken:
        connection.close()
    assert writer.submit(one).result(SOON) == 1
    assert writer.trouble is None
    writer.close()


def test_a_pragma_that_fails_is_our_error_and_the_next_write_goes_on(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = GroupWriter(engine)
    engine.dispose()  # The next connection is a new one.
    good = engines.PRAGMAS
    monkeypatch.setattr(engines, "PRAGMAS", ("journal_mode=WAL", "no such pragma"))
    with pytest.raises(StorageError, match=r"registry\.db"):
        engine.connect()
    assert failure(writer.submit(one)).code == "database-unusable"
    monkeypatch.setattr(engines, "PRAGMAS", good)
    assert writer.submit(one).result(SOON) == 1
    writer.close()


def test_a_database_that_cannot_be_configured_is_our_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "PRAGMAS", ("no such pragma",))
    with pytest.raises(StorageError):
        open_engine(tmp_path / "registry.db")


def test_reading_a_broken_database_is_our_error(tmp_path: Path) -> None:
    repository = SQLRepository(tmp_path / "registry.db")
    with sqlite3.connect(tmp_path / "registry.db") as other:
        other.execute("DROP TABLE indexed")
    other.close()
    with pytest.raises(StorageError):
        repository.indexed_head()
    repository.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_died_is_named_and_nobody_waits_for_it(tmp_path: Path) -> None:
    repository = SQLRepository(tmp_path / "registry.db")
    assert repository.trouble is None

    def die(_: object) -> NoReturn:
        raise SystemExit

    with pytest.raises(StorageError):
        repository.write(die)
    with pytest.raises(StorageError, match="any more"):
        repository.write(lambda _: None)
    assert repository.trouble is not None
    assert repository.trouble.code == "writer-ended"
    repository.close()
