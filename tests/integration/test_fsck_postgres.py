"""``fsck`` on PostgreSQL: beside a registry that runs, with every damage named, and nothing changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from provenance.errors import UnreachableError
from provenance_registry.fsck import Findings, check
from tests.integration.test_backups import DAMAGES, run
from tests.support.postgres import Server
from tests.support.registries import RunningRegistry, Studio

_ZEROS = "decode(repeat('00', 32), 'hex')"


@pytest.fixture
def registry(chain: RunningRegistry, postgres: Server, tmp_path: Path) -> Iterator[RunningRegistry]:
    """A registry that runs, its ledger behind a node, with a batch anchored."""
    folder = tmp_path / "registry"
    folder.mkdir()
    shutil.copytree(chain.folder / "secrets", folder / "secrets")  # Its anchorer may anchor.
    made = RunningRegistry(
        folder,
        KILNMARK_DATABASE=postgres.make(),
        KILNMARK_LEDGER=f"{chain.base_url}/rpc",
        KILNMARK_CONTRACT=str(chain.policy.ledger.contract),
    )
    made.admin, made.steward = chain.admin, chain.steward
    made.start()
    studio = Studio(made)
    studio.accredit()
    certificates = [studio.sign(), studio.sign()]
    studio.submit(*certificates)
    studio.wait_anchored(*certificates)
    yield made
    made.stop()


def checked(registry: RunningRegistry, database: str) -> Findings:
    return check(registry.folder, registry.settings["KILNMARK_LEDGER"], database=database)


def test_one_that_runs_is_checked_and_each_damage_is_named(
    registry: RunningRegistry, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = registry.settings["KILNMARK_DATABASE"]
    for name in ("KILNMARK_DATABASE", "KILNMARK_LEDGER"):
        monkeypatch.setenv(name, registry.settings[name])
    code, told = run("registry", "fsck", "--data", registry.folder)
    assert (code, told["certificates"], told["batches"], told["faults"]) == (0, 2, 1, [])
    for fault, statement in DAMAGES.items():
        copy = postgres.copy(database)
        with psycopg.connect(copy) as connection:
            connection.execute("SET session_replication_role = replica")  # No foreign key stands in the way.
            connection.execute(statement.replace("zeroblob(32)", _ZEROS))
        assert fault in {each["fault"] for each in checked(registry, copy).faults}, fault
    with psycopg.connect(copy, autocommit=True) as connection:
        connection.execute("DROP TABLE alembic_version")
    monkeypatch.setenv("KILNMARK_DATABASE", copy)
    assert run("registry", "fsck", "--data", registry.folder)[1]["error"] == "database-not-migrated"


def test_a_page_that_the_server_finds_damaged_is_a_fault(registry: RunningRegistry, postgres: Server) -> None:
    copy = postgres.copy(registry.settings["KILNMARK_DATABASE"])
    with psycopg.connect(copy, autocommit=True) as connection:
        (path,) = connection.execute("SELECT pg_relation_filepath('leaves')").fetchone() or ("",)
        connection.execute("CHECKPOINT")
    postgres.kill(at_once=False)
    file = postgres.folder / "data" / path
    page = bytearray(file.read_bytes())
    page[12:16] = b"\xff" * 4  # Where the page's free room begins and ends.
    file.write_bytes(page)
    postgres.start_again()
    assert [each["fault"] for each in checked(registry, copy).faults] == ["database-damaged"]


def test_a_server_that_does_not_answer_is_no_fault_of_the_database(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError) as raised:
        check(tmp_path, "http://127.0.0.1:1", database="postgresql://somebody:hush-hush@127.0.0.1:1/x")
    assert raised.value.code == "database-away"
    assert "hush" not in str(raised.value)
