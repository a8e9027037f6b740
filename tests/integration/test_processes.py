"""Two registries on one PostgreSQL: one is killed under load, and nothing is lost, doubled or unanswered."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from provenance.certificate import Certificate
from provenance.errors import UnreachableError
from provenance.ledger import Anchored
from provenance_cli.client import RegistryClient
from tests.support.postgres import Server
from tests.support.registries import RunningRegistry, Studio


@pytest.fixture
def pair(chain: RunningRegistry, postgres: Server, tmp_path: Path) -> Iterator[list[RunningRegistry]]:
    """Two processes on one folder and one database, at one address for the world, and a chain that others run."""
    folder = tmp_path / "shared"
    folder.mkdir()
    shutil.copytree(chain.folder / "secrets", folder / "secrets")  # Its anchorer may anchor.
    made = [
        RunningRegistry(
            folder,
            KILNMARK_DATABASE=postgres.make(),
            KILNMARK_LEDGER=f"{chain.base_url}/rpc",
            KILNMARK_CONTRACT=str(chain.policy.ledger.contract),
        )
    ]
    made.append(RunningRegistry(folder, **made[0].settings, KILNMARK_BASE_URL=made[0].base_url))
    for registry in made:
        registry.admin, registry.steward = chain.admin, chain.steward
        registry.start(wait=False)  # Side by side: the second waits for what the first makes.
    for registry in made:
        registry.wait_ready()
    yield made
    for registry in made:
        if registry.process is not None and registry.process.poll() is None:
            registry.stop()
    assert "Traceback" not in made[0].log


class Reader(threading.Thread):
    """Asks a registry for a piece's verdict again and again, and keeps what was not as it should be, and when."""

    def __init__(self, registry: RunningRegistry, certificate: Certificate) -> None:
        super().__init__(daemon=True)
        self.url = f"{registry.base_url}/api/v1/pieces/{certificate.piece.serial.compact}"
        self.good, self.bad = 0, list[object]()
        self.ended = threading.Event()

    def run(self) -> None:
        with httpx.Client(timeout=60, trust_env=False) as client:
            while not self.ended.is_set():
                try:
                    outcome = client.get(self.url).json()["outcome"]
                except (httpx.HTTPError, ValueError, KeyError) as error:
                    outcome = error
                if outcome == "AUTHENTIC":
                    self.good += 1
                else:
                    self.bad.append((outcome, self.good))
                time.sleep(0.01)


def submit(certificate: Certificate, clients: list[RegistryClient]) -> None:
    """Submit as a client does behind a balancer: where one does not answer, to the next."""
    deadline = time.monotonic() + 90
    for client in clients * 100:
        try:
            client.submit([certificate.data])
        except UnreachableError:
            assert time.monotonic() < deadline
        else:
            return
    raise AssertionError("nobody took it")


def wait_authentic(registry: RunningRegistry, certificate: Certificate) -> None:
    """Wait for a registry's verdict: the one that did not index a block reads it a moment after the one that did."""
    deadline = time.monotonic() + 60
    while registry.client.verdict(certificate.piece.serial)["outcome"] != "AUTHENTIC":
        assert time.monotonic() < deadline, registry.log
        time.sleep(0.05)


@pytest.mark.parametrize("killed", [0, 1], ids=["the first", "the second"])
def test_either_may_die_under_load(chain: RunningRegistry, pair: list[RunningRegistry], killed: int) -> None:
    dying, living = pair[killed], pair[1 - killed]
    studio = Studio(pair[0])
    studio.accredit()
    first = studio.sign()
    studio.submit(first)
    studio.wait_anchored(first)
    wait_authentic(living, first)
    certificates = [studio.sign() for _ in range(60)]
    reader = Reader(living, first)
    reader.start()

    def load(part: list[Certificate], order: list[RegistryClient]) -> None:
        for certificate in part:
            submit(certificate, order)
            time.sleep(0.02)

    clients = [registry.client for registry in pair]
    loads = [
        threading.Thread(target=load, args=(certificates[0::2], clients)),
        threading.Thread(target=load, args=(certificates[1::2], clients[::-1])),
    ]
    for thread in loads:
        thread.start()
    time.sleep(0.4)
    dying.kill()
    for thread in loads:
        thread.join(90)
    studio.registry = living
    studio.wait_anchored(*certificates, patience=60)  # A lease that nobody renews ends after seconds.
    reader.ended.set()
    reader.join(60)
    assert reader.bad == []
    assert reader.good > 20
    anchors = [event for event in chain.ledger().events(0, chain.ledger().head().number) if isinstance(event, Anchored)]
    assert len({anchor.root for anchor in anchors}) == len(anchors)
    assert sum(anchor.leaf_count for anchor in anchors) == len(certificates) + 1


def test_the_one_that_was_killed_comes_back(pair: list[RunningRegistry]) -> None:
    studio = Studio(pair[0])
    studio.accredit()
    certificate = studio.sign()
    pair[0].kill()
    pair[1].client.submit([certificate.data])
    pair[0].start()
    studio.wait_anchored(certificate)
    for registry in pair:
        wait_authentic(registry, certificate)
