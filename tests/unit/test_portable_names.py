"""Names of files and folders on Windows, on sticks, and under other capitals, accents and scripts."""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path, PureWindowsPath

import pytest

from provenance.encoding import Digest
from provenance.errors import MalformedError
from provenance.serial import Serial
from provenance_cli.facts import _path
from provenance_cli.files import name_key
from provenance_cli.firing.assigning import Seen, assign
from provenance_cli.firing.looking import photo_files
from provenance_cli.main import run
from provenance_cli.mapping import read_mapping
from provenance_cli.portable_names import MAX_NAME, RESERVED, check_new_folder, check_new_name, is_portable
from tests.support.shops import Shop
from tests.support.windows import windows_faults

BAD = ("con", "NUL", "aux.txt", "Com1.tar.gz", "LPT9", "com¹", "a:b", "窑次?", "1/2", "a\\b", "a|b", 'a"b', "a*",
       "<a>", "a\n", "a.", "a ", "", "CON ", "nul .txt")  # fmt: skip
GOOD = ("2026-11-02", "窑次三", "Ofen 3", "console", "com10", "COM0", ".kilnmark", "a.b.c", "émail", "甲 乙", "鬥彩")


@pytest.mark.parametrize("name", GOOD)
def test_other_names_are_names_everywhere(name: str) -> None:
    assert is_portable(name)
    assert not PureWindowsPath(name).is_reserved()
    check_new_name(name, "folder")


@pytest.mark.parametrize("name", [*BAD, "窑" * (MAX_NAME + 1)])
def test_names_that_windows_or_a_stick_cannot_have_are_refused(name: str) -> None:
    with pytest.raises(MalformedError) as caught:
        check_new_name(name, "folder")
    assert (caught.value.code, caught.value.field) == ("bad-folder-name", "folder")


def test_every_name_that_the_standard_library_calls_reserved_is_refused() -> None:
    for name in RESERVED:
        assert PureWindowsPath(name).is_reserved() or name.startswith(("CONIN", "CONOUT")), name
        for spelled in (name, name.lower(), f"{name}.pdf", f"{name} .pdf"):
            assert not is_portable(spelled)


@pytest.mark.skipif(sys.platform == "win32", reason="such folders cannot be made there")
@pytest.mark.parametrize("name", ["aux", "2026:11", "窑次?"])
def test_a_firing_is_not_begun_in_a_folder_that_cannot_be_moved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    shop = Shop(tmp_path, capsys)
    folder = tmp_path / "shop" / name
    code, data, talk = shop.run("firing", str(folder), "--pieces", "2")
    assert (code, data["error"]) == (4, "bad-folder-name"), talk
    assert not folder.exists()
    assert shop.run("firing", str(folder.with_name("窑次三")), "--pieces", "2")[0] == 0
    assert windows_faults(tmp_path / "shop") == []


def test_photos_are_found_in_capitals_and_in_any_script(tmp_path: Path) -> None:
    names = [
        "IMG_1.JPG",
        "img_2.Jpeg",
        "照片 三.HEIC",
        "Фото.PNG",
        "صورة.webp",
        unicodedata.normalize("NFD", "émail.jpg"),
    ]
    for name in (*names, "._IMG_1.JPG", "Thumbs.db", "IMG_1.JPG.txt", "jpg"):
        (tmp_path / name).write_bytes(b"x")
    assert photo_files(tmp_path) == sorted(names)


def test_names_in_a_spreadsheet_count_in_any_capitals_accents_and_slashes() -> None:
    one, two = Serial.random(), Serial.random()
    names = [unicodedata.normalize("NFD", "phone/Émail 1.JPG"), "phone/İstanbul.jpg"]
    photos = [Seen(name, Digest.of(name.encode())) for name in names]
    found = assign(photos, {one: 1, two: 2}, named={one: ["phone\\émail 1.jpg"], two: ["İSTANBUL.JPG"]})
    assert {serial: photo.name for serial, (photo,) in found.photos.items()} == {one: names[0], two: names[1]}
    assert found.unclear_names == []
    assert name_key("straße.jpg") == name_key("STRASSE.jpg")  # So neither is taken for the other where both are there.


def test_a_file_named_in_other_capitals_or_accents_is_found_where_there_is_one(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    stored = folder / "sub" / unicodedata.normalize("NFD", "Émail.JPG")
    stored.write_bytes(b"x")
    assert _path("sub\\émail.jpg", folder, "photos") == stored
    (folder / "sub" / "émail.JPG").write_bytes(b"y")
    assert not _path("sub/ÉMAIL.jpg", folder, "photos").exists()  # Two files could be meant.
    (tmp_path / "Outside.jpg").write_bytes(b"x")
    (folder / "Link.jpg").symlink_to(tmp_path / "Outside.jpg")
    for name in ("../outside.jpg", "link.JPG", "..\\Outside.jpg"):
        with pytest.raises(MalformedError) as caught:
            _path(name, folder, "photos")
        assert caught.value.code == "photo-outside"


def test_a_mapping_that_was_saved_by_notepad_is_read(tmp_path: Path) -> None:
    text = '# 列\r\nunit = "cm"\r\n\r\n[columns]\r\ntitle = "名称"\r\n'
    (tmp_path / "map.toml").write_bytes(text.encode("utf-8-sig"))
    assert read_mapping(tmp_path / "map.toml", ("名称",)).headings == {"title": "名称"}


@pytest.mark.skipif(sys.platform == "win32", reason="such folders cannot be made there")
@pytest.mark.parametrize("command", [("init", "--registry", "https://r.example", "--name", "x", "--slug", "x"),
                                     ("key", "restore", "--registry", "https://r.example")])  # fmt: skip
def test_a_workshop_is_not_made_in_a_folder_that_cannot_be_moved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    (tmp_path / "secret").write_text("four words of mine\n")
    (tmp_path / "phrase").write_text("abandon " * 11 + "about\n")
    given = ("--phrase-file", str(tmp_path / "phrase")) if command[0] == "key" else ()
    folder = tmp_path / "窑:1"
    code = run(["-y", "--json", "--passphrase-file", str(tmp_path / "secret"), *command, *given, str(folder)])
    assert (code, json.loads(capsys.readouterr().out)["error"]) == (4, "bad-folder-name")
    assert not folder.exists()


def test_the_root_of_a_stick_is_a_place_for_a_workshop() -> None:
    check_new_folder(Path("/"), "folder")
