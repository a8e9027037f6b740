"""A label for a printer that draws the code itself: the code's parameters, and all else as pictures of one bit.

Printers lack Chinese type, so that words reach them drawn.  Nothing else of a piece does: a title has no way to become
a command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from provenance.errors import ConfigurationError
from provenance.printing.codes import DEFAULT_MODULE_MM, QUIET_MODULES, Level, widest
from provenance.printing.label import Label, compose
from provenance.printing.raster import INCH, blank, paint_words, width_at

PRINTER_DPI = (203, 300)
"""Resolutions of label printers."""
MAX_MAGNIFICATION = 10
"""Dots of a module that every printer draws."""
_PAYLOAD = re.compile(r"[A-Za-z0-9:/.\-]{1,300}")
"""What a tag's address consists of.  No sign in it means anything to a printer."""
_GAP = 3
"""White rows between two pictures; fewer are not worth a command."""
_DARK = 150
"""Grey below this is black: a little more than half, since heads print thin strokes thinner."""


@dataclass(frozen=True, slots=True)
class Graphic:
    """A picture: its upper left corner in dots, and rows of whole bytes, in which set bits are black."""

    x: int
    y: int
    columns: int
    rows: int
    bits: bytes

    def image(self) -> Image.Image:
        """Return it as a picture, black on white."""
        return Image.frombytes("1", (self.columns, self.rows), bytes(255 - byte for byte in self.bits))


@dataclass(frozen=True, slots=True)
class NativeCode:
    """A code that the printer draws: the upper left corner of its dark modules, and the dots of one."""

    x: int
    y: int
    dots: int
    level: Level
    payload: str


@dataclass(frozen=True, slots=True)
class DotLabel:
    """A label in dots."""

    width: int
    height: int
    code: NativeCode
    graphics: tuple[Graphic, ...]


def in_dots(size: tuple[float, float], dpi: int) -> tuple[int, int]:
    """Return the dots of a label of `size` (mm)."""
    return round(size[0] * dpi / INCH), round(size[1] * dpi / INCH)


def code_room(code: NativeCode) -> tuple[int, int, int, int]:
    """Return the box that a printer's code may fill with its quiet zone, however it packs the payload."""
    quiet = QUIET_MODULES * code.dots
    side = widest(code.payload, code.level) * code.dots
    return code.x - quiet, code.y - quiet, code.x + side + quiet, code.y + side + quiet


def dot_label(
    label: Label,
    size: tuple[float, float],
    dpi: int,
    missing: set[str],
    *,
    module: float = DEFAULT_MODULE_MM,
    level: Level = "M",
    shift: tuple[float, float] = (0.0, 0.0),
    page: tuple[float, float] | None = None,
) -> DotLabel:
    """Return a label of `size` (mm) for a printer of `dpi`, all on it moved by `shift` (mm).

    `page` is the paper between two gaps where that is larger than what is printed on; `shift` tells then where.
    Characters that cannot be drawn are added to `missing`.  Raises `ConfigurationError` where the code does not fit,
    the printer has other dots or the shift moves something off the label.
    """
    if dpi not in PRINTER_DPI:
        raise ConfigurationError("bad-dpi", "Label printers have 203 or 300 dots an inch.")
    if _PAYLOAD.fullmatch(label.url) is None:
        raise ConfigurationError("bad-payload", "The address of {serial} holds what no code may.", serial=label.serial)
    measure = width_at(dpi, label.language)
    composition = compose(label, size, measure, missing, module, INCH / dpi, level, native=True)
    scale = dpi / INCH
    code = NativeCode(
        round(composition.code_x * scale) + round(shift[0] * scale),
        round(composition.code_y * scale) + round(shift[1] * scale),
        round(composition.module * scale),
        level,
        label.url,
    )
    # Twice as large, so that what a shift moves over the edge is seen.
    paper = page or size
    width, height = in_dots(paper, dpi)
    picture = blank((paper[0] * 2, paper[1] * 2), dpi)
    middle = paper[0] / 2 + shift[0], paper[1] / 2 + shift[1]
    paint_words(picture, composition, dpi, colours=False, shift=middle)
    ink = picture.convert("L").point(lambda grey: 255 * (grey < _DARK))
    left, top = round(paper[0] / 2 * scale), round(paper[1] / 2 * scale)
    box = ink.getbbox() or (left, top, left, top)
    if box[0] < left or box[1] < top or box[2] > left + width or box[3] > top + height or min(code.x, code.y) < 0:
        raise ConfigurationError(
            "shift-too-far",
            "A shift of {right:g}, {down:g} mm moves the tag over the label's edge.",
            hint="Set the printer itself: its label top and left position, or the sensor for gaps.",
            right=shift[0],
            down=shift[1],
        )
    ink = ink.crop((left, top, left + width, top + height))
    edge = code_room(code)[2]
    graphics = [*_graphics(ink, 0, edge), *_graphics(ink, edge, width)]
    return DotLabel(width, height, code, tuple(graphics))


def _graphics(ink: Image.Image, left: int, right: int) -> Iterator[Graphic]:
    """Give what is black between two columns, a picture a line, without the white around it."""
    rows = [*ink.crop((left, 0, right, ink.height)).getprojection()[1], 0]
    top = None
    for bottom, black in enumerate(rows):
        if black and top is None:
            top = bottom
        elif top is not None and not any(rows[bottom : bottom + _GAP]):
            box = ink.crop((left, top, right, bottom)).getbbox() or (0, 0, 0, 0)
            columns = (box[2] - box[0] + 7) // 8 * 8
            x = max(0, min(left + box[0], ink.width - columns))  # Whole bytes, and all of them on the label.
            part = ink.crop((x, top, x + columns, bottom)).convert("1")
            yield Graphic(x, top, columns, bottom - top, part.tobytes())
            top = None
