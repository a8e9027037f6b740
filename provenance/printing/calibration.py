"""A page that shows where a printer puts labels: printed on plain paper and held against the sheet, before tags are.

Outlines of all labels with their numbers, a cross in the middle, and a ruler that tells whether the page was scaled.
"""

from __future__ import annotations

from datetime import datetime
from typing import BinaryIO

from provenance.printing.fonts import DEFAULT_LANGUAGE
from provenance.printing.label import COBALT, DIM, INK
from provenance.printing.layouts import Layout
from provenance.printing.pen import Pen

RULER_MM = 100
"""Length of the ruler; on a page that is too narrow for it, it is as long as whole centimetres fit."""
MAX_SHIFT_MM = 10.0
"""How far labels may be moved: beyond that the sheet lies wrong in the tray."""


def print_calibration(
    layout: Layout,
    out: BinaryIO,
    *,
    created: datetime,
    shift: tuple[float, float] = (0.0, 0.0),
    words: str = "",
    language: str = DEFAULT_LANGUAGE,
) -> None:
    """Write the page of `layout` to `out`, everything moved by `shift` (mm, right and down).

    `words` stand on it, in `language`; `created` (aware) goes into its metadata.
    """
    with Pen(layout.page, "Kilnmark", language, created) as pen:
        pdf = pen.pdf
        pdf.add_page()
        for position in range(layout.per_page):
            x, y = (side + by for side, by in zip(layout.place(position), shift, strict=True))
            pdf.set_draw_color(*COBALT)
            pdf.set_line_width(0.15)
            pdf.rect(x, y, *layout.label)
            pdf.set_line_width(0.1)
            middle_x, middle_y = x + layout.label[0] / 2, y + layout.label[1] / 2
            pdf.line(middle_x - 2, middle_y, middle_x + 2, middle_y)
            pdf.line(middle_x, middle_y - 2, middle_x, middle_y + 2)
            pen.text(str(position + 1), x + 1.5, y + 4, 7, DIM)
        _ruler(pen, layout, words)
        pen.write(out)


def _ruler(pen: Pen, layout: Layout, words: str) -> None:
    pdf = pen.pdf
    width, height = layout.page
    length = min(RULER_MM, int((width - 8) / 10) * 10)
    left, y = (width - length) / 2, height / 2
    pdf.set_draw_color(*INK)
    pdf.set_line_width(0.2)
    pdf.line(left, y, left + length, y)
    for millimetre in range(length + 1):
        tick = 3.0 if millimetre % 10 == 0 else 1.8 if millimetre % 5 == 0 else 1.0
        pdf.line(left + millimetre, y, left + millimetre, y - tick)
    for text, below in ((f"{length} mm", 3.2), (words, 6.4)):
        pen.text(text, width / 2, y + below, 7, INK, share=0.5)
