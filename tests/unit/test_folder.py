"""The data folder: what the registry makes there is its owner's alone, and what is there keeps its mode."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.evm.embedded import EmbeddedChain
from provenance_registry.db.repository import SQLRepository
from provenance_registry.folder import FolderLock, make_folders
from provenance_registry.settings import Settings
from tests.support.scene import OTHER, STEWARD

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def settings_of(folder: Path) -> Settings:
    return Settings(folder, "http://127.0.0.1:9", admin=OTHER.address, steward=STEWARD.address)


def test_what_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "state" / "kiln")
    make_folders(settings)
    assert {mode(folder) for folder in (settings.data, settings.media, settings.secrets)} == {0o700}
    lock = FolderLock(settings.data)
    repository, chain = SQLRepository(settings.database), EmbeddedChain(settings.chain)
    repository.write(lambda transaction: transaction.held())
    modes = {path.name: mode(path) for path in settings.data.iterdir() if path.is_file()}
    chain.close()
    repository.close()
    lock.release()
    assert {"registry.db", "registry.db-wal", "registry.db-shm", "chain.db", "chain.db-wal", "lock"} <= modes.keys()
    assert set(modes.values()) == {0o600}, modes


def test_what_is_there_keeps_its_mode(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    tmp_path.chmod(0o750)
    settings.database.touch()
    settings.database.chmod(0o640)
    make_folders(settings)
    make_folders(settings)
    assert (mode(tmp_path), mode(settings.database), mode(settings.chain)) == (0o750, 0o640, 0o600)
