"""A clock that was ahead for a while dates what comes in then; put right, it keeps nothing waiting."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.usefixtures("either_database")


def test_what_was_taken_tomorrow_is_anchored_today(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path)
    pipeline.sealer._batch_age = timedelta(seconds=5)
    clock, ahead = pipeline.submissions._clock, timedelta(days=1)
    pipeline.submissions._clock = lambda: clock() + ahead
    early = pipeline.submit()
    pipeline.submissions._clock = clock
    late = pipeline.submit()
    pipeline.turn(6)
    assert (pipeline.state(early), pipeline.state(late)) == ("anchored", "anchored")
    pipeline.repository.close()
