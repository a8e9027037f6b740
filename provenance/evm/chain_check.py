"""Checks the file of an embedded chain: what lies under a hash has it, and its tables say what the blocks do.

Nearly all of the file are nodes of tries: of each block's state, and so of no use to a reader of the newest.  Each is
kept under its hash, which makes damage visible wherever it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from eth_utils.crypto import keccak
from rlp.codec import decode as decode_rlp

from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_vm import EmbeddedVM

_NUMBER = b"block-number-to-hash:"
_NUMBER_FIELD = 8
"""A header's number, among its fields (Yellow Paper, section 4.4)."""


def damaged_pairs(path: Path) -> Iterator[str]:
    """Yield what is damaged in the chain's file at `path`, before it is opened as a chain; raises `sqlite3.Error`."""
    with closing(sqlite3.connect(path)) as database:
        for (told,) in database.execute("PRAGMA integrity_check(20)"):
            if told != "ok":
                yield str(told)
        for key, value in database.execute("SELECT key, value FROM pairs"):
            if len(key) == 32 and keccak(value) != key:
                yield f"pair {key.hex()}"
            elif key.startswith(_NUMBER) and not _has_number(database, value, key.removeprefix(_NUMBER)):
                yield f"block {key.removeprefix(_NUMBER).decode('ascii', 'replace')}"


def _has_number(database: sqlite3.Connection, value: bytes, number: bytes) -> bool:
    """Tell whether the block under the hash that `value` holds has that number."""
    try:
        block_hash = decode_rlp(value)  # type: ignore[no-untyped-call]
        found = database.execute("SELECT value FROM pairs WHERE key = ?", (block_hash,)).fetchone()
        fields = decode_rlp(found[0])  # type: ignore[no-untyped-call]
        return str(int.from_bytes(fields[_NUMBER_FIELD], "big")).encode() == number
    except Exception:  # Whatever the library says of bytes that are no header.
        return False


def damaged_rows(chain: EmbeddedChain) -> Iterator[str]:
    """Yield which rows of transactions and events differ from the blocks and their receipts, block by block."""
    database, receipts = chain.store.connection, EmbeddedVM.get_receipt_builder()
    for number in range(chain.head.block_number + 1):
        header = chain.chain.get_canonical_block_header_by_number(number)  # type: ignore[arg-type]
        block = chain.chain.get_block_by_header(header)
        base_fee = header.base_fee_per_gas or 0
        sent, events, gas = list[tuple[object, ...]](), list[tuple[object, ...]](), 0
        for position, (transaction, receipt) in enumerate(
            zip(block.transactions, chain.chain.chaindb.get_receipts(header, receipts), strict=True)
        ):
            tip = min(transaction.max_priority_fee_per_gas, transaction.max_fee_per_gas - base_fee)
            succeeded = int(receipt.state_root == b"\x01")
            used, gas = receipt.gas_used - gas, receipt.gas_used
            sent.append((transaction.hash, position, transaction.sender, succeeded, used, base_fee + tip))
            for log in receipt.logs:
                topics = [topic.to_bytes(32, "big") for topic in log.topics]
                first = topics[0] if topics else None
                at = len(events), transaction.hash, position
                events.append((*at, log.address, first, b"".join(topics), log.data))
        kept = database.execute(
            "SELECT hash, position, sender, status, gas_used, price FROM transactions WHERE block = ? "
            "ORDER BY position, hash",
            (number,),
        )
        if kept.fetchall() != sent:
            yield f"transactions of block {number}"
        kept = database.execute(
            "SELECT log_index, transaction_hash, position, address, topic0, topics, data FROM logs WHERE block = ? "
            "ORDER BY log_index",
            (number,),
        )
        if kept.fetchall() != events:
            yield f"events of block {number}"
    last = chain.head.block_number
    for query in (
        "SELECT 1 FROM transactions WHERE block > ? OR block < 0",
        "SELECT 1 FROM logs WHERE block > ? OR block < 0",
    ):
        if database.execute(query, (last,)).fetchone() is not None:
            yield "transactions or events of blocks that there are not"
