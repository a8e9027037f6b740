"""A clock that runs faster, for a registry whose chain seals one block a second."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class FastClock:
    """Seconds that pass `speed` times as fast from `start` on: the embedded chain seals one block a second at most."""

    start: float
    monotonic: float
    speed: float = 60.0

    @classmethod
    def now(cls) -> FastClock:
        return cls(time.time(), time.monotonic())

    def __call__(self) -> float:
        return self.start + (time.monotonic() - self.monotonic) * self.speed
