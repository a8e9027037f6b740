"""A composition as dots: in its colours for a picture, or in black alone for printers that know nothing else."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from provenance.printing.codes import runs
from provenance.printing.fonts import font_path
from provenance.printing.label import COBALT, RED, Composition, Width

INCH = 25.4
"""Millimetres of an inch."""
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


@lru_cache(maxsize=64)
def _font(pixels: float, serif: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_path(serif)), pixels)


def width_at(dpi: int) -> Width:
    """Return what measures text as it is drawn at `dpi`."""

    def width(text: str, points: float, serif: bool) -> float:
        return _font(points * dpi / 72, serif).getlength(text) * INCH / dpi

    return width


def blank(size: tuple[float, float], dpi: int) -> Image.Image:
    """Return a white picture of a label of `size` (mm)."""
    return Image.new("RGB", (round(size[0] * dpi / INCH), round(size[1] * dpi / INCH)), "white")


def paint_code(image: Image.Image, composition: Composition, dpi: int) -> None:
    """Draw the code: each module a whole number of dots."""
    draw, scale = ImageDraw.Draw(image), dpi / INCH
    dots = round(composition.module * scale)
    left, top = round(composition.code_x * scale), round(composition.code_y * scale)
    for column, row, length in runs(composition.modules):
        dark_x, dark_y = left + column * dots, top + row * dots
        draw.rectangle((dark_x, dark_y, dark_x + length * dots - 1, dark_y + dots - 1), fill="black")


def paint_words(
    image: Image.Image,
    composition: Composition,
    dpi: int,
    *,
    colours: bool = True,
    shift: tuple[float, float] = (0.0, 0.0),
) -> None:
    """Draw all but the code, moved by `shift` (mm); without `colours` whatever is not white is black."""
    draw, scale = ImageDraw.Draw(image), dpi / INCH
    by_x, by_y = shift[0] * scale, shift[1] * scale
    red, cobalt = (RED, COBALT) if colours else (BLACK, BLACK)
    if composition.demo_bar is not None:
        bar_x, bar_y, bar_width, bar_height = (value * scale for value in composition.demo_bar)
        bar_x, bar_y = bar_x + by_x, bar_y + by_y
        draw.rectangle((bar_x, bar_y, bar_x + bar_width, bar_y + bar_height), fill=red)
    for words in composition.words:
        draw.text(
            (words.x * scale + by_x, words.y * scale + by_y),
            words.text,
            fill=words.colour if colours or words.colour == WHITE else BLACK,
            font=_font(words.size * dpi / 72, words.serif),
            anchor="ls",
        )
    if composition.seal is None:
        return
    x, y, radius = (value * scale for value in composition.seal)
    x, y = x + by_x, y + by_y
    for share, line in ((1.0, 0.28), (0.76, 0.16)):
        r = radius * share
        draw.ellipse((x - r, y - r, x + r, y + r), outline=cobalt, width=max(1, round(line * scale)))
    inner, thick = radius * 0.44, max(1, round(0.26 * scale))
    draw.rectangle((x - inner * 0.8, y - inner * 0.55, x + inner * 0.8, y + inner * 0.55), outline=cobalt, width=thick)
    draw.line((x, y - inner * 1.15, x, y + inner * 1.15), fill=cobalt, width=thick)
