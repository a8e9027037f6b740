"""Codes on a photo are counted row by row, whatever the corners of one that was not read."""

from __future__ import annotations

import math

import pytest

from provenance.corners import Corners, Sight
from provenance_cli.photo_rows import rows_of

SIDE = 0.05
APART = 0.076
"""Codes stand so far under each other, in shares of the photo's width: labels are 1.5 sides high at least."""


def code(name: str, x: float, y: float, turn: float = 0.0) -> Sight:
    """Return a code round a point, turned by an angle in degrees."""
    half, angle = SIDE / 2, math.radians(turn)

    def corner(across: float, down: float) -> tuple[float, float]:
        return x + across * math.cos(angle) - down * math.sin(angle), y + across * math.sin(angle) + down * math.cos(
            angle
        )

    corners: Corners = (corner(-half, -half), corner(half, -half), corner(half, half), corner(-half, half))
    return Sight(name, corners)


def sheet(lost: int, turn: float, slope: float = 0.0) -> list[Sight]:
    """Return three columns of seven codes, one of them not read and its corners guessed as if turned."""
    found = list[Sight]()
    for row in range(7):
        for column in range(3):
            number = row * 3 + column
            x, y = 0.2 + 0.25 * column, 0.1 + APART * row + slope * column * 0.25
            leaning = math.degrees(math.atan(slope))
            found.append(code("", x, y, turn) if number == lost else code(str(number), x, y, leaning))
    return found


@pytest.mark.parametrize("turn", [0, 17, 45, -90, 180])
@pytest.mark.parametrize("lost", [0, 1, 10, 20])
@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_a_code_that_was_not_read_moves_no_row(lost: int, turn: float, slope: float) -> None:
    rows = rows_of(sorted(sheet(lost, turn, slope), key=lambda sight: sight.text))
    names = ["" if number == lost else str(number) for number in range(21)]
    assert [[sight.text for sight in row] for row in rows] == [names[at : at + 3] for at in range(0, 21, 3)]


def test_codes_of_which_none_was_read_are_counted_by_their_corners() -> None:
    rows = rows_of([code("", 0.2 + 0.25 * column, 0.1 + APART * row) for row in range(3) for column in range(3)])
    assert [len(row) for row in rows] == [3, 3, 3]
    assert rows_of([]) == []
