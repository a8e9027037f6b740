"""Looks whether anybody sends, in a process that never does: without that, what comes in would wait and nobody be told.

On a chain whose blocks are slow the index says nothing of it: it is as new as the newest block.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from provenance.errors import LedgerError
from provenance_registry.repository import Repository
from provenance_registry.service.lease import NAME, SECONDS

PAUSE = 2.0
"""Seconds from one look to the next."""
PATIENCE = 3 * SECONDS
"""Seconds without a sender that say nothing yet: one that died is followed sooner, and one may be started anew."""


class Sender:
    """Watches the lease on sending without asking for it; `monotonic` gives seconds."""

    def __init__(self, repository: Repository, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._repository = repository
        self._monotonic = monotonic
        self._looked_at: float | None = None
        self._missed_since: float | None = None

    def look(self) -> None:
        """Raise `LedgerError` for as long as nobody has sent for a while."""
        now = self._monotonic()
        if self._looked_at is None or now - self._looked_at >= PAUSE:
            free, self._looked_at = self._repository.is_lease_free(NAME), now
            self._missed_since = (self._missed_since or now) if free else None
        if self._missed_since is not None and now - self._missed_since >= PATIENCE:
            raise LedgerError(
                "no-sender",
                "No process sends: what is taken in is kept, and waits.",
                retryable=True,
                hint="Start one without KILNMARK_WORKER=off on the same database.",
            )
