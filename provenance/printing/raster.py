"""A composition as dots: in its colours for a picture, or in black alone for printers that know nothing else."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from provenance.printing import codes
from provenance.printing.fonts import DEFAULT_LANGUAGE, Face, faces, runs
from provenance.printing.label import COBALT, RED, Composition, Width
from provenance.printing.seal import seal_at

INCH = 25.4
"""Millimetres of an inch."""
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


@lru_cache(maxsize=128)
def _font(pixels: float, face: Face) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(face.path), pixels)


def length(text: str, pixels: float, language: str = DEFAULT_LANGUAGE, serif: bool = False) -> float:
    """Return the width of a line in pixels, as `draw_line` draws it."""
    return sum(_font(pixels, face).getlength(run) for face, run in runs(text, language, serif))


def draw_line(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    pixels: float,
    colour: tuple[int, int, int],
    language: str = DEFAULT_LANGUAGE,
    serif: bool = False,
) -> None:
    """Draw a line with its baseline's left end `at` a point, each run in its face."""
    x, y = at
    for face, run in runs(text, language, serif):
        draw.text((x, y), run, fill=colour, font=_font(pixels, face), anchor="ls")
        x += _font(pixels, face).getlength(run)


def ascent(pixels: float, language: str = DEFAULT_LANGUAGE, serif: bool = False) -> float:
    """Return how far the first face of a language reaches above its baseline, in pixels."""
    return _font(pixels, faces(language, serif)[0]).getmetrics()[0]


def width_at(dpi: int, language: str = DEFAULT_LANGUAGE) -> Width:
    """Return what measures text of a language as it is drawn at `dpi`."""

    def width(text: str, points: float, serif: bool) -> float:
        return length(text, points * dpi / 72, language, serif) * INCH / dpi

    return width


def blank(size: tuple[float, float], dpi: int) -> Image.Image:
    """Return a white picture of a label of `size` (mm)."""
    return Image.new("RGB", (round(size[0] * dpi / INCH), round(size[1] * dpi / INCH)), "white")


def paint_code(image: Image.Image, composition: Composition, dpi: int) -> None:
    """Draw the code: each module a whole number of dots."""
    draw, scale = ImageDraw.Draw(image), dpi / INCH
    dots = round(composition.module * scale)
    left, top = round(composition.code_x * scale), round(composition.code_y * scale)
    for column, row, length in codes.runs(composition.modules):
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
        draw_line(
            draw,
            (words.x * scale + by_x, words.y * scale + by_y),
            words.text,
            words.size * dpi / 72,
            words.colour if colours or words.colour == WHITE else BLACK,
            words.language,
            words.serif,
        )
    if composition.seal is None:
        return
    x, y, radius = (value * scale for value in composition.seal)
    seal = seal_at(x + by_x, y + by_y, radius)
    for r, line in seal.rings:
        box = (seal.x - r, seal.y - r, seal.x + r, seal.y + r)
        draw.ellipse(box, outline=cobalt, width=max(1, round(line)))
    (left, top, width, height), thick = seal.box, max(1, round(seal.line))
    draw.rectangle((left, top, left + width, top + height), outline=cobalt, width=thick)
    draw.line((seal.x, seal.stem[0], seal.x, seal.stem[1]), fill=cobalt, width=thick)
