"""What lies beside and in the folders of backups: nothing of others is touched, and no copy is made in vain."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from provenance.errors import StorageError
from provenance_registry.backup import backup, restore


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder as a registry on a node's ledger has it."""
    folder = tmp_path / "guild"
    (folder / "secrets").mkdir(parents=True)
    (folder / "secrets" / "anchorer").write_text("11" * 32)
    (folder / "ledger.json").write_text("{}")
    with closing(sqlite3.connect(folder / "registry.db")) as database:
        database.execute("CREATE TABLE kept (what)")
    return folder


@pytest.mark.parametrize("what", ["backup", "restore"])
def test_a_neighbour_that_is_called_new_is_left_alone(data: Path, tmp_path: Path, what: str) -> None:
    """Whoever moves to a new registry may well call its folder so."""
    target = tmp_path / "copy" if what == "backup" else tmp_path / "again"
    neighbour = target.with_name(target.name + ".new")
    neighbour.mkdir()
    (neighbour / "registry.db").write_text("another registry's")
    backup(data, tmp_path / "copy")
    if what == "restore":
        restore(tmp_path / "copy", target)
    assert (neighbour / "registry.db").read_text() == "another registry's"


def test_all_that_lies_among_the_secrets_is_put_back(data: Path, tmp_path: Path) -> None:
    """Older keys that were laid aside, and keys that are links to where a service manager keeps them."""
    kept = tmp_path / "elsewhere"
    kept.write_text("22" * 32)
    (data / "secrets" / "relayer").symlink_to(kept)
    (data / "secrets" / "anchorer.2025-11").write_text("33" * 32)
    (data / "secrets" / "..data").mkdir()
    backup(data, tmp_path / "copy", with_secrets=True)
    restore(tmp_path / "copy", tmp_path / "again")
    found = {path.name: path.read_text()[:2] for path in (tmp_path / "again" / "secrets").iterdir()}
    assert found == {"anchorer": "11", "relayer": "22", "anchorer.2025-11": "33"}
    assert not any(path.is_symlink() for path in (tmp_path / "again" / "secrets").iterdir())


def test_a_name_that_could_not_be_put_back_is_told_at_once(data: Path, tmp_path: Path) -> None:
    (data / "secrets" / "the old one").write_text("44" * 32)
    with pytest.raises(StorageError, match="the old one") as caught:
        backup(data, tmp_path / "copy", with_secrets=True)
    assert caught.value.code == "odd-name"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["guild"]


@pytest.mark.parametrize("where", ["media", "media/{0:.2}", "media/{0:.2}/{0}"])
def test_media_that_a_link_leads_to_are_copied(data: Path, tmp_path: Path, where: str) -> None:
    """A folder may have been moved to a larger disk."""
    photo = b"a photo"
    name = hashlib.sha256(photo).hexdigest()
    file = data / "media" / name[:2] / name
    file.parent.mkdir(parents=True)
    file.write_bytes(photo)
    link = data / where.format(name)
    link.rename(tmp_path / "moved")
    link.symlink_to(tmp_path / "moved")
    assert backup(data, tmp_path / "copy").files == 3
    restore(tmp_path / "copy", tmp_path / "again")
    copied = tmp_path / "again" / "media" / name[:2] / name
    assert copied.read_bytes() == photo
    assert not copied.is_symlink()


def test_media_on_a_disk_that_is_not_there_are_no_copy_without_them(data: Path, tmp_path: Path) -> None:
    (data / "media").symlink_to(tmp_path / "not-mounted")
    with pytest.raises(StorageError) as caught:
        backup(data, tmp_path / "copy")
    assert caught.value.code == "backup-failed"
    assert not (tmp_path / "copy").exists()
