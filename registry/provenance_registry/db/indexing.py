"""The index of the ledger in SQL: events come in, a rewind forgets them, reads cost a row or two."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import sqlalchemy as sa

from provenance.encoding import Address, Hash32, Root
from provenance.ledger import Anchored, BlockRef, ClockSet, LedgerEvent, Sealed, make_token_id
from provenance_registry.db import rows
from provenance_registry.db.reading import Reader
from provenance_registry.db.tables import batches, directory_events, indexed, lots, token_events
from provenance_registry.records import LotRow, TokenRow

EVENT_TABLES = lots, token_events, directory_events


def apply(connection: sa.Connection, events: Sequence[LedgerEvent], head: BlockRef) -> None:
    """Add events to the index, which then reaches to `head`."""
    clock = _clock(connection)
    for event in events:
        if isinstance(event, ClockSet | Sealed):
            clock = event if isinstance(event, ClockSet) else None
        if isinstance(event, Anchored):
            connection.execute(lots.insert(), _lot_columns(event, clock))
        elif (said := rows.token_columns(event)) is not None:
            place = rows.block_columns(event.block) | {"log_index": event.log_index}
            added = rows.added_up(connection.execute(_newest(str(said["token_id"]))).first(), said)
            connection.execute(token_events.insert().values(**place, **added))
        elif (columns := rows.directory_columns(event)) is not None:
            connection.execute(directory_events.insert().values(**columns))
    _reach(connection, head)


def _newest(token_id: str) -> sa.Select[tuple[object, ...]]:
    order = token_events.c.block_number.desc(), token_events.c.log_index.desc()
    return token_events.select().where(token_events.c.token_id == token_id).order_by(*order).limit(1)


def _reach(connection: sa.Connection, head: BlockRef | None) -> None:
    connection.execute(indexed.delete())
    if head is not None:
        connection.execute(indexed.insert().values(id=1, **rows.block_columns(head)))


def _clock(connection: sa.Connection) -> ClockSet | None:
    """Return what dates the anchors that come next: the clock of an import that goes on, or ``None``."""
    table = directory_events.c
    statement = directory_events.select().where(table.kind.in_([ClockSet.__name__, Sealed.__name__]))
    newest = statement.order_by(table.block_number.desc(), table.log_index.desc()).limit(1)
    row = connection.execute(newest).first()
    event = None if row is None else rows.directory_event_of(row)
    return event if isinstance(event, ClockSet) else None


def _lot_columns(event: Anchored, clock: ClockSet | None) -> list[dict[str, object]]:
    anchor = {
        "anchor_id": event.anchor_id,
        "root": event.root.value,
        "leaf_count": event.leaf_count,
        "anchored_time": rows.to_unix(event.block.time if clock is None else clock.time),
        "anchored_block": event.block.number if clock is None else clock.number,
        "transaction_hash": event.transaction.value,
        **rows.block_columns(event.block),
    }
    return [
        {"lot_id": lot.lot_id, "studio": lot.studio.value, "count": lot.count, "offset": lot.offset, **anchor}
        for lot in event.lots
    ]


def rewind(connection: sa.Connection, kept: BlockRef | None) -> None:
    """Forget what came after block `kept`, or everything; the index then reaches to `kept`."""
    for table in EVENT_TABLES:
        connection.execute(table.delete().where(table.c.block_number > (-1 if kept is None else kept.number)))
    _reach(connection, kept)


class IndexReads(Reader):
    """The reads of the index; see `provenance_registry.repository.Repository`."""

    def indexed_head(self) -> BlockRef | None:
        found = self._rows(indexed.select())
        return rows.block_of(found[0]) if found else None

    def last_indexed(self, below: int | None = None) -> tuple[int, Hash32] | None:
        newest: tuple[int, Hash32] | None = None
        for table in EVENT_TABLES:
            blocks = sa.select(table.c.block_number, table.c.block_hash).order_by(table.c.block_number.desc()).limit(1)
            for row in self._rows(blocks if below is None else blocks.where(table.c.block_number < below)):
                if newest is None or row.block_number > newest[0]:
                    newest = row.block_number, Hash32(row.block_hash)
        return newest

    def indexed_hash(self, number: int) -> Hash32 | None:
        for table in (indexed, *EVENT_TABLES):
            found = self._rows(sa.select(table.c.block_hash).where(table.c.block_number == number).limit(1))
            if found:
                return Hash32(found[0].block_hash)
        return None

    def directory_events(self) -> list[LedgerEvent]:
        statement = directory_events.select().order_by(directory_events.c.block_number, directory_events.c.log_index)
        return [rows.directory_event_of(row) for row in self._rows(statement)]

    def directory_version(self) -> tuple[Hash32, int] | None:
        table = directory_events.c
        statement = sa.select(table.block_hash, table.log_index)
        found = self._rows(statement.order_by(table.block_number.desc(), table.log_index.desc()).limit(1))
        return (Hash32(found[0].block_hash), found[0].log_index) if found else None

    def lot(self, lot_id: int) -> LotRow | None:
        found = self._rows(lots.select().where(lots.c.lot_id == lot_id))
        return rows.lot_of(found[0]) if found else None

    def lot_of_root(self, root: Root) -> LotRow | None:
        found = self._rows(lots.select().where(lots.c.root == root.value).order_by(lots.c.lot_id).limit(1))
        return rows.lot_of(found[0]) if found else None

    def lots_of_root(self, root: Root) -> list[LotRow]:
        found = self._rows(lots.select().where(lots.c.root == root.value).order_by(lots.c.lot_id))
        return [rows.lot_of(row) for row in found]

    def newest_lot(self) -> tuple[int, Hash32] | None:
        statement = sa.select(lots.c.lot_id, lots.c.block_hash).order_by(lots.c.lot_id.desc()).limit(1)
        found = self._rows(statement)
        return (found[0].lot_id, Hash32(found[0].block_hash)) if found else None

    def unknown_lots(self, studios: Sequence[Address], after: int) -> list[LotRow]:
        known = sa.exists().where(batches.c.root == lots.c.root, batches.c.missing == 0)
        theirs = lots.c.studio.in_([studio.value for studio in studios])
        statement = lots.select().where(theirs, lots.c.anchor_id > after, ~known).order_by(lots.c.lot_id)
        return [rows.lot_of(row) for row in self._rows(statement)]

    def tokens_of(self, studio: Address, after: int, limit: int) -> list[int]:
        """Return up to `limit` tokens of a studio's lots, in order, from the one that follows `after` on."""
        mine = (lots.c.studio == studio.value, lots.c.lot_id >= after >> 32)
        columns = lots.c.lot_id, lots.c.count.label("size")
        statement = sa.select(*columns).where(*mine).order_by(lots.c.lot_id).limit(limit + 1)
        tokens: list[int] = []
        for row in self._rows(statement):
            lot = (make_token_id(row.lot_id, index) for index in range(row.size))
            tokens += islice((token for token in lot if token > after), limit - len(tokens))
        return tokens

    def tokens_before(self, studio: Address, before: int, limit: int) -> list[int]:
        """Return up to `limit` tokens of a studio's lots, the newest first, from the one that precedes `before` on."""
        mine = (lots.c.studio == studio.value, lots.c.lot_id <= before >> 32)
        columns = lots.c.lot_id, lots.c.count.label("size")
        statement = sa.select(*columns).where(*mine).order_by(lots.c.lot_id.desc()).limit(limit + 1)
        tokens: list[int] = []
        for row in self._rows(statement):
            lot = (make_token_id(row.lot_id, index) for index in reversed(range(row.size)))
            tokens += islice((token for token in lot if token < before), limit - len(tokens))
        return tokens

    def token(self, token_id: int) -> TokenRow:
        return rows.token_of(next(iter(self._rows(_newest(str(token_id)))), None))
