"""What people report of pieces: taken from anybody, kept for studio and steward, and shown to nobody else.

A report changes nothing that is told of a piece: whoever could change a verdict by a form could ruin a studio by one.
Nor does the answer tell whether others have reported the piece: one whose words are not kept is answered like all.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import timedelta

from provenance.errors import LimitError, NotFoundError
from provenance.serial import Serial
from provenance_registry.report_records import Report
from provenance_registry.repository import Repository
from provenance_registry.service.clock import Clock
from provenance_registry.service.limits import Buckets, Clients, Monotonic, site_of

CLIENT_BURST, CLIENT_SECONDS = 10, 120.0
"""Reports that one address may send at once, and seconds until it may send one more: a market shares an address."""
SAME_BURST, SAME_SECONDS = 3, 86_400.0
"""Reports of one piece that are kept from one line at once, and seconds until one more is: nobody alone fills a piece's
open reports, and whoever was cheated has said so in three."""
PIECE_SECONDS = 600.0
"""Seconds until one more report of a piece is kept, once as many came as may be open: closing them makes no room for a
flood."""
TIDY_SECONDS = 3_600.0
"""Seconds between two looks for reports that are too old."""


@dataclass(frozen=True, slots=True)
class ReportLimits:
    """How many reports are kept: `most_open` of a piece, `most` of all, and each for `days`."""

    most_open: int
    most: int
    days: int


class Reports:
    """The use cases of whoever reports a piece; what studio and steward do is in `service.inbox`."""

    def __init__(
        self, repository: Repository, clock: Clock, limits: ReportLimits, monotonic: Monotonic = time.monotonic
    ) -> None:
        self._repository, self._clock, self._monotonic = repository, clock, monotonic
        self.limits = limits
        self._clients = Clients(CLIENT_BURST, CLIENT_SECONDS, monotonic)
        self._same = Buckets(SAME_BURST, SAME_SECONDS, monotonic)
        self._pieces = Buckets(limits.most_open, PIECE_SECONDS, monotonic)
        self._tidied = float("-inf")

    def admit(self, client: str) -> None:
        """Count a report for a client, given by its network address; raises `LimitError`."""
        if wait := self._clients.take(client):
            raise LimitError(
                "too-many-reports", "Too many reports came from this address.", retry_after=math.ceil(wait)
            )

    def take(
        self, serial: Serial, number: int, reason: str, text: str, contact: str, language: str, client: str
    ) -> bool:
        """Keep a report; tell whether its words are kept, which is not for whoever sent it.

        `client` is a network address; what one line has sent too much of uses up nothing of what the others may send.
        Raises `NotFoundError` where there is no such piece, `LimitError` where there is no room for any report.
        """
        stored = self._repository.by_serial(serial)
        if stored is None:
            raise NotFoundError("unknown-serial", "No certificate has this number.")
        report = Report(serial, number, stored.did, reason, text, contact, language, self._clock())
        limits = self.limits
        is_one_too_many = self._same.take((serial, site_of(client))) or self._pieces.take(serial)
        room = 0 if is_one_too_many else limits.most_open
        return self._repository.write(lambda transaction: transaction.add_report(report, room, limits.most))

    def step(self) -> None:
        """Forget what is too old, from time to time: a step of the worker."""
        if self._monotonic() - self._tidied < TIDY_SECONDS:
            return
        self._tidied = self._monotonic()
        before = self._clock() - timedelta(days=self.limits.days)
        self._repository.write(lambda transaction: transaction.forget_reports(before))
