"""When counts of scans are a sign of copies: rarely, late, and never for a piece that nobody has claimed.

Counts cannot tell a copy from a crowd on any one day: a stall, a post that goes round, a rival's program.  What they
can tell is a crowd that does not end.  So the rule wants many days in a row, each far above all that the tag knew
before, after an owner has claimed the piece: from then on it hangs on one wall.  No rule asks where a reader is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """On each of `days` days in a row: more than `readers`, and more than `factor` times the busiest day before."""

    readers: int
    factor: float
    days: int

    def limit(self, busiest: int) -> float:
        """Return how many readers a day may have of a tag whose busiest day had so many."""
        return max(float(self.readers), self.factor * busiest)


def is_alarming(daily: Mapping[int, int], today: int, begun: int, thresholds: Thresholds) -> bool:
    """Tell whether the readers of a tag by day are a sign of copies.

    `begun` is the first whole day after the claim, or after the studio last said that all is well.  The tag's own
    history is all before that, and what lies longer back than twice the days of the rule: a crowd that grows over
    weeks is not measured by its own beginning.
    """
    first = today - thresholds.days + 1
    if first < begun:
        return False
    old = today - 2 * thresholds.days
    busiest = max((readers for day, readers in daily.items() if day < begun or day <= old), default=0)
    limit = thresholds.limit(busiest)
    return all(daily.get(day, 0) > limit for day in range(first, today + 1))
