"""Spreadsheets that others made: what is read, what is refused, and what a second run does."""

from __future__ import annotations

import csv
import io
import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openpyxl import workbook

from provenance.documents import schema
from provenance.errors import MalformedError
from provenance_cli.mapping import known_headings, read_mapping
from provenance_cli.rejects import ENDING
from provenance_cli.spreadsheet import MAX_CELL, read_sheet
from tests.support.registries import ROOT
from tests.support.shops import Shop

REGISTER = """accession_number,object_name,title,object_date,medium,item_height,dimensions,artist,credit_line,\
rights,provenance_text,location
G.1,Bowl,"Bowl, ""moon"" form",c. 1750,porcelain,2.188,,unknown,Gift of the Sample family,CC BY 4.0,Private name,3
G.2,Vase,天青釉瓶,明 万历,stoneware,,H: 10 1/2 in. (26.7 cm),Sample & Sons; A. Sample,Purchase,CC BY 4.0,,3
G.3,Dish,Céladon dish,18th century,porcelain,0.0,Diam. 5 in. (12.7 cm); L. 3 in.,,,,"Line
another line",3
"""
"""A gallery's register, made for these tests; lengths without a unit are inches."""


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(tmp_path, capsys)


@pytest.fixture
def register(tmp_path: Path) -> Path:
    path = tmp_path / "register.csv"
    path.write_text(REGISTER, "utf-8")
    return path


def test_a_register_goes_through_with_its_numbers_credit_and_rights(shop: Shop, register: Path) -> None:
    code, data, talk = shop.run("piece", "import", str(register), "--unit", "in")
    assert (code, data["added"], data["faults"]) == (0, 3, []), talk
    assert "Not read: provenance_text, location" in talk
    bowl, vase, dish = shop.store.pieces()
    assert (bowl.accession_number, bowl.made, bowl.height_mm) == ("G.1", "c. 1750", 56)
    assert bowl.title == {"en": 'Bowl, "moon" form'}
    assert bowl.credit_line == {"en": "Gift of the Sample family · CC BY 4.0"}
    assert (vase.made, vase.height_mm, len(vase.makers)) == ("明 万历", 267, 2)
    assert (dish.height_mm, dish.diameter_mm, dish.credit_line) == (None, 127, {})
    assert [(item["measure"], item["kept"]) for item in data["roundings"]] == [("l. 3 in", None)]
    assert "has no place in a record" in talk
    assert not register.with_name(register.name + ENDING).exists()
    again = shop.run("piece", "import", str(register))[1]
    assert (again["added"], again["corrected"], again["known"]) == (0, 0, 3)


def test_the_mapping_is_proposed_beside_the_file_and_counts_when_it_was_changed(shop: Shop, register: Path) -> None:
    shop.run("piece", "import", str(register), "--unit", "in")
    beside = register.with_name("register.csv.map.toml")
    text = beside.read_text("utf-8")
    assert tomllib.loads(text)["columns"]["accession_number"] == "accession_number"
    assert '# "provenance_text"' in text
    text = text.replace('form = "object_name"\n', "").replace('rights = "rights"\n', 'technique = "location"\n', 1)
    text = text.replace('technique = "medium"\n', "")
    beside.write_text(text + '\n[every_row]\nrights = "CC0 1.0"\nstudio = "Sample kilns"\n', "utf-8")
    code, data, talk = shop.run("piece", "import", str(register))
    assert (code, data["added"], data["corrected"]) == (0, 0, 3), talk
    assert "G.2, Credit line: Purchase · CC BY 4.0 → Purchase · CC0 1.0" in talk
    bowl = shop.store.pieces()[0]
    assert (bowl.form, bowl.technique, bowl.studio) == ({}, {"en": "3"}, {"en": "Sample kilns"})
    assert bowl.credit_line == {"en": "Gift of the Sample family · CC0 1.0"}


