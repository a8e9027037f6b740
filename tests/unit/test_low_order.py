"""The Ed25519 keys under which any message verifies are refused: all of them, found by the curve's own arithmetic."""

from __future__ import annotations

import pytest

from provenance.errors import MalformedError
from provenance.keys import PublicKey

FIELD = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, FIELD) % FIELD
ROOT_OF_MINUS_1 = pow(2, (FIELD - 1) // 4, FIELD)

Point = tuple[int, int]


def add(a: Point, b: Point) -> Point:
    """Add two points of -x^2 + y^2 = 1 + dx^2y^2 (RFC 8032, section 5.1)."""
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, FIELD)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, FIELD)
    return x % FIELD, y % FIELD


def times(count: int, point: Point) -> Point:
    total = 0, 1
    while count:
        if count & 1:
            total = add(total, point)
        point, count = add(point, point), count >> 1
    return total


def on_curve(y: int) -> Point | None:
    square = (y * y - 1) * pow(D * y * y + 1, -1, FIELD) % FIELD
    root = pow(square, (FIELD + 3) // 8, FIELD)
    for x in (root, root * ROOT_OF_MINUS_1 % FIELD):
        if x * x % FIELD == square:
            return x, y
    return None


def key(point: Point) -> bytes:
    x, y = point
    return b"\xed\x01" + (y | (x & 1) << 255).to_bytes(32, "little")


def test_all_eight_points_of_small_order_are_refused_and_no_others() -> None:
    points = [point for y in range(2, 16) if (point := on_curve(y)) is not None]
    small = {times(ORDER, point) for point in points}
    small |= {add(a, b) for a in small for b in small}
    assert len(small) == 8
    assert all(times(8, point) == (0, 1) for point in small)
    for point in small:
        with pytest.raises(MalformedError) as caught:
            PublicKey.from_multikey_bytes(key(point))
        assert caught.value.code == "bad-key"
    for point in points:
        assert PublicKey.from_multikey_bytes(key(point)).algorithm == "Ed25519"
