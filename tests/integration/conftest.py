from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.registries import RunningRegistry, Studio


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """A running registry that tests share; each works with serials of its own."""
    running = RunningRegistry(tmp_path_factory.mktemp("registry") / "data")
    running.start()
    yield running
    assert running.stop() == 0, running.log
    assert "Traceback" not in running.log


@pytest.fixture(scope="session")
def studio(registry: RunningRegistry) -> Studio:
    """An accredited studio at the shared registry."""
    made = Studio(registry)
    made.accredit()
    return made
