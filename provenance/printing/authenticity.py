"""A certificate of authenticity: one A4 page worth framing, with the bundle inside.

PDF/A-3 (ISO 19005-3), level U: fonts embedded, colours defined, every character of the text searchable, and the bundle
attached as an associated file, so that one file on a phone or in an archive both shows the piece and proves its record.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Self, cast

from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, WrapMode
from PIL import Image

from provenance.printing.codes import QUIET_MODULES, matrix, runs
from provenance.printing.fonts import drawable, font_path, fonts_of, name_of
from provenance.printing.label import COBALT, DIM, INK, RED

_SANS, _SERIF = "KilnmarkSans", "KilnmarkSerif"
_WIDTH, _MARGIN = 210.0, 24.0
_INSIDE = _WIDTH - 2 * _MARGIN
_PICTURES_TOP, _PICTURES_HEIGHT = 42.0, 90.0
_FOOT = 243.0
_MODULE = 0.6
_POINT = 25.4 / 72
MOST_PICTURES = 4
"""Pictures on the page: the piece, and three to compare."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG, its sides in pixels, and what it shows."""

    data: bytes
    width: int
    height: int
    caption: str

    @classmethod
    def of(cls, data: bytes, caption: str) -> Self:
        """Return a picture of a JPEG that can be trusted to be one."""
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            return cls(data, *image.size, caption)


@dataclass(frozen=True, slots=True)
class AuthenticityPage:
    """What the page says, in words of one language; `title` may have a second one beneath it.

    `record` are the small lines beside the code, `bundle` the file that goes inside.  `demo` marks
    the page as one that certifies nothing.
    """

    heading: str
    title: str
    subtitle: str
    byline: str
    facts: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...]
    credit: str
    url: str
    serial: str
    record: tuple[str, ...]
    signature: str
    bundle: bytes
    bundle_name: str
    language: str
    demo: bool = False


def print_authenticity(page: AuthenticityPage, out: BinaryIO, *, created: datetime) -> tuple[str, ...]:
    """Write the page to `out` as PDF/A-3U; return the names of characters that the face lacks.

    `created` (aware) goes into the file's metadata.
    """
    return _Drawing(page, created).write(out)


