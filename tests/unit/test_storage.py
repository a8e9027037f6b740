"""A database that cannot be written and a disk without room are told, for as long as that is so."""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from provenance.errors import ProvenanceError, StorageError, UnreachableError
from provenance_registry.db.engine import unusable
from provenance_registry.db.repository import SQLRepository
from provenance_registry.http.problems import status_of
from provenance_registry.worker.storage import MIN_FREE, Storage

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[SQLRepository]:
    made = SQLRepository(tmp_path / "registry.db")
    yield made
    made.close()


def codes(storage: Storage) -> list[str]:
    try:
        storage.look()
    except ProvenanceError as error:
        return [error.code]
    return []


def test_a_write_that_failed_is_told_until_one_succeeds(repository: SQLRepository, tmp_path: Path) -> None:
    storage = Storage(repository, tmp_path)
    assert (repository.trouble, codes(storage)) == (None, [])
    with sqlite3.connect(tmp_path / "registry.db") as other:
        other.execute("ALTER TABLE leases RENAME TO elsewhere")
    with pytest.raises(StorageError):
        repository.write(lambda transaction: transaction.take_lease("sender", "x", 1, alone=True))
    assert repository.trouble is not None
    assert repository.trouble.code == "database-unusable"
    assert codes(storage) == ["database-unusable"]
    with other:
        other.execute("ALTER TABLE elsewhere RENAME TO leases")
    other.close()
    assert codes(storage) == []
    assert repository.trouble is None


def test_a_disk_without_room_is_told_before_anything_is_refused(
    repository: SQLRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage(repository, tmp_path)
    for free, told in ((MIN_FREE, []), (MIN_FREE - 1, ["disk-low"]), (0, ["disk-low"]), (MIN_FREE, [])):
        monkeypatch.setattr("shutil.disk_usage", lambda _, free=free: Usage(1, 1, free))
        assert codes(storage) == told
    assert codes(Storage(repository, tmp_path / "gone")) == []
    monkeypatch.undo()
    assert codes(Storage(repository, tmp_path / "gone")) == ["cannot-write"]


class RefusedError(Exception):
    """What PostgreSQL's driver raises."""

    def __init__(self, state: str | None) -> None:
        super().__init__("no")
        self.sqlstate = state


@pytest.mark.parametrize(
    ("state", "code", "status"),
    [
        (None, "database-away", 503),  # No connection.
        ("57P01", "database-away", 503),  # The server is being stopped.
        ("25P03", "database-away", 503),  # This process was paused in a transaction, which the server ended.
        ("57P03", "database-away", 503),  # It starts.
        ("53300", "database-busy", 503),  # Too many connections.
        ("55P03", "database-away", 503),  # A lock was not to be had.
        ("53100", "database-unusable", 507),  # Its disk is full.
        ("58030", "database-unusable", 507),  # Its disk fails.
        ("42P01", "database-unusable", 507),  # A table is missing.
    ],
)
def test_a_server_that_is_away_is_no_disk_that_fails(state: str | None, code: str, status: int) -> None:
    raw = RefusedError(state)
    for error in (unusable("postgresql://x/y", sa.exc.OperationalError("SELECT 1", {}, raw)), unusable("x", raw)):
        assert (error.code, status_of(error)) == (code, status)
        assert isinstance(error, UnreachableError if status == 503 else StorageError)


def test_a_file_that_fails_is_no_server_that_is_away() -> None:
    error = unusable("registry.db", sa.exc.OperationalError("SELECT 1", {}, sqlite3.OperationalError("disk I/O error")))
    assert error.code == "database-unusable"
