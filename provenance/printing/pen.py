"""What cards are drawn with: text that keeps to its room, codes, the seal, and the edge of lotus petals."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import BinaryIO, Self, cast

from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, WrapMode

from provenance.errors import ConfigurationError
from provenance.printing.codes import DEFAULT_MODULE_MM, MIN_MODULE_MM, QUIET_MODULES, matrix, runs
from provenance.printing.fonts import drawable, font_path, fonts_of, name_of
from provenance.printing.label import COBALT, DIM, INK, RED

WHITE = (255, 255, 255)
POINT = 25.4 / 72
"""Millimetres."""
BLEED = 2.0
"""How far colour goes over the cut, in mm, so that a knife that strays leaves no white line."""
Colour = tuple[int, int, int]
_SANS, _SERIF = "KilnmarkSans", "KilnmarkSerif"
_PETAL = 3.6


class Pen:
    """A PDF in the making; what its faces lack is kept in `missing`."""

    def __init__(self, page: tuple[float, float], title: str, language: str, created: datetime) -> None:
        for noisy in ("fontTools", "fpdf"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
        self._missing = set[str]()
        pdf = self.pdf = FPDF(unit="mm", format=page)
        pdf.set_auto_page_break(False)
        pdf.set_margin(0)
        pdf.c_margin = 0
        pdf.set_creation_date(created)
        pdf.set_title(title)
        pdf.set_creator("Kilnmark")
        pdf.set_lang(language)
        pdf.add_font(_SANS, fname=font_path(serif=False))
        pdf.add_font(_SERIF, fname=font_path(serif=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *caught: object) -> None:
        with fonts_of(self.pdf):
            pass

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of characters that the faces lack."""
        return tuple(name_of(character) for character in sorted(self._missing))

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
    ) -> None:
        """Write a line with its baseline at `y`; `share` 0.5 puts its middle at `x`, 1 its end; `room` limits it."""
        shown = self.clipped(text, points, room, serif=serif) if room is not None else self.drawable(text, serif=serif)
        if not shown:
            return
        self._font(points, serif=serif)
        self.pdf.set_text_color(*colour)
        self.pdf.text(x - share * self.pdf.get_string_width(shown), y, shown)

    def lines(self, text: str, points: float, room: float, most: int, *, serif: bool = False) -> list[str]:
        """Break a text: between words, or between characters where it hardly has spaces; what is too much is cut."""
        shown = self.drawable(text, serif=serif)
        self._font(points, serif=serif)
        few_spaces = shown.count(" ") * 12 < len(shown)
        found = cast(
            "list[str]",
            self.pdf.multi_cell(
                room, 1, shown, dry_run=True, output=MethodReturnValue.LINES, align=Align.L,
                wrapmode=WrapMode.CHAR if few_spaces else WrapMode.WORD,
            ),
        )  # fmt: skip
        if len(found) > most:
            found = [*found[: most - 1], self.clipped(found[most - 1] + "…" * 3, points, room - 0.1, serif=serif)]
        return found

    def fitted(
        self, text: str, sizes: tuple[tuple[float, int], ...], room: float, *, serif: bool = False
    ) -> tuple[list[str], float]:
        """Return lines and size in points: the first of `sizes`, each with its most lines, in which all of it fits."""
        for points, most in sizes:
            found = self.lines(text, points, room, most + 1, serif=serif)
            if len(found) <= most:
                return found, points
        points, most = sizes[-1]
        return self.lines(text, points, room, most, serif=serif), points

    def clipped(self, text: str, points: float, room: float, *, serif: bool = False) -> str:
        """Return a text on one line, with an end mark where it is too long."""
        shown = self.drawable(text, serif=serif)
        self._font(points, serif=serif)
        if self.pdf.get_string_width(shown) <= room:
            return shown
        while shown and self.pdf.get_string_width(shown + "…") > room:
            shown = shown[:-1]
        return shown.rstrip(" …") + "…"

    def width(self, text: str, points: float, *, serif: bool = False) -> float:
        """Return a text's width in mm."""
        self._font(points, serif=serif)
        return self.pdf.get_string_width(self.drawable(text, serif=serif))

    def drawable(self, text: str, *, serif: bool = False) -> str:
        """Return what can be drawn of a text, and note what cannot."""
        return drawable(text, self._missing, serif=serif)

    def _font(self, points: float, *, serif: bool) -> None:
        self.pdf.set_font(_SERIF if serif else _SANS, size=points)

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
                "The code of {serial} does not fit on such a card: it needs {needed:.0f} mm.",
                hint="Choose a larger card; a registry with a shorter name has smaller codes.",
                serial=serial,
                needed=count * MIN_MODULE_MM,
            )
        pdf, quiet, side = self.pdf, QUIET_MODULES * module, len(modules) * module
        left, top, k = right - quiet - side, bottom - beneath - quiet - side, pdf.k
        path = [
            f"{(left + column * module) * k:.2f} {(pdf.h - top - row * module) * k:.2f} "
            f"{length * module * k:.2f} {-module * k:.2f} re"
            for column, row, length in runs(modules)
        ]
        pdf._out("q 0 g " + " ".join(path) + " f Q")
        points = 7.2 * min(1.0, (side + quiet) / self.width(serial, 7.2))
        self.text(serial, left + side / 2, bottom - 1.0, points, share=0.5)
        return left - quiet

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
        pdf = self.pdf
        pdf.set_draw_color(*colour)
        for share, line in ((1.0, 0.1), (0.76, 0.055)):
            pdf.set_line_width(line * radius)
            pdf.circle(x, y, radius * share)
        pdf.set_line_width(0.09 * radius)
        inner = radius * 0.44
        pdf.rect(x - inner * 0.8, y - inner * 0.55, inner * 1.6, inner * 1.1)
        pdf.line(x, y - inner * 1.15, x, y + inner * 1.15)

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
