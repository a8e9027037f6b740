"""The picture that stands for a piece's page where its address is shared: 1200 by 630, as link previews want it.

A preview is kept by others for as long as they like, and what a record is worth may change meanwhile: no picture says
that a record is genuine.  One that is not shows what is wrong, and neither photo nor title.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageOps

from provenance.printing import raster, wrapping
from provenance.printing.fonts import DEFAULT_LANGUAGE, drawable

SIZE = 1200, 630
_FINE = 2
"""How much larger it is drawn, for smooth edges."""
_INK, _DIM, _GLAZE, _COBALT, _RED, _AMBER, _GREY = (
    (22, 33, 58), (86, 96, 121), (246, 249, 251), (29, 63, 156), (142, 27, 31), (242, 180, 55), (223, 230, 238),
)  # fmt: skip
_COLOURS = {"": _COBALT, "revoked": _RED, "altered": _RED, "lost": _RED, "copy": _AMBER, "suspicious": _AMBER}
_COLOURS |= dict.fromkeys(("unknown", "unsure", "pending", "hold", "held"), _GREY)
_Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ShareCard:
    """What the picture says, in words of one language, and its title in another one where it has none in that.

    `style` is the look of a verdict that warns, or empty for a piece that is shown; `photo` is a JPEG of ours.
    """

    style: str
    title: str
    lines: tuple[str, ...]
    host: str
    call: str = ""
    photo: bytes | None = None
    language: str = DEFAULT_LANGUAGE
    title_language: str = ""


def draw_share_card(card: ShareCard) -> bytes:
    """Return the picture as PNG."""
    image = Image.new("RGB", (SIZE[0] * _FINE, SIZE[1] * _FINE), _GLAZE)
    _Drawing(image, card).draw()
    image = image.resize(SIZE, Image.Resampling.LANCZOS)
    if card.photo is not None:  # Drawn at its size, the photo is not blurred twice.
        image.paste(_square(card.photo), (0, 0))
    out = io.BytesIO()
    image.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG).save(out, "PNG", optimize=True)
    return out.getvalue()


def _square(photo: bytes) -> Image.Image:
    with Image.open(io.BytesIO(photo), formats=("JPEG",)) as opened:
        return ImageOps.fit(opened.convert("RGB"), (SIZE[1], SIZE[1]), Image.Resampling.LANCZOS)


class _Drawing:
    def __init__(self, image: Image.Image, card: ShareCard) -> None:
        self._card, self._pen = card, ImageDraw.Draw(image)
        self._colour = _COLOURS.get(card.style, _GREY)
        self._light = self._colour not in (_GREY, _AMBER)

    def draw(self) -> None:
        """Draw a panel with a seal, or the room of a photo, at the left, and the words at the right of it."""
        card, side = self._card, SIZE[1]
        ink = (255, 255, 255) if self._light else _INK
        self._pen.rectangle(self._at(0, 0, side, side), fill=self._colour)
        if card.photo is None:
            _SEALS.get(card.style, _question)(self._line(ink), side / 2, side / 2, 170.0)
        self._edge(side)
        left, room = side + 74, SIZE[0] - side - 74 - 44
        y, accent = 66.0, self._colour if self._light else _INK
        sizes = (76, 1), (62, 1), (54, 1), (62, 2), (50, 3), (40, 4)
        title, pixels = self._fitted(card.title, sizes, room, serif=True)
        for line in title:
            self._text(line, left, y, pixels, accent, serif=True)
            y += pixels * 1.26
        y += 18
        for number, text in enumerate(card.lines):
            for line in self._wrapped(text, 30, room, 4 if card.style else 1):
                self._text(line, left, y, 30, _INK if number == 0 else _DIM)
                y += 44
        if card.call:
            self._text(self._wrapped(card.call, 27, room, 1)[0], left, SIZE[1] - 140, 27, _DIM)
        host, pixels = self._fitted(card.host, ((38, 1), (30, 1), (22, 1)), room)
        self._text(host[0], left, SIZE[1] - 92, pixels, _COBALT)

    # --- words --------------------------------------------------------------------------------------------------------

    def _text(self, text: str, x: float, y: float, pixels: int, colour: _Colour, *, serif: bool = False) -> None:
        """Draw a line whose tallest letters reach up to `y`; a title alone has serifs."""
        size, language = pixels * _FINE, self._language(serif)
        baseline = y * _FINE + raster.ascent(size, language, serif)
        raster.draw_line(self._pen, (x * _FINE, baseline), text, size, colour, language, serif)

    def _fitted(
        self, text: str, sizes: tuple[tuple[int, int], ...], room: float, *, serif: bool = False
    ) -> tuple[list[str], int]:
        lines, pixels = wrapping.fitted(drawable(text, set(), serif), sizes, room, self._measure(serif=serif))
        return lines, round(pixels)

    def _wrapped(self, text: str, pixels: int, room: float, most: int) -> list[str]:
        return wrapping.limited(drawable(text, set()), pixels, room, self._measure(serif=False), most)

    def _measure(self, *, serif: bool) -> wrapping.Measure:
        language = self._language(serif)
        return lambda text, pixels: raster.length(text, pixels * _FINE, language, serif) / _FINE

    def _language(self, serif: bool) -> str:
        return (serif and self._card.title_language) or self._card.language

    # --- shapes -------------------------------------------------------------------------------------------------------

    @staticmethod
    def _at(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return left * _FINE, top * _FINE, right * _FINE - 1, bottom * _FINE - 1

    def _edge(self, x: float) -> None:
        """Draw lotus petals along the panel's right edge."""
        count = 15
        side = SIZE[1] / count
        for number in range(count):
            top = number * side
            self._pen.pieslice(self._at(x - side * 0.7, top, x + side * 0.7, top + side), -90, 90, fill=self._colour)
            for share, width in ((0.98, 3), (0.62, 2)):
                inset = side * (1 - share) / 2
                box = self._at(x - side * 0.7 * share, top + inset, x + side * 0.7 * share, top + side - inset)
                self._pen.arc(box, -90, 90, fill=_GLAZE, width=width)

    def _line(self, colour: _Colour) -> _Line:
        def line(points: list[tuple[float, float]], width: float) -> None:
            scaled = [(x * _FINE, y * _FINE) for x, y in points]
            self._pen.line(scaled, fill=colour, width=round(width * _FINE))
            for x, y in scaled:  # Round ends, and round joints that leave no gaps.
                half = width * _FINE / 2
                self._pen.ellipse((x - half, y - half, x + half, y + half), fill=colour)

        return line


