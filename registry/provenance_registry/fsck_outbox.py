"""Checks the outbox: what is kept of a transaction is what its own bytes, its batch and the chain tell of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import sqlalchemy as sa
from eth_utils.crypto import keccak

from provenance.errors import LedgerError, MalformedError
from provenance.evm.accounts import sender_and_number
from provenance.evm.ledger import EVMLedger
from provenance_registry.db.tables import batches, certificates, former_bytes, outbox, relayed, status_lists
from provenance_registry.fsck_index import rows

Row: TypeAlias = sa.Row[Any]
Add: TypeAlias = Callable[[str, object], None]

_ENDED = "final", "reverted"
_IN_A_BLOCK = "mined", *_ENDED
_SENDING = "prepared", "sent", *_IN_A_BLOCK
_KINDS = "anchor", "relay"

_OUTBOX = sa.select(
    outbox,
    sa.exists().where(batches.c.outbox_id == outbox.c.id).label("anchors"),
    sa.exists().where(relayed.c.outbox_id == outbox.c.id).label("relays"),
)
_FORMER = sa.select(former_bytes, outbox.c.account).join(outbox, outbox.c.id == former_bytes.c.outbox_id)
_NOBODYS_LISTS = sa.select(status_lists.c.list_id).where(
    ~sa.exists().where(certificates.c.list_id == status_lists.c.list_id, certificates.c.did == status_lists.c.did)
)
_UNSOUND_BATCHES = sa.select(batches.c.id).where(
    sa.or_(
        batches.c.open.not_in([0, 1]),
        batches.c.examined.not_in([0, 1]),
        sa.and_(batches.c.open == 1, batches.c.examined == 1),
    )
)


def check_outbox(database: sa.Connection, ledger: EVMLedger, add: Add) -> None:
    """Check all transactions, the marks of batches, and whose the status lists are; `add` takes what differs."""
    for row in rows(database, _OUTBOX):
        if not _is_signed_so(row) or not _is_where_it_says(row, ledger):
            add("outbox-differs", f"outbox {row.id}")
    for row in rows(database, _FORMER):
        if not _is_signed_so(row):
            add("outbox-differs", f"former_bytes {row.hash.hex()}")
    for row in rows(database, _UNSOUND_BATCHES):
        add("state-differs", f"batch {row.id}")
    for row in rows(database, _NOBODYS_LISTS):
        add("list-differs", row.list_id)


def _is_signed_so(row: Row) -> bool:
    """Tell whether account, number and hash are those of the bytes."""
    try:
        sender, number = sender_and_number(row.raw)
    except MalformedError:
        return False
    return (keccak(row.raw), sender.value, number) == (row.hash, row.account, row.nonce)


def _is_where_it_says(row: Row, ledger: EVMLedger) -> bool:
    """Tell whether kind and state are such as there are, and the chain has the block of what has ended."""
    if row.kind not in _KINDS or (row.anchors and row.kind != "anchor") or (row.relays and row.kind != "relay"):
        return False
    block = row.block_number, row.block_hash, row.block_time
    if row.sending not in _SENDING or (None in block) != (row.sending not in _IN_A_BLOCK):
        return False
    if row.sending not in _ENDED:  # What is under way may move while it is looked at.
        return True
    try:
        found = ledger.block(row.block_number)
    except LedgerError as error:
        if error.retryable and error.code != "unknown-block":
            raise
        return False
    return block == (found.number, found.hash.value, int(found.time.timestamp()))
