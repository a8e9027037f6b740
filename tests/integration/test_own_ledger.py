"""A database belongs to one ledger: no start with another goes on, and none is made in its place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import Server
from tests.support.registries import RunningRegistry


@pytest.fixture
def chains(tmp_path: Path) -> Iterator[list[RunningRegistry]]:
    made = [RunningRegistry(tmp_path / f"chain{number}") for number in range(2)]
    for chain in made:
        chain.start()
    yield made
    for chain in made:
        if chain.process is not None and chain.process.poll() is None:
            chain.stop()


def behind(chain: RunningRegistry, folder: Path, address: str) -> RunningRegistry:
    """Return a registry with a folder of its own at a chain that another one runs."""
    return RunningRegistry(
        folder,
        KILNMARK_DATABASE=address,
        KILNMARK_LEDGER=f"{chain.base_url}/rpc",
        KILNMARK_CONTRACT=str(chain.policy.ledger.contract),
    )


def refused(registry: RunningRegistry, words: str) -> None:
    registry.start(wait=False)
    assert registry.wait_dead(asked=False) == 5
    assert words in registry.log
    assert "Traceback" not in registry.log


def test_two_ledgers_on_one_database_are_refused(
    chains: list[RunningRegistry], postgres: Server, tmp_path: Path
) -> None:
    address = postgres.make()
    first = behind(chains[0], tmp_path / "first", address)
    chains.append(first)  # It is stopped with them.
    first.start(wait=False)  # Its anchorer has no money there, which is another matter.
    first.wait_alive()
    ledger = first.policy.ledger
    with psycopg.connect(address) as connection:
        row = connection.execute("SELECT chain_id, genesis, contract, deployment_id FROM own_ledger").fetchone()
    assert row == (str(ledger.chain_id), ledger.genesis.value, ledger.contract.value, ledger.deployment_id.value)

    other = behind(chains[1], tmp_path / "other", address)
    refused(other, "belongs to another ledger: its genesis is")
    assert str(ledger.genesis) in other.log
    assert "Name a database of its own" in other.log
    assert not (other.folder / "ledger.json").exists()
    embedded = RunningRegistry(tmp_path / "embedded", KILNMARK_DATABASE=address)
    refused(embedded, "does not tell its ledger")
    assert (embedded.folder / "chain.db").stat().st_size == 0

    first.stop()
    again = behind(chains[0], tmp_path / "again", address)  # Another machine, with a folder of its own.
    again.start(wait=False)
    again.wait_alive()
    assert again.policy.ledger == ledger
    again.stop()


def test_no_chain_is_made_where_the_databases_own_is_lost(tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "data")
    registry.start()
    contract = registry.policy.ledger.contract
    registry.stop()
    for file in (registry.folder / "ledger.json", *registry.folder.glob("chain.db*")):
        file.unlink()
    refused(registry, f"belongs to the ledger {contract}, and")
    assert (registry.folder / "chain.db").stat().st_size == 0
    assert not (registry.folder / "ledger.json").exists()


def test_a_database_of_before_is_tied_at_its_next_start(tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "data")
    registry.start()
    registry.stop()
    with closing(sqlite3.connect(registry.folder / "registry.db")) as database, database:
        database.execute("DELETE FROM own_ledger")
    registry.start()
    registry.stop()
    with closing(sqlite3.connect(registry.folder / "registry.db")) as database, database:
        assert database.execute("SELECT count(*) FROM own_ledger").fetchone() == (1,)
        database.execute("UPDATE own_ledger SET deployment_id = zeroblob(32)")
    refused(registry, f"its deploymentId is 0x{'00' * 32}, and not 0x")
