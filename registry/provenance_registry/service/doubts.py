"""Which tags may have been copied, and why: a studio's or a steward's word, or more scans than a crowd explains.

They are few, and held in memory, so that a scan of any other tag costs one look into a table.  They change what is told
beside a verdict, never the verdict.
"""

from __future__ import annotations

import time
from dataclasses import replace

from provenance.certificate import format_time
from provenance.ledger import split_token_id
from provenance.report_orders import TagDoubt
from provenance.serial import Serial
from provenance.verdict import Verdict
from provenance_registry.records import Cause, Doubt
from provenance_registry.report_records import Side
from provenance_registry.repository import Repository
from provenance_registry.service.alarm import Thresholds, is_alarming
from provenance_registry.service.clock import Clock
from provenance_registry.service.limits import Monotonic
from provenance_registry.service.scans import KEPT_DAYS, Scans, day_of

ADVISORY = "possible-copy"
EVERY_TAG = 0
"""The number that stands for all tags of a piece."""
READ_SECONDS = 5.0
"""Seconds after which doubts are read anew: another process may have raised or ended some."""


class Doubts:
    """The use cases of tags in doubt."""

    def __init__(
        self,
        repository: Repository,
        scans: Scans,
        thresholds: Thresholds,
        clock: Clock,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self._repository, self._scans, self._clock = repository, scans, clock
        self.thresholds = thresholds
        self._monotonic = monotonic
        self._read = float("-inf")
        self._known: dict[Serial, list[Doubt]] = {}

    def step(self) -> None:
        """Bring counts to disk, raise what they tell, and read what others raised: a step of the worker."""
        for serial, number in {(count.serial, count.number) for count in self._scans.flush()}:
            if self._scans.today(serial, number) > self.thresholds.readers and not self._has(serial, number):
                self.judge(serial, number)
        if self._monotonic() - self._read >= READ_SECONDS:
            self.read()

    def read(self) -> None:
        """Read all doubts that were not ended."""
        self._read = self._monotonic()
        known: dict[Serial, list[Doubt]] = {}
        for doubt in self._repository.doubts():
            known.setdefault(doubt.serial, []).append(doubt)
        self._known = known

    def judge(self, serial: Serial, number: int) -> bool:
        """Raise a doubt where the scans of a tag are a sign of copies; tell whether they are."""
        now = self._clock()
        begun = self._begun(serial)
        if begun is None:
            return False
        today = day_of(now)
        daily = self._repository.daily_scans(serial, number, today - KEPT_DAYS)
        alarming = is_alarming(daily, today, begun, self.thresholds)
        if alarming:
            self.doubt(Doubt(serial, number, Cause.SCANS, now))
        return alarming

    def _begun(self, serial: Serial) -> int | None:
        """Return the first whole day on which many readers are odd, or ``None`` while nobody has claimed the piece."""
        stored = self._repository.by_serial(serial)
        lot = (
            None
            if stored is None or stored.token_id is None
            else self._repository.lot(split_token_id(stored.token_id)[0])
        )
        if stored is None or stored.token_id is None or lot is None:
            return None
        since = self._repository.held_since(stored.token_id, lot.studio)
        if since is None:
            return None
        trusted = self._repository.trusted_at(serial)
        return 1 + day_of(since if trusted is None else max(since, trusted))

    def doubt(self, raised: Doubt) -> bool:
        """Raise a doubt; tell whether there was none of that cause."""
        new = self._repository.write(lambda transaction: transaction.doubt(raised))
        self.read()
        return new

    def tell(self, order: TagDoubt, side: Side, data: bytes) -> int:
        """Carry out a side's order, signed as `data`; return how many doubts were raised or ended.

        Raises `ConflictError` where a later one of that side was carried out before.
        """
        now = self._clock()
        changed = self._repository.write(
            lambda transaction: transaction.tell_doubt(
                order.serial, order.number, side, order.doubted, order.time, data, now
            )
        )
        self.read()
        return changed

    def of(self, serial: Serial) -> list[Doubt]:
        """Return all doubts about a piece's tags."""
        return list(self._known.get(serial, ()))

    def all(self) -> list[Doubt]:
        """Return all doubts about all pieces, the newest first."""
        found = [doubt for doubts in self._known.values() for doubt in doubts]
        return sorted(found, key=lambda doubt: doubt.since, reverse=True)

    def _has(self, serial: Serial, number: int) -> bool:
        return any(doubt.number == number and doubt.cause is Cause.SCANS for doubt in self._known.get(serial, ()))

    def about(self, serial: Serial, number: int) -> list[Doubt]:
        """Return the doubts about a tag, the gravest first: a steward's word, a studio's, a count."""
        known = self._known.get(serial)
        if not known:
            return []
        found = [doubt for doubt in known if doubt.number in (EVERY_TAG, number)]
        return sorted(found, key=lambda doubt: -list(Cause).index(doubt.cause))

    def advise(self, verdict: Verdict, serial: Serial, number: int) -> Verdict:
        """Return the verdict as a scan of that tag must tell it: the piece's own, and that there may be copies."""
        found = self.about(serial, number)
        if not found:
            return verdict
        told = f"{found[0].cause.value} {format_time(found[0].since)}"
        advisories = (*verdict.advisories, ADVISORY)
        return replace(verdict, advisories=advisories, details={**verdict.details, ADVISORY: told})
