"""A sheet of tags as PDF: vector codes, embedded and subset fonts, the same bytes for the same input."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from fpdf import FPDF

from provenance.errors import ConfigurationError
from provenance.printing.codes import DEFAULT_MODULE_MM, Level, runs
from provenance.printing.fonts import font_path, fonts_of, name_of
from provenance.printing.label import COBALT, DIM, RED, Composition, Label, compose
from provenance.printing.layouts import Layout

_SANS, _SERIF = "KilnmarkSans", "KilnmarkSerif"
ROLL_DPI = 203
"""Dots an inch that label printers have where nothing else is said: most of them do."""
_FINE_MM = 0.01


@dataclass(frozen=True, slots=True)
class SheetReport:
    """What was printed; `missing` names the characters that the face lacks."""

    labels: int
    pages: int
    missing: tuple[str, ...]


def print_sheet(
    labels: Iterable[Label],
    out: BinaryIO,
    layout: Layout,
    *,
    created: datetime,
    start: int = 1,
    module: float = DEFAULT_MODULE_MM,
    shift: tuple[float, float] = (0.0, 0.0),
    cut_marks: bool = False,
    level: Level = "M",
    dpi: int | None = None,
    progress: Callable[[int], None] = lambda number: None,
) -> SheetReport:
    """Write a PDF of `labels` to `out`, beginning at label `start` (from 1) of the first page.

    Everything is moved by `shift` (mm, right and down), as a printer needs it; `cut_marks` stand at the corners of
    labels on paper that is to be cut.  A module is a whole number of the dots of `dpi`, which on a roll is `ROLL_DPI`
    where it is not given: else a printer makes some rows of a code wider than others.  `created` (aware) goes into the
    file's metadata.  Raises `ConfigurationError` where `start`, `dpi` or the label's size cannot be.
    """
    if dpi is not None and not 200 <= dpi <= 2_400:
        raise ConfigurationError("bad-dpi", "A tag is drawn at 200 to 2,400 dots an inch.")
    if not 1 <= start <= layout.per_page:
        raise ConfigurationError(
            "bad-start", "A page of {sheet} has labels 1 to {last}.", sheet=layout.name, last=layout.per_page
        )
    for noisy in ("fontTools", "fpdf"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    pdf = FPDF(unit="mm", format=layout.page)
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.set_creation_date(created)
    pdf.set_title("Kilnmark tags")
    pdf.set_creator("Kilnmark")
    pdf.set_lang("zh-Hans")
    pdf.add_font(_SANS, fname=font_path(serif=False))
    pdf.add_font(_SERIF, fname=font_path(serif=True))
    dots = dpi or (ROLL_DPI if layout.is_roll else None)
    grid = _FINE_MM if dots is None else 25.4 / dots
    widths: dict[tuple[str, bool], float] = {}

    def width(text: str, points: float, serif: bool) -> float:
        key = (text, serif)
        if key not in widths:
            if len(widths) > 50_000:
                widths.clear()
            pdf.set_font(_SERIF if serif else _SANS, size=10)
            widths[key] = pdf.get_string_width(text)
        return widths[key] * points / 10

    with fonts_of(pdf):
        count, missing = 0, set[str]()
        for label in labels:
            page, position = divmod(count + start - 1, layout.per_page)
            if page >= pdf.page:
                pdf.add_page()
            composition = compose(label, layout.label, width, missing, module, grid, level)
            left, top = layout.place(position)
            left, top = left + shift[0], top + shift[1]
            _draw(pdf, composition, left, top)
            if cut_marks:
                _mark(pdf, left, top, *layout.label)
            count += 1
            progress(1)
        if count == 0:
            raise ConfigurationError("no-labels", "There is no tag to print.")
        out.write(bytes(pdf.output()))
    return SheetReport(count, pdf.page, tuple(name_of(character) for character in sorted(missing)))


def _mark(pdf: Any, x: float, y: float, width: float, height: float) -> None:
    """Draw where to cut: short lines at the corners, within the label's own edge."""
    pdf.set_draw_color(*DIM)
    pdf.set_line_width(0.1)
    for corner_x, inward_x in ((x, 2.0), (x + width, -2.0)):
        for corner_y, inward_y in ((y, 2.0), (y + height, -2.0)):
            pdf.line(corner_x, corner_y, corner_x + inward_x, corner_y)
            pdf.line(corner_x, corner_y, corner_x, corner_y + inward_y)


def _draw(pdf: Any, composition: Composition, x: float, y: float) -> None:
    k, height = pdf.k, pdf.h
    left, top, module = x + composition.code_x, y + composition.code_y, composition.module
    # All runs of a code in one path and one fill: a tenth of the bytes of single rectangles.
    path = [
        f"{(left + column * module) * k:.2f} {(height - top - row * module) * k:.2f} "
        f"{length * module * k:.2f} {-module * k:.2f} re"
        for column, row, length in runs(composition.modules)
    ]
    pdf._out("q 0 g " + " ".join(path) + " f Q")  # Saved and restored: fpdf2 remembers its own colours.
    if composition.demo_bar is not None:
        bar_x, bar_y, bar_width, bar_height = composition.demo_bar
        pdf.set_fill_color(*RED)
        pdf.rect(x + bar_x, y + bar_y, bar_width, bar_height, style="F")
    for words in composition.words:
        pdf.set_font(_SERIF if words.serif else _SANS, size=words.size)
        pdf.set_text_color(*words.colour)
        pdf.text(x + words.x, y + words.y, words.text)
    if composition.seal is None:
        return
    seal_x, seal_y, radius = composition.seal
    pdf.set_draw_color(*COBALT)
    for share, line in ((1.0, 0.28), (0.76, 0.16)):
        pdf.set_line_width(line)
        pdf.circle(x + seal_x, y + seal_y, radius * share)
    pdf.set_line_width(0.26)
    inner = radius * 0.44
    pdf.rect(x + seal_x - inner * 0.8, y + seal_y - inner * 0.55, inner * 1.6, inner * 1.1)
    pdf.line(x + seal_x, y + seal_y - inner * 1.15, x + seal_x, y + seal_y + inner * 1.15)
