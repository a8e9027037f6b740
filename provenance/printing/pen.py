"""What cards are drawn with: text that keeps to its room, codes, the seal, and the edge of lotus petals."""

from __future__ import annotations

import logging
import math
from datetime import datetime
from typing import BinaryIO, Self

from fpdf import FPDF

from provenance.errors import ConfigurationError
from provenance.printing import codes, fonts, wrapping
from provenance.printing.codes import DEFAULT_MODULE_MM, MIN_MODULE_MM, QUIET_MODULES, Matrix, matrix
from provenance.printing.label import COBALT, DIM, INK, RED
from provenance.printing.seal import seal_at

WHITE = (255, 255, 255)
POINT = 25.4 / 72
"""Millimetres."""
BLEED = 2.0
"""How far colour goes over the cut, in mm, so that a knife that strays leaves no white line."""
Colour = tuple[int, int, int]
_PETAL = 3.6


class Pen:
    """A PDF in the making; what the faces lack is kept in `missing`.

    Text is of the document's language where no other is named.
    """

    def __init__(
        self,
        page: tuple[float, float],
        title: str,
        language: str,
        created: datetime,
        compliance: str | None = None,
    ) -> None:
        for noisy in ("fontTools", "fpdf"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
        self.lacking = set[str]()
        """Characters that no face has."""
        self._language = language
        self._faces = set[fonts.Face]()
        pdf = self.pdf = FPDF(unit="mm", format=page, enforce_compliance=compliance)
        pdf.set_auto_page_break(False)
        pdf.set_margin(0)
        pdf.set_creation_date(created)
        pdf.set_title(title)
        pdf.set_creator("Kilnmark")
        pdf.set_lang(language)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *caught: object) -> None:
        """Close the font files that the document has opened; it leaves them to the garbage collector."""
        for font in self.pdf.fonts.values():
            font.ttfont.close()  # type: ignore[union-attr]

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of characters that the faces lack."""
        return tuple(fonts.name_of(character) for character in sorted(self.lacking))

    def write(self, out: BinaryIO) -> None:
        """Write the PDF; nothing is drawn after that."""
        out.write(bytes(self.pdf.output()))

    # --- text ---------------------------------------------------------------------------------------------------------

    def text(
        self,
        text: str,
        x: float,
        y: float,
        points: float,
        colour: Colour = INK,
        *,
        serif: bool = False,
        room: float | None = None,
        share: float = 0.0,
        language: str = "",
        spacing: float = 0.0,
    ) -> None:
        """Write a line with its baseline at `y`; `share` 0.5 puts its middle at `x`, 1 its end; `room` limits it.

        `spacing` (points) parts its characters.
        """
        shown = self._drawable(text, serif)
        if room is not None:
            shown = wrapping.clipped(shown, points, room, self._measure(serif, language))
        if share:
            x -= share * (self._measure(serif, language)(shown, points) + len(shown) * spacing * POINT)
        self.line(shown, x, y, points, colour, serif=serif, language=language, spacing=spacing)

    def line(
        self,
        shown: str,
        x: float,
        y: float,
        points: float,
        colour: Colour,
        *,
        serif: bool = False,
        language: str = "",
        spacing: float = 0.0,
    ) -> None:
        """Write what can be drawn, each run in its face, its baseline's left end at a point."""
        pdf, language = self.pdf, language or self._language
        for face, run in fonts.runs(shown, language, serif):
            if face not in self._faces:  # Opened when it is wanted: most documents want one or two of eight.
                pdf.add_font(face.name, fname=face.path)
                self._faces.add(face)
            pdf.set_font(face.name, size=points)
            pdf.set_text_color(*colour)
            pdf.set_char_spacing(spacing)
            pdf.text(x, y, run)
            x += fonts.run_width(face, run, points) + len(run) * spacing * POINT
        pdf.set_char_spacing(0)

    def lines(
        self, text: str, points: float, room: float, most: int, *, serif: bool = False, language: str = ""
    ) -> list[str]:
        """Break a text into at most so many lines; what is too much is cut."""
        return wrapping.limited(self._drawable(text, serif), points, room, self._measure(serif, language), most)

    def fitted(
        self,
        text: str,
        sizes: tuple[tuple[float, int], ...],
        room: float,
        *,
        serif: bool = False,
        language: str = "",
    ) -> tuple[list[str], float]:
        """Return lines and size in points: the first of `sizes`, each with its most lines, in which all of it fits."""
        return wrapping.fitted(self._drawable(text, serif), sizes, room, self._measure(serif, language))

    def clipped(self, text: str, points: float, room: float, *, serif: bool = False, language: str = "") -> str:
        """Return a text on one line, with an end mark where it is too long."""
        return wrapping.clipped(self._drawable(text, serif), points, room, self._measure(serif, language))

    def width(self, text: str, points: float, *, serif: bool = False, language: str = "") -> float:
        """Return a text's width in mm."""
        return self._measure(serif, language)(self._drawable(text, serif), points)

    def _drawable(self, text: str, serif: bool) -> str:
        return fonts.drawable(text, self.lacking, serif)

    def _measure(self, serif: bool, language: str) -> wrapping.Measure:
        return lambda text, points: fonts.width(text, points, language or self._language, serif)

    # --- shapes -------------------------------------------------------------------------------------------------------

    def code(
        self,
        url: str,
        serial: str,
        right: float,
        bottom: float,
        room: tuple[float, float],
        module: float = DEFAULT_MODULE_MM,
    ) -> float:
        """Draw a code and its serial beneath, in the corner at `right` and `bottom`; return its left edge.

        Modules are of `module` mm, or smaller where that needs more room.  The light margin
        is within `room` (mm).  Raises `ConfigurationError` where modules would be too small.
        """
        modules = matrix(url)
        count, beneath = len(modules) + 2 * QUIET_MODULES, 2.4
        module = min(module, room[0] / count, (room[1] - beneath) / count)
        if module < MIN_MODULE_MM - 1e-6:
            raise ConfigurationError(
                "card-too-small",
                "The code of {serial} does not fit on such a card: it needs {needed} mm.",
                hint="Choose a larger card; a registry with a shorter name has smaller codes.",
                serial=serial,
                needed=math.ceil(count * MIN_MODULE_MM - 1e-6),
            )
        quiet, side = QUIET_MODULES * module, len(modules) * module
        left, top = right - quiet - side, bottom - beneath - quiet - side
        self.modules(modules, left, top, module)
        points = 7.2 * min(1.0, (side + quiet) / self.width(serial, 7.2))
        self.text(serial, left + side / 2, bottom - 1.0, points, share=0.5)
        return left - quiet

    def modules(self, modules: Matrix, left: float, top: float, side: float) -> None:
        """Draw a code's modules, of `side` mm, as vectors."""
        k = self.pdf.k
        path = [
            f"{(left + column * side) * k:.2f} {(self.pdf.h - top - row * side) * k:.2f} "
            f"{length * side * k:.2f} {-side * k:.2f} re"
            for column, row, length in codes.runs(modules)
        ]
        self.pdf._out("q 0 g " + " ".join(path) + " f Q")

    def rectangle(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.pdf.set_fill_color(*colour)
        self.pdf.rect(x, y, width, height, style="F")

    def band(self, x: float, y: float, width: float, height: float) -> None:
        """Draw a band of cobalt with lotus petals at its lower edge; `height` is with them, the bleed is added."""
        self.rectangle(x - BLEED, y - BLEED, width + 2 * BLEED, height - _PETAL + BLEED + 0.05, COBALT)
        count = round(width / 4.2)
        side, top = width / count, y + height - _PETAL
        for number in range(-1, count + 1):
            left = x + number * side
            with self.pdf.rect_clip(x - BLEED, top - 0.1, width + 2 * BLEED, _PETAL + 0.2):
                self._petal(left, top, side, _PETAL, fill=True)
                self._petal(left + side * 0.17, top, side * 0.66, _PETAL * 0.72, fill=False)

    def _petal(self, x: float, y: float, width: float, height: float, *, fill: bool) -> None:
        pdf = self.pdf
        k = pdf.k

        def at(across: float, down: float) -> str:
            return f"{(x + across * width) * k:.2f} {(pdf.h - y - down * height) * k:.2f}"

        colour = " ".join(f"{part / 255:.3f}" for part in COBALT)
        shape = (
            f"{at(0, 0)} m {at(0, 0.24)} l {at(0, 0.62)} {at(0.31, 0.74)} {at(0.5, 1)} c "
            f"{at(0.69, 0.74)} {at(1, 0.62)} {at(1, 0.24)} c {at(1, 0)} l"
        )
        paint = f"{colour} rg {shape} h f" if fill else f"0.66 0.73 0.89 RG {0.16 * k:.2f} w {shape} S"
        pdf._out(f"q {paint} Q")

    def seal(self, x: float, y: float, radius: float, colour: Colour = COBALT) -> None:
        """Draw the mark of Kilnmark around a point."""
        pdf, seal = self.pdf, seal_at(x, y, radius)
        pdf.set_draw_color(*colour)
        for ring, line in seal.rings:
            pdf.set_line_width(line)
            pdf.circle(x, y, ring)
        pdf.set_line_width(seal.line)
        pdf.rect(*seal.box)
        pdf.line(x, seal.stem[0], x, seal.stem[1])

    def demo(self, right: float, y: float) -> None:
        """Mark what certifies nothing: a red bar, its right end and its upper edge given."""
        self.rectangle(right - 14.4, y - 0.4, 14.8, 5.2, WHITE)
        self.rectangle(right - 14.0, y, 14.0, 4.4, RED)
        self.text("DEMO", right - 7.0, y + 3.35, 9.0, WHITE, share=0.5)

    def cut_marks(self, x: float, y: float, width: float, height: float) -> None:
        """Mark where to cut, outside the card's corners and their bleed."""
        self.pdf.set_draw_color(*DIM)
        self.pdf.set_line_width(0.1)
        for corner_x, out_x in ((x, -1.0), (x + width, 1.0)):
            for corner_y, out_y in ((y, -1.0), (y + height, 1.0)):
                near, far = BLEED + 0.2, BLEED + 2.4
                self.pdf.line(corner_x + out_x * near, corner_y, corner_x + out_x * far, corner_y)
                self.pdf.line(corner_x, corner_y + out_y * near, corner_x, corner_y + out_y * far)
