"""Counts of scans, and doubts about tags, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from provenance.encoding import Address
from provenance.errors import ConflictError
from provenance.serial import Serial
from provenance_registry.db import rows
from provenance_registry.db.reading import Reader
from provenance_registry.db.tables import VOUCHED, certificates, doubts, scan_counts, token_events
from provenance_registry.records import Cause, Doubt, ScanCount
from provenance_registry.report_records import Side

MAX_STUDIO_DOUBTS = 1_000
"""Doubts that one studio's word holds up at once: each process has all in memory, and reads them every five seconds."""
_CHUNK = 500
"""Tags in one statement."""


def note(connection: sa.Connection, counts: Sequence[ScanCount], oldest: int) -> None:
    """Keep of each count the larger: what is there, or what is told; forget the days before `oldest`."""
    table = scan_counts.c
    for at in range(0, len(counts), _CHUNK):
        told = {count[:4]: count.readers for count in counts[at : at + _CHUNK]}
        serials, days = {key[0].compact for key in told}, {key[2] for key in told}
        there = connection.execute(scan_counts.select().where(table.serial.in_(serials), table.day.in_(days)))
        known = {(Serial(row.serial), row.number, row.day, row.region): row.readers for row in there}
        new = [_values(key) | {"readers": readers} for key, readers in told.items() if key not in known]
        if new:
            connection.execute(scan_counts.insert(), new)
        for key, readers in told.items():
            if readers > known.get(key, readers):
                mine = [table[name] == value for name, value in _values(key).items()]
                connection.execute(scan_counts.update().where(*mine).values(readers=readers))
    connection.execute(scan_counts.delete().where(table.day < oldest))


def _values(key: tuple[Serial, int, int, str]) -> dict[str, object]:
    serial, number, day, region = key
    return {"serial": serial.compact, "number": number, "day": day, "region": region}


def doubt(connection: sa.Connection, raised: Doubt) -> bool:
    """Raise a doubt; tell whether there was none of that cause."""
    table, since = doubts.c, rows.to_unix(raised.since)
    same = table.serial == raised.serial.compact, table.number == raised.number, table.cause == raised.cause.value
    there = connection.execute(doubts.select().where(*same)).first()
    if there is None:
        values = {"serial": raised.serial.compact, "number": raised.number, "cause": raised.cause.value}
        connection.execute(doubts.insert().values(**values, since=since))
    elif there.ended is not None:
        connection.execute(doubts.update().where(*same).values(since=since, ended=None))
    return there is None or there.ended is not None


ENDS = {
    Side.STUDIO: (Cause.STUDIO, Cause.SCANS),
    Side.STEWARD: tuple(Cause),
}
"""The doubts that each side may end: a studio its own and those of scans, as on the ledger, where it lifts no steward's
hold."""


def tell(
    connection: sa.Connection,
    serial: Serial,
    number: int,
    side: Side,
    doubted: bool,
    told: datetime,
    data: bytes,
    now: datetime,
) -> int:
    """Carry out a side's order about a piece's tags; return how many doubts were raised or ended by it.

    An order that is not later than the side's last one about the piece is another time the same, or one that somebody
    has kept: the first changes nothing, the second is a `ConflictError`, and so is one too many of a studio.
    """
    table, cause, moment = doubts.c, Cause(side.value), rows.to_unix(now)
    of_piece, own = table.serial == serial.compact, table.cause == cause.value
    orders = [row for row in connection.execute(doubts.select().where(of_piece, own)) if row.told is not None]
    if orders and rows.to_unix(told) <= max(row.told for row in orders):
        if any(row.data == data for row in orders):
            return 0
        raise ConflictError(
            "order-overtaken",
            "A later order about this piece was carried out before.",
            hint="Run the same command again: it is signed for the time then.",
        )
    kept = {"told": rows.to_unix(told), "data": data}
    if doubted:
        if side is Side.STUDIO:
            _demand_room(connection, serial)
        new = doubt(connection, Doubt(serial, number, cause, now))
        connection.execute(doubts.update().where(of_piece, own, table.number == number).values(**kept))
        return int(new)
    ends = table.cause.in_([ended.value for ended in ENDS[side]])
    ended = connection.execute(doubts.update().where(of_piece, ends, table.ended.is_(None)).values(ended=moment))
    if not connection.execute(doubts.update().where(of_piece, own).values(**kept)).rowcount:
        values = {"serial": serial.compact, "number": 0, "cause": cause.value, "since": moment, "ended": moment}
        connection.execute(doubts.insert().values(**values, **kept))  # So that the order counts once.
    return int(ended.rowcount)


def _demand_room(connection: sa.Connection, serial: Serial) -> None:
    """Require that the studio of a piece may hold up one doubt more; raises `ConflictError`."""
    did = sa.select(certificates.c.did).where(certificates.c.serial == serial.compact, VOUCHED).scalar_subquery()
    own = sa.select(doubts.c.serial).where(_of_studio(did), doubts.c.cause == Cause.STUDIO.value)
    held = own.limit(MAX_STUDIO_DOUBTS).subquery()
    if connection.execute(sa.select(sa.func.count()).select_from(held)).scalar_one() >= MAX_STUDIO_DOUBTS:
        raise ConflictError(
            "too-many-doubts",
            "The studio says of {limit:,} tags that they may have been copied, and can say it of no more.",
            hint="Take some back with `kilnmark reports trust`; of a whole piece it is said once, with --every-tag.",
            limit=MAX_STUDIO_DOUBTS,
        )


def _of_studio(did: str | sa.ScalarSelect[str]) -> sa.ColumnElement[bool]:
    """Choose the doubts about the pieces of a studio that were not ended."""
    table = certificates.c
    named = sa.select(table.id).where(table.serial == doubts.c.serial, table.did == did, VOUCHED)
    return sa.and_(doubts.c.ended.is_(None), named.exists())


class ScanningReads(Reader):
    """The reads of counts and doubts; see `provenance_registry.repository.Repository`."""

    def daily_scans(self, serial: Serial, number: int, since: int) -> dict[int, int]:
        table = scan_counts.c
        wanted = table.serial == serial.compact, table.number == number, table.day >= since
        columns = table.day, sa.func.sum(table.readers).label("readers")
        found = self._rows(sa.select(*columns).where(*wanted).group_by(table.day))
        return {row.day: int(row.readers) for row in found}

    def doubts(self) -> list[Doubt]:
        return self._doubts(doubts.select().where(doubts.c.ended.is_(None)))

    def doubts_of(self, did: str, limit: int) -> list[Doubt]:
        newest = doubts.select().where(_of_studio(did)).order_by(doubts.c.since.desc())
        return self._doubts(newest.limit(limit))

    def _doubts(self, wanted: sa.Select[Any]) -> list[Doubt]:
        found = self._rows(wanted)
        return [Doubt(Serial(row.serial), row.number, Cause(row.cause), rows.from_unix(row.since)) for row in found]

    def trusted_at(self, serial: Serial) -> datetime | None:
        found = self._rows(
            sa.select(sa.func.max(doubts.c.ended).label("ended")).where(doubts.c.serial == serial.compact)
        )
        return None if found[0].ended is None else rows.from_unix(found[0].ended)

    def held_since(self, token_id: int, studio: Address) -> datetime | None:
        table = token_events.c
        taken = table.token_id == str(token_id), table.holder != studio.value
        found = self._rows(sa.select(sa.func.min(table.block_time).label("first")).where(*taken))
        return None if found[0].first is None else rows.from_unix(found[0].first)
