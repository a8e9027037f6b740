from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from provenance.encoding import Digest
from provenance.errors import MalformedError
from provenance.piece import Consent, Edition, Maker, Part, Piece, PieceSet, Scan, Whole, WorkFile
from provenance_cli.facts import edition, to_piece
from provenance_cli.intake import Intake, take_in
from provenance_cli.mapping import Columns, guess, read_mapping
from provenance_cli.originals import describe
from provenance_cli.spreadsheet import Row
from provenance_cli.store import Known

GLB = b"glTF\x02\0\0\0 a scan"


class NoDarkroom:
    def prepare(self, source: bytes) -> Digest:
        raise TypeError("a photo where there is none")

    def note(self, digest: Digest, path: Path) -> None:
        pass


def piece(cells: dict[str, str], folder: Path | None = None) -> Piece:
    cells = {"名称": "小杯", **cells}
    return to_piece(Row(2, cells), guess(tuple(cells)), "zh-Hans", folder, NoDarkroom())


def fault(cells: dict[str, str]) -> tuple[str, str | None]:
    with pytest.raises(MalformedError) as caught:
        piece(cells)
    return caught.value.code, caught.value.field


def read(*rows: dict[str, str], known: dict[str, Known] | None = None) -> Intake:
    headings = tuple(dict.fromkeys(name for row in rows for name in row))
    lines = [Row(number, cells) for number, cells in enumerate(rows, start=2)]
    return take_in(lines, guess(headings), "zh-Hans", Path(), known or {}, NoDarkroom())


# --- makers -----------------------------------------------------------------------------------------------------------


def test_several_makers_in_one_cell() -> None:
    assert piece({"作者": "甲；乙; 丙"}).makers == tuple(Maker({"zh-Hans": name}) for name in "甲乙丙")


def test_a_visitors_cup_has_visitor_master_and_studio() -> None:
    cup = piece({"体验者": "王女士", "同意日期": "2026/11/1", "师傅": "示例", "师从": "老示例", "工作室": "示例窑"})
    assert cup.makers == (
        Maker({"zh-Hans": "王女士"}, "visitor", consent=Consent("2026-11-01")),
        Maker({"zh-Hans": "示例"}, "master", teacher={"zh-Hans": "老示例"}),
    )
    assert cup.studio == {"zh-Hans": "示例窑"}
    assert piece({"visitor": "Anonymous", "师傅": "示例"}).makers[0] == Maker(role="visitor")


@pytest.mark.parametrize(
    ("cells", "code", "field"),
    [
        ({"体验者": "王女士"}, "visitor-consent", "maker.consent"),
        ({"同意日期": "2026-11-01"}, "visitor-consent", "visitor"),
        ({"体验者": "王女士", "同意日期": "好的"}, "bad-date", "maker.consent.date"),
        ({"烧成日期": "2999年1月2日"}, "not-yet-fired", "fired"),
        ({"师从": "老示例"}, "whose-teacher", "teacher"),
        ({"作者": "甲;乙", "流派": "青花"}, "whose-teacher", "lineage"),
        ({"版名": "莲"}, "bad-edition", "edition"),
    ],
)
def test_what_cannot_be_said_is_a_fault(cells: dict[str, str], code: str, field: str) -> None:
    assert fault(cells) == (code, field)


# --- languages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heading", ["title (en)", "title_en", "英文名称", "名称（英文）", "Title [English]"])
def test_a_column_in_another_language(heading: str) -> None:
    assert piece({heading: "Small cup"}).title == {"zh-Hans": "小杯", "en": "Small cup"}


def test_languages_list_as_many_makers() -> None:
    both = {"作者": "甲;乙", "maker (en)": "Jia; Yi"}
    assert [maker.name for maker in piece(both).makers] == [
        {"zh-Hans": "甲", "en": "Jia"},
        {"zh-Hans": "乙", "en": "Yi"},
    ]
    assert fault(both | {"maker (en)": "Jia"}) == ("translations-differ", "maker")


