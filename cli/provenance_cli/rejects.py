"""Rows of a spreadsheet that were not entered, in a file beside it, each with what is wrong and what to do.

It is opened in a spreadsheet program: a cell that the program would run has an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from provenance_cli.firing.record import keep
from provenance_cli.i18n import _
from provenance_cli.intake import Fault
from provenance_cli.report import words
from provenance_cli.spreadsheet import Sheet

ENDING = ".rejects.csv"
_MOST = 2_000
"""Characters that are kept of a cell: more is not read in a spreadsheet program."""
_NUMBER = re.compile(r"[-+]?[0-9][0-9.,]*\Z")


def write_rejects(sheet: Sheet, faults: Sequence[Fault], path: Path) -> Path | None:
    """Write the rows with faults beside the spreadsheet at `path`, or remove those of an earlier run.

    Returns where they are; raises `ConfigurationError` or `StorageError`.
    """
    beside = path.with_name(path.name + ENDING)
    if not faults:
        beside.unlink(missing_ok=True)
        return None
    by_line = {row.line: row for row in sheet.rows}
    headings = [heading for heading in sheet.headings if heading]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_("Line"), _("Column"), _("What is wrong"), _("What to do"), *map(_inert, headings)])
    for fault in faults:
        message, remedy = words(fault.error)
        cells = by_line[fault.line].cells
        told = [str(fault.line), fault.column, message, remedy, *(cells.get(heading, "") for heading in headings)]
        writer.writerow([_inert(text) for text in told])
    keep(beside, out.getvalue().encode("utf-8-sig", "replace"))
    return beside


def _inert(text: str) -> str:
    cut = text if len(text) <= _MOST else text[:_MOST] + "…"
    return f"'{cut}" if cut[:1] in tuple("=+-@\t\r") and not _NUMBER.match(cut) else cut
