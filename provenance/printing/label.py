"""One label, composed: what stands where, in millimetres, before anything is drawn.

The PDF sheet and the PNG draw the same composition, so that they cannot differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from provenance.errors import ConfigurationError
from provenance.printing.codes import (
    DEFAULT_MODULE_MM,
    MIN_MODULE_MM,
    QUIET_MODULES,
    Level,
    Matrix,
    check_module,
    matrix,
    widest,
)
from provenance.printing.fonts import DEFAULT_LANGUAGE, drawable
from provenance.printing.wrapping import clipped, fitted

COBALT = (29, 63, 156)
INK = (22, 33, 58)
DIM = (86, 96, 121)
RED = (142, 27, 31)

Width = Callable[[str, float, bool], float]
"""Gives the width in mm of a text at a size in points; the flag asks for the serif face."""
_POINT = 25.4 / 72
_TITLE_SIZES = (11.0, 1), (9.6, 2), (8.0, 3), (7.2, 3)
"""Points of a title, and lines: large on one or two, smaller on three."""

_CODE_SHARE = 0.62
"""Most of a label's width that its code takes: words have the rest."""
_SLACK = 0.01
"""Millimetres by which a module may exceed what was asked for: four dots of 203 an inch are 0.5005 mm, six of 300 are
0.508 mm.  On finer grids less is enough."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a tag says.  `demo` marks it as one that certifies nothing; `language` is that of its title."""

    url: str
    serial: str
    title: str
    lines: tuple[str, ...] = ()
    demo: bool = False
    language: str = DEFAULT_LANGUAGE


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text: its baseline's left end in mm, size in points, colour, face, and language."""

    x: float
    y: float
    text: str
    size: float
    colour: tuple[int, int, int] = INK
    serif: bool = False
    language: str = DEFAULT_LANGUAGE


@dataclass(frozen=True, slots=True)
class Composition:
    """A composed label: the code's place (of its dark modules) and module in mm, and the words."""

    modules: Matrix
    code_x: float
    code_y: float
    module: float
    words: tuple[Words, ...]
    seal: tuple[float, float, float] | None
    demo_bar: tuple[float, float, float, float] | None


def compose(
    label: Label,
    size: tuple[float, float],
    width: Width,
    missing: set[str],
    module: float = DEFAULT_MODULE_MM,
    grid: float = 0.01,
    level: Level = "M",
    native: bool = False,
) -> Composition:
    """Compose a label of `size` (mm): the code at the left with its serial beneath, the words at the right.

    Where modules of the size asked for do not fit, smaller ones down to the limit are used, each a multiple of `grid`
    (mm): a printer's dot.  With `native` a printer draws the code, and room is kept for the largest that it may make of
    the text.  Raises `ConfigurationError` where even the smallest modules do not fit.  Characters that cannot be drawn
    are added to `missing`.
    """
    check_module(module)
    modules = matrix(label.url, level)
    count = (widest(label.url, level) if native else len(modules)) + 2 * QUIET_MODULES
    serial_height = 3.6
    room = min(size[1] - serial_height - 1.0, size[0] * _CODE_SHARE)
    smallest = count * math.ceil(MIN_MODULE_MM / grid - 1e-6) * grid
    module = int(min(module + min(_SLACK, grid / 5), room / count) / grid + 1e-6) * grid
    if module < MIN_MODULE_MM - 1e-6:
        raise ConfigurationError(
            "label-too-small",
            "A label of {width:g} x {height:g} mm is too small for this code.",
            hint="It needs {wide} x {high} mm at least: choose a larger label.",
            width=size[0],
            height=size[1],
            wide=math.ceil(smallest / _CODE_SHARE - 1e-6),
            high=math.ceil(smallest + serial_height + 1.0 - 1e-6),
        )
    side = count * module
    top = (size[1] - side - serial_height) / 2
    quiet = QUIET_MODULES * module
    left = 1.0
    words = []
    serial_size = _fit(label.serial, 7.6, side - 0.6, width, serif=False)
    serial_x = left + (side - width(label.serial, serial_size, False)) / 2
    words.append(Words(serial_x, top + side + serial_height * 0.55, label.serial, serial_size, language=label.language))

    text_x, text_width = left + side + 0.6, size[0] - (left + side + 0.6) - 2.2
    baseline = top + quiet
    bar = None
    if label.demo:
        bar = (text_x, baseline, min(text_width, 15.0), 4.4)
        words.append(Words(text_x + 1.6, baseline + 3.35, "DEMO", 9.0, (255, 255, 255), language=label.language))
        baseline += 5.6
    title = drawable(label.title, missing, serif=True)
    lines, points = fitted(title, _TITLE_SIZES, text_width, lambda text, points: width(text, points, True))
    for line in lines:
        baseline += points * _POINT * 1.18
        words.append(Words(text_x, baseline, line, points, INK, True, label.language))
    baseline += 1.0
    for text in label.lines:
        shown = drawable(text, missing)
        if shown and baseline + 3.0 < top + side - 2.0:
            small = _fit(shown, 6.8, text_width, width, serif=False, least=5.2)
            baseline += 3.0
            kept = clipped(shown, small, text_width, lambda text, points: width(text, points, False))
            words.append(Words(text_x, baseline, kept, small, DIM, language=label.language))
    seal = _seal(size, words, width)
    code_x, code_y = (round((side + quiet) / grid) * grid for side in (left, top))
    return Composition(modules, code_x, code_y, module, tuple(words), seal, bar)


def _seal(size: tuple[float, float], words: list[Words], width: Width) -> tuple[float, float, float] | None:
    """Return the seal's middle and radius in the lower right corner; none where words have taken its place."""
    x, y, radius = size[0] - 5.2, size[1] - 5.0, 2.9
    for line in words:
        low = line.y + 0.25 * line.size * _POINT > y - radius
        if low and line.x + width(line.text, line.size, line.serif) > x - radius:
            return None
    return x, y, radius


def _fit(text: str, points: float, room: float, width: Width, *, serif: bool, least: float = 4.5) -> float:
    needed = width(text, points, serif)
    return points if needed <= room else max(least, points * room / needed)
