"""A firing's folder: what it keeps, its spreadsheet, its slips, and what is said of files that are not as they were."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl.reader import excel

from provenance.errors import MalformedError, ProvenanceError
from provenance.printing.readback import read_sheet
from provenance.printing.slips import Slip, print_slips
from provenance.serial import Serial
from provenance.slip import parse_slip, slip_text
from provenance_cli.facts import read_facts
from provenance_cli.firing.record import MAX_PIECES, RECORD, FiringRecord
from provenance_cli.firing.workbook import BOOK, LOST, NUMBER, PHOTOS, SERIAL, columns_for, new_book, read_book

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
SHARED = {"kiln": "龙窑", "fired": "2026-11-02", "maker": "林师傅"}


@pytest.fixture
def record(tmp_path: Path) -> FiringRecord:
    begun = FiringRecord.begin(5, SHARED, NOW)
    begun.write(tmp_path)
    (tmp_path / BOOK).write_bytes(new_book(begun))
    return begun


class Book:
    """The spreadsheet in the hands of a potter."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / BOOK
        opened: Any = excel.load_workbook
        book: Any = opened(self.path)
        self.book, self.sheet = book, book.active
        self.places = {cell.value: cell.column for cell in self.sheet[1]}

    def put(self, number: int, heading: str, value: object) -> None:
        self.sheet.cell(number + 2, self.places[heading]).value = value

    def save(self) -> None:
        self.book.save(self.path)


def test_the_record_is_read_as_it_was_written_and_a_damaged_one_is_not_guessed(
    tmp_path: Path, record: FiringRecord
) -> None:
    assert FiringRecord.read(tmp_path) == record
    assert FiringRecord.read(tmp_path / "elsewhere") is None
    whole = (tmp_path / RECORD).read_bytes()
    for damaged in (b"", whole[:60], whole.replace(b'"version": 1', b'"version": 9'), b"[]", b"\xff" * 9, b"x" * 2**21,
                    whole.replace(str(record.serials[0]).encode(), b"7K3M-9QX2-VD5T-0")):  # fmt: skip
        (tmp_path / RECORD).write_bytes(damaged)
        with pytest.raises(MalformedError) as caught:
            FiringRecord.read(tmp_path)
        assert caught.value.code == "bad-firing"
    for count in (0, -1, MAX_PIECES + 1):
        with pytest.raises(MalformedError) as caught:
            FiringRecord.begin(count, {}, NOW)
        assert caught.value.code == "bad-count"


def test_every_cell_of_a_new_spreadsheet_is_text_and_its_example_is_no_piece(
    tmp_path: Path, record: FiringRecord
) -> None:
    book = Book(tmp_path)
    assert {cell.number_format for row in book.sheet.iter_rows() for cell in row} == {"@"}
    assert book.sheet.data_validations.count >= 3
    rows, faults = read_book(tmp_path, record)
    assert not faults
    assert list(rows) == list(record.serials)
    assert not any(row.is_lost or row.photos for row in rows.values())
    facts = read_facts(rows[record.serials[0]].row, columns_for("zh-Hans"), "zh-Hans", None, None)  # type: ignore[arg-type]
    assert facts["firing"].date == "2026-11-02"
    assert facts["makers"][0].name == {"zh-Hans": "林师傅"}
    assert "title" not in facts


def test_what_a_spreadsheet_program_makes_of_cells_is_read_as_it_was_meant(
    tmp_path: Path, record: FiringRecord
) -> None:
    book = Book(tmp_path)
    book.put(1, "名称 Title (zh)", "青花碗")
    book.put(1, "英文名 Title (en)", "Bowl")
    book.put(1, "高 Height (mm)", 62.0)
    book.put(1, "烧成日期 Fired", datetime(2026, 11, 2))  # noqa: DTZ001
    book.put(1, SERIAL, str(record.serials[0]).lower().replace("-", " "))
    book.put(1, PHOTOS, "IMG_1.jpg，b.jpg; IMG_1.jpg")
    book.put(2, LOST, "是 yes")
    book.put(3, LOST, "no")
    book.save()
    rows, faults = read_book(tmp_path, record)
    assert not faults
    book.sheet.cell(1, book.places["烧成日期 Fired"]).value = "开窑日期 Fired"  # As it was called before.
    book.save()
    assert read_book(tmp_path, record) == (rows, [])
    row = rows[record.serials[0]]
    facts = read_facts(row.row, columns_for("en"), "en", None, None)  # type: ignore[arg-type]
    assert facts["title"] == {"en": "Bowl", "zh-Hans": "青花碗"}
    assert (facts["height_mm"], facts["firing"].date) == (62, "2026-11-02")
    assert row.photos == ("IMG_1.jpg", "b.jpg")
    assert [rows[serial].is_lost for serial in record.serials] == [False, True, False, False, False]