def test_lengths_with_fractions_and_no_unit_are_not_taken_for_millimetres(shop: Shop, register: Path) -> None:
    code, data, _ = shop.run("piece", "import", str(register))
    assert (code, data["error"], data["line"], data["field"]) == (4, "unit-unknown", 2, "item_height")
    assert "--unit in" in data["hint"]
    register.write_text("title,dimensions\nCup,H 2.5\n", "utf-8")
    assert shop.run("piece", "import", str(register))[1]["error"] == "unit-unknown"
    assert shop.store.pieces() == []
    assert not register.with_name("register.csv.map.toml").exists()
    register.write_text("title,height,dimensions\nCup,25,H 2.5 cm\n", "utf-8")
    assert shop.run("piece", "import", str(register))[1]["added"] == 1
    register.write_text("title,height,dimensions\nCup,25,H 2.5 cm\nBowl,2.5,\n", "utf-8")  # Nobody has said it yet.
    assert shop.run("piece", "import", str(register))[1]["error"] == "unit-unknown"
    assert shop.run("piece", "import", str(register), "--unit", "cm", "--dry-run")[1]["faults"] == []


def test_rows_that_fail_are_named_and_kept_beside_the_file_until_they_are_mended(shop: Shop, register: Path) -> None:
    bad = [
        "G.4,Bowl,,c. 1750,porcelain,,,,,,,",
        "G.1,Bowl,Twice,c. 1750,porcelain,,,,,,,",
        ',Bowl,No number,"=HYPERLINK(""http://x"",""y"")",porcelain,,,,,,,',
        "G.5,Bowl,\"=cmd|' /C calc'!A0\",c. 1750,porcelain,,,,,,,",
        f"G.6,Bowl,Huge,{'x' * (MAX_CELL + 1)},porcelain,,,,,,,",
        "G.7,Bowl,Tall,c. 1750,porcelain,tall,,,,,,",
        f"G.{'8' * 99},Bowl,Long number,c. 1750,porcelain,,,,,,,",
        "G.9,Bowl,Columns,c. 1750,porcelain,,,,,,,,one too many",
    ]
    register.write_text(REGISTER + "\n".join(bad) + "\n", "utf-8")
    code, data, talk = shop.run("piece", "import", str(register), "--unit", "in")
    assert (code, data["added"], len(data["faults"])) == (4, 3, len(bad)), talk
    assert [(fault["line"], fault["column"]) for fault in data["faults"]] == [
        (6, "title"), (7, "accession_number"), (8, "accession_number"), (9, "title"), (10, "object_date"),
        (11, "item_height"), (12, "accession_number"), (13, ""),
    ]  # fmt: skip
    assert all(fault["hint"] for fault in data["faults"])
    beside = register.with_name(register.name + ENDING)
    assert data["rejects"] == str(beside)
    rows = list(csv.reader(io.StringIO(beside.read_bytes().decode("utf-8-sig"), newline="")))
    assert rows[0][:4] == ["Line", "Column", "What is wrong", "What to do"]
    assert [row[0] for row in rows[1:]] == [str(fault["line"]) for fault in data["faults"]]
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "@", "+", "-")]
    assert max(len(cell) for row in rows for cell in row) < 3_000
    register.write_text(REGISTER, "utf-8")
    assert shop.run("piece", "import", str(register))[0] == 0
    assert not beside.exists()


def test_numbers_of_another_register_are_of_other_pieces(shop: Shop, register: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("number,title\nG.1,Own cup\n", "utf-8")
    assert shop.run("piece", "import", str(own))[1]["added"] == 1
    register.with_name("register.csv.map.toml").write_text(
        'unit = "in"\nsource = "Sample Gallery"\n[columns]\ntitle = "title"\naccession_number = "accession_number"\n',
        "utf-8",
    )
    for added in (3, 0):
        data = shop.run("piece", "import", str(register))[1]
        assert (data["added"], data["corrected"]) == (added, 0)
    assert sum(piece.accession_number == "G.1" for piece in shop.store.pieces()) == 2


@pytest.mark.parametrize(
    "text",
    [
        '[columns]\ntitle = "title"\n[every_row]\nheight = "3"',
        '[columns]\ntitle = "title"\n[every_row]\naccession_number = "3"',
        '[columns]\ntitle = "title"\n[every_row]\nrights = ""',
        '[columns]\ntitle = "title"\n[every_row]\nrights = 3',
        'every_row = 3\n[columns]\ntitle = "title"',
        'source = 3\n[columns]\ntitle = "title"',
    ],
)
def test_other_facts_of_every_row_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "map.toml").write_text(text, "utf-8")
    with pytest.raises(MalformedError) as caught:
        read_mapping(tmp_path / "map.toml", ("title",))
    assert caught.value.code == "bad-mapping"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp936", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_delimiters_and_line_ends_of_all_systems(
    tmp_path: Path, encoding: str, delimiter: str, end: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerows([("编号", "名称", "说明"), ("A-1", "青花梅瓶", f"一{end}二"), ("A-2", "白瓷, 杯; 盏", "")])
    path = tmp_path / "登记册.CSV"
    path.write_bytes(out.getvalue().encode(encoding))
    sheet = read_sheet(path)
    assert sheet.headings == ("编号", "名称", "说明")
    assert [row.cells["名称"] for row in sheet.rows] == ["青花梅瓶", "白瓷, 杯; 盏"]
    assert [row.line for row in sheet.rows] == [2, 4]


