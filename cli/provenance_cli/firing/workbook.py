"""The spreadsheet of a firing: one row a serial, with drop-down lists, in which nothing turns into something else.

Every cell is text, so that a spreadsheet program leaves dates and serials as they were typed.  Headings are Chinese and
English; what is written under them is read by the same rules as any spreadsheet's.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from provenance.errors import MalformedError, StorageError
from provenance.serial import Serial
from provenance_cli.firing.record import FiringRecord
from provenance_cli.mapping import Columns
from provenance_cli.spreadsheet import Row, Sheet, read_sheet

BOOK = "pieces.xlsx"
NUMBER, SERIAL, LOST, PHOTOS = "编号 No.", "序列号 Serial", "窑损 Lost", "照片 Photos"
"""Headings of columns that are the firing's own."""
LOST_WORDS = frozenset(("是", "窑损", "损", "破", "废", "yes", "y", "lost", "broken", "x"))
_EXAMPLE = "例 e.g."
_FORMER = {"开窑日期 Fired": "烧成日期 Fired"}
"""Headings of spreadsheets that were begun earlier, and what they are called now."""
_OTHER = {"zh-Hans": "en", "en": "zh-Hans"}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its heading, the field that it holds, an example, its width in characters, and the usual choices."""

    heading: str
    field: str
    example: str = ""
    width: int = 14
    choices: tuple[str, ...] = ()
    language: str = ""


_COLUMNS = (
    _Column("名称 Title (zh)", "title", "青花缠枝莲碗", 26, language="zh-Hans"),
    _Column("英文名 Title (en)", "title", "Blue-and-white bowl with scrolling lotus", 30, language="en"),
    _Column("器形 Form", "form", "碗", 12, ("碗", "盘", "杯", "盏", "瓶", "罐", "壶", "盖碗", "盒", "雕塑", "瓷板")),
    _Column("高 Height (mm)", "height", "62", 9),
    _Column("宽 Width (mm)", "width", "", 9),
    _Column("口径 Diameter (mm)", "diameter", "148", 11),
    _Column("重 Weight (g)", "weight", "310", 9),
    _Column("工艺 Technique", "technique", "手工拉坯、釉下青花", 20,
            ("手工拉坯", "手捏", "泥板成型", "注浆", "印坯", "釉下青花", "釉上彩", "雕刻", "颜色釉")),
    _Column("釉 Glaze", "glaze", "透明釉", 14,
            ("透明釉", "青釉", "影青釉", "甜白釉", "霁红釉", "霁蓝釉", "郎红釉", "黑釉", "结晶釉", "无釉")),
    _Column("胎 Clay body", "clay_body", "高岭土", 14),
    _Column("纹饰 Decoration", "decoration", "缠枝莲", 18),
    _Column("底款 Base mark", "base_mark", "", 16),
    _Column("作者 Maker", "maker", "", 16),
    _Column("窑 Kiln", "kiln", "", 16),
    _Column("烧成日期 Fired", "fired", "2026-11-02", 14),
    _Column("限量 Edition (n/N)", "edition", "3/10", 12),
    _Column("说明 Notes", "description", "", 30),
    _Column("自编号 Own number", "accession_number", "", 14),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BookRow:
    """A piece's row: where it stands, whether the piece was lost in the kiln, its photos where named, its cells."""

    row: Row
    is_lost: bool
    photos: tuple[str, ...]


def columns_for(language: str) -> Columns:
    """Return how the sheet's columns are read by a workshop of `language`, whose other language is a translation."""
    own, other = (language, _OTHER[language]) if language in _OTHER else ("en", "zh-Hans")
    headings = {column.field: column.heading for column in _COLUMNS if column.language in ("", own)}
    translated = {column.field: column.heading for column in _COLUMNS if column.language == other}
    return Columns(headings, "mm", own, {other: translated})