def test_a_title_in_brackets_alone_is_a_title() -> None:
    columns = guess(("名称（英文）", "高"))
    assert columns.translations == {"en": {"title": "名称（英文）"}}
    row = Row(2, {"名称（英文）": "Cup", "高": "3"})
    assert to_piece(row, columns, "zh-Hans", None, NoDarkroom()).title == {"en": "Cup"}


def test_translations_come_back_from_the_mapping_file(tmp_path: Path) -> None:
    headings = ("名称", "英文名称", "名称（日文）", "高(cm)")
    columns = guess(headings, "cm", "zh-Hans")
    file = tmp_path / "map.toml"
    file.write_text(columns.to_toml(), "utf-8")
    assert read_mapping(file, headings) == columns
    assert tomllib.loads(columns.to_toml())["translations"]["ja"] == {"title": "名称（日文）"}


@pytest.mark.parametrize(
    "text",
    [
        '[columns]\ntitle = "名称"\n[translations.en]\nheight = "高"',
        '[columns]\ntitle = "名称"\n[translations.English]\ntitle = "高"',
        '[columns]\ntitle = "名称"\n[translations.en]\ntitle = "none"',
        '[columns]\ntitle = "名称"\n[translations.en]\ntitle = 3',
        '[columns]\ntitle = "名称"\n[translations]\nen = "高"',
        'translations = 3\n[columns]\ntitle = "名称"',
        '[columns]\nheight = "高"',
        "",
    ],
)
def test_other_mappings_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "map.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(MalformedError):
        read_mapping(file, ("名称", "高"))


# --- editions, sets, parts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3/10", Edition(3, 10)),
        (" 3 ／ 10".strip(), Edition(3, 10)),
        ("AP 1/2", Edition(1, 2, artist_proof=True)),
        ("a.p.1/2", Edition(1, 2, artist_proof=True)),
    ],
)
def test_editions_are_read(text: str, expected: Edition) -> None:
    assert edition(text) == expected


@pytest.mark.parametrize("text", ["3", "3/", "4/3", "0/3", "x 1/2", "1/9999999", "3 of 10", "1/2/3"])
def test_other_editions_are_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        edition(text)


def test_rows_of_one_word_are_a_set_and_all_say_so_alike() -> None:
    rows = [{"编号": f"A-{n}", "名称": "杯", "套": "茶具"} for n in range(3)]
    pair = [{"编号": f"B-{n}", "名称": "瓶", "对": "对瓶"} for n in range(2)]
    intake = read(*rows, *pair, {"编号": "C", "名称": "碗"})
    assert intake.faults == []
    pieces = [entry.piece for entry in intake.entries]
    serials = [item.serial for item in pieces]
    assert [item.set for item in pieces[:3]] == [PieceSet((*serials[:3],), 3, "set", {"zh-Hans": "茶具"})] * 3
    assert [item.set for item in pieces[3:5]] == [PieceSet((*serials[3:5],), 2, "pair", {"zh-Hans": "对瓶"})] * 2
    assert pieces[5].set is None


def test_the_same_file_again_is_the_same_set() -> None:
    rows = [{"编号": f"A-{n}", "名称": "杯", "对": "一对"} for n in range(2)]
    first = read(*rows)
    known = {str(entry.origin): Known(entry.piece, signed=True) for entry in first.entries}
    again = read(*rows, known=known)
    assert (again.known, again.entries, again.faults) == (2, [], [])
    more = read(*rows, {"编号": "A-9", "名称": "杯", "对": "另一对"}, known=known)
    assert [(item.line, item.error.code) for item in more.faults] == [(4, "set-incomplete")]


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ([{"名称": "瓶", "对": "x", "高": "1"}], ["set-incomplete"]),
        ([{"名称": "瓶", "对": "x", "高": str(n)} for n in range(1, 4)], ["set-incomplete"] * 3),
        (
            [{"名称": "瓶", "套": "x", "高": size} for size in ("1", "2", "tall")],
            [*["set-incomplete"] * 2, "bad-number"],
        ),
        (
            [{"名称": "瓶", "套": "x", "高": "1"}, {"名称": "瓶", "套": "x", "高": "tall"}],
            ["set-incomplete", "bad-number"],
        ),
        ([{"名称": "瓶", "套": "是", "高": "1"}, {"名称": "瓶", "套": "是", "高": "2"}], ["no-set-name"] * 2),
    ],
)
def test_half_a_set_is_not_entered(rows: list[dict[str, str]], codes: list[str]) -> None:
    intake = read(*rows)
    assert [item.error.code for item in intake.faults] == codes
    assert {item.column for item in intake.faults} <= {"对", "套", "高"}
    assert intake.entries == []


