"""Files that are written whole: as durable as what is kept of them elsewhere."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from provenance_cli.files import write_file
from provenance_cli.private_file import reserved


def test_a_file_and_then_the_folder_with_its_new_name_are_forced_to_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bool]] = []
    path, sync = tmp_path / "out" / "tags.pdf", os.fsync

    def counted(handle: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
        synced.append((kind, path.exists()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", counted)
    write_file(path, b"labels")
    assert synced == [("file", False), ("folder", True)]
    path.unlink()
    synced.clear()
    with reserved(path, 0) as file:
        file.fill(b"codes")
    assert synced == [("file", False), ("file", False), ("folder", True)]


def test_a_folder_that_cannot_be_synchronised_costs_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = os.fsync

    def refuse_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(22, "Invalid argument")
        sync(handle)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    write_file(tmp_path / "tags.pdf", b"labels")
    assert (tmp_path / "tags.pdf").read_bytes() == b"labels"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize(("public", "mode"), [(False, 0o600), (True, 0o640)])
def test_what_is_public_has_the_usual_permissions_and_all_else_is_its_owners(
    tmp_path: Path, public: bool, mode: int
) -> None:
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "file", b"first", public=not public)
        write_file(tmp_path / "file", b"second", public=public)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
