"""A registry's folder that was copied with its chain: beside the first it would begin a second chain."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import httpx
import psycopg

from tests.support.postgres import Server
from tests.support.registries import RunningRegistry, Studio
from tests.support.stopping import stop_outside_a_write


def test_a_copied_chain_on_the_same_database_is_refused_and_never_sealed(postgres: Server, tmp_path: Path) -> None:
    address = postgres.make_migrated()
    first = RunningRegistry(tmp_path / "first", KILNMARK_DATABASE=address)
    first.start()
    first.stop()
    shutil.copytree(first.folder, tmp_path / "second")
    first.start()
    second = RunningRegistry(tmp_path / "second", KILNMARK_DATABASE=address, KILNMARK_BASE_URL=first.base_url)
    second.admin, second.steward = first.admin, first.steward
    try:
        second.start(wait=False)
        assert second.wait_dead(asked=False) == 5
        assert "Another registry works on the database" in second.log
        assert "Traceback" not in second.log
        studio = Studio(first)
        studio.accredit()
        certificate = studio.sign()
        studio.submit(certificate)
        studio.wait_anchored(certificate)
    finally:
        first.stop()
    second.start(wait=False)
    assert second.wait_dead(asked=False) == 5
    assert "the chain is an older copy" in second.log


def test_a_chain_that_slept_while_a_copy_of_it_went_on_stands_still(postgres: Server, tmp_path: Path) -> None:
    address = postgres.make_migrated()
    first = RunningRegistry(tmp_path / "first", KILNMARK_DATABASE=address)
    first.start()
    first.stop()
    shutil.copytree(first.folder, tmp_path / "second")
    first.start()
    second = RunningRegistry(tmp_path / "second", KILNMARK_DATABASE=address)
    second.admin, second.steward = first.admin, first.steward
    assert first.process is not None
    stop_outside_a_write(first.process.pid, address)
    try:
        second.start()  # Once the other's lease has run out.
        studio = Studio(second)
        studio.accredit()
        certificate = studio.sign()
        studio.submit(certificate)
        studio.wait_anchored(certificate)
        os.kill(first.process.pid, signal.SIGCONT)
        wait_for("no-lease", first)
        second.stop()
        wait_for("chain-older", first)  # It has the lease by now, and a chain that the database does not know.
        with psycopg.connect(address) as connection:
            states = connection.execute("SELECT state FROM certificates").fetchall()
        assert states == [("anchored",)]
    finally:
        os.kill(first.process.pid, signal.SIGCONT)
        first.stop()
        if second.process is not None and second.process.poll() is None:
            second.stop()


def wait_for(code: str, registry: RunningRegistry) -> None:
    """Wait until the registry names a trouble."""
    end, told = time.monotonic() + 90, ""
    while code not in told:
        assert time.monotonic() < end, told
        time.sleep(0.2)
        told = httpx.get(f"{registry.base_url}/readyz", timeout=60).text
