"""Batches brought back from bundles, in SQL: leaf by leaf, until all leaves of one are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from provenance.encoding import Root
from provenance.errors import ConflictError
from provenance_registry.db import places, registering
from provenance_registry.db.reading import Reader
from provenance_registry.db.tables import batches, leaves, proof_nodes
from provenance_registry.records import Incomplete, ProvenPiece


def take_in(
    connection: sa.Connection, root: Root, first_lot: int, size: int, pieces: Sequence[ProvenPiece]
) -> list[ConflictError | None]:
    """Add leaves of an anchored batch; return for each ``None``, or why its certificate cannot be registered.

    A leaf that is there already is left as it is.
    """
    batch_id = _batch(connection, root, first_lot, size)
    there = set(connection.execute(sa.select(leaves.c.leaf).where(leaves.c.batch_id == batch_id)).scalars())
    new = [piece for piece in {piece.leaf: piece for piece in pieces}.values() if piece.leaf not in there]
    known = registering.known(connection, [piece.item.certificate.digest for piece in new])
    strange = [piece for piece in new if piece.item.certificate.digest not in known]
    refused = dict(
        zip([piece.leaf for piece in strange], registering.add(connection, [p.item for p in strange]), strict=True)
    )
    added = [piece for piece in new if refused.get(piece.leaf) is None]
    if added:
        values = [
            {"leaf": piece.leaf, "digest": piece.item.certificate.digest.value, "studio": piece.studio.value,
             "token_id": str(piece.token_id)}
            for piece in added
        ]  # fmt: skip
        connection.execute(leaves.insert(), [{"batch_id": batch_id, **row} for row in values])
        missing = size - len(there) - len(added)
        connection.execute(batches.update().where(batches.c.id == batch_id).values(missing=missing, examined=0))
        _keep_nodes(connection, batch_id, {} if missing == 0 else _union(added))
        if missing == 0:
            connection.execute(proof_nodes.delete().where(proof_nodes.c.batch_id == batch_id))
        places.settle(connection, batch_id)
    return [refused.get(piece.leaf) for piece in pieces]


def _batch(connection: sa.Connection, root: Root, first_lot: int, size: int) -> int:
    """Return the batch of an anchor; a new one has no transaction of ours, and counts while the index has its lots."""
    named = batches.c.root == root.value, batches.c.first_lot == first_lot
    found = connection.execute(sa.select(batches.c.id).where(*named).order_by(batches.c.id)).scalars().first()
    if found is not None:
        return int(found)
    values = {"root": root.value, "first_lot": first_lot, "outbox_id": None, "open": 0, "examined": 0, "missing": size}
    return int(connection.execute(batches.insert().values(**values)).inserted_primary_key[0])  # type: ignore[index]


def _union(pieces: Sequence[ProvenPiece]) -> dict[tuple[int, int], bytes]:
    return {place: hash_ for piece in pieces for place, hash_ in piece.nodes.items()}


def _keep_nodes(connection: sa.Connection, batch_id: int, nodes: Mapping[tuple[int, int], bytes]) -> None:
    known = sa.select(proof_nodes.c.level, proof_nodes.c.place).where(proof_nodes.c.batch_id == batch_id)
    there = {(row.level, row.place) for row in connection.execute(known)} if nodes else set()
    values = [
        {"batch_id": batch_id, "level": level, "place": place, "hash": hash_}
        for (level, place), hash_ in nodes.items()
        if (level, place) not in there
    ]
    if values:
        connection.execute(proof_nodes.insert(), values)


class RebuildingReads(Reader):
    """The reads of batches that lack leaves; see `provenance_registry.repository.Repository`."""

    def proof_nodes(self, batch_id: int) -> tuple[int, Mapping[tuple[int, int], bytes]] | None:
        missing = sa.select(batches.c.missing).where(batches.c.id == batch_id, batches.c.missing > 0)
        lacking = self._rows(missing)
        if not lacking:
            return None
        counted = sa.select(sa.func.count().label("number")).where(leaves.c.batch_id == batch_id)
        size = lacking[0].missing + self._rows(counted)[0].number
        found = self._rows(proof_nodes.select().where(proof_nodes.c.batch_id == batch_id))
        return size, {(row.level, row.place): row.hash for row in found}

    def incomplete(self) -> list[Incomplete]:
        statement = batches.select().where(batches.c.missing > 0).order_by(batches.c.id)
        return [Incomplete(Root(row.root), row.first_lot, row.missing) for row in self._rows(statement)]