def new_book(record: FiringRecord) -> bytes:
    """Return the spreadsheet of a firing that was begun: numbers and serials, and in each row what all share."""
    from openpyxl import styles, utils, workbook
    from openpyxl.worksheet import datavalidation

    drawn: Any = styles
    letters: Any = utils
    lists: Any = datavalidation
    made: Any = workbook
    book: Any = made.Workbook()
    sheet: Any = book.active
    sheet.title = "窑次 Firing"
    firsts = ((NUMBER, 8, ()), (SERIAL, 20, ()), (LOST, 10, ("是 yes",)))
    shown = [*firsts, *((c.heading, c.width, c.choices) for c in _COLUMNS), (PHOTOS, 30, ())]
    example = [_EXAMPLE, "7K3M-9QX2-VD5T-6", "", *(column.example for column in _COLUMNS), ""]
    rows = [[heading for heading, _width, _choices in shown], example]
    shared = [record.shared.get(column.field, "") if not column.language else "" for column in _COLUMNS]
    rows += [[str(number), str(serial), "", *shared, ""] for serial, number in record.numbers.items()]
    for at, values in enumerate(rows, 1):
        for place, value in enumerate(values, 1):
            cell = sheet.cell(at, place)
            cell.number_format = "@"
            if value:
                cell.value, cell.data_type = value, "s"
            if at == 1:
                cell.font = drawn.Font(bold=True, color="FFFFFF")
                cell.fill = drawn.PatternFill("solid", fgColor="1F3A7A")
                cell.alignment = drawn.Alignment(wrap_text=True, vertical="center")
            elif at == 2:
                cell.font = drawn.Font(italic=True, color="808080")
            elif place <= 2:
                cell.fill = drawn.PatternFill("solid", fgColor="EEF1F8")
    sheet.row_dimensions[1].height = 34
    sheet.freeze_panes = "D3"
    last = len(rows)
    for place, (_heading, width, choices) in enumerate(shown, 1):
        letter = str(letters.get_column_letter(place))
        sheet.column_dimensions[letter].width = width
        if choices:
            # Another word than the usual ones may be typed.
            listed = lists.DataValidation(
                "list", formula1=f'"{",".join(choices)}"', allow_blank=True, showErrorMessage=False
            )
            listed.add(f"{letter}3:{letter}{last}")
            sheet.add_data_validation(listed)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def check_closed(folder: Path) -> None:
    """Raise `StorageError` where the spreadsheet is open in another program, by the file that such programs leave."""
    lock = lock_of(folder)
    if lock is not None:
        raise StorageError(
            "spreadsheet-open",
            "{file} is open in another program.",
            hint="Save and close it there, then run the command again. Is it open nowhere, delete {lock} first.",
            file=BOOK,
            lock=lock.name,
        )


def lock_of(folder: Path) -> Path | None:
    """Return the file by which Excel, WPS or LibreOffice tells that it has the spreadsheet open, if it is there."""
    for name in (f"~${BOOK}", f".~lock.{BOOK}#", f".~{BOOK}"):
        if (folder / name).exists():
            return folder / name
    return None


def read_book(folder: Path, record: FiringRecord) -> tuple[dict[Serial, BookRow], list[tuple[int, MalformedError]]]:
    """Return the rows by serial, and what is wrong with others by line; raises `MalformedError` or `StorageError`."""
    sheet = read_sheet(folder / BOOK)
    if SERIAL not in sheet.headings:
        raise MalformedError(
            "no-serial-column",
            "{file} has no column “{heading}”.",
            line=1,
            hint="Put the heading back as it was: the rows are told apart by it.",
            file=BOOK,
            heading=SERIAL,
        )
    rows, faults = dict[Serial, BookRow](), list[tuple[int, MalformedError]]()
    numbers = record.numbers
    for row in sheet.rows:
        cells = row.cells
        if cells.get(NUMBER) == _EXAMPLE:
            continue
        try:
            serial = _serial_of(cells, numbers)
            if serial in rows:
                raise MalformedError(
                    "row-twice",
                    "The same stands in line {first} already.",
                    field=SERIAL,
                    hint="Delete one of the two rows.",
                    first=rows[serial].row.line,
                )
            rows[serial] = BookRow(_renamed(row), _is_lost(cells), _names(cells.get(PHOTOS, "")))
        except MalformedError as error:
            faults.append((row.line, error))
    faults += [
        (
            0,
            MalformedError(
                "row-missing",
                "The row of number {number} is missing.",
                field=SERIAL,
                hint="Put it back with its serial {serial}; a piece that was lost is marked in its row.",
                number=number,
                serial=serial,
            ),
        )
        for serial, number in numbers.items()
        if serial not in rows and not faults
    ]
    return rows, [*_renamed_headings(sheet), *faults]


