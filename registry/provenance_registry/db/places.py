"""Where certificates belong, by what became of the batches that have them as leaves.

After a reorganisation one may be a leaf of several batches.  It belongs to the first that is anchored, else to the
first that is under way, else to none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import sqlalchemy as sa

from provenance.encoding import Root
from provenance_registry.db import conflicts
from provenance_registry.db.tables import batches, certificates, leaves, lots, outbox

_NOWHERE: dict[str, object] = dict.fromkeys(("batch_id", "leaf", "studio", "token_id"))


_ADOPTED = sa.and_(batches.c.outbox_id.is_(None), lots.c.lot_id == batches.c.first_lot, lots.c.root == batches.c.root)
"""A batch without a transaction of ours is anchored while the index has its lots."""


def settle(connection: sa.Connection, batch_id: int) -> None:
    """Put every certificate that is a leaf of the batch where it belongs now."""
    own, place, table = leaves.alias(), leaves.c, certificates.c
    exceptions: tuple[sa.ColumnElement[bool], ...] = ()
    if _is_anchored(connection, batch_id):
        exceptions = (_settle_most(connection, batch_id),)
    anchored = sa.or_(outbox.c.sending == "final", lots.c.lot_id.is_not(None))
    ended = sa.or_(outbox.c.sending == "reverted", outbox.c.id.is_(None))
    rank = sa.case((anchored, 0), (ended, 2), else_=1).label("rank")
    height = sa.func.coalesce(outbox.c.block_number, lots.c.block_number)
    statement = (
        sa.select(
            table.id,
            table.state,
            table.batch_id.label("now_in"),
            rank,
            place.batch_id,
            place.leaf,
            place.studio,
            place.token_id,
        )
        .select_from(own)
        .join(certificates, table.digest == own.c.digest)
        .join(leaves, place.digest == own.c.digest)
        .join(batches, batches.c.id == place.batch_id)
        .outerjoin(outbox, outbox.c.id == batches.c.outbox_id)
        .outerjoin(lots, _ADOPTED)
        .where(own.c.batch_id == batch_id, *exceptions)
        .order_by(table.id, rank, height, place.batch_id)
    )
    found = connection.execute(statement).all()
    firsts = [next(places) for _, places in groupby(found, key=lambda row: row.id)]
    moved, returned, newly = list[dict[str, object]](), list[dict[str, object]](), set[int]()
    for row in firsts:
        state = ("anchored", "batched", "waiting")[row.rank]
        if row.rank == 2:
            goal: dict[str, object] = {**_NOWHERE, "state": state}
            unchanged = row.state in ("waiting", "held")
        else:
            names = ("batch_id", "leaf", "studio", "token_id")
            goal = {name: getattr(row, name) for name in names} | {"state": state}
            unchanged = (row.state, row.now_in) == (state, row.batch_id)
        if unchanged:
            continue
        if row.rank == 0 and row.now_in != row.batch_id:
            newly.add(row.batch_id)
        (returned if row.state == "held" else moved).append({"which": row.id, **goal})
    _write(connection, moved)
    for values in returned:
        try:
            with connection.begin_nested():
                _write(connection, [values])
        except sa.exc.IntegrityError as error:
            if conflicts.broken(error) not in (conflicts.SERIAL, conflicts.PLACE):
                raise
            continue  # Another has taken its serial or its place since, while it was held.
    if newly:
        connection.execute(batches.update().where(batches.c.id.in_(newly)).values(examined=0))


def _is_anchored(connection: sa.Connection, batch_id: int) -> bool:
    final = sa.select(outbox.c.id).where(outbox.c.id == batches.c.outbox_id, outbox.c.sending == "final").exists()
    statement = sa.select(batches.c.id).outerjoin(lots, _ADOPTED)
    anchored = sa.or_(final, lots.c.lot_id.is_not(None))
    return connection.execute(statement.where(batches.c.id == batch_id, anchored)).first() is not None


def _settle_most(connection: sa.Connection, batch_id: int) -> sa.ColumnElement[bool]:
    """Settle in one statement what is in an anchored batch and in no other; return what tells the rest.

    That is nearly always all of it, and there are thousands.
    """
    other, table = leaves.alias(), certificates.c
    elsewhere = sa.exists().where(other.c.digest == table.digest, other.c.batch_id != batch_id)
    common = sa.and_(table.batch_id == batch_id, table.state == "batched", ~elsewhere)
    connection.execute(certificates.update().where(common).values(state="anchored", reason=None))
    return sa.or_(table.batch_id.is_distinct_from(batch_id), table.state != "anchored", elsewhere)


def settle_adopted(connection: sa.Connection, roots: Sequence[Root] | None = None) -> None:
    """Settle the batches that were anchored by no transaction of ours: those of `roots`, or all."""
    chosen = sa.select(batches.c.id).where(batches.c.outbox_id.is_(None))
    if roots is not None:
        chosen = chosen.where(batches.c.root.in_([root.value for root in roots]))
    for batch_id in connection.execute(chosen).scalars().all() if roots != [] else ():
        settle(connection, batch_id)


def _write(connection: sa.Connection, rows: list[dict[str, object]]) -> None:
    if rows:
        columns: dict[str, object] = {name: sa.bindparam(f"new_{name}") for name in (*_NOWHERE, "state")}
        statement = certificates.update().where(certificates.c.id == sa.bindparam("which"))
        values = [{f"new_{name}" if name != "which" else name: of for name, of in row.items()} for row in rows]
        connection.execute(statement.values(reason=None, **columns), values)
