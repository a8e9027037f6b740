"""On PostgreSQL the registry is the same: its tables, what it refuses, and the way of a piece."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from provenance.errors import ConfigurationError, UnreachableError
from provenance.verdict import Outcome
from provenance_registry.db.engine import migrate, open_engine
from provenance_registry.db.repository import SQLRepository
from provenance_registry.db.tables import metadata
from provenance_registry.records import State
from tests.support.postgres import Server
from tests.support.registries import RunningRegistry, Studio


@pytest.fixture
def address(postgres: Server) -> str:
    return postgres.make()


def tables(address: str) -> set[str]:
    with psycopg.connect(address) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in found}


def test_all_the_way_up_and_down_and_up_again(address: str) -> None:
    engine = open_engine(address)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert tables(address) == {*metadata.tables, "alembic_version"}
    migrate(engine, "base")
    assert tables(address) == {"alembic_version"}
    for revision in ("0002", "0004", "0002", "head"):
        migrate(engine, revision)
    assert tables(address) == {*metadata.tables, "alembic_version"}
    engine.dispose()


def test_each_commit_is_on_disk_before_it_is_answered(address: str) -> None:
    engine = open_engine(address)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SHOW synchronous_commit")).scalar_one() == "on"
        assert connection.execute(sa.text("SHOW fsync")).scalar_one() == "on"
    engine.dispose()


def test_one_transaction_writes_at_a_time_whoever_writes(address: str) -> None:
    first, second = SQLRepository(address), SQLRepository(address)
    began, go_on = threading.Event(), threading.Event()

    def slow(_: object) -> None:
        began.set()
        assert go_on.wait(60)

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first.write, slow)
        assert began.wait(60)
        other = pool.submit(second.write, lambda transaction: transaction.held())
        with pytest.raises(TimeoutError):
            other.result(0.3)
        go_on.set()
        assert (one.result(60), other.result(60)) == (None, 0)
    first.close()
    second.close()


@pytest.mark.parametrize(
    "wrong", ["mysql://a:hush-hush@localhost/x", "postgresql://user:hush-hush@[::1/x", "hush-hush", "postgresql"]
)
def test_an_address_that_is_none_is_refused_and_not_repeated(wrong: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_engine(wrong)
    assert caught.value.code == "bad-settings"
    assert "hush" not in caught.value.message


def test_a_server_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError) as caught:
        open_engine(f"postgresql://somebody:hush-hush@/kilnmark?host={tmp_path}")
    assert caught.value.code == "database-away"
    assert "hush" not in caught.value.message
    assert str(tmp_path).rpartition("/")[2] in caught.value.message


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def test_a_server_that_dies_is_told_and_found_again(server: Server) -> None:
    repository = SQLRepository(server.make())
    assert repository.write(lambda transaction: transaction.held()) == 0
    server.kill()
    with pytest.raises(UnreachableError, match="does not answer"):
        repository.write(lambda transaction: transaction.held())
    with pytest.raises(UnreachableError):
        repository.counts()
    assert repository.trouble is not None
    server.start_again()
    assert repository.counts()[State.HELD] == 0
    assert repository.write(lambda transaction: transaction.held()) == 0
    assert repository.trouble is None
    repository.close()


def test_the_way_of_a_piece(address: str, tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "data", KILNMARK_DATABASE=address)
    registry.start()
    studio = Studio(registry)
    studio.accredit()
    certificate = studio.sign()
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    registry.kill()
    registry.start()
    answer = httpx.get(f"{registry.base_url}/api/v1/pieces/{certificate.piece.serial}", timeout=60)
    assert answer.json()["outcome"] == Outcome.AUTHENTIC.value
    assert registry.stop() == 0
    assert not (tmp_path / "data" / "registry.db").exists()
    assert "Traceback" not in registry.log
