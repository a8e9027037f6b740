"""Letters as outlines: what a reader without the typeface draws just the same."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont

from provenance.printing.fonts import font_path

_POINT = 25.4 / 72

Step = tuple[str, tuple[tuple[float, float], ...]]
"""A letter of a path (M, L, C or Z) and its points, in units of the face."""


class Face:
    """The glyphs of one face, each drawn once."""

    def __init__(self, serif: bool) -> None:
        # From memory: a lazily read file would stay open for as long as the face is kept.
        font: Any = TTFont(io.BytesIO(font_path(serif).read_bytes()), lazy=True)
        self._names: dict[int, str] = font.getBestCmap()
        self._glyphs: Any = font.getGlyphSet()
        self._em: int = font["head"].unitsPerEm
        self._steps: dict[str, tuple[Step, ...]] = {}

    def width(self, text: str, points: float) -> float:
        """Return the width of `text` in mm."""
        return sum(self._glyph(letter).width for letter in text) * points * _POINT / self._em  # type: ignore[no-any-return]

    def path(self, text: str, x: float, y: float, points: float) -> str:
        """Return SVG path data of `text` with its baseline's left end at `x`, `y` (mm)."""
        scale, drawn = points * _POINT / self._em, []
        for letter in text:
            if letter not in self._steps:
                pen = _Steps(self._glyphs)
                self._glyph(letter).draw(pen)
                self._steps[letter] = tuple(pen.steps)
            for command, places in self._steps[letter]:
                drawn.append(command + " ".join(f"{x + a * scale:.3f} {y - b * scale:.3f}" for a, b in places))
            x += self._glyph(letter).width * scale
        return "".join(drawn)

    def _glyph(self, letter: str) -> Any:
        return self._glyphs[self._names.get(ord(letter), ".notdef")]


@lru_cache(maxsize=2)
def face(serif: bool = False) -> Face:
    """Return the face of tags."""
    return Face(serif)


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
