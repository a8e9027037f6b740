"""Looks whether the node still serves the registry's own ledger: another chain must not be followed, nor paid for.

A node behind a balancer, or one that was set up anew, may serve another chain, or other code, at any time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from provenance.errors import LedgerError

PAUSE = 30.0
"""Seconds from one look to the next."""


class Deployment:
    """Asks `look_at` what the node serves, which raises what differs; `monotonic` gives seconds."""

    def __init__(self, look_at: Callable[[], None], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._look_at = look_at
        self._monotonic = monotonic
        self._looked_at: float | None = None
        self._found: LedgerError | None = None

    @property
    def is_ours(self) -> bool:
        """Tell whether the last answer did not name another ledger; a node that does not answer names none."""
        return self._found is None

    def look(self) -> None:
        """Look again where it is time; raises `LedgerError`, at every turn, for as long as another is served."""
        now = self._monotonic()
        if self._looked_at is None or now - self._looked_at >= PAUSE:
            self.look_now()
        elif self._found is not None:
            raise self._found

    def look_now(self) -> None:
        """Look again; raises `LedgerError`."""
        try:
            self._look_at()
        except LedgerError as error:
            if not error.retryable:
                self._found, self._looked_at = error, self._monotonic()
            raise
        self._found, self._looked_at = None, self._monotonic()
