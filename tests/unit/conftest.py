"""What several tests of one process need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pipeline import Pipeline, Ticking


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def pipeline(tmp_path: Path, clock: Ticking) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path, monotonic=clock)
    yield made
    made.repository.close()
