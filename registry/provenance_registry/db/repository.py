"""The repository over SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from provenance.encoding import Address, Digest, Hash32, KeyId, Root
from provenance.errors import ConflictError, ProvenanceError
from provenance.ledger import (
    Anchored,
    BlockRef,
    LedgerEvent,
    LedgerIdentity,
    SignedTransaction,
    split_token_id,
)
from provenance.serial import Serial
from provenance.status import Status
from provenance.voids import TagVoid
from provenance_registry.db import (
    amending,
    anchoring,
    belonging,
    holding,
    indexing,
    leasing,
    linking,
    looking,
    naming,
    places,
    rebuilding,
    registering,
    relaying,
    reporting,
    rows,
    scanning,
    voiding,
)
from provenance_registry.db.engine import open_engine
from provenance_registry.db.tables import VOUCHED, certificates, lots, token_events
from provenance_registry.db.writer import GroupWriter
from provenance_registry.records import (
    AnchoredRow,
    Doubt,
    HeldGroup,
    Keeping,
    NamedFile,
    PieceFacts,
    PiecePage,
    PieceRow,
    ProvenPiece,
    Registration,
    RelayedMessage,
    ScanCount,
    Sending,
    Signatory,
    SignedRelease,
    State,
    StoredAmendment,
    StoredCertificate,
    StoredPrintLink,
    Waiting,
)
from provenance_registry.report_records import Report, Side
from provenance_registry.repository import Transaction

T = TypeVar("T")


class SQLTransaction:
    """Writes on one connection; see `provenance_registry.repository.Transaction`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add_certificates(self, items: Sequence[Registration]) -> list[ConflictError | None]:
        return registering.add(self._connection, items)

    def add_amendment(self, amendment: StoredAmendment, named: Iterable[NamedFile]) -> None:
        amending.add(self._connection, amendment, named)

    def find_amendment(self, digest: Digest) -> StoredAmendment | None:
        return amending.find(self._connection, digest)

    def amendments_by(self, first: Digest, key_id: KeyId) -> int:
        return amending.count(self._connection, first, key_id)

    def find(self, digests: Sequence[Digest]) -> dict[Digest, StoredCertificate]:
        return registering.known(self._connection, digests)

    def held(self) -> int:
        statement = sa.select(sa.func.count()).where(certificates.c.state == State.HELD.value)
        return int(self._connection.execute(statement).scalar_one())

    def hold(self, digest: Digest, reason: str) -> None:
        waiting = sa.and_(certificates.c.digest == digest.value, certificates.c.batch_id.is_(None))
        self._connection.execute(certificates.update().where(waiting).values(state=State.HELD.value, reason=reason))

    def rejudge(self, changes: Sequence[tuple[HeldGroup, str | None]], limit: int) -> int:
        return holding.rejudge(self._connection, changes, limit)

    def prepare(self, kind: str, account: Address, nonce: int, raw: bytes, hash_: Hash32) -> int:
        return anchoring.prepare(self._connection, kind, account, nonce, raw, hash_)

    def add_batch(
        self, root: Root, first_lot: int, entry_id: int | None, leaves: Sequence[tuple[Digest, Address, int]]
    ) -> int:
        return anchoring.add_batch(self._connection, root, first_lot, entry_id, leaves)

    def take_in(
        self, root: Root, first_lot: int, size: int, pieces: Sequence[ProvenPiece]
    ) -> list[ConflictError | None]:
        return rebuilding.take_in(self._connection, root, first_lot, size, pieces)

    def add_relayed(self, message: RelayedMessage, entry_id: int) -> None:
        relaying.add_relayed(self._connection, message, entry_id)

    def keep_release(self, signed: SignedRelease, now: int, limit: int) -> Keeping:
        return relaying.keep_release(self._connection, signed, now, limit)

    def void_tag(self, void: TagVoid, data: bytes, received: datetime) -> bool:
        return voiding.void(self._connection, void, data, received)

    def add_print_link(self, link: StoredPrintLink) -> bool:
        return linking.add(self._connection, link)

    def open_print_links(self, studio: Address, now: datetime) -> int:
        return linking.count_open(self._connection, studio, now)

    def forget_print_links(self, before: datetime) -> None:
        linking.forget(self._connection, before)

    def end_print_link(self, link: str, now: datetime) -> None:
        linking.end(self._connection, link, now)

    def note_printed(self, link: str, places: Sequence[int], now: datetime) -> None:
        linking.note_printed(self._connection, link, places, now)

    def note_spoiled(self, link: str, places: Sequence[int], now: datetime | None) -> None:
        linking.note_spoiled(self._connection, link, places, now)

    def note_scans(self, counts: Sequence[ScanCount], oldest: int) -> None:
        scanning.note(self._connection, counts, oldest)

    def add_report(self, report: Report, most_open: int, most: int) -> bool:
        return reporting.add(self._connection, report, most_open, most)

    def forget_reports(self, before: datetime) -> int:
        return reporting.forget(self._connection, before)

    def end_report(self, report_id: int, side: Side, closed: datetime, note: str, data: bytes) -> bool:
        return reporting.end(self._connection, report_id, side, closed, note, data)

    def tell_doubt(
        self, serial: Serial, number: int, side: Side, doubted: bool, told: datetime, data: bytes, now: datetime
    ) -> int:
        return scanning.tell(self._connection, serial, number, side, doubted, told, data, now)

    def doubt(self, raised: Doubt) -> bool:
        return scanning.doubt(self._connection, raised)

    def move(self, entry_id: int, sending: Sending, block: BlockRef | None = None, error: str | None = None) -> None:
        anchoring.move(self._connection, entry_id, sending, block, error)

    def replace_signed(self, entry_id: int, signed: SignedTransaction) -> None:
        anchoring.replace_signed(self._connection, entry_id, signed)

    def send_again(self, account: Address, nonce: int) -> None:
        anchoring.send_again(self._connection, account, nonce)

    def close_batch(self, batch_id: int) -> None:
        anchoring.close_batch(self._connection, batch_id)

    def record_examination(self, batch_id: int, faults: Mapping[Signatory, str]) -> None:
        anchoring.record_examination(self._connection, batch_id, faults)

    def apply(self, events: Sequence[LedgerEvent], head: BlockRef) -> None:
        indexing.apply(self._connection, events, head)
        anchoring.open_carried_out(self._connection, {event.transaction for event in events})
        places.settle_adopted(self._connection, [event.root for event in events if isinstance(event, Anchored)])

    def rewind(self, kept: BlockRef | None) -> None:
        indexing.rewind(self._connection, kept)
        anchoring.take_back(self._connection, -1 if kept is None else kept.number)
        places.settle_adopted(self._connection)

    def take_lease(self, name: str, holder: str, seconds: float, *, alone: bool) -> int | None:
        return leasing.take(self._connection, name, holder, seconds, alone=alone)

    def has_lease(self, name: str, holder: str, token: int) -> bool:
        return leasing.is_held(self._connection, name, holder, token)

    def release_lease(self, name: str, holder: str, token: int) -> None:
        leasing.release(self._connection, name, holder, token)

    def belong_to(self, ledger: LedgerIdentity) -> LedgerIdentity:
        return belonging.tie(self._connection, ledger)

    def leave_ledger(self, successor: LedgerIdentity) -> None:
        relaying.forget(self._connection)
        anchoring.forget(self._connection)
        indexing.rewind(self._connection, None)
        belonging.untie(self._connection)
        belonging.tie(self._connection, successor)


