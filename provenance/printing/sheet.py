"""A sheet of tags as PDF: vector codes, embedded and subset fonts, the same bytes for the same input."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from provenance.errors import ConfigurationError
from provenance.printing.codes import DEFAULT_MODULE_MM, Level
from provenance.printing.fonts import width
from provenance.printing.label import DIM, RED, Composition, Label, Width, compose
from provenance.printing.layouts import ROLL_DPI, Layout
from provenance.printing.pen import Pen

_FINE_MM = 0.01


@dataclass(frozen=True, slots=True)
class SheetReport:
    """What was printed; `missing` names the characters that the face lacks."""

    labels: int
    pages: int
    missing: tuple[str, ...]


def print_sheet(
    labels: Iterable[Label | None],
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
    """Write a PDF of `labels` to `out`, beginning at label `start` (from 1) of the first page; ``None`` is a
    place that stays empty.

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
    dots = dpi or (ROLL_DPI if layout.is_roll else None)
    grid = _FINE_MM if dots is None else 25.4 / dots
    with Pen(layout.page, "Kilnmark tags", "zh-Hans", created) as pen:
        pdf, place, count = pen.pdf, start - 1, 0
        for label in labels:
            page, position = divmod(place, layout.per_page)
            place += 1
            if page >= pdf.page:
                pdf.add_page()
            if label is None:
                progress(1)
                continue
            count += 1
            measure = _measure(label.language)
            composition = compose(label, layout.label, measure, pen.lacking, module, grid, level)
            left, top = layout.place(position)
            left, top = left + shift[0], top + shift[1]
            _draw(pen, composition, left, top)
            if cut_marks:
                _mark(pdf, left, top, *layout.label)
            progress(1)
        if count == 0:
            raise ConfigurationError("no-labels", "There is no tag to print.")
        pages = pdf.page
        pen.write(out)
        return SheetReport(count, pages, pen.missing)


def _measure(language: str) -> Width:
    return lambda text, points, serif: width(text, points, language, serif)


def _mark(pdf: Any, x: float, y: float, width: float, height: float) -> None:
    """Draw where to cut: short lines at the corners, within the label's own edge."""
    pdf.set_draw_color(*DIM)
    pdf.set_line_width(0.1)
    for corner_x, inward_x in ((x, 2.0), (x + width, -2.0)):
        for corner_y, inward_y in ((y, 2.0), (y + height, -2.0)):
            pdf.line(corner_x, corner_y, corner_x + inward_x, corner_y)
            pdf.line(corner_x, corner_y, corner_x, corner_y + inward_y)


def _draw(pen: Pen, composition: Composition, x: float, y: float) -> None:
    pdf: Any = pen.pdf
    pen.modules(composition.modules, x + composition.code_x, y + composition.code_y, composition.module)
    if composition.demo_bar is not None:
        bar_x, bar_y, bar_width, bar_height = composition.demo_bar
        pdf.set_fill_color(*RED)
        pdf.rect(x + bar_x, y + bar_y, bar_width, bar_height, style="F")
    for words in composition.words:
        at = x + words.x, y + words.y
        pen.line(words.text, *at, words.size, words.colour, serif=words.serif, language=words.language)
    if composition.seal is None:
        return
    seal_x, seal_y, radius = composition.seal
    pen.seal(x + seal_x, y + seal_y, radius)
