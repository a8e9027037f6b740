"""A code on a photo: its text and where its corners are."""

from __future__ import annotations

from dataclasses import dataclass

_SMALLEST = 20
"""Pixels of the shortest side of what may be a code: one of a tag has 33 modules."""

Point = tuple[float, float]
Corners = tuple[Point, Point, Point, Point]


@dataclass(frozen=True, slots=True)
class Sight:
    """A code on a photo: its text, empty where it was seen and not read, and its corners.

    Corners go round from the code's own upper left, in shares of the upright photo's width: the same measure across and
    down.
    """

    text: str
    corners: Corners

    @property
    def centre(self) -> Point:
        """The middle."""
        return centre(self.corners)

    @property
    def side(self) -> float:
        """The mean length of its sides."""
        return side(self.corners)


def centre(corners: Corners) -> Point:
    """Return the middle."""
    return sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4


def within(corners: Corners, x: float, y: float) -> bool:
    """Return whether a point lies in the box round a code."""
    (left, right), (top, bottom) = span(corners, 0), span(corners, 1)
    return left <= x <= right and top <= y <= bottom


def _length(a: Point, b: Point) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)


def side(corners: Corners) -> float:
    """Return the mean length of the sides."""
    return sum(_sides(corners)) / 4


def _sides(corners: Corners) -> list[float]:
    return [_length(a, b) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)]


def square(corners: Corners) -> bool:
    """Return whether what was seen can be a code at all: words and glaze make stranger figures."""
    sides = _sides(corners)
    return min(sides) > _SMALLEST and max(sides) < 2.2 * min(sides)


def meet(one: Corners, other: Corners) -> bool:
    """Return whether the boxes round two codes overlap."""
    (left, right), (a, b) = span(one, 0), span(other, 0)
    (top, bottom), (c, d) = span(one, 1), span(other, 1)
    return left < b and a < right and top < d and c < bottom


def span(corners: Corners, axis: int) -> Point:
    """Return from where to where a code reaches, across (0) or down (1)."""
    return min(point[axis] for point in corners), max(point[axis] for point in corners)
