"""The slip sheet of a firing: A4 pages of small papers, each with a piece's number and a code that a phone sees."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from provenance.errors import ConfigurationError
from provenance.printing.codes import matrix, runs
from provenance.printing.label import DIM, INK
from provenance.printing.pen import Pen
from provenance.printing.readback import check_sheet
from provenance.serial import Serial
from provenance.slip import slip_text

COLUMNS, ROWS = 4, 6
PAGE = (210.0, 297.0)
SLIP = (46.0, 46.0)
"""Of one slip, in mm."""
_LEFT, _TOP = (PAGE[0] - COLUMNS * SLIP[0]) / 2, 12.0
_MODULE = 1.1
"""Millimetres: twice a tag's, since slips are seen from as far as the piece is."""


@dataclass(frozen=True, slots=True)
class Slip:
    """A slip: the number of a piece within its firing, and its serial."""

    number: int
    serial: Serial


def print_slips(
    slips: Sequence[Slip],
    title: str,
    *,
    language: str,
    created: datetime,
    progress: Callable[[int], None] = lambda number: None,
) -> bytes:
    """Return a PDF of slips under `title`, every code of which was read back; `created` is an aware moment.

    Raises `ConfigurationError` for none, `VerificationError` where a code does not read.
    """
    if not slips:
        raise ConfigurationError("no-slips", "There is no slip to print.")
    each = COLUMNS * ROWS
    pages = -(-len(slips) // each)
    with Pen(PAGE, title, language, created) as pen:
        for place, slip in enumerate(slips):
            page, on_page = divmod(place, each)
            if on_page == 0:
                pen.pdf.add_page()
                pen.text(title, _LEFT, _TOP - 3.5, 10, INK, serif=True, room=130.0)
                pen.text(f"{page + 1} / {pages}", PAGE[0] - _LEFT, _TOP - 3.5, 9, DIM, share=1.0)
                _lines(pen)
            row, column = divmod(on_page, COLUMNS)
            _draw(pen, slip, _LEFT + column * SLIP[0], _TOP + row * SLIP[1])
            progress(1)
        out = io.BytesIO()
        pen.write(out)
    check_sheet(out.getvalue(), [slip_text(slip.serial) for slip in slips])
    return out.getvalue()


def _lines(pen: Pen) -> None:
    """Draw where to cut: thin lines from edge to edge, which scissors follow."""
    pen.pdf.set_draw_color(*DIM)
    pen.pdf.set_line_width(0.08)
    right, bottom = _LEFT + COLUMNS * SLIP[0], _TOP + ROWS * SLIP[1]
    for column in range(COLUMNS + 1):
        pen.pdf.line(_LEFT + column * SLIP[0], _TOP, _LEFT + column * SLIP[0], bottom)
    for row in range(ROWS + 1):
        pen.pdf.line(_LEFT, _TOP + row * SLIP[1], right, _TOP + row * SLIP[1])


def _draw(pen: Pen, slip: Slip, left: float, top: float) -> None:
    modules = matrix(slip_text(slip.serial))
    side = len(modules) * _MODULE
    x, y, k, height = left + (SLIP[0] - side) / 2, top + 12.2, pen.pdf.k, pen.pdf.h
    path = [
        f"{(x + column * _MODULE) * k:.2f} {(height - y - row * _MODULE) * k:.2f} "
        f"{length * _MODULE * k:.2f} {-_MODULE * k:.2f} re"
        for column, row, length in runs(modules)
    ]
    pen.pdf._out("q 0 g " + " ".join(path) + " f Q")
    middle = left + SLIP[0] / 2
    pen.text(str(slip.number), middle, top + 9.0, 22, INK, share=0.5)
    pen.text(str(slip.serial), middle, top + SLIP[1] - 1.6, 7, DIM, share=0.5)