def test_windows_1252_is_proposed_and_must_be_named(shop: Shop, register: Path) -> None:
    text = "number;titre;mesures\r\n1;Assiette à décor de fleurs, Sèvres;H. 3 cm\r\n"
    register.write_bytes(text.encode("cp1252"))
    code, data, _ = shop.run("piece", "import", str(register))
    assert (code, data["error"]) == (4, "unknown-encoding")
    assert "“Assiette à décor de fleurs” reads right" in data["hint"]
    assert shop.run("piece", "import", str(register), "--encoding", "cp1252")[1]["added"] == 1
    assert shop.store.pieces()[0].title == {"en": "Assiette à décor de fleurs, Sèvres"}


def test_a_workbook_is_read_like_a_text_file(shop: Shop, tmp_path: Path) -> None:
    made: Any = workbook
    book: Any = made.Workbook()
    rows = list(csv.reader(io.StringIO(REGISTER, newline="")))
    for row in rows:
        book.active.append([float(cell) if cell in ("2.188", "0.0") else cell for cell in row])
    book.active.append(["G.4", "Bowl", "Formula", "=1+1"])
    path = tmp_path / "register.xlsx"
    book.save(path)
    code, data, talk = shop.run("piece", "import", str(path), "--unit", "in")
    assert (code, data["added"]) == (4, 3), talk
    assert [(fault["line"], fault["column"]) for fault in data["faults"]] == [(5, "object_date")]
    assert shop.store.pieces()[0].height_mm == 56


def test_every_row_of_a_museums_register_is_a_draft_that_can_be_signed(shop: Shop) -> None:
    path = Path(os.environ.get("KILNMARK_REGISTER", ROOT.parent / "shared" / "data" / "cmoa_ceramics.csv"))
    if not path.is_file():
        pytest.skip("no museum's register beside the repository")
    copied = shop.folder / "register.csv"
    copied.write_bytes(path.read_bytes())
    rows = len(read_sheet(copied).rows)
    code, data, talk = shop.run("piece", "import", str(copied), "--unit", "in")
    assert (code, data["added"], data["faults"]) == (0, rows, []), talk
    assert shop.run("sign")[1] == {"signed": rows}
    validator = Draft202012Validator(schema("https://registry.example"))
    certificates = [item.certificate for item in shop.store.certificates(("signed",))]
    assert [error for item in certificates for error in validator.iter_errors(json.loads(item.data))] == []
    numbers = {item.piece.accession_number for item in certificates}
    assert numbers == {row.cells["accession_number"] for row in read_sheet(copied).rows}
    again = shop.run("piece", "import", str(copied))[1]
    assert (again["added"], again["corrected"], again["known"]) == (0, 0, rows)


TITLED = "Porzellanliste, Stand 2024;;\r\n\r\nInv. No.;Titre;Hauteur (cm)\r\nK.1;Vase à décor;12,5\r\nK.2;Coupe;4,5\r\n"
"""A list with a title and an empty line above its headings; the title has a comma, and the list semicolons."""


def test_headings_below_a_title_are_found_and_kept(shop: Shop, register: Path) -> None:
    register.write_bytes(TITLED.encode())
    code, data, talk = shop.run("piece", "import", str(register))
    assert (code, data["added"], data["headerRow"]) == (0, 2, 3), talk
    assert "The headings are those of row 3" in talk
    assert [piece.height_mm for piece in shop.store.pieces()] == [125, 45]
    beside = register.with_name("register.csv.map.toml")
    assert tomllib.loads(beside.read_text("utf-8"))["header_row"] == 3
    assert shop.run("piece", "import", str(register))[1]["known"] == 2


