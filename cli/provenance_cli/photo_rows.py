"""Where codes stand on a photo, as a person counts: row by row from the top, and from the left."""

from __future__ import annotations

import math
from collections.abc import Sequence

from provenance.corners import Sight

_APART = 0.6
"""Two codes stand in one row where one is off the other's line by less than this share of a side: labels are 1.5 sides
apart at least."""
_ALIKE = 0.9
"""How much codes must point the same way to be taken for a sheet, 1 being all: a tray's tags lie as they fell."""


def rows_of(sights: Sequence[Sight]) -> list[list[Sight]]:
    """Return codes in rows.

    A sheet seen from the side has rows that draw together: each code says itself which way its row runs, or the nearest
    that was read where it was not, as its corners are guesses.  Codes that lie in all directions are counted by the
    photo's own edges.
    """
    if not sights:
        return []
    sure = [sight for sight in sights if sight.text] or sights
    ways = [_way(min(sure, key=lambda other: math.dist(sight.centre, other.centre))) for sight in sights]
    mean = sum(x for x, _ in ways) / len(ways), sum(y for _, y in ways) / len(ways)
    is_sheet = math.hypot(*mean) >= _ALIKE
    if not is_sheet:
        mean, ways = (1.0, 0.0), [(1.0, 0.0)] * len(sights)
    rows = list(range(len(sights)))
    for one, (sight, way) in enumerate(zip(sights, ways, strict=True)):
        for other in range(one + 1, len(sights)):
            side = min(sight.side, sights[other].side)
            off = min(abs(_off(sight, sights[other], way)), abs(_off(sights[other], sight, ways[other])))
            if off < _APART * side and rows[one] != rows[other]:
                kept, gone = rows[one], rows[other]
                rows = [kept if row == gone else row for row in rows]
    found = [[sight for sight, of in zip(sights, rows, strict=True) if of == row] for row in dict.fromkeys(rows)]
    length = math.hypot(*mean)
    across, down = (mean[0] / length, mean[1] / length), (-mean[1] / length, mean[0] / length)
    for row in found:
        row.sort(key=lambda sight: _along(sight, across))
    return sorted(found, key=lambda row: sum(_along(sight, down) for sight in row) / len(row))


def _way(sight: Sight) -> tuple[float, float]:
    """Return the direction of a code's upper and lower edge, of length 1."""
    a, b, c, d = sight.corners
    x, y = b[0] - a[0] + c[0] - d[0], b[1] - a[1] + c[1] - d[1]
    length = math.hypot(x, y) or 1.0
    return x / length, y / length


def _off(sight: Sight, other: Sight, way: tuple[float, float]) -> float:
    """Return how far another code is off the line through a code."""
    (x, y), (a, b) = sight.centre, other.centre
    return (b - y) * way[0] - (a - x) * way[1]


def _along(sight: Sight, way: tuple[float, float]) -> float:
    x, y = sight.centre
    return x * way[0] + y * way[1]
