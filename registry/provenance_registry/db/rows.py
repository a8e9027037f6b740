"""Between rows and values."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from provenance.encoding import Address, Digest, Hash32, KeyId, Root
from provenance.ledger import (
    BlockRef,
    KeyAdded,
    KeyWindowShortened,
    LedgerEvent,
    StudioAccredited,
    StudioReinstated,
    StudioSuspended,
)
from provenance.serial import Serial
from provenance_registry.repository import LotRow, OutboxEntry, Sending, State, StoredCertificate


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


def entry_of(row: Any) -> OutboxEntry:
    """Return an outbox entry from its row."""
    return OutboxEntry(
        entry_id=row.id,
        kind=row.kind,
        account=Address(row.account),
        nonce=row.nonce,
        raw=row.raw,
        hash=Hash32(row.hash),
        sending=Sending(row.sending),
        block=None if row.block_number is None else block_of(row),
        error=row.error,
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
        transaction=Hash32(row.transaction_hash),
        block=block_of(row),
    )


def directory_columns(event: LedgerEvent) -> dict[str, object] | None:
    """Return the row of an event of studios or keys, or ``None`` for another event."""
    match event:
        case StudioAccredited():
            facts: dict[str, object] = {"did": event.did, "name": event.name, "scopes": event.scopes}
        case StudioSuspended() | StudioReinstated():
            facts = {}
        case KeyAdded():
            facts = {"multikey": event.multikey.hex(), "start": to_unix(event.start)}
        case KeyWindowShortened():
            facts = {"key_id": event.key_id.hex(), "end": to_unix(event.end)}
        case _:
            return None
    return {
        **block_columns(event.block),
        "log_index": event.log_index,
        "transaction_hash": event.transaction.value,
        "kind": type(event).__name__,
        "studio": event.studio.value,
        "facts": json.dumps(facts, ensure_ascii=False),
    }


_READ: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "StudioAccredited": lambda facts: facts,
    "StudioSuspended": lambda facts: facts,
    "StudioReinstated": lambda facts: facts,
    "KeyAdded": lambda facts: {
        "multikey": bytes.fromhex(facts["multikey"]),
        "key_id": KeyId(Digest.of(bytes.fromhex(facts["multikey"])).value),
        "start": from_unix(facts["start"]),
    },
    "KeyWindowShortened": lambda facts: {
        "key_id": KeyId(bytes.fromhex(facts["key_id"])),
        "end": from_unix(facts["end"]),
    },
}
_KINDS: dict[str, Callable[..., LedgerEvent]] = {
    kind.__name__: kind for kind in (StudioAccredited, StudioSuspended, StudioReinstated, KeyAdded, KeyWindowShortened)
}


def directory_event_of(row: Any) -> LedgerEvent:
    """Return an event of studios or keys from its row."""
    return _KINDS[row.kind](
        block=block_of(row),
        log_index=row.log_index,
        transaction=Hash32(row.transaction_hash),
        studio=Address(row.studio),
        **_READ[row.kind](json.loads(row.facts)),
    )
