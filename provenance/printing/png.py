"""One tag as PNG, at whole printer dots."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

from provenance.errors import ConfigurationError
from provenance.printing.codes import DEFAULT_MODULE_MM, runs
from provenance.printing.fonts import font_path
from provenance.printing.label import COBALT, RED, Label, compose

_INCH = 25.4
DEFAULT_SIZE = (63.5, 38.1)


def tag_png(
    label: Label, *, dpi: int = 600, size: tuple[float, float] = DEFAULT_SIZE, module: float = DEFAULT_MODULE_MM
) -> bytes:
    """Return a label as PNG at `dpi`; a module is a whole number of dots, so that its edges are sharp.

    Raises `ConfigurationError` for a resolution that cannot print it.
    """
    if not 200 <= dpi <= 2_400:
        raise ConfigurationError("bad-dpi", "A tag is drawn at 200 to 2,400 dots an inch.")
    fonts: dict[tuple[float, bool], ImageFont.FreeTypeFont] = {}

    def font(points: float, serif: bool) -> ImageFont.FreeTypeFont:
        key = (points, serif)
        if key not in fonts:
            fonts[key] = ImageFont.truetype(str(font_path(serif)), points * dpi / 72)
        return fonts[key]

    def width(text: str, points: float, serif: bool) -> float:
        return font(points, serif).getlength(text) * _INCH / dpi

    composition = compose(label, size, width, set(), module, grid=_INCH / dpi)
    dots = round(composition.module * dpi / _INCH)
    scale = dpi / _INCH
    image = Image.new("RGB", (round(size[0] * scale), round(size[1] * scale)), "white")
    draw = ImageDraw.Draw(image)
    left, top = round(composition.code_x * scale), round(composition.code_y * scale)
    for column, row, length in runs(composition.modules):
        dark_x, dark_y = left + column * dots, top + row * dots
        draw.rectangle((dark_x, dark_y, dark_x + length * dots - 1, dark_y + dots - 1), fill="black")
    if composition.demo_bar is not None:
        bar_x, bar_y, bar_width, bar_height = (value * scale for value in composition.demo_bar)
        draw.rectangle((bar_x, bar_y, bar_x + bar_width, bar_y + bar_height), fill=RED)
    for words in composition.words:
        draw.text(
            (words.x * scale, words.y * scale),
            words.text,
            fill=words.colour,
            font=font(words.size, words.serif),
            anchor="ls",
        )
    x, y, radius = (value * scale for value in composition.seal)
    for share, line in ((1.0, 0.28), (0.76, 0.16)):
        r = radius * share
        draw.ellipse((x - r, y - r, x + r, y + r), outline=COBALT, width=max(1, round(line * scale)))
    inner, thick = radius * 0.44, max(1, round(0.26 * scale))
    draw.rectangle((x - inner * 0.8, y - inner * 0.55, x + inner * 0.8, y + inner * 0.55), outline=COBALT, width=thick)
    draw.line((x, y - inner * 1.15, x, y + inner * 1.15), fill=COBALT, width=thick)
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(dpi, dpi), optimize=True)
    return out.getvalue()
