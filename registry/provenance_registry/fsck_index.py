"""Checks the index of the ledger: it is derived anew from the chain's events, and compared row by row.

What is derived stands in a database of its own on disk, so that memory does not grow with it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy as sa

from provenance.encoding import Hash32
from provenance.errors import LedgerError
from provenance.evm.ledger import EVMLedger
from provenance_registry.db import indexing
from provenance_registry.db.tables import batches, certificates, indexed, metadata, token_events

AT_ONCE = 500
"""Blocks asked for in one request."""

Row: TypeAlias = sa.Row[Any]
Add: TypeAlias = Callable[[str, object], None]


def check_index(database: sa.Connection, ledger: EVMLedger, add: Add) -> None:
    """Compare the index with the chain's events up to the block that it reaches to; `add` takes what differs.

    Where the chain does not have that block there is nothing to compare with.
    """
    row = database.execute(sa.select(indexed)).first()
    if row is None or ledger.head().number < row.block_number:
        return
    head = ledger.block(row.block_number)
    if head.hash != Hash32(row.block_hash):
        return
    if row.block_time != int(head.time.timestamp()):
        add("index-differs", f"indexed {row.id}")
    with tempfile.TemporaryDirectory(prefix="kilnmark-fsck-") as folder:
        engine = sa.create_engine(f"sqlite:///{Path(folder) / 'index.db'}", poolclass=sa.NullPool)
        with closing(engine.connect()) as derived:
            for pragma in ("synchronous=OFF", "journal_mode=MEMORY"):  # Nothing of it is to outlive this check.
                derived.exec_driver_sql(f"PRAGMA {pragma}")
            metadata.create_all(derived)
            _derive(derived, ledger, row.block_number)
            for table in indexing.EVENT_TABLES:
                for key in _differing(table, _in_order(database, table), _in_order(derived, table)):
                    add("index-differs", " ".join([table.name, *map(str, key)]))
        engine.dispose()


def _derive(derived: sa.Connection, ledger: EVMLedger, upto: int) -> None:
    first, at_once = 0, AT_ONCE
    while first <= upto:
        last = min(first + at_once - 1, upto)
        try:
            events = ledger.events(first, last)
        except LedgerError:
            if first == last:
                raise
            at_once = (last - first + 1) // 2  # The node finds that too many.
        else:
            indexing.apply(derived, events, ledger.block(last))
            derived.commit()
            first, at_once = last + 1, min(2 * at_once, AT_ONCE)


def rows(connection: sa.Connection, statement: sa.Select[Any]) -> Iterator[Row]:
    """Yield what a statement finds, fetched from the database a part at a time; it is closed where that breaks off."""
    with connection.execute(statement, execution_options={"yield_per": 500}) as found:
        yield from found


def _in_order(connection: sa.Connection, table: sa.Table) -> Iterator[Row]:
    return rows(connection, table.select().order_by(*table.primary_key))


def _differing(table: sa.Table, kept: Iterable[Row], derived: Iterable[Row]) -> Iterator[tuple[object, ...]]:
    """Yield the keys of rows that differ; both come in the order of their keys."""
    names = [column.name for column in table.primary_key]
    ours, theirs = iter(kept), iter(derived)
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        key = None if one is None else tuple(one._mapping[name] for name in names)
        due = None if other is None else tuple(other._mapping[name] for name in names)
        if key == due:
            if not _is_same(table, one, other):
                yield key or ()
            one, other = next(ours, None), next(theirs, None)
        elif due is None or (key is not None and key < due):
            yield key or ()
            one = next(ours, None)
        else:
            yield due
            other = next(theirs, None)


def _is_same(table: sa.Table, one: Row | None, other: Row | None) -> bool:
    for column, kept, derived in zip_longest(table.columns, one or (), other or ()):
        # Before the index kept who set a status, it told nobody.
        if kept != derived and not (column is token_events.c.by_steward and kept is None):
            return False
    return True


_MISPLACED = (
    sa.select(certificates.c.digest)
    .select_from(certificates.outerjoin(batches, batches.c.id == certificates.c.batch_id))
    .where(
        sa.case(
            (batches.c.id.is_(None), certificates.c.state.not_in(["waiting", "held"])),
            (batches.c.open == 1, certificates.c.state != "batched"),
            else_=certificates.c.state != "anchored",
        )
    )
)


def check_states(database: sa.Connection, add: Add) -> None:
    """Check that each certificate's state is that of its batch."""
    for row in rows(database, _MISPLACED):
        add("state-differs", row.digest.hex())
