"""What a row of the spreadsheet says of its piece, and everything that is wrong with it, column by column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from provenance.errors import MalformedError
from provenance.piece import Piece
from provenance.serial import Serial
from provenance_cli.facts import Darkroom, read_facts
from provenance_cli.mapping import Columns, field_of
from provenance_cli.spreadsheet import Row


def read_piece(
    serial: Serial, row: Row, columns: Columns, language: str, darkroom: Darkroom
) -> tuple[Piece | None, list[MalformedError]]:
    """Return the piece that a row describes, ``None`` where it has no title or a fault, and all its faults.

    What is wrong with one cell hides the others: it is read again without that cell, until nothing more is found.
    """
    faults = list[MalformedError]()
    while True:
        try:
            facts: dict[str, Any] = read_facts(row, columns, language, None, darkroom)
            piece = Piece(serial, **facts) if "title" in facts else None
        except MalformedError as error:
            heading = _at_fault(error, row, columns, language, darkroom)
            faults.append(MalformedError.like(error, field=heading or error.field))
            if heading is None:
                return None, faults
            row = _without(row, [heading])
        else:
            return None if faults else piece, faults


def with_heading(error: MalformedError, columns: Columns) -> MalformedError:
    """Return a fault that names the column which people see."""
    return MalformedError.like(error, field=columns.heading(field_of(error.field or "")) or error.field)


def title_of(row: Row, columns: Columns) -> str:
    """Return the title as it stands in the row, the workshop's own before a translation; empty where there is none."""
    return next((row.cells[heading] for heading in _headings("title", columns) if heading in row.cells), "")


def _at_fault(error: MalformedError, row: Row, columns: Columns, language: str, darkroom: Darkroom) -> str | None:
    """Return the heading of the cell that is wrong, ``None`` for a fault of no cell.

    A text may stand there in two languages: the cell that is wrong by itself, else the first.
    """
    headings = [heading for heading in _headings(field_of(error.field or ""), columns) if heading in row.cells]
    for heading in headings:
        try:
            read_facts(_without(row, [other for other in row.cells if other != heading]), columns, language, None,
                       darkroom)  # fmt: skip
        except MalformedError:
            return heading
    return headings[0] if headings else None


def _headings(field: str, columns: Columns) -> list[str]:
    return [heading for heading, name in columns.read if name == field]


def _without(row: Row, headings: Iterable[str]) -> Row:
    gone = frozenset(headings)
    cells = {heading: text for heading, text in row.cells.items() if heading not in gone}
    return replace(row, cells=cells, formulas=row.formulas - gone)