def test_a_heading_that_was_renamed_is_asked_back_and_a_column_of_ones_own_is_not(
    tmp_path: Path, record: FiringRecord
) -> None:
    book = Book(tmp_path)
    book.put(1, LOST, "是 yes")
    last = book.sheet.max_column + 1
    book.sheet.cell(1, last).value, book.sheet.cell(3, last).value = "价 Price", "200"
    book.sheet.delete_cols(book.places["口径 Diameter (mm)"])  # A column that the potter has no use for.
    book.save()
    assert read_book(tmp_path, record)[1] == []
    book.sheet.cell(1, book.places[LOST]).value = "坏了"
    book.save()
    rows, faults = read_book(tmp_path, record)
    assert [(line, error.code, error.field) for line, error in faults] == [(1, "heading-gone", LOST)]
    assert "坏了" in faults[0][1].message
    assert not rows[record.serials[0]].is_lost


def test_rows_that_are_wrong_are_named_with_their_line_and_remedy(tmp_path: Path, record: FiringRecord) -> None:
    book = Book(tmp_path)
    book.put(1, NUMBER, None)
    book.put(1, SERIAL, str(record.serials[1]))
    book.put(3, SERIAL, str(Serial.random()))
    book.put(4, SERIAL, None)
    book.put(5, LOST, "maybe")
    book.save()
    _rows, faults = read_book(tmp_path, record)
    assert [(line, error.code) for line, error in faults] == [
        (4, "row-twice"), (5, "foreign-serial"), (6, "no-serial"), (7, "bad-lost"),
    ]  # fmt: skip
    assert all(error.hint for _line, error in faults)
    (tmp_path / BOOK).write_bytes(new_book(record))
    book = Book(tmp_path)
    book.sheet.delete_rows(4)
    book.save()
    _rows, faults = read_book(tmp_path, record)
    assert [error.code for _line, error in faults] == ["row-missing"]
    assert str(record.serials[1]) in str(faults[0][1].remedy)
    book.sheet.cell(1, book.places[SERIAL]).value = "S/N"
    book.save()
    with pytest.raises(MalformedError) as caught:
        read_book(tmp_path, record)
    assert caught.value.code == "no-serial-column"
    (tmp_path / BOOK).write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ProvenanceError):
        read_book(tmp_path, record)


def test_serials_that_were_sorted_without_their_rows_are_faults(tmp_path: Path, record: FiringRecord) -> None:
    book = Book(tmp_path)
    book.put(1, SERIAL, str(record.serials[1]))
    book.put(2, SERIAL, str(record.serials[0]))
    book.put(3, NUMBER, 3.0)
    book.put(4, NUMBER, "the tall one")
    book.save()
    rows, faults = read_book(tmp_path, record)
    assert [(line, error.code) for line, error in faults] == [(3, "other-number"), (4, "other-number")]
    assert list(rows) == list(record.serials[2:])


def test_slips_read_back_page_by_page_and_pass_for_no_tag() -> None:
    serials = [Serial.random() for _ in range(30)]
    slips = [Slip(number, serial) for number, serial in enumerate(serials, 1)]
    pdf = print_slips(slips, "龙窑 · Slips", language="zh-Hans", created=NOW)
    texts = read_sheet(pdf)
    assert sorted(texts) == sorted(slip_text(serial) for serial in serials)
    assert {parse_slip(text) for text in texts} == set(serials)
    for text in ("", "https://registry.example/P/7K3M9QX2VD5T6", "KILNMARK-SLIP:7K3M9QX2VD5T0", "KILNMARK-SLIP:"):
        assert parse_slip(text) is None
    assert pdf == print_slips(slips, "龙窑 · Slips", language="zh-Hans", created=NOW)
    with pytest.raises(ProvenanceError):
        print_slips([], "none", language="en", created=NOW)


def test_a_file_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from provenance_cli.firing import record as of_records

    def fails(error: OSError) -> ProvenanceError:
        def write(path: Path, data: bytes, *, public: bool) -> None:
            raise error

        monkeypatch.setattr(of_records, "write_file", write)
        with pytest.raises(ProvenanceError) as caught:
            of_records.keep(tmp_path / "there.pdf", b"")
        return caught.value

    (tmp_path / "there.pdf").write_bytes(b"")
    assert fails(PermissionError(13, "open elsewhere")).code == "file-in-use"
    assert fails(OSError(28, "No space left on device")).code == "cannot-write"
    assert fails(OSError(30, "Read-only file system")).code == "read-only-folder"
    (tmp_path / "there.pdf").unlink()
    assert fails(PermissionError(13, "no")).code == "read-only-folder"
