"""Letters as outlines: what a reader without the typeface draws just the same."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont

from provenance.printing.fonts import DEFAULT_LANGUAGE, Face, run_width, runs

_POINT = 25.4 / 72

Step = tuple[str, tuple[tuple[float, float], ...]]
"""A letter of a path (M, L, C or Z) and its points, in units of the face."""


def outline(text: str, x: float, y: float, points: float, language: str = DEFAULT_LANGUAGE, serif: bool = False) -> str:
    """Return SVG path data of `text` with its baseline's left end at `x`, `y` (mm), each run in its face."""
    drawn = list[str]()
    for face, run in runs(text, language, serif):
        letters = _letters(face)
        for letter in run:
            drawn.append(letters.path(letter, x, y, points * _POINT))
            x += run_width(face, letter, points)
    return "".join(drawn)


class _Letters:
    """The glyphs of one face, each drawn once."""

    def __init__(self, face: Face) -> None:
        # From memory: a lazily read file would stay open for as long as the face is kept.
        font: Any = TTFont(io.BytesIO(face.path.read_bytes()), lazy=True)
        self._names: dict[int, str] = font.getBestCmap()
        self._glyphs: Any = font.getGlyphSet()
        self._em: int = font["head"].unitsPerEm
        self._steps: dict[str, tuple[Step, ...]] = {}

    def path(self, letter: str, x: float, y: float, size: float) -> str:
        """Return a letter's path at a place (mm), its em as long as `size` (mm)."""
        if letter not in self._steps:
            pen = _Steps(self._glyphs)
            self._glyphs[self._names.get(ord(letter), ".notdef")].draw(pen)
            self._steps[letter] = tuple(pen.steps)
        scale = size / self._em
        return "".join(
            command + " ".join(f"{x + a * scale:.3f} {y - b * scale:.3f}" for a, b in places)
            for command, places in self._steps[letter]
        )


@lru_cache(maxsize=8)
def _letters(face: Face) -> _Letters:
    return _Letters(face)


class _Steps(BasePen):
    """Notes what a glyph draws; quadratic curves, which other faces have, become cubic in the base class."""

    def __init__(self, glyphs: Any) -> None:
        super().__init__(glyphs)  # type: ignore[no-untyped-call]
        self.steps: list[Step] = []

    def _moveTo(self, pt: tuple[float, float]) -> None:  # noqa: N802
        self.steps.append(("M", (pt,)))

    def _lineTo(self, pt: tuple[float, float]) -> None:  # noqa: N802
        self.steps.append(("L", (pt,)))

    def _curveToOne(self, pt1: tuple[float, float], pt2: tuple[float, float], pt3: tuple[float, float]) -> None:  # noqa: N802
        self.steps.append(("C", (pt1, pt2, pt3)))

    def _closePath(self) -> None:  # noqa: N802
        self.steps.append(("Z", ()))
