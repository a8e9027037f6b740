"""The forms in which tags are printed: pages, one picture a tag, or the language of a label printer.

A new form is a line in `FORMATS`.  Each writes its file or folder once every code on it was read back.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from provenance.printing.codes import Level
    from provenance.printing.dots import DotLabel
    from provenance.printing.label import Label
    from provenance.printing.layouts import Layout
    from provenance_cli.context import Advance

PICTURE_DPI = 600
"""Dots an inch of pictures where nothing else is said."""
PRINTER_DPI = 203
"""Dots an inch of label printers where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is printed, and how; where a label is ``None`` its place stays empty."""

    labels: Sequence[Label | None]
    sheet: Layout
    created: datetime
    level: Level = "M"
    dpi: int | None = None
    start: int = 1
    shift: tuple[float, float] = (0.0, 0.0)
    cut_marks: bool = False
    module: float = 0.50

    @property
    def drawn(self) -> list[Label]:
        """The labels that there are."""
        return [label for label in self.labels if label is not None]


@dataclass(frozen=True, slots=True)
class Printed:
    """What was written: pages, where the form has any, and the names of characters that the typeface lacks."""

    pages: int
    missing: tuple[str, ...]


Writer: TypeAlias = "Callable[[Job, Path, Advance], Printed]"
Picture: TypeAlias = "Callable[[Label, Job, set[str]], bytes]"


@dataclass(frozen=True, slots=True)
class Format:
    """One form: who writes it, its default name, whether that is a folder, and which options mean something to it."""

    write: Writer
    name: str
    folder: bool = False
    knows: frozenset[str] = field(default_factory=frozenset)


def write_pdf(job: Job, path: Path, advance: Advance) -> Printed:
    """Write pages of labels."""
    from provenance.printing.readback import check_sheet
    from provenance.printing.sheet import print_sheet
    from provenance_cli.files import write_file

    out = io.BytesIO()
    report = print_sheet(
        job.labels,
        out,
        job.sheet,
        created=job.created,
        start=job.start,
        shift=job.shift,
        cut_marks=job.cut_marks,
        module=job.module,
        level=job.level,
        dpi=job.dpi,
        progress=advance,
    )
    check_sheet(out.getvalue(), [label.url for label in job.drawn])
    write_file(path, out.getvalue(), public=True)
    return Printed(report.pages, report.missing)


def _pictures(suffix: str, draw: Picture) -> Writer:
    """Return what writes one file a tag into a folder; a path of that ending is the file of a single tag."""

    def write(job: Job, path: Path, advance: Advance) -> Printed:
        from provenance_cli.files import write_file
        from provenance_cli.paper import ending_of

        missing, single = set[str](), ending_of(str(path)) == suffix
        for label in job.drawn:
            write_file(path if single else path / f"{label.serial}.{suffix}", draw(label, job, missing), public=True)
            advance(1)
        return Printed(len(job.drawn), _names(missing))

    return write


def _png(label: Label, job: Job, missing: set[str]) -> bytes:
    from provenance.printing.png import tag_png
    from provenance.printing.readback import check_image

    dpi = PICTURE_DPI if job.dpi is None else job.dpi
    image = tag_png(label, dpi=dpi, size=job.sheet.label, module=job.module, level=job.level, missing=missing)
    check_image(image, label.url)
    return image


def _svg(label: Label, job: Job, missing: set[str]) -> bytes:
    from provenance.printing.svg import tag_svg

    return tag_svg(label, size=job.sheet.label, module=job.module, level=job.level, missing=missing)


def write_zpl(job: Job, path: Path, advance: Advance) -> Printed:
    """Write a file for printers that speak ZPL II."""
    from provenance.printing.dots_readback import check_zpl
    from provenance.printing.zpl import zpl

    return _print_dots(job, path, advance, lambda label, page: zpl(label), check_zpl)


def write_tspl(job: Job, path: Path, advance: Advance) -> Printed:
    """Write a file for printers that speak TSPL."""
    from provenance.printing.dots_readback import check_tspl
    from provenance.printing.tspl import tspl

    return _print_dots(job, path, advance, tspl, check_tspl)


def _print_dots(
    job: Job,
    path: Path,
    advance: Advance,
    speak: Callable[[DotLabel, tuple[float, float]], bytes],
    check: Callable[[bytes, Sequence[str], tuple[float, float], int, Level], None],
) -> Printed:
    """Write one label after the other, each read back by `check` as the printer will get it."""
    from provenance.errors import ConfigurationError
    from provenance.printing.dots import dot_label
    from provenance_cli.files import write_file

    if not job.sheet.is_roll:
        raise ConfigurationError(
            "not-a-roll",
            "{sheet} is a sheet: a label printer takes one label after the other.",
            hint="Name the roll in the printer, like --layout roll-50x30.",
            sheet=job.sheet.name,
        )
    dpi = PRINTER_DPI if job.dpi is None else job.dpi
    left, top = job.sheet.place(0)
    shift = left + job.shift[0], top + job.shift[1]
    page, written, missing = job.sheet.page, list[bytes](), set[str]()
    for label in job.drawn:
        composed = dot_label(
            label, job.sheet.label, dpi, missing, module=job.module, level=job.level, shift=shift, page=page
        )
        written.append(speak(composed, page))
        check(written[-1], [label.url], page, dpi, job.level)
        advance(1)
    write_file(path, b"".join(written), public=True)
    return Printed(len(written), _names(missing))


def _names(missing: set[str]) -> tuple[str, ...]:
    from provenance.printing.fonts import name_of

    return tuple(map(name_of, sorted(missing)))


_PRINTER = frozenset(("dpi", "shift"))
FORMATS = {
    "pdf": Format(write_pdf, "tags.pdf", knows=frozenset(("dpi", "shift", "start", "cut-marks"))),
    "png": Format(_pictures("png", _png), "png", folder=True, knows=frozenset(("dpi",))),
    "svg": Format(_pictures("svg", _svg), "svg", folder=True),
    "zpl": Format(write_zpl, "tags.zpl", knows=_PRINTER),
    "tspl": Format(write_tspl, "tags.tspl", knows=_PRINTER),
}
