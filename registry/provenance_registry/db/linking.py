"""Print links and what became of their tags, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from provenance.encoding import Address, KeyId
from provenance_registry.db import rows
from provenance_registry.db.reading import Reader
from provenance_registry.db.tables import print_links, print_marks
from provenance_registry.records import PrintMark, PrintTotals, StoredPrintLink

_CHUNK = 500
"""Places in one statement: SQLite takes 32,766 values, and a plan is made for few of them."""


def add(connection: sa.Connection, link: StoredPrintLink) -> bool:
    """Keep a link; tell whether it is new."""
    if connection.execute(sa.select(print_links.c.id).where(print_links.c.id == link.id)).first() is not None:
        return False
    values = {"id": link.id, "studio": link.studio.value, "key_id": link.key_id.value, "data": link.data}
    times = {"received": rows.to_unix(link.received), "expires": rows.to_unix(link.expires)}
    connection.execute(print_links.insert().values(**values, **times))
    return True


def count_open(connection: sa.Connection, studio: Address, now: datetime) -> int:
    """Return how many links of a studio open something at `now`."""
    table = print_links.c
    is_open = table.studio == studio.value, table.expires > rows.to_unix(now), table.ended.is_(None)
    return int(connection.execute(sa.select(sa.func.count()).select_from(print_links).where(*is_open)).scalar_one())


def forget(connection: sa.Connection, before: datetime) -> None:
    """Forget links that ran out before that moment, and what became of their tags."""
    old = sa.select(print_links.c.id).where(print_links.c.expires < rows.to_unix(before))
    connection.execute(print_marks.delete().where(print_marks.c.link.in_(old)))
    connection.execute(print_links.delete().where(print_links.c.expires < rows.to_unix(before)))


def end(connection: sa.Connection, link: str, now: datetime) -> None:
    """Withdraw a link, for good."""
    still = sa.and_(print_links.c.id == link, print_links.c.ended.is_(None))
    connection.execute(print_links.update().where(still).values(ended=rows.to_unix(now)))


def note_printed(connection: sa.Connection, link: str, places: Sequence[int], now: datetime) -> None:
    """Note that tags were printed: none of them is spoiled any more."""
    known = _there(connection, link, places)
    table, moment = print_marks.c, rows.to_unix(now)
    for at in range(0, len(known), _CHUNK):
        named = sa.and_(table.link == link, table.place.in_(known[at : at + _CHUNK]))
        connection.execute(
            print_marks.update().where(named).values(prints=table.prints + 1, printed=moment, spoiled=None)
        )
    _insert(connection, link, sorted({*places} - {*known}), {"prints": 1, "printed": moment})


def note_spoiled(connection: sa.Connection, link: str, places: Sequence[int], now: datetime | None) -> None:
    """Note since when the shop has tags for spoiled; ``None`` takes that back."""
    known, moment = _there(connection, link, places), None if now is None else rows.to_unix(now)
    table = print_marks.c
    for at in range(0, len(known), _CHUNK):
        named = sa.and_(table.link == link, table.place.in_(known[at : at + _CHUNK]))
        connection.execute(print_marks.update().where(named).values(spoiled=moment))
    if moment is not None:
        _insert(connection, link, sorted({*places} - {*known}), {"prints": 0, "spoiled": moment})


def _there(connection: sa.Connection, link: str, places: Sequence[int]) -> list[int]:
    found, table = list[int](), print_marks.c
    for at in range(0, len(places), _CHUNK):
        wanted = sa.select(table.place).where(table.link == link, table.place.in_(places[at : at + _CHUNK]))
        found += [int(place) for (place,) in connection.execute(wanted)]
    return sorted(found)


def _insert(connection: sa.Connection, link: str, places: Sequence[int], values: dict[str, Any]) -> None:
    if places:
        connection.execute(print_marks.insert(), [{"link": link, "place": place, **values} for place in places])


class LinkingReads(Reader):
    """The reads of print links; see `provenance_registry.repository.Repository`."""

    def print_link(self, link: str) -> StoredPrintLink | None:
        found = self._rows(print_links.select().where(print_links.c.id == link))
        return _stored(found[0]) if found else None

    def print_links_of(self, studio: Address, limit: int) -> list[StoredPrintLink]:
        wanted = print_links.select().where(print_links.c.studio == studio.value)
        newest = print_links.c.received.desc(), print_links.c.id
        return [_stored(row) for row in self._rows(wanted.order_by(*newest).limit(limit))]

    def print_totals(self, studio: Address) -> dict[str, PrintTotals]:
        table, total = print_marks.c, sa.func.coalesce(sa.func.sum(print_marks.c.prints), 0)
        printed = sa.func.count().filter(table.prints > 0)
        columns = table.link, printed, total, sa.func.count(table.spoiled), sa.func.max(table.printed)
        named = [column.label(f"c{number}") for number, column in enumerate(columns)]
        own = print_links.c.studio == studio.value
        statement = sa.select(*named).join(print_links, print_links.c.id == table.link).where(own).group_by(table.link)
        return {row.c0: PrintTotals(row.c1, int(row.c2), row.c3, _moment(row.c4)) for row in self._rows(statement)}

    def print_marks(self, link: str, first: int, last: int) -> dict[int, PrintMark]:
        table = print_marks.c
        found = self._rows(print_marks.select().where(table.link == link, table.place.between(first, last)))
        return {row.place: PrintMark(row.prints, _moment(row.printed), _moment(row.spoiled)) for row in found}


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else rows.from_unix(seconds)


def _stored(row: sa.Row[Any]) -> StoredPrintLink:
    return StoredPrintLink(
        id=row.id,
        studio=Address(row.studio),
        key_id=KeyId(row.key_id),
        received=rows.from_unix(row.received),
        expires=rows.from_unix(row.expires),
        data=row.data,
        ended=_moment(row.ended),
    )
