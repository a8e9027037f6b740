"""The repository over SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from provenance.certificate import Certificate
from provenance.encoding import Address, Digest, Hash32, Root
from provenance.errors import ConflictError, StorageError
from provenance.ledger import Amended, Anchored, BlockRef, LedgerEvent, StatusSet
from provenance.serial import Serial
from provenance.status import Status
from provenance_registry.db import rows
from provenance_registry.db.engine import open_engine, unusable
from provenance_registry.db.tables import (
    batches,
    certificates,
    directory_events,
    indexed,
    lots,
    media,
    orders,
    outbox,
    token_events,
)
from provenance_registry.db.writer import GroupWriter
from provenance_registry.repository import (
    LotRow,
    OutboxEntry,
    Sending,
    State,
    StoredBatch,
    StoredCertificate,
    StoredOrder,
    TokenRow,
    Transaction,
)

T = TypeVar("T")


class SQLTransaction:
    """Writes on one connection; see `provenance_registry.repository.Transaction`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add_certificate(self, certificate: StoredCertificate, named: Iterable[Digest]) -> None:
        entry = Certificate.from_bytes(certificate.data).status_entry
        try:
            result = self._connection.execute(
                certificates.insert().values(
                    digest=certificate.digest.value,
                    serial=certificate.serial.compact,
                    data=certificate.data,
                    did=certificate.did,
                    key_id=certificate.key_id.value,
                    list_id=entry.list_id,
                    list_index=entry.index,
                    state=certificate.state.value,
                    reason=certificate.reason,
                    received=rows.to_unix(certificate.received),
                )
            )
        except sa.exc.IntegrityError as error:
            if "serial" in str(error.orig):
                raise ConflictError(
                    "serial-taken", "Another certificate stands under serial {serial}.", serial=certificate.serial
                ) from None
            raise ConflictError(
                "status-entry-taken", "Another certificate has the same place in the status list."
            ) from None
        key = result.inserted_primary_key
        values = [{"digest": digest.value, "certificate_id": key[0] if key else None} for digest in named]
        if values:
            self._connection.execute(media.insert(), values)

    def find(self, digest: Digest) -> StoredCertificate | None:
        row = self._connection.execute(certificates.select().where(certificates.c.digest == digest.value)).first()
        return None if row is None else rows.certificate_of(row)

    def set_states(self, digests: Sequence[Digest], state: State, reason: str | None) -> None:
        statement = (
            certificates.update()
            .where(certificates.c.digest == sa.bindparam("which"), certificates.c.batch_id.is_(None))
            .values(state=state.value, reason=reason)
        )
        if digests:
            self._connection.execute(statement, [{"which": digest.value} for digest in digests])

    def prepare(self, kind: str, account: Address, nonce: int, raw: bytes, hash_: Hash32) -> int:
        result = self._connection.execute(
            outbox.insert().values(
                kind=kind, account=account.value, nonce=nonce, raw=raw, hash=hash_.value, sending="prepared"
            )
        )
        return int(result.inserted_primary_key[0])  # type: ignore[index]

    def add_batch(
        self, root: Root, first_lot: int, entry_id: int, leaves: Sequence[tuple[Digest, Address, int]]
    ) -> int:
        result = self._connection.execute(
            batches.insert().values(root=root.value, first_lot=first_lot, outbox_id=entry_id, open=1)
        )
        batch_id = int(result.inserted_primary_key[0])  # type: ignore[index]
        statement = (
            certificates.update()
            .where(certificates.c.digest == sa.bindparam("which"), certificates.c.batch_id.is_(None))
            .values(
                state="batched",
                reason=None,
                batch_id=batch_id,
                leaf=sa.bindparam("place"),
                studio=sa.bindparam("owner"),
                token_id=sa.bindparam("token"),
            )
        )
        values = [
            {"which": digest.value, "place": place, "owner": studio.value, "token": str(token)}
            for place, (digest, studio, token) in enumerate(leaves)
        ]
        changed = self._connection.execute(statement, values).rowcount
        if changed != len(leaves):  # A certificate is in another batch already: it must never be in two.
            raise ConflictError("already-batched", "A certificate is in a batch already.")
        return batch_id

    def add_order(self, order_id: str, token_id: int, status: Status, entry_id: int) -> None:
        self._connection.execute(
            orders.insert().values(id=order_id, token_id=str(token_id), status=int(status), outbox_id=entry_id)
        )

    def move(self, entry_id: int, sending: Sending, block: BlockRef | None = None, error: str | None = None) -> None:
        columns: dict[str, object] = (
            {"block_number": None, "block_hash": None, "block_time": None}
            if block is None
            else rows.block_columns(block)
        )
        self._connection.execute(
            outbox.update().where(outbox.c.id == entry_id).values(sending=sending.value, error=error, **columns)
        )

    def close_batch(self, batch_id: int) -> None:
        self._connection.execute(batches.update().where(batches.c.id == batch_id).values(open=0))
        self._connection.execute(
            certificates.update().where(certificates.c.batch_id == batch_id).values(state="anchored")
        )

    def dissolve_batch(self, batch_id: int) -> None:
        self._connection.execute(batches.update().where(batches.c.id == batch_id).values(open=0))
        self._connection.execute(
            certificates.update()
            .where(certificates.c.batch_id == batch_id)
            .values(state="waiting", batch_id=None, leaf=None, studio=None, token_id=None)
        )

    def apply(self, events: Sequence[LedgerEvent], head: BlockRef) -> None:
        for event in events:
            self._apply(event)
        self._connection.execute(indexed.delete())
        self._connection.execute(indexed.insert().values(id=1, **rows.block_columns(head)))

    def _apply(self, event: LedgerEvent) -> None:
        place = rows.block_columns(event.block) | {"log_index": event.log_index}
        if isinstance(event, Anchored):
            self._connection.execute(
                lots.insert(),
                [
                    {
                        "lot_id": lot.lot_id,
                        "studio": lot.studio.value,
                        "count": lot.count,
                        "offset": lot.offset,
                        "anchor_id": event.anchor_id,
                        "root": event.root.value,
                        "leaf_count": event.leaf_count,
                        "transaction_hash": event.transaction.value,
                        **rows.block_columns(event.block),
                    }
                    for lot in event.lots
                ],
            )
        elif isinstance(event, StatusSet):
            values = {"token_id": str(event.token_id), "status": int(event.status)}
            self._connection.execute(token_events.insert().values(**place, **values))
        elif isinstance(event, Amended):
            amended = {"token_id": str(event.token_id), "digest": event.digest.value, "amendments": event.count}
            self._connection.execute(token_events.insert().values(**place, **amended))
        elif (columns := rows.directory_columns(event)) is not None:
            self._connection.execute(directory_events.insert().values(**columns))

    def rewind(self, number: int) -> None:
        for table in (lots, token_events, directory_events):
            self._connection.execute(table.delete().where(table.c.block_number > number))
        self._connection.execute(indexed.delete())


