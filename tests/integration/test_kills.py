"""Killed at named points and started again: nothing acknowledged is lost, nothing is anchored twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.errors import UnreachableError
from provenance.ledger import Anchored
from provenance.verdict import Outcome
from provenance.verify import Verifier
from provenance_registry.service.checkpoints import CHECKPOINTS
from tests.support.registries import RunningRegistry, Studio


@pytest.mark.parametrize("point", CHECKPOINTS)
def test_killed_at(point: str, tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "data")
    registry.start()
    studio = Studio(registry)
    studio.accredit()
    registry.stop()

    registry.start(wait=False, KILNMARK_TEST_KILL_AT=point)
    certificates = [studio.sign(f"第{number}件") for number in range(7)]
    acknowledged = []
    if point == "after-index":  # The next block to be indexed is the anchor's: it dies on its own.
        registry.wait_ready()
    else:
        _wait_listening(registry)
    for certificate in certificates:
        try:
            studio.submit(certificate)
            acknowledged.append(certificate)
        except UnreachableError:
            break
    assert registry.wait_dead(asked=False) != 0

    registry.start()
    studio.submit(*certificates)  # The client tries again what was not acknowledged: some were kept nevertheless.
    studio.wait_anchored(*certificates)
    ledger = registry.ledger()
    anchors = [event for event in ledger.events(0, ledger.head().number) if isinstance(event, Anchored)]
    assert sum(anchor.leaf_count for anchor in anchors) == len(certificates)
    assert len({anchor.root for anchor in anchors}) == len(anchors)
    verifier = Verifier(registry.policy, ledger)
    tokens = set()
    from provenance.bundle import Bundle

    for certificate in certificates:
        bundle = Bundle.from_bytes(registry.client.bundle(certificate.piece.serial))
        assert verifier.verify(bundle).outcome is Outcome.AUTHENTIC
        tokens.add(bundle.receipts[0].token_id)
    assert len(tokens) == len(certificates)
    assert registry.stop() == 0
    assert "Traceback" not in registry.log


def test_killed_at_random_moments_under_load(tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "data", KILNMARK_BATCH_AGE="0.05")
    registry.start()
    studio = Studio(registry)
    studio.accredit()
    acknowledged = []
    for round_ in range(4):
        for number in range(3 + 4 * round_):
            certificate = studio.sign(f"第{round_}窑第{number}件")
            studio.submit(certificate)
            acknowledged.append(certificate)
        registry.kill()
        registry.start()
    studio.wait_anchored(*acknowledged)
    ledger = registry.ledger()
    anchors = [event for event in ledger.events(0, ledger.head().number) if isinstance(event, Anchored)]
    assert sum(anchor.leaf_count for anchor in anchors) == len(acknowledged)
    registry.stop()


def test_a_second_process_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "data")
    registry.start()
    second = RunningRegistry(tmp_path / "data")
    second.start(wait=False)
    assert second.wait_dead(asked=False) == 5
    assert "Another registry has the folder" in registry.log
    assert "Traceback" not in registry.log
    registry.stop()


def _wait_listening(registry: RunningRegistry) -> None:
    import time

    for _ in range(400):
        try:
            registry.client.about()
            return
        except UnreachableError:
            time.sleep(0.05)
    raise AssertionError(registry.log)


def test_a_chain_made_anew_does_not_pass_for_the_one_that_was(tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "data")
    registry.start()
    registry.stop()
    for file in registry.folder.glob("chain.db*"):
        file.unlink()
    registry.start(wait=False)
    assert registry.wait_dead(asked=False) == 5
    assert "There is no contract at" in registry.log
    assert "Traceback" not in registry.log


def test_a_port_that_another_program_has_is_refused(tmp_path: Path) -> None:
    registry, second = RunningRegistry(tmp_path / "first"), RunningRegistry(tmp_path / "second")
    registry.start()
    second.start(wait=False, KILNMARK_PORT=str(registry.port))
    assert second.wait_dead(asked=False) == 5
    assert "Nothing can listen at" in second.log
    assert "Traceback" not in second.log
    registry.stop()
