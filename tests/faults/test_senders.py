"""Who sends is stopped for longer than its lease: another takes over, and who wakes neither sends nor writes."""

from __future__ import annotations

import random
import sys

import pytest

from provenance_registry.service.checkpoints import CHECKPOINTS
from tests.faults.senders import KINDS, run

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="SKIPPED: the senders fork and are stopped, which needs Linux"
)
LEASE = 1.0


@pytest.mark.timeout(300)
def test_who_wakes_under_an_old_lease_neither_sends_nor_writes() -> None:
    tally = run(3, random.Random(1), lease=LEASE)
    assert not tally.failed, str(tally)
    assert tally.trials.keys() == {"after-sign", "before-send", "random"}
    assert tally.acknowledged > 3
    assert tally.notes["writes of who sends"] > 3, str(tally)
    assert tally.longest_of["s until the other held the lease"] < 60.0, str(tally)


@pytest.mark.timeout(300)
def test_senders_without_the_fence_are_found_out() -> None:
    tally = run(2, random.Random(1), lease=LEASE, unfenced=True)
    assert any("who did not hold the lease" in fault for fault in tally.faults), str(tally)


def test_all_checkpoints_of_the_worker_have_their_turn() -> None:
    assert set(KINDS) >= set(CHECKPOINTS) - {"after-accept"}