_Line = Callable[[list[tuple[float, float]], float], None]


def _arc(x: float, y: float, radius: float, first: float, last: float) -> list[tuple[float, float]]:
    steps = max(2, int(abs(last - first) / 3))
    angles = [math.radians(first + (last - first) * step / steps) for step in range(steps + 1)]
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


def _rings(line: _Line, x: float, y: float, radius: float) -> None:
    line(_arc(x, y, radius, 0, 360), 10)
    line(_arc(x, y, radius * 0.86, 0, 360), 5)


def _broken(line: _Line, x: float, y: float, radius: float, pieces: int, share: float, width: float) -> None:
    for piece in range(pieces):
        first = 360 * piece / pieces
        line(_arc(x, y, radius, first, first + 360 * share / pieces), width)


def _mark(line: _Line, x: float, y: float, radius: float) -> None:
    """The mark of Kilnmark."""
    _rings(line, x, y, radius)
    inner = radius * 0.42
    left, right, top, bottom = x - inner * 0.8, x + inner * 0.8, y - inner * 0.55, y + inner * 0.55
    line([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], 9)
    line([(x, y - inner * 1.25), (x, y + inner * 1.25)], 9)


def _cross(line: _Line, x: float, y: float, radius: float) -> None:
    _rings(line, x, y, radius)
    arm = radius * 0.34
    line([(x - arm, y - arm), (x + arm, y + arm)], 26)
    line([(x + arm, y - arm), (x - arm, y + arm)], 26)


def _crack(line: _Line, x: float, y: float, radius: float) -> None:
    """A ring in two halves, each with the jagged edge of the break."""
    jag = [(0.0, -1.0), (0.2, -0.6), (-0.02, -0.3), (0.2, 0.05), (-0.02, 0.36), (0.1, 0.66), (-0.04, 1.0)]
    for shift, first, last in ((-0.12, 270, 90), (0.12, -90, 90)):
        middle = x + shift * radius
        edge = [(middle + across * radius * 0.9, y + down * radius) for across, down in jag]
        half = _arc(middle, y, radius, first, last)
        line([*half, *(edge[::-1] if half[-1][1] > y else edge), half[0]], 10)


def _clock(line: _Line, x: float, y: float, radius: float) -> None:
    _broken(line, x, y, radius, 16, 0.62, 10)
    line(_arc(x, y, radius * 0.84, 0, 360), 5)
    line([(x, y - radius * 0.5), (x, y), (x + radius * 0.34, y + radius * 0.26)], 24)


def _warning(line: _Line, x: float, y: float, radius: float) -> None:
    line([(x, y - radius), (x + radius, y + radius * 0.78), (x - radius, y + radius * 0.78), (x, y - radius)], 14)
    line([(x, y - radius * 0.34), (x, y + radius * 0.22)], 26)
    line([(x, y + radius * 0.5), (x, y + radius * 0.5)], 28)


def _question(line: _Line, x: float, y: float, radius: float) -> None:
    _broken(line, x, y, radius, 30, 0.08, 11)
    bow = _arc(x, y - radius * 0.24, radius * 0.28, 180, 385)
    line([*bow, (x, y + radius * 0.12), (x, y + radius * 0.24)], 26)
    line([(x, y + radius * 0.52), (x, y + radius * 0.52)], 28)


_SEALS: dict[str, Callable[[_Line, float, float, float], None]] = {
    "": _mark, "revoked": _cross, "altered": _crack, "pending": _clock, "copy": _warning, "suspicious": _warning,
    "lost": _warning,
}  # fmt: skip
