"""A database belongs to one address: a start under another would refuse all that comes, and anchor for a stranger."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.databases import where
from tests.support.registries import RunningRegistry, Studio

pytestmark = pytest.mark.usefixtures("either_database")


def test_a_start_under_another_address_is_refused(tmp_path: Path) -> None:
    database = where(tmp_path)
    shared = {"KILNMARK_DATABASE": database} if isinstance(database, str) else {}
    registry = RunningRegistry(tmp_path / "data", **shared)
    registry.start()
    registry.stop()
    other = f"http://127.0.0.1:{registry.port + 1}"
    registry.start(wait=False, KILNMARK_BASE_URL=other)  # Nothing is kept yet: it may be any.
    registry.wait_alive()
    registry.stop()
    registry.start()
    certificate = Studio(registry).sign()
    registry.client.submit([certificate.data])
    registry.stop()
    registry.start(wait=False, KILNMARK_BASE_URL=other)
    assert registry.wait_dead(asked=False) == 5
    assert f"are of the registry did:web:127.0.0.1%3A{registry.port}, and" in registry.log
    assert "it cannot be changed" in registry.log
    assert "Traceback" not in registry.log
    for same in (registry.base_url, registry.base_url.replace("http:", "https:")):  # Its proxy has learnt https.
        registry.start(wait=False, KILNMARK_BASE_URL=same)
        registry.wait_alive()
        registry.stop()