def test_a_row_of_headings_that_none_knows_is_named(shop: Shop, register: Path) -> None:
    register.write_text("My list\nNummer,Bezeichnung\n1,Vase\n", "utf-8")
    code, data, _ = shop.run("piece", "import", str(register))
    assert (code, data["error"], data["line"]) == (4, "no-title-column", 1)
    assert "--header-row" in data["hint"]
    data = shop.run("piece", "import", str(register), "--header-row", "2")[1]
    assert (data["error"], data["line"]) == ("no-title-column", 2)
    beside = register.with_name("register.csv.map.toml")
    beside.write_text('[columns]\ntitle = "Bezeichnung"\naccession_number = "Nummer"\n', "utf-8")
    assert shop.run("piece", "import", str(register))[1]["added"] == 1
    for row in (4, 30):
        assert shop.run("piece", "import", str(register), "--header-row", str(row))[1]["error"] == "no-headings"


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        (["title,maker", "Bowl,x"], 1),  # Two known words are headings, whatever stands below.
        (["作品", "编号,名称,高", "1,碗,3"], 2),  # One that could be a title's is less than three.
        (["title", "Bowl", "name"], 1),
        (["a,b", "c,d"], 1),
    ],
)
def test_which_row_is_the_headings(tmp_path: Path, rows: list[str], place: int) -> None:
    (tmp_path / "a.csv").write_text("\n".join(rows), "utf-8")
    assert read_sheet(tmp_path / "a.csv", score=known_headings).header_row == place


def test_an_encoding_that_was_named_is_kept_until_the_file_is_utf_8(shop: Shop, register: Path) -> None:
    text = "number;titre\r\n1;Assiette à décor\r\n"
    register.write_bytes(text.encode("cp1252"))
    assert shop.run("piece", "import", str(register), "--encoding", "cp1252")[1]["added"] == 1
    beside = register.with_name("register.csv.map.toml")
    assert tomllib.loads(beside.read_text("utf-8"))["encoding"] == "cp1252"
    assert shop.run("piece", "import", str(register))[1]["known"] == 1
    register.write_bytes(text.encode("utf-8-sig"))
    assert shop.run("piece", "import", str(register))[1]["known"] == 1
    beside.write_text(beside.read_text("utf-8").replace("cp1252", "latin-9"), "utf-8")
    assert shop.run("piece", "import", str(register))[1]["error"] == "bad-mapping"


def test_sheets_that_are_not_read_are_told(shop: Shop, tmp_path: Path) -> None:
    made: Any = workbook
    book: Any = made.Workbook()
    book.active.sheet_state = "hidden"
    book.active.append(["title", "number"])
    for name, rows in (("空", []), ("Bowls", [["List of 2024"], ["title", "number"], ["Bowl", "1"]]),
                       ("Vases", [["title", "number"], ["Vase", "2"]])):  # fmt: skip
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    path = tmp_path / "list.xlsx"
    book.save(path)
    code, data, talk = shop.run("piece", "import", str(path))
    assert (code, data["added"], data["sheet"], data["otherSheets"], data["headerRow"]) == (
        0, 1, "Bowls", ["Vases"], 2,
    )  # fmt: skip
    assert "Only the sheet “Bowls” is read" in talk
    beside = path.with_name("list.xlsx.map.toml")
    beside.unlink()
    assert shop.run("piece", "import", str(path), "--sheet", "vases")[1]["added"] == 1
    assert tomllib.loads(beside.read_text("utf-8"))["sheet"] == "vases"
    assert shop.run("piece", "import", str(path))[1]["known"] == 1
    data = shop.run("piece", "import", str(path), "--sheet", "Cups")[1]
    assert (data["error"], data["hint"]) == ("no-such-sheet", "Its sheets are Sheet, 空, Bowls, Vases.")
    (tmp_path / "a.csv").write_text(REGISTER, "utf-8")
    assert shop.run("piece", "import", str(tmp_path / "a.csv"), "--sheet", "A")[1]["error"] == "no-such-sheet"


def test_a_file_with_too_many_cells_is_refused(register: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance_cli.spreadsheet.MAX_CELLS", 23)
    with pytest.raises(MalformedError) as caught:
        read_sheet(register)
    assert caught.value.code == "too-many-cells"