def _renamed_headings(sheet: Sheet) -> list[tuple[int, MalformedError]]:
    """Return a fault for “Lost” and “Photos” where they are gone, while a column that is not ours holds something.

    These two decide what is signed, and whoever renamed one meant its words to count.  Other columns may be deleted,
    and the potter's own may stand beside ours: the contact sheet shows what is missing.
    """
    own = {NUMBER, SERIAL, LOST, PHOTOS, *(column.heading for column in _COLUMNS)}
    filled = {heading for row in sheet.rows if row.cells.get(NUMBER) != _EXAMPLE for heading in row.cells}
    strange = [heading for heading in sheet.headings if heading in filled - _FORMER.keys() - own]
    return [
        (
            sheet.header_row,
            MalformedError(
                "heading-gone",
                "There is no column “{gone}”, and one that is not read: “{heading}”.",
                field=gone,
                hint="Put the heading back as it was: “{gone}”. A column of your own may stay beside it.",
                gone=gone,
                heading=strange[0],
            ),
        )
        for gone in (LOST, PHOTOS)
        if strange and gone not in sheet.headings
    ]


def _renamed(row: Row) -> Row:
    """Return a row with its cells under the headings of today."""
    cells = {_FORMER.get(heading, heading): text for heading, text in row.cells.items()}
    return replace(row, cells=cells, formulas=frozenset(_FORMER.get(heading, heading) for heading in row.formulas))


def _serial_of(cells: Mapping[str, str], numbers: Mapping[Serial, int]) -> Serial:
    if SERIAL not in cells:
        raise MalformedError(
            "no-serial",
            "The row has no serial.",
            field=SERIAL,
            hint="Copy it back from the slip of this number, or delete the row: pieces cannot be added here.",
        )
    serial = Serial.parse(cells[SERIAL])
    if serial not in numbers:
        raise MalformedError(
            "foreign-serial",
            "{serial} is not of this firing.",
            field=SERIAL,
            hint="Copy the serial back from the slip of this number.",
            serial=serial,
        )
    told = cells.get(NUMBER, "")
    if told.isdecimal() and int(told[:9]) != numbers[serial]:  # A column was sorted without its neighbours.
        raise MalformedError(
            "other-number",
            "The row says number {told}, and {serial} is of number {number}.",
            field=SERIAL,
            hint="Put both back as they were: `kilnmark firing FOLDER --undo` takes the last change back. They tell "
            "which piece the row is of.",
            told=told[:9],
            serial=serial,
            number=numbers[serial],
        )
    return serial


def _is_lost(cells: Mapping[str, str]) -> bool:
    words = cells.get(LOST, "").lower().split()
    if not words or words[0] in ("否", "no", "n", "-"):
        return False
    if LOST_WORDS.isdisjoint(words):
        raise MalformedError(
            "bad-lost",
            "“{word}” is neither yes nor no.",
            field=LOST,
            hint="Choose from the list.",
            word=" ".join(words),
        )
    return True


def _names(text: str) -> tuple[str, ...]:
    for separator in ("；", "，", ",", "、", "\n"):
        text = text.replace(separator, ";")
    return tuple(dict.fromkeys(name.strip() for name in text.split(";") if name.strip()))
