"""PostgreSQL is killed under a registry: it says so, acknowledges nothing, and goes on when the server is back."""

from __future__ import annotations

import os
import random
import sys

import pytest

from tests.faults.postgres import KINDS, run

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork") or sys.platform == "darwin", reason="SKIPPED: the registry is forked, which needs Linux"
)


@pytest.mark.timeout(300)
def test_postgresql_killed_in_the_middle_loses_and_doubles_nothing() -> None:
    tally = run(len(KINDS), random.Random(1))
    assert not tally.failed, str(tally)
    assert tally.trials.keys() == set(KINDS)
    assert tally.notes["answer: 503 database-away"] > len(KINDS), str(tally)
    assert tally.acknowledged > len(KINDS)
    assert tally.verdicts > 0
    assert tally.slowest < 60.0, str(tally)
