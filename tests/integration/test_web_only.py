"""One process that only answers, and one that sends, on one PostgreSQL: each does its part, and no other."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from provenance.certificate import Certificate
from tests.support.postgres import Server
from tests.support.registries import RunningRegistry, Studio


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[RunningRegistry]:
    made = RunningRegistry(tmp_path / "chain")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def pair(chain: RunningRegistry, postgres: Server, tmp_path: Path) -> Iterator[tuple[RunningRegistry, RunningRegistry]]:
    """The one that answers, and the one that sends; neither runs yet."""
    folder = tmp_path / "shared"
    folder.mkdir()
    shutil.copytree(chain.folder / "secrets", folder / "secrets")  # Its anchorer may anchor.
    common = {
        "KILNMARK_DATABASE": postgres.make(),
        "KILNMARK_LEDGER": f"{chain.base_url}/rpc",
        "KILNMARK_CONTRACT": str(chain.policy.ledger.contract),
    }
    web = RunningRegistry(folder, **common, KILNMARK_WORKER="off")
    sender = RunningRegistry(folder, **common, KILNMARK_BASE_URL=web.base_url)
    for registry in (web, sender):
        registry.admin, registry.steward = chain.admin, chain.steward
    yield web, sender
    for registry in (web, sender):
        if registry.process is not None and registry.process.poll() is None:
            registry.stop()
    assert "Traceback" not in web.log


def sends(registry: RunningRegistry) -> bool:
    return "kilnmark_sender 1" in httpx.get(f"{registry.base_url}/metrics", timeout=60).text


def wait_authentic(registry: RunningRegistry, certificate: Certificate) -> None:
    """Wait until a process that follows has the anchor that the other has indexed."""
    deadline = time.monotonic() + 60
    while (told := registry.client.verdict(certificate.piece.serial)["outcome"]) != "AUTHENTIC":
        assert (told, time.monotonic() < deadline) == ("PENDING", True)
        time.sleep(0.05)


def test_one_answers_and_the_other_sends(pair: tuple[RunningRegistry, RunningRegistry]) -> None:
    web, sender = pair
    web.start(wait=False)
    web.wait_alive()
    assert web.client.ready()["code"] == "index-behind"  # Nobody reads the ledger yet.
    assert not sends(web)
    sender.start()
    web.wait_ready()
    assert (sends(web), sends(sender)) == (False, True)
    studio = Studio(web)
    studio.accredit()
    first, second = studio.sign(), studio.sign()
    studio.submit(first)
    studio.wait_anchored(first)
    wait_authentic(web, first)

    sender.kill()
    studio.submit(second)  # It is taken and kept,
    until = time.monotonic() + 8  # longer than any lease lasts:
    while time.monotonic() < until:
        assert not sends(web)
        time.sleep(0.2)
    states = httpx.get(f"{web.base_url}/metrics", timeout=60).text
    assert 'kilnmark_certificates{state="waiting"} 1' in states
    assert web.client.verdict(first.piece.serial)["outcome"] == "AUTHENTIC"
    sender.start()
    studio.wait_anchored(second)
    assert "this process sends" in sender.log
