"""A tag on paper, before any camera: printer's dots, ink that spreads, the serial beneath, dirt."""

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageFont

INCH = 25.4
FINE = 16
"""Pixels a millimetre of the printed label, before the camera."""
MARGIN = 2.0
"""Label beyond the code and its white margin, in millimetres."""
WORDS = 4.0
"""Height of the serial beneath, in millimetres."""
SPECKS = (70, 40)
"""Millimetres across and down of the paper on which specks are thrown: more than the largest label."""


def printed(dots: Image.Image, dpi: int, side: float, words: str = "7K3M-9QX2-VD5T-6") -> Image.Image:
    """Return a label of `side` mm, its margins and words at `FINE` pixels a millimetre, with `dots` in the middle.

    Its edges are as soft as ink leaves them, 0.05 mm.
    """
    whole = round((side + 2 * MARGIN) * dpi / INCH)
    code = Image.new("L", (whole, whole), 255)
    code.paste(dots, ((whole - dots.width) // 2, (whole - dots.height) // 2))
    size = round((side + 2 * MARGIN) * FINE)
    high = round(WORDS * FINE)
    label = Image.new("L", (size, size + 2 * high), 255)
    label.paste(code.resize((size, size), Image.Resampling.BOX), (0, high))
    place = (size // 2, size + high + high // 4)
    ImageDraw.Draw(label).text(place, words, fill=0, anchor="mm", font=ImageFont.load_default(1.6 * FINE))
    return label.filter(ImageFilter.GaussianBlur(0.05 * FINE))


def ink(random: Random) -> tuple[float, float, float]:
    """Return how far ink spreads, as a threshold, and how dark it and how light its paper is."""
    return random.uniform(95, 175), random.uniform(20, 60), random.uniform(215, 245)


def inked(soft: Image.Image, drawn: tuple[float, float, float]) -> Image.Image:
    """Ink spreads or falls short by up to 0.04 mm: the label's soft edges are cut higher or lower."""
    cut, black, white = drawn
    steps = [black + (white - black) / (1 + math.exp((cut - value) / 18)) for value in range(256)]
    levels: list[float] = [round(value) for value in steps]
    return soft.point(levels)


def dirty(label: Image.Image, random: Random) -> None:
    """Throw specks of glaze, clay and scratches on it, 0.3 to 2.4 mm across, the same ones for every size of label."""
    draw = ImageDraw.Draw(label)
    wide, high = SPECKS
    for _ in range(round(wide * high / random.uniform(40, 100))):
        x = label.width / 2 + random.uniform(-0.5, 0.5) * wide * FINE
        y = label.height / 2 + random.uniform(-0.5, 0.5) * high * FINE
        across, down = (random.uniform(0.15, 1.2) * FINE for _ in range(2))
        draw.ellipse((x - across, y - down, x + across, y + down), fill=random.choice((40, 110, 150, 230)))
