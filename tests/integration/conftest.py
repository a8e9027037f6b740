"""What several tests of running registries need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.registries import RunningRegistry
from tests.support.secret_shops import SecretShop


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[RunningRegistry]:
    made = RunningRegistry(tmp_path / "chain")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def shop(
    registry: RunningRegistry,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> SecretShop:
    """A studio of the test's own at the session's registry, whose address counts as a public one."""
    monkeypatch.setattr("provenance.tag.is_public_host", lambda base_url: True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return SecretShop(tmp_path, registry, f"s{abs(hash(request.node.nodeid)) % 10**9}", capsys)
