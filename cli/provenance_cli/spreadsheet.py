"""Reading spreadsheets: .xlsx, and CSV in the encodings that offices there produce.

Rows come out as text by heading, each with the line or row where it stands in the file, so that every complaint can
name its place.
"""

from __future__ import annotations

import contextlib
import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from provenance.errors import MalformedError, StorageError
from provenance_cli.encodings import decode
from provenance_cli.files import name_key

MAX_FILE = 64 * 2**20
"""Largest spreadsheet in bytes."""
MAX_UNPACKED = 512 * 2**20
"""Largest .xlsx when unpacked: a zip bomb is refused before it is opened."""
MAX_ROWS = 100_000
"""Rows of one import; a kiln firing has 200."""
MAX_SHEET_ROWS = 1 << 20
"""Rows that a sheet of Excel has, empty ones among them: a row that is said to lie beyond would be waited for."""
MAX_COLUMNS = 200
MAX_HEADING = 200
MAX_CELL = 100_000
"""Characters of one cell; the longest provenance text known has 4,224."""
MAX_CELLS = 4_000_000
"""Cells of one import that are not empty: all of them are held at once, in about 150 bytes each."""
MAX_HEADING_ROW = 30
"""Row in which the headings may stand: above them are a title, and remarks of whoever exported the list."""
_FEWEST_KNOWN = 2
"""Columns that must be known in a row that is found to be the headings: one word alone is a title too."""

Score = Callable[[tuple[str, ...]], int]
"""Tells how many of a row's cells are known headings."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read, each ``None`` where nothing was said: encoding of a CSV file, sheet, row of headings.

    `kept_encoding` is what was named at an earlier run, and may be true no more.
    """

    encoding: str | None = None
    kept_encoding: str | None = None
    sheet: str | None = None
    header_row: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line (CSV: the physical line where it starts; .xlsx: the row number) and its cells by heading.

    `formulas` are the headings whose cells hold a formula.
    """

    line: int
    cells: dict[str, str]
    formulas: frozenset[str] = frozenset()
    broken: MalformedError | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A spreadsheet's headings and rows, what it was read as, and the row of its headings.

    `name` is that of the sheet of a workbook, `others` those of its sheets that hold something and were not read.
    """

    headings: tuple[str, ...]
    rows: list[Row]
    encoding: str
    header_row: int = 1
    name: str = ""
    others: tuple[str, ...] = ()


