"""`kilnmark firing` killed at random instants, in short."""

from __future__ import annotations

import random

from tests.faults.firings import run


def test_a_firing_that_is_killed_signs_nothing_twice_and_loses_nothing() -> None:
    tally = run(4, random.Random(20261102))
    assert tally.trials.total() == 4
    assert not tally.failed, str(tally)
