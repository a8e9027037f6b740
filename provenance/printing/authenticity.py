"""A certificate of authenticity: one A4 page worth framing, with the bundle inside.

PDF/A-3 (ISO 19005-3), level U: fonts embedded, colours defined, every character of the text searchable, and the bundle
attached as an associated file, so that one file on a phone or in an archive both shows the piece and proves its record.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Self

from PIL import Image

from provenance.printing.codes import QUIET_MODULES, matrix
from provenance.printing.label import COBALT, DIM, INK, RED
from provenance.printing.pen import POINT, WHITE, Colour, Pen

_WIDTH, _HEIGHT, _MARGIN = 210.0, 297.0, 24.0
_INSIDE = _WIDTH - 2 * _MARGIN
_PICTURES_TOP, _PICTURES_HEIGHT = 42.0, 90.0
_FOOT = 243.0
_MODULE = 0.6
_MOST_RECORD = 12
"""Lines of the record that the page has room for."""
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

    `record` are the small lines beside the code, `bundle` the file that goes inside.  `demo` marks the page as one that
    certifies nothing.  What is told of the piece may be in another language than the page: title and facts in
    `piece_language`, the second title in `second_language`, where these are not empty.
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
    piece_language: str = ""
    second_language: str = ""


def print_authenticity(page: AuthenticityPage, out: BinaryIO, *, created: datetime) -> tuple[str, ...]:
    """Write the page to `out` as PDF/A-3U; return the names of characters that the faces lack.

    `created` (aware) goes into the file's metadata.
    """
    with Pen((_WIDTH, _HEIGHT), f"{page.title} · {page.serial}", page.language, created, "PDF/A-3U") as pen:
        pen.pdf.set_subject(page.heading)
        pen.pdf.embed_file(
            bytes=page.bundle,
            basename=page.bundle_name,
            mime_type="application/json",
            associated_file_relationship="Data",
            modification_date=created,
            desc="Kilnmark bundle: certificate and evidence",
            compress=True,
        )
        pen.pdf.add_page()
        _Drawing(page, pen).draw()
        pen.write(out)
        return pen.missing


class _Drawing:
    def __init__(self, page: AuthenticityPage, pen: Pen) -> None:
        self._page, self._pen, self._pdf = page, pen, pen.pdf

    def draw(self) -> None:
        self._frame()
        below = self._pictures() if self._page.pictures else _PICTURES_TOP + 14
        self._facts(self._title(below + 6))
        self._foot()

    def _frame(self) -> None:
        pdf, pen = self._pdf, self._pen
        pdf.set_draw_color(*COBALT)
        for inset, line in ((9.0, 0.5), (10.6, 0.15)):
            pdf.set_line_width(line)
            pdf.rect(inset, inset, _WIDTH - 2 * inset, _HEIGHT - 2 * inset)
        pen.seal(_WIDTH / 2, 22.0, 5.6)
        if self._page.demo:
            pen.rectangle(_WIDTH - _MARGIN - 30.0, 17.0, 30.0, 10.0, RED)
            pen.text("DEMO", _WIDTH - _MARGIN - 15.0, 24.6, 20.0, WHITE, share=0.5)
        pen.text(self._page.heading, _WIDTH / 2, 33.5, 11.0, COBALT, serif=True, share=0.5, spacing=0.6)

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
                self._pen.text(picture.caption, left + width + gap, top + height - 0.8, 6.2, DIM, room=side)
        bottom = _PICTURES_TOP + _PICTURES_HEIGHT
        if self._page.credit:
            self._middle(self._page.credit, bottom + 4.0, 6.2, DIM, serif=False, language=self._page.piece_language)
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
        pdf, pen, page = self._pdf, self._pen, self._page
        sizes, told = ((26.0, 1), (20.0, 2), (15.0, 3), (11.0, 4)), page.piece_language
        lines, points = pen.fitted(page.title, sizes, _INSIDE, serif=True, language=told)
        y = top
        for line in lines:
            y += points * POINT * 1.25
            self._middle(line, y, points, INK, language=told)
        if page.subtitle:
            y += 7.0
            self._middle(page.subtitle, y, 11.0, DIM, language=page.second_language)
        if page.byline:
            y += 8.0
            self._middle(page.byline, y, 12.5, COBALT, language=told)
        pdf.set_draw_color(*COBALT)
        pdf.set_line_width(0.2)
        pdf.line(_WIDTH / 2 - 9, y + 6, _WIDTH / 2 + 9, y + 6)
        return y + 12

    def _middle(
        self, text: str, y: float, points: float, colour: Colour, *, serif: bool = True, language: str = ""
    ) -> None:
        """Draw a line in the middle of the page."""
        self._pen.text(text, _WIDTH / 2, y, points, colour, serif=serif, room=_INSIDE, share=0.5, language=language)

    def _facts(self, top: float) -> None:
        """Draw facts in two columns, as many as there is room for, in their order."""
        gap = 10.0
        column = (_INSIDE - gap) / 2
        y, told = top, self._page.piece_language
        facts = [(name, self._pen.lines(value, 9.6, column, 2, language=told)) for name, value in self._page.facts]
        for row in (facts[first : first + 2] for first in range(0, len(facts), 2)):
            height = 6.2 + 4.5 * max(len(lines) for _, lines in row)
            if y + height > _FOOT - 4:
                return
            for place, (name, lines) in enumerate(row):
                x = _MARGIN + place * (column + gap)
                self._pen.text(name, x, y, 6.8, DIM, room=column)
                for number, line in enumerate(lines):
                    at = x, y + 4.4 + 4.5 * number
                    self._pen.text(line, *at, 9.6, INK, language=self._page.piece_language)
            y += height

    def _foot(self) -> None:
        pdf, pen, page = self._pdf, self._pen, self._page
        pdf.set_draw_color(*COBALT)
        pdf.set_line_width(0.15)
        pdf.line(_MARGIN, _FOOT, _WIDTH - _MARGIN, _FOOT)
        modules = matrix(page.url)
        side = len(modules) * _MODULE
        left, top = _MARGIN + QUIET_MODULES * _MODULE / 2, _FOOT + 5.0
        pen.modules(modules, left, top, _MODULE)
        points = 10.0 * side / pen.width(page.serial, 10.0)
        pen.text(page.serial, left, top + side + 4.6, points, INK)
        chop = 24.0
        x = left + side + 8.0
        room = _WIDTH - _MARGIN - chop - 8.0 - x
        y = top + 2.4
        for text in page.record:
            for line in pen.lines(text, 7.0, room, _MOST_RECORD):
                if y > 283.0:
                    break
                pen.text(line, x, y, 7.0, DIM)
                y += 3.5
            y += 1.1
        pdf.set_line_width(0.12)
        pdf.set_draw_color(*DIM)
        pdf.line(_WIDTH - _MARGIN - chop, top + side - 2, _WIDTH - _MARGIN, top + side - 2)
        pen.text(page.signature, _WIDTH - _MARGIN - chop, top + side + 2.2, 6.6, DIM, room=chop)
