"""One label, composed: what stands where, in millimetres, before anything is drawn.

The PDF sheet and the PNG draw the same composition, so that they cannot differ.
"""

from __future__ import annotations

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
from provenance.printing.fonts import drawable

COBALT = (29, 63, 156)
INK = (22, 33, 58)
DIM = (86, 96, 121)
RED = (142, 27, 31)

Width = Callable[[str, float, bool], float]
"""Gives the width in mm of a text at a size in points; the flag asks for the serif face."""
_POINT = 25.4 / 72

_SLACK = 0.01
"""Millimetres by which a module may exceed what was asked for: four dots of 203 an inch are 0.5005 mm, six of 300 are
0.508 mm.  On finer grids less is enough."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a tag says.  `demo` marks it as one that certifies nothing."""

    url: str
    serial: str
    title: str
    lines: tuple[str, ...] = ()
    demo: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text: its baseline's left end in mm, size in points, colour, face."""

    x: float
    y: float
    text: str
    size: float
    colour: tuple[int, int, int] = INK
    serif: bool = False


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
    room = min(size[1] - serial_height - 1.0, size[0] * 0.62)
    module = int(min(module + min(_SLACK, grid / 5), room / count) / grid + 1e-6) * grid
    if module < MIN_MODULE_MM - 1e-6:
        raise ConfigurationError(
            "label-too-small",
            "A label of {width:g} x {height:g} mm is too small for this code.",
            hint="The code needs {needed:.0f} mm in height; choose a larger label.",
            width=size[0],
            height=size[1],
            needed=count * MIN_MODULE_MM + serial_height + 1,
        )
    side = count * module
    top = (size[1] - side - serial_height) / 2
    quiet = QUIET_MODULES * module
    left = 1.0
    words = []
    serial_size = _fit(label.serial, 7.6, side - 0.6, width, serif=False)
    serial_x = left + (side - width(label.serial, serial_size, False)) / 2
    words.append(Words(serial_x, top + side + serial_height * 0.55, label.serial, serial_size))

    text_x, text_width = left + side + 0.6, size[0] - (left + side + 0.6) - 2.2
    baseline = top + quiet
    bar = None
    if label.demo:
        bar = (text_x, baseline, min(text_width, 15.0), 4.4)
        words.append(Words(text_x + 1.6, baseline + 3.35, "DEMO", 9.0, (255, 255, 255)))
        baseline += 5.6
    title = drawable(label.title, missing, serif=True)
    for line in _wrap(title, text_width, width):
        baseline += line[1] * _POINT * 1.18
        words.append(Words(text_x, baseline, line[0], line[1], INK, serif=True))
    baseline += 1.0
    for text in label.lines:
        shown = drawable(text, missing)
        if shown and baseline + 3.0 < top + side - 2.0:
            small = _fit(shown, 6.8, text_width, width, serif=False, least=5.2)
            baseline += 3.0
            words.append(Words(text_x, baseline, _clip(shown, small, text_width, width, False), small, DIM))
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


def _clip(text: str, points: float, room: float, width: Width, serif: bool) -> str:
    if width(text, points, serif) <= room:
        return text
    while text and width(text + "…", points, serif) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def _wrap(title: str, room: float, width: Width) -> list[tuple[str, float]]:
    """Fit a title: large on one or two lines, smaller on three, and an end mark where even that is too little."""
    for points, lines in ((11.0, 1), (9.6, 2), (8.0, 3)):
        broken = _break(title, points, room, width)
        if len(broken) <= lines:
            return [(line, points) for line in broken]
    broken = _break(title, 7.2, room, width)
    kept = broken[:3]
    if len(broken) > 3:
        kept[2] = _clip(kept[2] + "…", 7.2, room, width, True) if not kept[2].endswith("…") else kept[2]
        if width(kept[2], 7.2, True) <= room and not kept[2].endswith("…"):
            kept[2] += "…"
    return [(line, 7.2) for line in kept]


def _break(text: str, points: float, room: float, width: Width) -> list[str]:
    lines: list[str] = []
    line = ""
    for token in _tokens(text):
        if line and width((line + token).rstrip(), points, True) > room:
            lines.append(line.rstrip())
            line = ""
        line += token if line else token.lstrip()
        while width(line.rstrip(), points, True) > room and len(line) > 1:  # One word wider than the label.
            cut = len(line) - 1
            while cut > 1 and width(line[:cut], points, True) > room:
                cut -= 1
            lines.append(line[:cut])
            line = line[cut:]
        if len(lines) > 8:
            return lines
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _tokens(text: str) -> list[str]:
    """Split where a line may break: after spaces, and between Chinese characters."""
    tokens: list[str] = []
    for character in text:
        if tokens and ord(character) < 0x2E80 and not tokens[-1].endswith(" ") and ord(tokens[-1][-1]) < 0x2E80:
            tokens[-1] += character
        else:
            tokens.append(character)
    return tokens
