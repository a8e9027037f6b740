"""Reports of pieces in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from provenance.errors import LimitError, NotFoundError
from provenance.serial import Serial
from provenance_registry.db import rows
from provenance_registry.db.reading import Reader
from provenance_registry.db.tables import report_ends, reports
from provenance_registry.report_records import Report, ReportEnd, Side, StoredReport

FULL_SECONDS = 3_600
"""Seconds after which somebody may try again where there is room for no report: some are forgotten every hour."""
_CHUNK = 500
"""Reports in one statement."""


def add(connection: sa.Connection, report: Report, most_open: int, most: int) -> bool:
    """Keep a report, or count it where so many of the piece are open; tell whether its words are kept.

    The same words once more are the same report.  Raises `LimitError` where there are `most` of all pieces.
    """
    table = reports.c
    of_piece = table.serial == report.serial.compact
    open_ = sa.and_(of_piece, table.id.not_in(sa.select(report_ends.c.report)))
    values = {
        "number": report.number,
        "did": report.did,
        "reason": report.reason,
        "text": report.text,
        "contact": report.contact,
    }
    same = sa.and_(open_, *(table[name] == value for name, value in values.items()))
    if connection.execute(sa.select(table.id).where(same).limit(1)).first() is not None:
        return True
    if _count(connection, sa.select(table.id).where(open_).limit(most_open)) >= most_open:
        newest = sa.select(sa.func.max(table.id)).where(of_piece).scalar_subquery()
        connection.execute(reports.update().where(table.id == newest).values(more=table.more + 1))
        return False
    if _count(connection, sa.select(table.id)) >= most:
        raise LimitError(
            "reports-full",
            "The registry keeps as many reports as it can.",
            retry_after=FULL_SECONDS,
        )
    where = {"serial": report.serial.compact, "language": report.language}
    connection.execute(reports.insert().values(**where, **values, received=rows.to_unix(report.received), more=0))
    return True


def _count(connection: sa.Connection, some: sa.Select[Any]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one())


def forget(connection: sa.Connection, before: datetime) -> int:
    """Forget the reports that came before that moment, open or not; return how many."""
    old = reports.c.received < rows.to_unix(before)
    connection.execute(report_ends.delete().where(report_ends.c.report.in_(sa.select(reports.c.id).where(old))))
    return int(connection.execute(reports.delete().where(old)).rowcount)


def end(connection: sa.Connection, report_id: int, side: Side, closed: datetime, note: str, data: bytes) -> bool:
    """Close a report for one side; tell whether it was open for it.  Raises `NotFoundError`."""
    if connection.execute(sa.select(reports.c.id).where(reports.c.id == report_id)).first() is None:
        raise NotFoundError("unknown-report", "There is no report of this number for you.")
    mine = report_ends.c.report == report_id, report_ends.c.side == side.value
    if connection.execute(sa.select(report_ends.c.closed).where(*mine)).first() is not None:
        return False
    values = {"report": report_id, "side": side.value, "closed": rows.to_unix(closed), "note": note, "data": data}
    try:
        with connection.begin_nested():
            connection.execute(report_ends.insert().values(**values))
    except sa.exc.IntegrityError:  # Another process was quicker.
        return False
    return True


class ReportingReads(Reader):
    """The reads of reports; see `provenance_registry.report_repository.ReportReads`."""

    def report(self, report_id: int) -> StoredReport | None:
        found = self._reports(reports.select().where(reports.c.id == report_id))
        return found[0] if found else None

    def reports(
        self, did: str | None, side: Side, limit: int, *, only_open: bool = False, before: int | None = None
    ) -> list[StoredReport]:
        wanted = reports.select() if did is None else reports.select().where(reports.c.did == did)
        if only_open:
            closed = sa.select(report_ends.c.report).where(report_ends.c.side == side.value)
            wanted = wanted.where(reports.c.id.not_in(closed))
        if before is not None:
            wanted = wanted.where(reports.c.id < before)
        return self._reports(wanted.order_by(reports.c.id.desc()).limit(limit))

    def _reports(self, wanted: sa.Select[Any]) -> list[StoredReport]:
        found = self._rows(wanted)
        ends = self._ends([row.id for row in found])
        return [StoredReport(row.id, _report(row), row.more, ends.get(row.id, {})) for row in found]

    def _ends(self, ids: Sequence[int]) -> dict[int, dict[Side, ReportEnd]]:
        ends = dict[int, dict[Side, ReportEnd]]()
        for at in range(0, len(ids), _CHUNK):
            for row in self._rows(report_ends.select().where(report_ends.c.report.in_(ids[at : at + _CHUNK]))):
                ends.setdefault(row.report, {})[Side(row.side)] = ReportEnd(rows.from_unix(row.closed), row.note)
        return ends


def _report(row: sa.Row[Any]) -> Report:
    return Report(
        serial=Serial(row.serial),
        number=row.number,
        did=row.did,
        reason=row.reason,
        text=row.text,
        contact=row.contact,
        language=row.language,
        received=rows.from_unix(row.received),
    )
