"""Sheets of tags that shops ask for, drawn where certificates of authenticity are, and read back there."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from provenance.errors import ConfigurationError

if TYPE_CHECKING:
    from provenance.printing.label import Label
    from provenance.printing.layouts import Layout

MAX_SHEET = 500
"""Tags of one PDF: some ten seconds of a processor, drawn and read back."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is to be printed, and on what; see `provenance.printing.sheet.print_sheet`."""

    labels: tuple[Label, ...]
    layout: Layout
    start: int
    shift: tuple[float, float]
    cut_marks: bool
    dpi: int | None


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet or a roll that tags of this registry fit on: by all its names, and a roll or of which page."""

    names: tuple[str, ...]
    kind: str
    layout: Layout


@lru_cache(maxsize=4)
def papers_for(url: str) -> tuple[Paper, ...]:
    """Return the sheets and rolls whose labels have room for the code of `url`: rolls first, as shops have them."""
    from provenance.printing.label import Label, compose
    from provenance.printing.layouts import PAGES, ROLL_DPI, known_layouts

    names = dict[int, list[str]]()
    layouts = {id(layout): layout for layout in known_layouts().values()}
    for name, layout in known_layouts().items():
        names.setdefault(id(layout), []).append(name)
    found = list[Paper]()
    for key, layout in layouts.items():
        grid = 25.4 / ROLL_DPI if layout.is_roll else 0.01
        try:
            compose(Label(url, "", ""), layout.label, lambda text, points, serif: 0.0, set(), grid=grid)
        except ConfigurationError:
            continue
        page = next((name for name, sides in PAGES.items() if sides == layout.page), "")
        found.append(Paper(tuple(names[key]), "roll" if layout.is_roll else page, layout))
    return tuple(sorted(found, key=lambda paper: ("roll", *PAGES, "").index(paper.kind)))


def draw_sheet(sheet: Sheet, created: datetime) -> bytes:
    """Return the PDF, every code on it read back; raises `ConfigurationError`, `VerificationError`."""
    from provenance.printing.readback import check_sheet
    from provenance.printing.sheet import print_sheet

    out = io.BytesIO()
    print_sheet(
        sheet.labels,
        out,
        sheet.layout,
        created=created,
        start=sheet.start,
        shift=sheet.shift,
        cut_marks=sheet.cut_marks,
        dpi=sheet.dpi,
    )
    check_sheet(out.getvalue(), [label.url for label in sheet.labels])
    return out.getvalue()