class _Drawing:
    def __init__(self, page: AuthenticityPage, created: datetime) -> None:
        for noisy in ("fontTools", "fpdf"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
        self._page = page
        self._missing = set[str]()
        pdf = self._pdf = FPDF(unit="mm", format="A4", enforce_compliance="PDF/A-3U")
        pdf.set_auto_page_break(False)
        pdf.set_margin(0)
        pdf.c_margin = 0
        pdf.set_creation_date(created)
        pdf.set_title(f"{page.title} · {page.serial}")
        pdf.set_subject(page.heading)
        pdf.set_creator("Kilnmark")
        pdf.set_lang(page.language)
        pdf.add_font(_SANS, fname=font_path(serif=False))
        pdf.add_font(_SERIF, fname=font_path(serif=True))
        pdf.embed_file(
            bytes=page.bundle,
            basename=page.bundle_name,
            mime_type="application/json",
            associated_file_relationship="Data",
            modification_date=created,
            desc="Kilnmark bundle: certificate and evidence",
            compress=True,
        )

    def write(self, out: BinaryIO) -> tuple[str, ...]:
        with fonts_of(self._pdf):
            self._pdf.add_page()
            self._frame()
            below = self._pictures() if self._page.pictures else _PICTURES_TOP + 14
            self._facts(self._title(below + 6))
            self._foot()
            out.write(bytes(self._pdf.output()))
        return tuple(name_of(character) for character in sorted(self._missing))

    def _frame(self) -> None:
        pdf = self._pdf
        pdf.set_draw_color(*COBALT)
        for inset, line in ((9.0, 0.5), (10.6, 0.15)):
            pdf.set_line_width(line)
            pdf.rect(inset, inset, _WIDTH - 2 * inset, 297.0 - 2 * inset)
        draw_seal(pdf, _WIDTH / 2, 22.0, 5.6)
        if self._page.demo:
            pdf.set_fill_color(*RED)
            pdf.rect(_WIDTH - _MARGIN - 30.0, 17.0, 30.0, 10.0, style="F")
            self._font(20.0, serif=False)
            half = pdf.get_string_width("DEMO") / 2
            self._text("DEMO", _WIDTH - _MARGIN - 15.0 - half, 24.6, 20.0, (255, 255, 255))
        pdf.set_char_spacing(0.6)
        self._line(self._page.heading, 33.5, 11.0, COBALT, serif=True)
        pdf.set_char_spacing(0)

    def _pictures(self) -> float:
        """Draw the piece large, and what to compare beside it; return where that ends."""
        first, *others = self._page.pictures[:MOST_PICTURES]
        if not others:
            self._picture(first, _MARGIN, _PICTURES_TOP, _INSIDE, _PICTURES_HEIGHT)
        else:
            gap, side = 4.0, 36.0
            width = min(_INSIDE - side - gap, _PICTURES_HEIGHT * first.width / first.height)
            left = (_WIDTH - width - gap - side) / 2
            self._picture(first, left, _PICTURES_TOP, width, _PICTURES_HEIGHT)
            height = (_PICTURES_HEIGHT - 2 * gap) / 3
            for place, picture in enumerate(others):
                top = _PICTURES_TOP + place * (height + gap)
                self._picture(picture, left + width + gap, top, side, height - 4.0, crop=True)
                caption = self._clipped(picture.caption, 6.2, side)
                self._text(caption, left + width + gap, top + height - 0.8, 6.2, DIM)
        bottom = _PICTURES_TOP + _PICTURES_HEIGHT
        if self._page.credit:
            self._line(self._clipped(self._page.credit, 6.2, _INSIDE), bottom + 4.0, 6.2, DIM)
            bottom += 3.0
        return bottom

    def _picture(
        self, picture: Picture, x: float, y: float, width: float, height: float, *, crop: bool = False
    ) -> None:
        pdf = self._pdf
        shares = width / picture.width, height / picture.height
        scale = max(shares) if crop else min(shares)
        drawn_width, drawn_height = picture.width * scale, picture.height * scale
        left, top = x + (width - drawn_width) / 2, y + (height - drawn_height) / 2
        with pdf.rect_clip(x, y, width, height):
            pdf.image(io.BytesIO(picture.data), left, top, drawn_width, drawn_height)

    def _title(self, top: float) -> float:
        """Draw what the piece is and who made it; return where that ends."""
        pdf = self._pdf
        title = drawable(self._page.title, self._missing, serif=True)
        for points, most in ((26.0, 1), (20.0, 2), (15.0, 3), (11.0, 4)):
            lines = self._lines(title, points, _INSIDE, serif=True)
            if len(lines) <= most:
                break
        else:
            lines = [*lines[:3], self._clipped(lines[3] + "…", points, _INSIDE, serif=True)]
        y = top
        for line in lines:
            y += points * _POINT * 1.25
            self._line(line, y, points, INK, serif=True)
        if self._page.subtitle:
            y += 7.0
            self._line(self._clipped(self._page.subtitle, 11.0, _INSIDE, serif=True), y, 11.0, DIM, serif=True)
        if self._page.byline:
            y += 8.0
            self._line(self._clipped(self._page.byline, 12.5, _INSIDE, serif=True), y, 12.5, COBALT, serif=True)
        pdf.set_draw_color(*COBALT)
        pdf.set_line_width(0.2)
        pdf.line(_WIDTH / 2 - 9, y + 6, _WIDTH / 2 + 9, y + 6)
        return y + 12

    def _facts(self, top: float) -> None:
        """Draw facts in two columns, as many as there is room for, in their order."""
        gap = 10.0
        column = (_INSIDE - gap) / 2
        rows, y = list[list[tuple[str, list[str]]]](), top
        pairs = iter(self._page.facts)
        for pair in zip(pairs, pairs, strict=False):
            rows.append([self._fact(*one, column) for one in pair])
        if len(self._page.facts) % 2:
            rows.append([self._fact(*self._page.facts[-1], column)])
        for row in rows:
            height = 6.2 + 4.5 * max(len(lines) for _, lines in row)
            if y + height > _FOOT - 4:
                return
            for place, (name, lines) in enumerate(row):
                x = _MARGIN + place * (column + gap)
                self._text(name, x, y, 6.8, DIM)
                for number, line in enumerate(lines):
                    self._text(line, x, y + 4.4 + 4.5 * number, 9.6, INK)
            y += height

    def _fact(self, name: str, value: str, width: float) -> tuple[str, list[str]]:
        lines = self._lines(drawable(value, self._missing), 9.6, width)
        if len(lines) > 2:
            lines = [lines[0], self._clipped(lines[1] + "…", 9.6, width)]
        return self._clipped(name, 6.8, width), lines

    def _foot(self) -> None:
        pdf, page = self._pdf, self._page
        pdf.set_draw_color(*COBALT)
        pdf.set_line_width(0.15)
        pdf.line(_MARGIN, _FOOT, _WIDTH - _MARGIN, _FOOT)
        modules = matrix(page.url)
        side = len(modules) * _MODULE
        left, top, k = _MARGIN + QUIET_MODULES * _MODULE / 2, _FOOT + 5.0, pdf.k
        path = [
            f"{(left + column * _MODULE) * k:.2f} {(pdf.h - top - row * _MODULE) * k:.2f} "
            f"{length * _MODULE * k:.2f} {-_MODULE * k:.2f} re"
            for column, row, length in runs(modules)
        ]
        pdf._out("q 0 g " + " ".join(path) + " f Q")
        self._font(10.0, serif=False)
        points = 10.0 * side / pdf.get_string_width(page.serial)
        self._text(page.serial, left, top + side + 4.6, points, INK)
        chop = 24.0
        x = left + side + 8.0
        room = _WIDTH - _MARGIN - chop - 8.0 - x
        y = top + 2.4
        for text in page.record:
            for line in self._lines(drawable(text, self._missing), 7.0, room):
                if y > 283.0:
                    break
                self._text(line, x, y, 7.0, DIM)
                y += 3.5
            y += 1.1
        pdf.set_line_width(0.12)
        pdf.set_draw_color(*DIM)
        pdf.line(_WIDTH - _MARGIN - chop, top + side - 2, _WIDTH - _MARGIN, top + side - 2)
        signature = self._clipped(page.signature, 6.6, chop)
        self._text(signature, _WIDTH - _MARGIN - chop, top + side + 2.2, 6.6, DIM)

    # --- text -------------------------------------------------------------------------------------------------------

    def _font(self, points: float, *, serif: bool) -> None:
        self._pdf.set_font(_SERIF if serif else _SANS, size=points)

    def _text(self, text: str, x: float, y: float, points: float, colour: Any, *, serif: bool = False) -> None:
        self._font(points, serif=serif)
        self._pdf.set_text_color(*colour)
        self._pdf.text(x, y, drawable(text, self._missing, serif=serif))

    def _line(self, text: str, y: float, points: float, colour: Any, *, serif: bool = False) -> None:
        """Draw a line in the middle of the page."""
        self._font(points, serif=serif)
        shown = drawable(text, self._missing, serif=serif)
        self._text(shown, (_WIDTH - self._pdf.get_string_width(shown)) / 2, y, points, colour, serif=serif)

    def _lines(self, text: str, points: float, width: float, *, serif: bool = False) -> list[str]:
        """Break a text: between words, and between characters where it has hardly any spaces, as Chinese has."""
        self._font(points, serif=serif)
        few_spaces = text.count(" ") * 12 < len(text)
        lines = self._pdf.multi_cell(
            width, 1, text, dry_run=True, output=MethodReturnValue.LINES, align=Align.L,
            wrapmode=WrapMode.CHAR if few_spaces else WrapMode.WORD,
        )  # fmt: skip
        return cast("list[str]", lines)

    def _clipped(self, text: str, points: float, width: float, *, serif: bool = False) -> str:
        self._font(points, serif=serif)
        shown = drawable(text, self._missing, serif=serif)
        if self._pdf.get_string_width(shown) <= width:
            return shown
        while shown and self._pdf.get_string_width(shown + "…") > width:
            shown = shown[:-1]
        return shown.rstrip(" …") + "…"


def draw_seal(pdf: Any, x: float, y: float, radius: float) -> None:
    """Draw the mark of Kilnmark around a point: two rings, and the sign for the middle."""
    pdf.set_draw_color(*COBALT)
    for share, line in ((1.0, 0.1), (0.76, 0.055)):
        pdf.set_line_width(line * radius)
        pdf.circle(x, y, radius * share)
    pdf.set_line_width(0.09 * radius)
    inner = radius * 0.44
    pdf.rect(x - inner * 0.8, y - inner * 0.55, inner * 1.6, inner * 1.1)
    pdf.line(x, y - inner * 1.15, x, y + inner * 1.15)
