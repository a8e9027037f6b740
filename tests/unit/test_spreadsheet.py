from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import workbook

from provenance.errors import MalformedError
from provenance_cli.encodings import decode
from provenance_cli.facts import day
from provenance_cli.spreadsheet import read_sheet


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-02", "2026-11-02"),
        ("2026/11/2", "2026-11-02"),
        ("2026.1.2", "2026-01-02"),
        ("2026年11月3日", "2026-11-03"),
        ("autumn", "autumn"),
        ("2026-11-02T00:00", "2026-11-02T00:00"),
    ],
)
def test_days_as_people_write_them(text: str, expected: str) -> None:
    assert day(text) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_byte_order_mark_is_no_part_of_the_first_heading(tmp_path: Path, encoding: str, mark: str) -> None:
    if mark and encoding in ("utf-8-sig", "utf-16"):
        mark = ""  # The encoding writes one of its own.
    path = tmp_path / "firing.csv"
    path.write_bytes(f"{mark}编号,名称\r\nA-1,青花梅瓶\r\n".encode(encoding))
    assert read_sheet(path).headings == ("编号", "名称")


@pytest.mark.parametrize(
    "data",
    ["青花徳利".encode("shift_jis") * 5, "Céladon".encode("cp1252"), b"\xff\xff\x81\x20", b"a\x00b", b"\xaa\xa1" * 4],
)
def test_text_that_only_looks_like_gb18030_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        decode(data, "x.csv")
    assert caught.value.code == "unknown-encoding"


def test_traditional_characters_in_gb18030_are_read() -> None:
    text = "名稱,作者\n鬥彩雞紋小杯，景德鎮御窯廠,無名氏\n"
    assert decode(text.encode("gb18030"), "x.csv") == (text, "gb18030")


def test_a_row_beyond_all_that_a_sheet_has_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance_cli.spreadsheet.MAX_SHEET_ROWS", 5_000)  # The real one takes seconds.
    made: Any = workbook
    book: Any = made.Workbook()
    book.active.append(("编号", "名称"))
    book.active.append(("A-1", "碗"))
    whole, far = io.BytesIO(), tmp_path / "far.xlsx"
    book.save(whole)
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(far, "w") as other:
        for item in archive.infolist():
            other.writestr(item.filename, archive.read(item).replace(b'<row r="2"', b'<row r="99999999999"'))
    with pytest.raises(MalformedError) as caught:
        read_sheet(far)
    assert caught.value.code == "too-many-rows"


def test_what_a_failed_formula_left_is_no_text(tmp_path: Path) -> None:
    made: Any = workbook
    book: Any = made.Workbook()
    for row in (("编号", "名称", "釉"), ("A-1", "#REF!", "=1+1"), ("A-2", "碗", "青釉")):
        book.active.append(row)
    book.save(tmp_path / "failed.xlsx")
    rows = read_sheet(tmp_path / "failed.xlsx").rows
    assert [row.formulas for row in rows] == [{"名称", "釉"}, set()]


def test_a_workbook_that_understates_its_size_is_read_whole(tmp_path: Path) -> None:
    made: Any = workbook
    book: Any = made.Workbook()
    for row in (("编号", "名称"), ("A-1", "碗"), ("A-2", "盏", "", "outside the headings")):
        book.active.append(row)
    book.active.cell(20, 2).value = "杯"
    whole, understated = io.BytesIO(), tmp_path / "export.xlsx"
    book.save(whole)
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(understated, "w") as other:
        for item in archive.infolist():
            other.writestr(
                item.filename, re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', archive.read(item))
            )
    sheet = read_sheet(understated)
    assert [(row.line, row.cells) for row in sheet.rows] == [
        (2, {"编号": "A-1", "名称": "碗"}), (3, {"编号": "A-2", "名称": "盏"}), (20, {"名称": "杯"}),
    ]  # fmt: skip
