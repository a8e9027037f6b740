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
from eth_utils.crypto import keccak

from provenance.encoding import Hash32
from provenance.errors import LedgerError
from provenance.evm.ledger import EVMLedger
from provenance_registry.db import indexing
from provenance_registry.db.tables import batches, certificates, former_bytes, indexed, metadata, outbox, token_events

_SENDING = "prepared", "sent", "mined", "final", "reverted"
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
            metadata.create_all(derived)
            _derive(derived, ledger, row.block_number)
            for table in indexing.EVENT_TABLES:
                for key in _differing(table, _rows(database, table), _rows(derived, table)):
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


def _rows(connection: sa.Connection, table: sa.Table) -> Iterable[Row]:
    ordered = table.select().order_by(*table.primary_key)
    return connection.execute(ordered, execution_options={"yield_per": 500})


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
    """Check that each certificate's state is that of its batch, and each transaction's hash that of its bytes."""
    for row in database.execute(_MISPLACED, execution_options={"yield_per": 500}):
        add("state-differs", row.digest.hex())
    for row in database.execute(sa.select(outbox), execution_options={"yield_per": 500}):
        if keccak(row.raw) != row.hash or row.sending not in _SENDING:
            add("outbox-differs", f"outbox {row.id}")
    for row in database.execute(sa.select(former_bytes), execution_options={"yield_per": 500}):
        if keccak(row.raw) != row.hash:
            add("outbox-differs", f"former_bytes {row.hash.hex()}")
