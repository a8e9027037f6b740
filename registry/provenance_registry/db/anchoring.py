"""Outbox and batches in SQL: each function is one step of a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from provenance.encoding import Address, Digest, Hash32, Root
from provenance.errors import ConflictError
from provenance.ledger import BlockRef, SignedTransaction
from provenance_registry.db import conflicts, places, rows
from provenance_registry.db.reading import Reader
from provenance_registry.db.tables import OPEN, batches, certificates, former_bytes, leaves, lots, outbox
from provenance_registry.records import (
    OutboxEntry,
    Sending,
    Signatory,
    StoredBatch,
    StoredCertificate,
)

_BLOCK = ("block_number", "block_hash", "block_time")
ENDED = outbox.c.sending.in_([Sending.FINAL.value, Sending.REVERTED.value])


def prepare(
    connection: sa.Connection, kind: str, account: Address, nonce: int, raw: bytes, transaction_hash: Hash32
) -> int:
    """Add a transaction to the outbox and return its id."""
    connection.execute(former_bytes.delete().where(former_bytes.c.hash == transaction_hash.value))  # They count anew.
    values = {"account": account.value, "nonce": nonce, "raw": raw, "hash": transaction_hash.value}
    try:
        result = connection.execute(outbox.insert().values(kind=kind, sending="prepared", **values))
    except sa.exc.IntegrityError as error:
        if conflicts.broken(error) not in (conflicts.NONCE, conflicts.TRANSACTION):  # A hash has its nonce in it.
            raise
        raise _nonce_taken(nonce) from None
    return int(result.inserted_primary_key[0])  # type: ignore[index]


def move(connection: sa.Connection, entry_id: int, sending: Sending, block: BlockRef | None, error: str | None) -> None:
    """Move an outbox entry."""
    columns = dict.fromkeys(_BLOCK) if block is None else rows.block_columns(block)
    connection.execute(
        outbox.update().where(outbox.c.id == entry_id).values(sending=sending.value, error=error, **columns)
    )


def replace_signed(connection: sa.Connection, entry_id: int, signed: SignedTransaction) -> None:
    """Let an entry go by other bytes; its present ones are kept, and those that come back are no longer former."""
    own = outbox.c.id == entry_id
    account = sa.select(outbox.c.account).where(own).scalar_subquery()
    taken = sa.select(outbox.c.id).where(outbox.c.account == account, outbox.c.nonce == signed.nonce, ~own)
    if connection.execute(taken).first() is not None:
        raise _nonce_taken(signed.nonce)
    columns = "hash", "outbox_id", "nonce", "raw"
    present = sa.select(outbox.c.hash, outbox.c.id, outbox.c.nonce, outbox.c.raw).where(own)
    connection.execute(former_bytes.insert().from_select(columns, present))
    connection.execute(former_bytes.delete().where(former_bytes.c.hash == signed.hash.value))
    values = {"nonce": signed.nonce, "raw": signed.raw, "hash": signed.hash.value, "sending": "prepared", "error": None}
    connection.execute(outbox.update().where(own).values(**values, **dict.fromkeys(_BLOCK)))


def _nonce_taken(nonce: int) -> ConflictError:
    return ConflictError("nonce-taken", "Number {nonce} is another transaction's by now.", nonce=nonce)


def open_carried_out(connection: sa.Connection, transactions: set[Hash32]) -> None:
    """Open again what had ended as reverted and was carried out by one of `transactions`, its former bytes."""
    reverted = sa.select(former_bytes.c.hash, outbox.c.id).join(outbox, outbox.c.id == former_bytes.c.outbox_id)
    found = connection.execute(reverted.where(outbox.c.sending == Sending.REVERTED.value)).all()
    opened = [row.id for row in found if Hash32(row.hash) in transactions]
    if opened:
        _send_again(connection, outbox.c.id.in_(opened))


def add_batch(
    connection: sa.Connection,
    root: Root,
    first_lot: int,
    entry_id: int | None,
    members: Sequence[tuple[Digest, Address, int]],
) -> int:
    """Add a sealed batch with its leaves in order; raises `ConflictError` for one that is in a batch already."""
    result = connection.execute(
        batches.insert().values(
            root=root.value, first_lot=first_lot, outbox_id=entry_id, open=int(entry_id is not None), examined=0
        )
    )
    batch_id = int(result.inserted_primary_key[0])  # type: ignore[index]
    values = [
        {"leaf": place, "digest": digest.value, "studio": studio.value, "token_id": str(token)}
        for place, (digest, studio, token) in enumerate(members)
    ]
    connection.execute(leaves.insert(), [{"batch_id": batch_id, **row} for row in values])
    placed = {name: leaves.c[name] for name in ("batch_id", "leaf", "studio", "token_id")}
    theirs = leaves.c.batch_id == batch_id, certificates.c.digest == leaves.c.digest, certificates.c.batch_id.is_(None)
    update = certificates.update().where(*theirs).values(state="batched", reason=None, **placed)
    changed = connection.execute(update).rowcount
    if changed != len(members):  # A certificate is in another batch already: it must never be in two.
        raise ConflictError("already-batched", "A certificate is in a batch already.")
    if entry_id is None:
        places.settle(connection, batch_id)
    return batch_id


def close_batch(connection: sa.Connection, batch_id: int) -> None:
    """Record that a batch's anchor came to its end, good or bad, and put its certificates where they belong then.

    One that was refused because the ledger had it already, from a database that this one is an older copy of, is
    anchored by that.
    """
    own = batches.c.id == batch_id
    connection.execute(batches.update().where(own).values(open=0))
    refused = sa.select(outbox.c.id).where(outbox.c.sending == Sending.REVERTED.value)
    there = sa.exists().where(lots.c.lot_id == batches.c.first_lot, lots.c.root == batches.c.root)
    adopted = sa.and_(own, batches.c.outbox_id.in_(refused), there)
    connection.execute(batches.update().where(adopted).values(outbox_id=None))
    places.settle(connection, batch_id)


def record_examination(connection: sa.Connection, batch_id: int, faults: Mapping[Signatory, str]) -> None:
    """Give the certificates of faulty signers their reason."""
    table = certificates.c
    for signer, reason in faults.items():
        named = sa.and_(table.did == signer.did, table.name == signer.name)
        signed = sa.and_(table.batch_id == batch_id, named, table.key_id == signer.key_id.value)
        connection.execute(certificates.update().where(signed).values(reason=reason))
    connection.execute(batches.update().where(batches.c.id == batch_id).values(examined=1))


def take_back(connection: sa.Connection, number: int) -> None:
    """Send again what stood in blocks after `number`, and open its batches."""
    _send_again(
        connection, sa.and_(outbox.c.sending.in_(["mined", "final", "reverted"]), outbox.c.block_number > number)
    )


def send_again(connection: sa.Connection, account: Address, nonce: int) -> None:
    """Send again what an account had ended from number `nonce` on, and open its batches."""
    _send_again(connection, sa.and_(outbox.c.account == account.value, outbox.c.nonce >= nonce, ENDED))


def forget(connection: sa.Connection) -> None:
    """Forget all transactions: their batches are then anchored where the index has their lots.

    Raises `ConflictError` while one is under way.
    """
    waiting = connection.execute(sa.select(sa.func.count()).select_from(outbox).where(OPEN)).scalar_one()
    if waiting:
        raise ConflictError(
            "ledger-busy",
            "{n} transactions are still under way on the former ledger.",
            hint="Start the registry with that ledger until they have ended, then move.",
            n=waiting,
        )
    connection.execute(batches.update().values(outbox_id=None))
    connection.execute(former_bytes.delete())
    connection.execute(outbox.delete())


def _send_again(connection: sa.Connection, lost: sa.ColumnElement[bool]) -> None:
    opened = batches.c.outbox_id.in_(sa.select(outbox.c.id).where(lost))
    batch_ids = connection.execute(sa.select(batches.c.id).where(opened)).scalars().all()
    connection.execute(batches.update().where(opened).values(open=1, examined=0))
    connection.execute(outbox.update().where(lost).values(sending="sent", error=None, **dict.fromkeys(_BLOCK)))
    for batch_id in batch_ids:
        places.settle(connection, batch_id)


class AnchoringReads(Reader):
    """The reads of outbox and batches; see `provenance_registry.repository.Repository`."""

    def open_entries(self, most: int | None = None) -> list[OutboxEntry]:
        place = sa.func.row_number().over(partition_by=outbox.c.account, order_by=outbox.c.nonce).label("place")
        placed = sa.select(outbox.c.id, place).where(OPEN).subquery()
        ids = sa.select(placed.c.id)
        return self._entries(ids if most is None else ids.where(placed.c.place <= most))

    def open_entry(self, account: Address, nonce: int) -> OutboxEntry | None:
        its = outbox.c.account == account.value, outbox.c.nonce == nonce, OPEN
        return next(iter(self._entries(sa.select(outbox.c.id).where(*its))), None)

    def is_under_way(self, kind: str) -> bool:
        return bool(self._rows(sa.select(outbox.c.id).where(outbox.c.kind == kind, OPEN).limit(1)))

    def _entries(self, ids: sa.Select[tuple[int]]) -> list[OutboxEntry]:
        found = self._rows(outbox.select().where(outbox.c.id.in_(ids)).order_by(outbox.c.account, outbox.c.nonce))
        former: dict[int, list[sa.Row[tuple[object, ...]]]] = {}
        for row in self._rows(former_bytes.select().where(former_bytes.c.outbox_id.in_(ids))) if found else ():
            former.setdefault(row.outbox_id, []).append(row)
        return [rows.entry_of(row, former.get(row.id, ())) for row in found]

    def last_nonce(self, account: Address, below: int | None = None) -> int | None:
        statement = sa.select(sa.func.max(outbox.c.nonce)).where(outbox.c.account == account.value)
        (row,) = self._rows(statement if below is None else statement.where(outbox.c.nonce < below))
        return row[0]  # type: ignore[return-value]

    def last_ended(self, account: Address) -> OutboxEntry | None:
        ended = sa.select(outbox.c.id).where(outbox.c.account == account.value, ENDED)
        return next(iter(self._entries(ended.order_by(outbox.c.nonce.desc()).limit(1))), None)

    def _batches(self, condition: sa.ColumnElement[bool]) -> list[StoredBatch]:
        found = self._rows(batches.select().where(condition).order_by(batches.c.id))
        return [StoredBatch(row.id, Root(row.root), row.first_lot, bool(row.open)) for row in found]

    def batch(self, batch_id: int) -> StoredBatch | None:
        return next(iter(self._batches(batches.c.id == batch_id)), None)

    def batch_of_entry(self, entry_id: int) -> StoredBatch | None:
        return next(iter(self._batches(batches.c.outbox_id == entry_id)), None)

    def unexamined_batches(self) -> list[StoredBatch]:
        final = sa.select(outbox.c.id).where(outbox.c.sending == Sending.FINAL.value)
        anchored = sa.or_(batches.c.outbox_id.is_(None), batches.c.outbox_id.in_(final))
        return self._batches(sa.and_(batches.c.examined == 0, batches.c.open == 0, anchored))

    def signers(self, batch_id: int) -> list[StoredCertificate]:
        table = certificates.c
        signer = table.did, table.name, table.key_id
        first = sa.select(sa.func.min(table.id)).where(table.batch_id == batch_id).group_by(*signer)
        return [rows.certificate_of(row) for row in self._rows(certificates.select().where(table.id.in_(first)))]

    def leaves(self, batch_id: int) -> list[tuple[Digest, Address]]:
        columns = leaves.c.digest, leaves.c.studio
        statement = sa.select(*columns).where(leaves.c.batch_id == batch_id).order_by(leaves.c.leaf)
        return [(Digest(row.digest), Address(row.studio)) for row in self._rows(statement)]
