"""What is said of a spreadsheet that was read: faults and roundings, like ones counted together.

A column in another unit than was thought gives a fault in every row: three of them tell as much as a thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from provenance_cli.amending import changes
from provenance_cli.context import App
from provenance_cli.dimensions import split
from provenance_cli.i18n import _, ngettext
from provenance_cli.intake import Fault, Intake
from provenance_cli.mapping import Columns
from provenance_cli.measures import QUANTITIES, is_rounded, whole
from provenance_cli.report import words
from provenance_cli.spreadsheet import Sheet
from provenance_cli.store import Known

SHOWN = 3
"""Faults of one kind in one column that are told one by one."""
LINES = 10
"""Lines that are named of the others."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rounding:
    """A measure with more decimals than the record has, and what is kept of it, ``None`` where it has no place."""

    line: int
    column: str
    measure: str
    kept: int | None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"line": self.line, "column": self.column, "measure": self.measure, "kept": self.kept}


def roundings(sheet: Sheet, columns: Columns, faulty: set[int]) -> Iterator[Rounding]:
    """Yield what is kept of measures with more decimals than the record has, for rows that are not `faulty`."""
    for row in sheet.rows:
        for field in () if row.line in faulty else QUANTITIES:
            heading = columns.headings.get(field, "")
            cell = row.cells.get(heading, "") if heading else ""
            if cell and is_rounded(cell, field, unit := columns.unit_of(field)):
                yield Rounding(row.line, heading, cell, whole(cell, field, unit))
        heading = columns.headings.get("dimensions", "")
        if row.line not in faulty and (cell := row.cells.get(heading, "") if heading else ""):
            yield from _of_dimensions(row.line, heading, cell, columns)


def _of_dimensions(line: int, heading: str, cell: str, columns: Columns) -> Iterator[Rounding]:
    found = split(cell, heading)
    for measure in found.left_out:
        yield Rounding(line, heading, measure, None)
    for field, measure in found.measures.items():
        unit = columns.unit_among(field)
        if field not in columns.headings and is_rounded(measure, field, unit):
            yield Rounding(line, heading, measure, whole(measure, field, unit))


def tell_roundings(app: App, found: Iterable[Rounding]) -> None:
    """Say what is kept of measures, column by column."""
    text = _("Line {line}, {column}: of {measure}, {kept} is kept: records have whole mm, g and °C.")
    none = _("Line {line}, {column}: {measure} has no place in a record, and is left out.")

    def tell(item: Rounding) -> None:
        line = (none if item.kept is None else text).format(
            line=item.line, column=item.column, measure=item.measure, kept=item.kept
        )
        app.say(line, fg="yellow")

    for alike in _alike(found, lambda item: (item.column, item.kept is None)):
        _tell_some(app, alike, tell, [item.line for item in alike])


def tell_corrections(app: App, intake: Intake, known: Mapping[str, Known]) -> None:
    """Say what a few of the corrected drafts were and what they become, and how many more there are."""
    for entry in intake.corrected[:SHOWN]:
        before = known[entry.origin or ""].piece
        for label, was, now in changes(before, entry.piece):
            name = entry.piece.accession_number or str(entry.piece.serial)
            app.say(_("  {piece}, {label}: {was} → {now}").format(piece=name, label=label, was=was, now=now))
    if (more := len(intake.corrected) - SHOWN) > 0:
        app.say(ngettext("  … and {n} more that changes", "  … and {n} more that change", more).format(n=more))


def tell_faults(app: App, faults: Sequence[Fault]) -> None:
    """Say what is wrong with rows, and what to do: a few of each kind, and how many more there are."""
    for alike in _alike(faults, lambda fault: (fault.column, fault.error.code)):
        _tell_some(app, alike, lambda fault: _tell_fault(app, fault), [fault.line for fault in alike])


def _tell_fault(app: App, fault: Fault) -> None:
    message, remedy = words(fault.error)
    where = _("line {line}").format(line=fault.line) + (_(", ") + fault.column if fault.column else "")
    app.say(_("  {place}: {fault}").format(place=where, fault=message), fg="yellow")
    app.say(f"      → {remedy}")


def _alike(items: Iterable[T], kind: Callable[[T], object]) -> list[list[T]]:
    groups = dict[object, list[T]]()
    for item in items:
        groups.setdefault(kind(item), []).append(item)
    return list(groups.values())


def _tell_some(app: App, alike: list[T], tell: Callable[[T], None], lines: list[int]) -> None:
    shown = len(alike) if len(alike) == SHOWN + 1 else SHOWN  # One more takes no more room than its count.
    for item in alike[:shown]:
        tell(item)
    if rest := lines[shown:]:
        named = ", ".join(map(str, rest[:LINES])) + (", …" if len(rest) > LINES else "")
        text = ngettext(
            "  … and {n:,} more like it: line {lines}", "  … and {n:,} more like it: lines {lines}", len(rest)
        )
        app.say(text.format(n=len(rest), lines=named), fg="yellow")
