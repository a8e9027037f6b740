"""Where the points of a flat label are in a picture: round a cup, and seen from the side."""

from __future__ import annotations

import math

from PIL import Image

from benchmarks.printed import FINE

Point = tuple[float, float]
STRIPS = 48


def bent(label: Image.Image, radius: float, height: float) -> Image.Image:
    """Round a cup of `radius` mm, upright before the camera, which looks down on it by `height` rad."""
    width, tall = label.size
    half = width / 2 / FINE
    reach = radius * math.sin(min(half / radius, 1.35))

    def place(x: float) -> Point:
        """Return where a point of the picture lies on the label, and how far its row has sunk."""
        angle = math.asin(max(-1.0, min(1.0, x / radius)))
        return (angle * radius + half) * FINE, radius * (1 - math.cos(angle)) * math.sin(height) * FINE

    mesh = []
    for strip in range(STRIPS):
        left, right = (round(((2 * (strip + side) / STRIPS - 1) * reach + half) * FINE) for side in (0, 1))
        (u0, v0), (u1, v1) = (place(x / FINE - half) for x in (left, right))
        mesh.append(((left, 0, right, tall), (u0, v0, u0, tall + v0, u1, tall + v1, u1, v1)))
    return label.transform(label.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)


def corners(width: float, height: float, distance: float, turn: float, tilt: float, towards: float) -> list[Point]:
    """Return a label's corners as seen from `distance`, turned in its plane and tilted away; angles in degrees."""
    turn, tilt, towards = math.radians(turn), math.radians(tilt), math.radians(towards)
    found = []
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        a, b = _turned(x * width / 2, y * height / 2, turn)
        along, across = _turned(a, b, -towards)
        nearness = distance / (distance + along * math.sin(tilt))
        found.append(_turned(along * math.cos(tilt) * nearness, across * nearness, towards))
    return found


def _turned(x: float, y: float, angle: float) -> Point:
    return x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)


def homography(start: list[Point], end: list[Point]) -> list[float]:
    """Return the eight coefficients that take `start` to `end`: Gauss's elimination with pivots."""
    rows = []
    for (x, y), (u, v) in zip(start, end, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    for column in range(8):
        pivot = max(range(column, 8), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        head = [value / rows[column][column] for value in rows[column]]
        rows[column] = head
        for row in range(8):
            if row != column:
                factor = rows[row][column]
                rows[row] = [value - factor * lead for value, lead in zip(rows[row], head, strict=True)]
    return [row[8] for row in rows]