class SQLRepository(
    amending.AmendingReads,
    anchoring.AnchoringReads,
    belonging.BelongingReads,
    holding.HoldingReads,
    indexing.IndexReads,
    leasing.LeaseReads,
    linking.LinkingReads,
    naming.NamingReads,
    rebuilding.RebuildingReads,
    relaying.RelayingReads,
    reporting.ReportingReads,
    scanning.ScanningReads,
    voiding.VoidingReads,
):
    """Reads on pooled connections, writes through the group writer; see `provenance_registry.repository.Repository`."""

    def __init__(self, where: Path | str) -> None:
        self._engine = open_engine(where)
        super().__init__(self._engine)
        self._looking = looking.Looking(self._engine)
        self._writer = GroupWriter(self._engine)
        self._check: Callable[[Transaction], None] | None = None

    def close(self) -> None:
        """Finish writing and let go of the file."""
        self._writer.close()
        self._looking.close()
        self._engine.dispose()

    @property
    def where(self) -> str:
        """Where the database is, as people may be told."""
        return self._where

    @property
    def trouble(self) -> ProvenanceError | None:
        """What keeps everything from being written, or kept the last write, if anything."""
        return self._writer.trouble

    @property
    def is_shared(self) -> bool:
        """Whether other processes may have the same database; an SQLite file is in a folder that one process has."""
        return self._engine.dialect.name != "sqlite"

    def fenced(self, check: Callable[[Transaction], None]) -> SQLRepository:
        other = copy(self)
        other._check = check
        return other

    def write(self, work: Callable[[Transaction], T]) -> T:
        def checked(connection: sa.Connection) -> T:
            transaction = SQLTransaction(connection)
            if self._check is not None:
                self._check(transaction)
            return work(transaction)

        answer: T = self._writer.submit(checked).result()
        return answer

    def _certificate(self, condition: sa.ColumnElement[bool]) -> StoredCertificate | None:
        found = self._rows(certificates.select().where(condition))
        return rows.certificate_of(found[0]) if found else None

    def certificate(self, digest: Digest) -> StoredCertificate | None:
        return self._certificate(certificates.c.digest == digest.value)

    def by_serial(self, serial: Serial) -> StoredCertificate | None:
        return self._certificate(sa.and_(certificates.c.serial == serial.compact, VOUCHED))

    def look(self, serial: Serial) -> PieceFacts | None:
        return self._looking.look(serial)

    def data(self, digest: Digest) -> bytes | None:
        return self._looking.data(digest.value)

    def leaf_digests(self, batch_id: int) -> Sequence[bytes]:
        return self._looking.leaf_digests(batch_id)

    def is_held_under(self, serial: Serial) -> bool:
        held = certificates.c.state == State.HELD.value
        statement = sa.select(certificates.c.id).where(certificates.c.serial == serial.compact, held)
        return bool(self._rows(statement.limit(1)))

    def by_token(self, token_id: int) -> StoredCertificate | None:
        return self._certificate(certificates.c.token_id == str(token_id))

    def pieces_of(self, studio: Address, after: int, limit: int) -> PiecePage:
        return self._page(self.tokens_of(studio, after, limit), limit)

    def newest_of(self, studio: Address, before: int, limit: int) -> PiecePage:
        return self._page(self.tokens_before(studio, before, limit), limit)

    def _page(self, tokens: Sequence[int], limit: int) -> PiecePage:
        columns = certificates.c.digest, certificates.c.serial, certificates.c.token_id
        found = self._rows(sa.select(*columns).where(certificates.c.token_id.in_([str(token) for token in tokens])))
        pieces = [PieceRow(Digest(row.digest), Serial(row.serial), int(row.token_id)) for row in found]
        places = {token: place for place, token in enumerate(tokens)}
        pieces.sort(key=lambda piece: places[piece.token_id])
        return PiecePage(tuple(pieces), tokens[-1] if len(tokens) == limit else None)

    def states(self, digests: Sequence[Digest]) -> dict[Digest, tuple[State, str | None]]:
        columns = certificates.c.digest, certificates.c.state, certificates.c.reason
        wanted = certificates.c.digest.in_([digest.value for digest in digests])
        found = self._rows(sa.select(*columns).where(wanted))
        return {Digest(row.digest): (State(row.state), row.reason) for row in found}

    def anchored_of(self, digests: Sequence[Digest]) -> list[AnchoredRow]:
        place = token_events.c.block_number.desc(), token_events.c.log_index.desc()
        said = sa.select(token_events.c.status).where(token_events.c.token_id == certificates.c.token_id)
        status = said.order_by(*place).limit(1).scalar_subquery().label("status")
        columns = certificates.c.digest, certificates.c.key_id, certificates.c.token_id, status
        wanted = certificates.c.digest.in_([digest.value for digest in digests])
        found = self._rows(sa.select(*columns).where(wanted, certificates.c.state == State.ANCHORED.value))
        of_lot = {row.digest: split_token_id(int(row.token_id))[0] for row in found if row.token_id is not None}
        there = self._rows(lots.select().where(lots.c.lot_id.in_(sorted(set(of_lot.values())))))
        known = {row.lot_id: rows.lot_of(row) for row in there}
        return [
            AnchoredRow(Digest(row.digest), lot.studio, KeyId(row.key_id), Status(row.status or 0), lot.anchored_time)
            for row in found
            if (lot := known.get(of_lot.get(row.digest, 0))) is not None
        ]

    def queue(self, limit: int) -> tuple[int, datetime | None]:
        waits = certificates.c.state == State.WAITING.value
        some = sa.select(certificates.c.id).where(waits).limit(limit).subquery()
        number = self._rows(sa.select(sa.func.count().label("number")).select_from(some))[0].number
        first = self._rows(sa.select(certificates.c.received).where(waits).order_by(certificates.c.id).limit(1))
        return number, rows.from_unix(first[0].received) if first else None

    def waiting(self, limit: int) -> list[Waiting]:
        columns = certificates.c.digest, certificates.c.did, certificates.c.name, certificates.c.key_id
        waits = sa.select(*columns).where(certificates.c.state == State.WAITING.value)
        found = self._rows(waits.order_by(certificates.c.id).limit(limit))
        return [Waiting(row.did, row.name, KeyId(row.key_id), Digest(row.digest)) for row in found]

    def counts(self) -> dict[State, int]:
        statement = sa.select(certificates.c.state, sa.func.count().label("number")).group_by(certificates.c.state)
        return dict.fromkeys(State, 0) | {State(row.state): row.number for row in self._rows(statement)}

    def revoked_places(self, list_id: str) -> list[int] | None:
        listed = sa.and_(certificates.c.list_id == list_id, VOUCHED)
        if not self._rows(sa.select(certificates.c.id).where(listed).limit(1)):
            return None
        place = token_events.c.block_number.desc(), token_events.c.log_index.desc()
        said = sa.select(token_events.c.status).where(token_events.c.token_id == certificates.c.token_id)
        revoked = said.order_by(*place).limit(1).scalar_subquery() == int(Status.REVOKED)
        statement = sa.select(certificates.c.list_index).where(listed, revoked)
        return [int(row.list_index) for row in self._rows(statement)]
