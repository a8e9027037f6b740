"""Reading spreadsheets: .xlsx, and CSV in the encodings that offices there produce.

Rows come out as text by heading, each with the line or row where it stands in the file, so that every complaint can
name its place.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provenance.errors import MalformedError, StorageError

MAX_FILE = 64 * 2**20
"""Largest spreadsheet in bytes."""
MAX_UNPACKED = 512 * 2**20
"""Largest .xlsx when unpacked: a zip bomb is refused before it is opened."""
MAX_ROWS = 100_000
"""Rows of one import; a kiln firing has 200."""
MAX_COLUMNS = 200
MAX_HEADING = 200
MAX_CELL = 100_000
"""Characters of one cell; the longest provenance text known has 4,224."""

ENCODINGS = ("utf-8", "gb18030", "big5")
"""Encodings of CSV files that may be named; the first two are found out."""
_MOST_RARE = 0.6
"""Share of characters outside GB2312 in real text: none in simplified Chinese, under a half in traditional."""


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
    """A spreadsheet's headings and rows, and what it was read as."""

    headings: tuple[str, ...]
    rows: list[Row]
    encoding: str


def read_sheet(path: Path, encoding: str | None = None) -> Sheet:
    """Read a spreadsheet, a CSV file in `encoding` where given.

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
    if data.startswith(b"PK\x03\x04"):
        return _read_xlsx(path.name, data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise MalformedError(
            "old-excel",
            "{file} is an old Excel file (.xls).",
            hint="Save it as .xlsx or as CSV, then import that.",
            file=path.name,
        )
    text, encoding = decode(data, path.name, encoding)
    return _read_csv(text, encoding, path.name)


def decode(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """Return the text of a CSV file and its encoding: the one given, else UTF-8, UTF-16 with a mark, or GB18030.

    Nearly any bytes are GB18030 of some sort: text that reads as rare characters is refused rather than signed.
    """
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for candidate in [encoding] if encoding else ["utf-16"] if marked else ["utf-8", "gb18030"]:
        try:
            text = data.decode("utf-8-sig" if candidate == "utf-8" else candidate)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and (encoding or candidate != "gb18030" or _is_plausible(text)):
            return text.removeprefix("\ufeff"), candidate
    raise MalformedError(
        "unknown-encoding",
        "{file} is neither UTF-8 nor GB18030 text.",
        hint="In the spreadsheet program choose “CSV UTF-8”, save as .xlsx, or name the encoding with --encoding.",
        file=name,
    )


def _is_plausible(text: str) -> bool:
    """Tell whether text decoded as GB18030 was so: most of its characters are common ones, none is private."""
    foreign = [character for character in text if ord(character) > 0x7F]
    if any(0xE000 <= ord(character) <= 0xF8FF for character in foreign):
        return False
    rare = sum(1 for character in foreign if not character.encode("gb2312", "ignore"))
    return rare <= _MOST_RARE * len(foreign)


def _read_csv(text: str, encoding: str, name: str) -> Sheet:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(MAX_FILE)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        headings = _headings(next(reader, []), name)
        rows = list(_csv_rows(reader, headings))
    except csv.Error as error:
        raise MalformedError(
            "broken-csv",
            "{file} is not well-formed CSV: {reason}.",
            line=reader.line_num,
            hint="Look for a stray quote.",
            file=name,
            reason=error,
        ) from None
    return Sheet(headings, rows, encoding)


def _csv_rows(reader: Iterator[list[str]], headings: tuple[str, ...]) -> Iterator[Row]:
    count, line = 0, reader.line_num + 1  # type: ignore[attr-defined]
    for values in reader:
        if any(value.strip() for value in values):
            count += 1
            _limit_rows(count)
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
            yield Row(line, _cells(headings, values), formulas, broken)
        line = reader.line_num + 1  # type: ignore[attr-defined]


def _read_xlsx(name: str, data: bytes) -> Sheet:
    from openpyxl.reader.excel import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(item.file_size for item in archive.infolist()) > MAX_UNPACKED:
                raise MalformedError("file-too-large", "{file} is too large when unpacked.", file=name)
        open_book: Any = load_workbook
        book = open_book(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        rows_iterator = sheet.iter_rows(max_col=MAX_COLUMNS + 1)
        headings = _headings([_text(cell.value) for cell in next(rows_iterator, ())], name)
        rows: list[Row] = []
        for cells in rows_iterator:
            values = [_text(cell.value) for cell in cells]
            if not any(values):
                continue
            _limit_rows(len(rows) + 1)
            formulas = frozenset(
                heading for heading, cell in zip(headings, cells, strict=False) if getattr(cell, "data_type", "") == "f"
            )
            number = next((cell.row for cell in cells if getattr(cell, "row", None)), len(rows) + 2)
            rows.append(Row(number, _cells(headings, values), formulas))
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
    return Sheet(headings, rows, "xlsx")


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet program would run `text` (CSV injection) instead of showing it."""
    stripped = text.lstrip()
    if not stripped or stripped[0] not in "=+-@":
        return False
    if stripped[0] == "=" or stripped[0] == "@":
        return True
    # A leading plus or minus is a formula only where it is more than a number or words.
    return "(" in stripped and not stripped[1:2].isspace()


def _headings(values: list[str], name: str) -> tuple[str, ...]:
    headings = [" ".join(value.split()) for value in values]
    while headings and not headings[-1]:
        headings.pop()
    if not headings or len(headings) > MAX_COLUMNS:
        raise MalformedError("no-headings", "The first row of {file} must hold the headings.", line=1, file=name)
    for heading in headings:
        if len(heading) > MAX_HEADING or not heading.isprintable():
            raise MalformedError(
                "bad-heading",
                "A heading of {file} is too long, or holds invisible characters.",
                line=1,
                hint="Type it again: {heading}",
                file=name,
                heading=heading[:60],
            )
    twice = {heading for heading in headings if heading and headings.count(heading) > 1}
    if twice:
        raise MalformedError(
            "heading-twice", "Two columns of {file} are both headed “{heading}”.", line=1, file=name, heading=min(twice)
        )
    return tuple(headings)


def _cells(headings: tuple[str, ...], values: list[str]) -> dict[str, str]:
    return {
        heading: value.strip() for heading, value in zip(headings, values, strict=False) if heading and value.strip()
    }


def _limit_rows(count: int) -> None:
    if count > MAX_ROWS:
        raise MalformedError(
            "too-many-rows", "A spreadsheet may have {limit:,} rows.", hint="Split it.", limit=MAX_ROWS
        )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # Excel stores 12 as 12.0.
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00")
    return str(value)
