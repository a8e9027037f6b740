"""Between rows and values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from provenance.encoding import Address, Digest, Hash32, KeyId, Root
from provenance.ledger import (
    Amended,
    AmendmentRecord,
    BlockRef,
    ClockSet,
    ControllerProposed,
    Deployment,
    ImportedPiece,
    KeyAdded,
    KeyWindowShortened,
    LedgerEvent,
    Moved,
    PieceImported,
    ReleasesCancelled,
    ReportedFound,
    ReportedLost,
    Sealed,
    SignedTransaction,
    StatusSet,
    StudioAccredited,
    StudioReinstated,
    StudioSuspended,
    SuccessorNamed,
)
from provenance.serial import Serial
from provenance.status import Status
from provenance_registry.records import (
    LotRow,
    OutboxEntry,
    Sending,
    State,
    StoredCertificate,
    TokenRow,
)


def from_unix(seconds: int) -> datetime:
    """Return the aware time of unix `seconds`."""
    return datetime.fromtimestamp(seconds, UTC)


def to_unix(moment: datetime) -> int:
    """Return the unix seconds of an aware time."""
    return int(moment.timestamp())


def block_of(row: Any) -> BlockRef:
    """Return the block that a row names."""
    return BlockRef(row.block_number, Hash32(row.block_hash), from_unix(row.block_time))


def block_columns(block: BlockRef) -> dict[str, object]:
    """Return the columns that name a block."""
    return {"block_number": block.number, "block_hash": block.hash.value, "block_time": to_unix(block.time)}


def certificate_of(row: Any) -> StoredCertificate:
    """Return a certificate from its row."""
    return StoredCertificate(
        digest=Digest(row.digest),
        serial=Serial(row.serial),
        data=row.data,
        did=row.did,
        name=row.name,
        key_id=KeyId(row.key_id),
        state=State(row.state),
        reason=row.reason,
        received=from_unix(row.received),
        studio=None if row.studio is None else Address(row.studio),
        batch_id=row.batch_id,
        leaf=row.leaf,
        token_id=None if row.token_id is None else int(row.token_id),
    )


def entry_of(row: Any, former: Iterable[Any] = ()) -> OutboxEntry:
    """Return an outbox entry from its row and those of its former bytes."""
    account = Address(row.account)
    return OutboxEntry(
        entry_id=row.id,
        kind=row.kind,
        account=account,
        nonce=row.nonce,
        raw=row.raw,
        hash=Hash32(row.hash),
        sending=Sending(row.sending),
        block=None if row.block_number is None else block_of(row),
        error=row.error,
        former=tuple(SignedTransaction(old.raw, Hash32(old.hash), account, old.nonce) for old in former),
    )


def lot_of(row: Any) -> LotRow:
    """Return a lot from its row."""
    return LotRow(
        lot_id=row.lot_id,
        studio=Address(row.studio),
        count=row.count,
        offset=row.offset,
        anchor_id=row.anchor_id,
        root=Root(row.root),
        leaf_count=row.leaf_count,
        anchored_time=from_unix(row.anchored_time),
        anchored_block=row.anchored_block,
        transaction=Hash32(row.transaction_hash),
        block=block_of(row),
    )


def directory_columns(event: LedgerEvent) -> dict[str, object] | None:
    """Return the row of an event that the directory is made of, or ``None`` for another event."""
    match event:
        case StudioAccredited():
            facts: dict[str, object] = {"did": event.did, "name": event.name, "scopes": event.scopes}
        case StudioSuspended() | StudioReinstated() | Sealed():
            facts = {}
        case KeyAdded():
            facts = {"multikey": event.multikey.hex(), "start": to_unix(event.start)}
        case KeyWindowShortened():
            facts = {"key_id": event.key_id.hex(), "end": to_unix(event.end)}
        case ControllerProposed():
            facts = {"controller": str(event.controller), "start": to_unix(event.start)}
        case ClockSet():
            facts = {"time": to_unix(event.time), "number": event.number}
        case SuccessorNamed(successor=named):
            facts = {"contract": str(named.contract), "chain_id": named.chain_id, "final_block": named.final_block}
        case _:
            return None
    studio: Address | None = getattr(event, "studio", None)
    return {
        **block_columns(event.block),
        "log_index": event.log_index,
        "transaction_hash": event.transaction.value,
        "kind": type(event).__name__,
        "studio": None if studio is None else studio.value,
        "facts": json.dumps(facts, ensure_ascii=False),
    }


_READ: dict[type[LedgerEvent], Callable[[dict[str, Any]], dict[str, Any]]] = {
    StudioAccredited: lambda facts: facts,
    StudioSuspended: lambda facts: facts,
    StudioReinstated: lambda facts: facts,
    Sealed: lambda facts: facts,
    KeyAdded: lambda facts: {
        "multikey": bytes.fromhex(facts["multikey"]),
        "key_id": KeyId(Digest.of(bytes.fromhex(facts["multikey"])).value),
        "start": from_unix(facts["start"]),
    },
    KeyWindowShortened: lambda facts: {
        "key_id": KeyId(bytes.fromhex(facts["key_id"])),
        "end": from_unix(facts["end"]),
    },
    ControllerProposed: lambda facts: {
        "controller": Address.parse(facts["controller"]),
        "start": from_unix(facts["start"]),
    },
    ClockSet: lambda facts: {"time": from_unix(facts["time"]), "number": facts["number"]},
    SuccessorNamed: lambda facts: {
        "successor": Deployment(Address.parse(facts["contract"]), facts["chain_id"], facts["final_block"])
    },
}
_KINDS: dict[str, type[LedgerEvent]] = {kind.__name__: kind for kind in _READ}


def directory_event_of(row: Any) -> LedgerEvent:
    """Return an event that the directory is made of from its row."""
    kind = _KINDS[row.kind]
    members = _READ[kind](json.loads(row.facts))
    if row.studio is not None:
        members["studio"] = Address(row.studio)
    return kind(block=block_of(row), log_index=row.log_index, transaction=Hash32(row.transaction_hash), **members)


def token_columns(event: LedgerEvent) -> dict[str, object] | None:
    """Return what an event says of a piece, or ``None`` for another event."""
    match event:
        case StatusSet():
            said: dict[str, object] = {
                "status": int(event.status),
                "status_time": to_unix(event.block.time),
                "by_steward": event.by_steward,
            }
        case Amended():
            said = {
                "digest": event.digest.value,
                "amended_time": to_unix(event.block.time),
                "amendments": event.count,
            }
        case Moved():
            said = {"holder": event.holder.value, "nonce": str(event.nonce)}
        case ReleasesCancelled():
            said = {"nonce": str(event.nonce)}
        case ReportedLost():
            said = {"lost_since": to_unix(event.since), "nonce": str(event.nonce)}
        case ReportedFound():
            said = {"found_from": to_unix(event.start), "nonce": str(event.nonce)}
        case PieceImported():
            return {"token_id": str(event.piece.token_id), **_imported(event.piece)}
        case _:
            return None
    return {"token_id": str(event.token_id), **said}


def _imported(piece: ImportedPiece) -> dict[str, object]:
    amendment = piece.amendment
    return {
        "status": int(piece.status),
        "status_time": _unix_or_zero(piece.status_time),
        "by_steward": None if piece.status_time is None else piece.by_steward,
        "digest": None if amendment is None else amendment.digest.value,
        "amended_time": None if amendment is None else to_unix(amendment.time),
        "amendments": 0 if amendment is None else amendment.count,
        "holder": piece.holder.value,
        "nonce": str(piece.nonce),
        "lost_since": _unix_or_zero(piece.lost_since),
    }


def _unix_or_zero(moment: datetime | None) -> int:
    return 0 if moment is None else to_unix(moment)


_NOTHING: dict[str, Any] = {
    "status": 0,
    "status_time": 0,
    "by_steward": None,
    "digest": None,
    "amended_time": 0,
    "amendments": 0,
    "holder": None,
    "nonce": "0",
    "lost_since": 0,
    "found_from": 0,
}
"""What is said of a piece before any event."""


def added_up(before: Any | None, said: Mapping[str, object]) -> dict[str, Any]:
    """Return the row of an event that says `said` of a piece: what its events up to this one add up to.

    `before` is the piece's newest row.
    """
    known = _NOTHING | _told({name: getattr(before, name, None) for name in _NOTHING})
    told = _told(said)
    if "lost_since" in told:
        known["found_from"] = 0  # A new report undoes the word that the piece was found.
    return known | told


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def token_of(newest: Any | None) -> TokenRow:
    """Return what is known of a piece from its newest row."""
    said = added_up(newest, {})
    return TokenRow(
        status=Status(said["status"]),
        status_time=_time_or_none(said["status_time"]),
        by_steward=said["by_steward"],
        amendment=AmendmentRecord(Digest(said["digest"]), from_unix(said["amended_time"]), said["amendments"])
        if said["amendments"]
        else None,
        holder=Address(said["holder"]) if said["holder"] else None,
        nonce=int(said["nonce"]),
        lost_since=_time_or_none(said["lost_since"]),
        found_from=_time_or_none(said["found_from"]),
    )


def _time_or_none(seconds: int) -> datetime | None:
    return from_unix(seconds) if seconds else None
