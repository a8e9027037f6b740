"""Judges held certificates anew when the directory has changed.

Anybody can fill the registry with held ones up to its limit, each of another key; so the groups are read from an index
and only when there is a cause, and few certificates are rewritten in one turn.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from provenance_registry.records import HeldGroup
from provenance_registry.repository import Repository
from provenance_registry.service.clock import Clock
from provenance_registry.service.directory import Directory
from provenance_registry.service.index import IndexedLedger

AT_ONCE = 250
"""Certificates rewritten in one turn: at the largest, 16 MB."""
PAUSE = timedelta(seconds=60)
"""After which all are looked at without a cause: keys begin and end, and what the ledger refused may be tried again."""


class Reviewer:
    """Lets certificates wait whose studios have been accredited since, and says anew why others are held."""

    def __init__(self, repository: Repository, index: IndexedLedger, clock: Clock) -> None:
        self._repository = repository
        self._index = index
        self._clock = clock
        self._judged_by: Directory | None = None
        self._judged_at: datetime | None = None
        self._judged_to = 0

    def review(self) -> None:
        """Judge anew what there is cause to, `AT_ONCE` certificates at most; the rest comes next."""
        now, directory, last = self._clock(), self._index.directory, self._repository.last_held()
        due = self._judged_at is None or not self._judged_at <= now < self._judged_at + PAUSE
        everything = due or directory is not self._judged_by
        if not everything and last <= self._judged_to:
            return
        changes = list[tuple[HeldGroup, str | None]]()
        for group in self._repository.held_groups(0 if everything else self._judged_to):
            _, reason = directory.standing(group.did, group.name, group.key_id, now)
            if reason != group.reason:
                changes.append((group, reason))
        changes.sort(key=lambda change: change[1] is not None)  # What need not be held any more comes first.
        if changes and not self._rewritten(changes):
            return
        self._judged_to = last
        if everything:
            self._judged_by, self._judged_at = directory, now

    def _rewritten(self, changes: list[tuple[HeldGroup, str | None]]) -> bool:
        """Write the first of the changes; tell whether those were all."""
        done = self._repository.write(lambda transaction: transaction.rejudge(changes[:AT_ONCE], AT_ONCE))
        return done < AT_ONCE and len(changes) <= AT_ONCE
