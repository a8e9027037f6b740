"""What several tests of running registries need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.registries import RunningRegistry


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[RunningRegistry]:
    made = RunningRegistry(tmp_path / "chain")
    made.start()
    yield made
    made.stop()