class SQLRepository:
    """Reads on pooled connections, writes through the group writer; see `provenance_registry.repository.Repository`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = open_engine(path)
        self._reading = self._engine.execution_options(reading=True)
        self._writer = GroupWriter(self._engine)

    def close(self) -> None:
        """Finish writing and let go of the file."""
        self._writer.close()
        self._engine.dispose()

    @property
    def trouble(self) -> StorageError | None:
        """What keeps everything from being written, if anything."""
        return self._writer.trouble

    def write(self, work: Callable[[Transaction], T]) -> T:
        answer: T = self._writer.submit(lambda connection: work(SQLTransaction(connection))).result()
        return answer

    def _rows(self, statement: sa.Executable) -> Sequence[sa.Row[tuple[object, ...]]]:
        try:
            with self._reading.connect() as connection:
                return connection.execute(statement).all()
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            raise unusable(self._path, error) from None

    def _certificate(self, condition: sa.ColumnElement[bool]) -> StoredCertificate | None:
        found = self._rows(certificates.select().where(condition))
        return rows.certificate_of(found[0]) if found else None

    def certificate(self, digest: Digest) -> StoredCertificate | None:
        return self._certificate(certificates.c.digest == digest.value)

    def by_serial(self, serial: Serial) -> StoredCertificate | None:
        return self._certificate(certificates.c.serial == serial.compact)

    def by_token(self, token_id: int) -> StoredCertificate | None:
        return self._certificate(certificates.c.token_id == str(token_id))

    def states(self, digests: Sequence[Digest]) -> dict[Digest, State]:
        columns = certificates.c.digest, certificates.c.state
        wanted = certificates.c.digest.in_([digest.value for digest in digests])
        return {Digest(row.digest): State(row.state) for row in self._rows(sa.select(*columns).where(wanted))}

    def in_state(self, state: State, limit: int) -> list[StoredCertificate]:
        statement = certificates.select().where(certificates.c.state == state.value).order_by(certificates.c.id)
        return [rows.certificate_of(row) for row in self._rows(statement.limit(limit))]

    def counts(self) -> dict[State, int]:
        statement = sa.select(certificates.c.state, sa.func.count().label("number")).group_by(certificates.c.state)
        return dict.fromkeys(State, 0) | {State(row.state): row.number for row in self._rows(statement)}

    def is_media_named(self, digest: Digest) -> bool:
        return bool(self._rows(sa.select(media.c.digest).where(media.c.digest == digest.value).limit(1)))

    def status_entries(self, list_id: str) -> list[tuple[int, int | None]]:
        columns = certificates.c.list_index, certificates.c.token_id
        found = self._rows(sa.select(*columns).where(certificates.c.list_id == list_id))
        return [(row.list_index, None if row.token_id is None else int(row.token_id)) for row in found]

    def open_entries(self) -> list[OutboxEntry]:
        ended = outbox.c.sending.in_([Sending.FINAL.value, Sending.REVERTED.value])
        statement = outbox.select().where(~ended).order_by(outbox.c.account, outbox.c.nonce)
        return [rows.entry_of(row) for row in self._rows(statement)]

    def _batch(self, condition: sa.ColumnElement[bool]) -> StoredBatch | None:
        found = self._rows(batches.select().where(condition))
        if not found:
            return None
        row = found[0]
        return StoredBatch(row.id, Root(row.root), row.first_lot, row.outbox_id, bool(row.open))

    def batch(self, batch_id: int) -> StoredBatch | None:
        return self._batch(batches.c.id == batch_id)

    def batch_of_entry(self, entry_id: int) -> StoredBatch | None:
        return self._batch(batches.c.outbox_id == entry_id)

    def leaves(self, batch_id: int) -> list[tuple[Digest, Address]]:
        columns = certificates.c.digest, certificates.c.studio
        statement = sa.select(*columns).where(certificates.c.batch_id == batch_id).order_by(certificates.c.leaf)
        return [(Digest(row.digest), Address(row.studio)) for row in self._rows(statement)]

    def order(self, order_id: str) -> StoredOrder | None:
        found = self._rows(orders.select().where(orders.c.id == order_id))
        if not found:
            return None
        entry = rows.entry_of(self._rows(outbox.select().where(outbox.c.id == found[0].outbox_id))[0])
        return StoredOrder(order_id, int(found[0].token_id), Status(found[0].status), entry)

    def indexed_head(self) -> BlockRef | None:
        found = self._rows(indexed.select())
        return rows.block_of(found[0]) if found else None

    def indexed_blocks(self) -> list[tuple[int, Hash32]]:
        parts = [
            sa.select(table.c.block_number, table.c.block_hash) for table in (lots, token_events, directory_events)
        ]
        found = self._rows(sa.union(*parts).order_by(sa.text("block_number DESC")))
        return [(row.block_number, Hash32(row.block_hash)) for row in found]

    def directory_events(self) -> list[LedgerEvent]:
        statement = directory_events.select().order_by(directory_events.c.block_number, directory_events.c.log_index)
        return [rows.directory_event_of(row) for row in self._rows(statement)]

    def lot(self, lot_id: int) -> LotRow | None:
        found = self._rows(lots.select().where(lots.c.lot_id == lot_id))
        return rows.lot_of(found[0]) if found else None

    def lot_of_root(self, root: Root) -> LotRow | None:
        found = self._rows(lots.select().where(lots.c.root == root.value).order_by(lots.c.lot_id).limit(1))
        return rows.lot_of(found[0]) if found else None

    def token(self, token_id: int) -> TokenRow:
        order = token_events.c.block_number, token_events.c.log_index
        found = self._rows(token_events.select().where(token_events.c.token_id == str(token_id)).order_by(*order))
        status, status_time = Status.ACTIVE, None
        amendment: tuple[Digest, datetime, int] | None = None
        for row in found:
            if row.status is not None:
                status, status_time = Status(row.status), rows.from_unix(row.block_time)
            else:
                amendment = (Digest(row.digest), rows.from_unix(row.block_time), row.amendments)
        return TokenRow(status, status_time, amendment)
