"""The part of the port `provenance_registry.repository` that keeps reports."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from provenance.serial import Serial
from provenance_registry.report_records import Report, Side, StoredReport


class ReportWrites(Protocol):
    """What can be written of reports."""

    def add_report(self, report: Report, most_open: int, most: int) -> bool:
        """Keep a report, or count it where `most_open` of the piece are open; tell whether its words are kept.

        Raises `LimitError` where there are `most` of all pieces.
        """

    def forget_reports(self, before: datetime) -> int:
        """Forget the reports that came before that moment, open or not; return how many."""

    def end_report(self, report_id: int, side: Side, closed: datetime, note: str, data: bytes) -> bool:
        """Close a report for one side, by the order `data`; tell whether it was open for it until now.

        Raises `NotFoundError` where there is no such report.
        """

    def tell_doubt(
        self, serial: Serial, number: int, side: Side, doubted: bool, told: datetime, data: bytes, now: datetime
    ) -> int:
        """Carry out an order of that time about a piece's tags: raise a doubt, or end those that the side may end.

        Returns how many were raised or ended: none where it was carried out before.  Raises `ConflictError` where a
        later order of that side was.
        """


class ReportReads(Protocol):
    """What can be read of reports."""

    def report(self, report_id: int) -> StoredReport | None:
        """Return a report by its number."""

    def reports(
        self, did: str | None, side: Side, limit: int, *, only_open: bool = False, before: int | None = None
    ) -> list[StoredReport]:
        """Return reports, the newest first: of the pieces of the studio `did`, or of all.

        `only_open` leaves out what that side has closed, and `before` all from that number on.
        """
