"""The mark of Kilnmark: two rings, and the sign for the middle (中) within, as measures for every kind of drawing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seal:
    """The mark around `x`, `y`: `rings` with radius and line, `box` (left, top, width, height), `stem` from top to
    bottom; `line` is that of box and stem.  All are in the unit of what it was asked for."""

    x: float
    y: float
    rings: tuple[tuple[float, float], tuple[float, float]]
    box: tuple[float, float, float, float]
    stem: tuple[float, float]
    line: float


def seal_at(x: float, y: float, radius: float) -> Seal:
    """Return the mark of `radius` around a point."""
    inner = radius * 0.44
    return Seal(
        x,
        y,
        ((radius, radius * 0.097), (radius * 0.76, radius * 0.055)),
        (x - inner * 0.8, y - inner * 0.55, inner * 1.6, inner * 1.1),
        (y - inner * 1.15, y + inner * 1.15),
        radius * 0.09,
    )
