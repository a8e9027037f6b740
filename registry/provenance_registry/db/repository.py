"""The repository over SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from provenance.certificate import Certificate
from provenance.encoding import Address, Digest, Hash32, KeyId, Root
from provenance.errors import ConflictError, StorageError
from provenance.ledger import BlockRef, LedgerEvent
from provenance.serial import Serial
from provenance.status import Status
from provenance_registry.db import anchoring, indexing, rows
from provenance_registry.db.engine import open_engine, unusable
from provenance_registry.db.tables import (
    batches,
    certificates,
    media,
    orders,
    outbox,
)
from provenance_registry.db.writer import GroupWriter
from provenance_registry.repository import (
    OrderFacts,
    OutboxEntry,
    Sending,
    State,
    StoredBatch,
    StoredCertificate,
    StoredOrder,
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
        return anchoring.prepare(self._connection, kind, account, nonce, raw, hash_)

    def add_batch(
        self, root: Root, first_lot: int, entry_id: int, leaves: Sequence[tuple[Digest, Address, int]]
    ) -> int:
        return anchoring.add_batch(self._connection, root, first_lot, entry_id, leaves)

    def add_order(self, order: OrderFacts, entry_id: int) -> None:
        anchoring.add_order(self._connection, order, entry_id)

    def move(self, entry_id: int, sending: Sending, block: BlockRef | None = None, error: str | None = None) -> None:
        anchoring.move(self._connection, entry_id, sending, block, error)

    def close_batch(self, batch_id: int) -> None:
        anchoring.close_batch(self._connection, batch_id)

    def dissolve_batch(self, batch_id: int) -> None:
        anchoring.dissolve_batch(self._connection, batch_id)

    def record_examination(self, batch_id: int, faults: Mapping[tuple[str, KeyId], str]) -> None:
        anchoring.record_examination(self._connection, batch_id, faults)

    def apply(self, events: Sequence[LedgerEvent], head: BlockRef) -> None:
        indexing.apply(self._connection, events, head)

    def rewind(self, kept: BlockRef | None) -> None:
        indexing.rewind(self._connection, kept)
        anchoring.take_back(self._connection, -1 if kept is None else kept.number)


class SQLRepository(indexing.IndexReads):
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
        statement = outbox.select().where(~anchoring.ENDED).order_by(outbox.c.account, outbox.c.nonce)
        return [rows.entry_of(row) for row in self._rows(statement)]

    def last_nonce(self, account: Address) -> int | None:
        (row,) = self._rows(sa.select(sa.func.max(outbox.c.nonce)).where(outbox.c.account == account.value))
        return row[0]  # type: ignore[return-value]

    def _batches(self, condition: sa.ColumnElement[bool]) -> list[StoredBatch]:
        found = self._rows(batches.select().where(condition).order_by(batches.c.id))
        return [StoredBatch(row.id, Root(row.root), row.first_lot, row.outbox_id, bool(row.open)) for row in found]

    def batch(self, batch_id: int) -> StoredBatch | None:
        return next(iter(self._batches(batches.c.id == batch_id)), None)

    def batch_of_entry(self, entry_id: int) -> StoredBatch | None:
        return next(iter(self._batches(batches.c.outbox_id == entry_id)), None)

    def unexamined_batches(self) -> list[StoredBatch]:
        final = sa.select(outbox.c.id).where(outbox.c.sending == Sending.FINAL.value)
        return self._batches(sa.and_(batches.c.examined == 0, batches.c.open == 0, batches.c.outbox_id.in_(final)))

    def signers(self, batch_id: int) -> list[StoredCertificate]:
        table = certificates.c
        first = sa.select(sa.func.min(table.id)).where(table.batch_id == batch_id).group_by(table.did, table.key_id)
        return [rows.certificate_of(row) for row in self._rows(certificates.select().where(table.id.in_(first)))]

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