def read_sheet(path: Path, reading: Reading | None = None, score: Score = lambda _cells: _FEWEST_KNOWN) -> Sheet:
    """Read a spreadsheet; where nothing says in which row its headings are, `score` tells which row looks like them.

    Raises `MalformedError` where it is none, `StorageError` where it cannot be read.
    """
    try:
        if path.stat().st_size > MAX_FILE:
            raise MalformedError(
                "file-too-large", "{file} is larger than {limit} MB.", file=path.name, limit=MAX_FILE // 2**20
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise StorageError("no-file", "There is no file {path}.", path=path) from None
    except PermissionError:
        raise StorageError(
            "file-locked",
            "{file} cannot be opened.",
            hint="Close it in the other program and try again.",
            file=path.name,
        ) from None
    except OSError as error:
        raise StorageError("unreadable", "{file} cannot be read: {reason}.", file=path.name, reason=error) from None
    reading = reading or Reading()
    if data.startswith(b"PK\x03\x04"):
        return _read_xlsx(path.name, data, reading, score)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise MalformedError(
            "old-excel",
            "{file} is an old Excel file (.xls).",
            hint="Save it as .xlsx or as CSV, then import that.",
            file=path.name,
        )
    if reading.sheet is not None:
        raise MalformedError(
            "no-such-sheet",
            "{file} has no sheets: it is text.",
            hint="Leave the name of the sheet away, on the command line and in the mapping.",
            file=path.name,
        )
    text, encoding = decode(data, path.name, reading.encoding, reading.kept_encoding)
    return _read_csv(text, encoding, path.name, reading, score)


def _read_csv(text: str, encoding: str, name: str, reading: Reading, score: Score) -> Sheet:
    csv.field_size_limit(MAX_FILE)
    delimiter, at = _csv_headings(text, reading, score)
    reader = _csv_reader(text, delimiter)
    try:
        lines = ((line, values) for line, values in _csv_lines(reader) if line >= at)
        first, values = next(lines, (0, []))
        headings = _headings(values if first == at else [], name, at)
        rows = list(_csv_rows(lines, headings))
    except csv.Error as error:
        raise MalformedError(
            "broken-csv",
            "{file} is not well-formed CSV: {reason}.",
            line=reader.line_num,  # type: ignore[attr-defined]
            hint="Look for a stray quote.",
            file=name,
            reason=error,
        ) from None
    return Sheet(headings, rows, encoding, at)


def _csv_reader(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _csv_lines(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows, each with the physical line where it starts."""
    line = 1
    for values in reader:
        yield line, values
        line = reader.line_num + 1  # type: ignore[attr-defined]


def _csv_headings(text: str, reading: Reading, score: Score) -> tuple[str, int]:
    """Return what parts a file's cells, and the line of its headings."""
    named = reading.header_row
    top = [*islice(io.StringIO(text, newline=None), named or 1)]
    delimiters = sorted(",;\t", key=(top[-1] if top else "").count, reverse=True)
    for delimiter in () if named else delimiters:  # A title above the headings has perhaps a comma, and they none.
        head = list[tuple[int, list[str]]]()
        with contextlib.suppress(csv.Error):
            for item in islice(_csv_lines(_csv_reader(text, delimiter)), MAX_HEADING_ROW):
                head.append(item)
        place = _heading_place([values for _line, values in head], score)
        if place is not None:
            return delimiter, head[place][0]
    return delimiters[0], named or 1


def _heading_place(head: Sequence[Sequence[str]], score: Score) -> int | None:
    """Return which row looks like the headings: the first where enough is known there, else the one with the most."""
    scores = list[int]()
    for values in head:
        scores.append(score(_cleaned(values)))
        if scores[0] >= _FEWEST_KNOWN:
            return 0
    best = max(scores, default=0)
    return scores.index(best) if best >= _FEWEST_KNOWN else None


def _csv_rows(lines: Iterator[tuple[int, list[str]]], headings: tuple[str, ...]) -> Iterator[Row]:
    limit = _Limit()
    for line, values in lines:
        if any(value.strip() for value in values):
            formulas = frozenset(h for h, v in zip(headings, values, strict=False) if is_formula(v))
            broken = None
            if len(values) > len(headings):
                broken = MalformedError(
                    "broken-row",
                    "The row has {cells} columns, the heading {headings}.",
                    hint="Look for a comma too many, or a missing quote.",
                    cells=len(values),
                    headings=len(headings),
                )
            yield limit.counted(Row(line, _cells(headings, values), formulas, broken))


def _read_xlsx(name: str, data: bytes, reading: Reading, score: Score) -> Sheet:
    from openpyxl.reader.excel import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(item.file_size for item in archive.infolist()) > MAX_UNPACKED:
                raise MalformedError("file-too-large", "{file} is too large when unpacked.", file=name)
        open_book: Any = load_workbook
        book = open_book(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        return _read_worksheet(*_chosen(book, reading.sheet, name), name, reading.header_row, score)
    except MalformedError:
        raise
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        OSError,
        SyntaxError,
    ):
        raise MalformedError(
            "broken-xlsx", "{file} is not a readable .xlsx file.", hint="Save it again.", file=name
        ) from None


def _chosen(book: Any, wanted: str | None, name: str) -> tuple[Any, tuple[str, ...]]:
    """Return the sheet named, else the first that is shown and not empty, and what the others like it are called."""
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # Programs that write row by row say A1, and all but the headings would be left out.
    filled = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible" and _has_cells(sheet)]
    named = [sheet for sheet in book.worksheets if wanted is None or name_key(sheet.title) == name_key(wanted)]
    if wanted is not None and not named:
        raise MalformedError(
            "no-such-sheet",
            "{file} has no sheet “{sheet}”.",
            hint="Its sheets are {sheets}.",
            file=name,
            sheet=wanted[:60],
            sheets=", ".join(sheet.title for sheet in book.worksheets),
        )
    sheet = named[0] if wanted is not None or not filled else filled[0]
    return sheet, tuple(other.title for other in filled if other is not sheet)


def _has_cells(sheet: Any) -> bool:
    rows = sheet.iter_rows(max_row=MAX_HEADING_ROW, max_col=MAX_COLUMNS, values_only=True)
    return any(value is not None for row in rows for value in row)


def _read_worksheet(sheet: Any, others: tuple[str, ...], name: str, header_row: int | None, score: Score) -> Sheet:
    every = enumerate(sheet.iter_rows(max_col=MAX_COLUMNS + 1), 1)
    head = list(islice(every, header_row or MAX_HEADING_ROW))
    texts = [[_text(cell.value) for cell in cells] for _number, cells in head]
    place = header_row - 1 if header_row else _heading_place(texts, score) or 0
    headings = _headings(texts[place] if place < len(texts) else [], name, place + 1)
    limit, rows = _Limit(), list[Row]()
    for number, whole in chain(head[place + 1 :], every):
        if number > MAX_SHEET_ROWS:
            raise _too_many_rows()
        cells = whole[: len(headings)]
        values = [_text(cell.value) for cell in cells]
        if any(values):
            formulas = frozenset(
                # "e" is what a formula left that went wrong, like #REF!.
                heading
                for heading, cell in zip(headings, cells, strict=False)
                if getattr(cell, "data_type", "") in ("f", "e")
            )
            rows.append(limit.counted(Row(number, _cells(headings, values), formulas)))
    return Sheet(headings, rows, "xlsx", place + 1, sheet.title, others)


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet program would run `text` (CSV injection) instead of showing it."""
    stripped = text.lstrip()
    if not stripped or stripped[0] not in "=+-@":
        return False
    if stripped[0] == "=" or stripped[0] == "@":
        return True
    # A leading plus or minus is a formula only where it is more than a number or words.
    return ("(" in stripped and not stripped[1:2].isspace()) or ("|" in stripped and "!" in stripped)


def _cleaned(values: Sequence[str]) -> tuple[str, ...]:
    """Return a row's cells as headings, without empty ones at its end."""
    headings = [" ".join(value.split()) for value in values]
    while headings and not headings[-1]:
        headings.pop()
    return tuple(headings)


def _headings(values: Sequence[str], name: str, line: int) -> tuple[str, ...]:
    headings = _cleaned(values)
    if not headings or len(headings) > MAX_COLUMNS:
        raise MalformedError(
            "no-headings",
            "Row {row} of {file} must hold the headings.",
            line=line,
            hint="Where those of a list from elsewhere stand in another row, name it: `kilnmark piece import "
            "--header-row N`.",
            row=line,
            file=name,
        )
    for heading in headings:
        if len(heading) > MAX_HEADING or not heading.isprintable():
            raise MalformedError(
                "bad-heading",
                "A heading of {file} is too long, or holds invisible characters.",
                line=line,
                hint="Type it again: {heading}",
                file=name,
                heading=heading[:60],
            )
    twice = {heading for heading in headings if heading and headings.count(heading) > 1}
    if twice:
        raise MalformedError(
            "heading-twice",
            "Two columns of {file} are both headed “{heading}”.",
            line=line,
            file=name,
            heading=min(twice),
        )
    return headings


def _cells(headings: tuple[str, ...], values: list[str]) -> dict[str, str]:
    return {
        heading: value.strip() for heading, value in zip(headings, values, strict=False) if heading and value.strip()
    }


class _Limit:
    """Counts what is held of a file; raises `MalformedError` where that is too much."""

    def __init__(self) -> None:
        self._rows, self._cells = 0, 0

    def counted(self, row: Row) -> Row:
        self._rows += 1
        self._cells += len(row.cells)
        if self._rows > MAX_ROWS:
            raise _too_many_rows()
        if self._cells > MAX_CELLS:
            raise MalformedError(
                "too-many-cells", "A spreadsheet may have {limit:,} cells.", hint="Split it.", limit=MAX_CELLS
            )
        return row


def _too_many_rows() -> MalformedError:
    return MalformedError("too-many-rows", "A spreadsheet may have {limit:,} rows.", hint="Split it.", limit=MAX_ROWS)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # Excel stores 12 as 12.0.
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00")
    return str(value)
