"""Where a slip was missed: in the order of their numbers one is left out, and is not accounted for elsewhere.

A slip that is out of focus tells nothing itself.  That it was photographed once more later does not tell either where
its piece lies among the photos before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

LEAP = 10
"""Numbers from which on a step is one to another shelf, and no sign of a slip that was missed."""
_FEW = 6
"""Steps below which nothing shows that a potter keeps no order: it is taken for granted."""


class Order:
    """The order in which each camera saw the slips, given as the numbers on each of its photos; most have none.

    `expected` are the numbers of the pieces that were not lost.
    """

    def __init__(self, rolls: Sequence[Sequence[Collection[int]]], expected: Collection[int]) -> None:
        self._expected = expected
        self._first = [dict[int, int]() for _roll in rolls]
        self._steps = list[list[tuple[int, int]]]()
        for first, roll in zip(self._first, rolls, strict=True):
            for place, numbers in enumerate(roll):
                for number in numbers:
                    first.setdefault(number, place)
            single = [number for numbers in roll if len(numbers) == 1 for number in numbers]
            self._steps.append([(a, b) for a, b in pairwise(single) if a != b])

    def between(self, one: int, other: int) -> list[int]:
        """Return the expected numbers between two."""
        return [number for number in range(min(one, other) + 1, max(one, other)) if number in self._expected]

    def is_kept(self, roll: int) -> bool:
        """Tell whether a camera's slips follow each other in one direction, and mostly each the one before it."""
        forwards = sum(b > a for a, b in self._steps[roll])
        return not self._is_shuffled(roll) and forwards in (0, len(self._steps[roll]))

    def left_out(self, roll: int, slip: int, follower: int, at: int) -> tuple[int, ...]:
        """Return the numbers whose slips should lie between `slip` and `follower`, which a camera saw at place `at`."""
        if abs(follower - slip) > LEAP:
            return ()
        is_back = self._direction(roll) * (follower - slip) < 0
        return tuple(
            number
            for number in self.between(slip, follower)
            if not (
                self._was_left_for(roll, number, at, is_back=is_back)
                or self._was_left_to_another(roll, number, abs(follower - slip))
            )
        )

    def _was_left_for(self, roll: int, number: int, before: int, *, is_back: bool) -> bool:
        """Tell whether the same camera saw a slip earlier, or later where it keeps no order or has gone back."""
        place = self._first[roll].get(number)
        return place is not None and (place < before or is_back or self._is_shuffled(roll))

    def _was_left_to_another(self, roll: int, number: int, width: int) -> bool:
        """Tell whether another camera took a piece as its share of the work, and not its slip once more.

        It has half as many slips at least, and came by the number on its way, from one or to one that is no further.
        """
        own = self._first[roll]
        return number not in own and any(
            number in first
            and 2 * len(first) >= len(own)
            and (self._is_shuffled(other) or self._is_on_its_way(other, number, width))
            for other, first in enumerate(self._first)
        )

    def _is_on_its_way(self, roll: int, number: int, width: int) -> bool:
        first, way = self._first[roll], self._direction(roll)
        has_passed = any(way * (seen - number) > 0 for seen, place in first.items() if place < first[number])
        return not has_passed and any(abs(a - b) <= width for a, b in self._steps[roll] if number in (a, b))

    def _is_shuffled(self, roll: int) -> bool:
        steps = self._steps[roll]
        return len(steps) >= _FEW and 2 * sum(not self.between(a, b) for a, b in steps) < len(steps)

    def _direction(self, roll: int) -> int:
        return sum(1 if b > a else -1 for a, b in self._steps[roll])