def test_a_lid_belongs_to_its_jar() -> None:
    intake = read(
        {"编号": "L", "名称": "罐盖", "器形": "盖", "所属编号": "J"}, {"编号": "J", "名称": "罐", "部件": "盖；盖钮"}
    )
    assert intake.faults == []
    lid, jar = (entry.piece for entry in intake.entries)
    assert lid.part_of == Whole(jar.serial, {"zh-Hans": "盖"})
    assert jar.parts == (Part({"zh-Hans": "盖"}), Part({"zh-Hans": "盖钮"}))
    known = {"number:J": Known(jar, signed=True)}
    (later,) = read({"编号": "L2", "名称": "盖", "所属编号": "J"}, known=known).entries
    assert later.piece.part_of == Whole(jar.serial)
    (by_serial,) = read({"编号": "L3", "名称": "盖", "所属编号": str(jar.serial).lower()}).entries
    assert by_serial.piece.part_of == Whole(jar.serial)
    (wrong,) = read({"编号": "L4", "名称": "盖", "所属编号": "none"}).faults
    assert (wrong.error.code, wrong.column) == ("unknown-whole", "所属编号")
    (itself,) = read({"编号": "L5", "名称": "盖", "所属编号": "L5"}).faults
    assert (itself.error.code, itself.column) == ("bad-part", "所属编号")


# --- scans and files --------------------------------------------------------------------------------------------------


def test_scans_and_files_are_named_by_digest(tmp_path: Path) -> None:
    (tmp_path / "scan.glb").write_bytes(GLB)
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    assert piece({"三维扫描": "scan.glb"}, tmp_path).scans == (Scan(Digest.of(GLB)),)
    work = piece({"数字文件": "scan.glb; film.mp4"}, tmp_path)
    assert work.files == (
        WorkFile(Digest.of(GLB), "model/gltf-binary"),
        WorkFile(Digest.of(b"\0\0\0\x18ftypmp42"), "video/mp4"),
    )
    with pytest.raises(MalformedError) as caught:
        piece({"数字文件": "scan.glb", "高": "31"}, tmp_path)
    assert (caught.value.code, caught.value.field) == ("not-digital", "height")


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.glb", b"", "wrong-kind"),
        ("a.glb", b"no scan", "wrong-kind"),
        ("a.mp4", b"ftyp", "wrong-kind"),
        ("a.exe", b"MZ", "unknown-kind"),
        ("a", b"x", "unknown-kind"),
        ("a.obj", None, "no-file"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, data: bytes | None, code: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(MalformedError) as caught:
        describe(tmp_path / name, field="scan")
    assert (caught.value.code, caught.value.field) == (code, "scan")


@pytest.mark.parametrize("name", ["../outside.glb", "/etc/passwd.glb", "a\0.glb"])
def test_files_of_a_spreadsheet_lie_in_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "outside.glb").write_bytes(GLB)
    columns = Columns({"title": "title", "scan": "scan"})
    cells: dict[str, Any] = {"title": "x", "scan": name}
    with pytest.raises(MalformedError):
        to_piece(Row(2, cells), columns, "en", tmp_path / "in", NoDarkroom())
