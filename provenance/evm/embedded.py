"""The embedded ledger's chain: py-evm under Prague rules, in this process, stored in one SQLite file.

A block's time is the clock's at sealing, strictly rising, at most one block a second holding all that waits: a chain
that dated a block by its predecessor would let a stolen key anchor under Friday's date after an idle weekend.  What was
sent but not sealed is forgotten when the process dies: the sender's outbox sends it again.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from eth.abc import BlockHeaderAPI, SignedTransactionAPI
from eth.chains.base import MiningChain
from eth.constants import BLANK_ROOT_HASH, ZERO_ADDRESS
from eth.exceptions import CanonicalHeadNotFound
from eth_utils.exceptions import ValidationError

from provenance.encoding import Address
from provenance.errors import LedgerError, Wording
from provenance.evm.chain_store import ChainStore
from provenance.evm.embedded_vm import EmbeddedVM
from provenance.evm.fees import MAX_FEE_PER_GAS

CHAIN_ID = 0x6B696C6E
"""``kiln`` in ASCII.  Chains differ in their genesis hash, contracts in their deployment id."""
BLOCK_GAS = 2**26
"""Gas of a block: four transactions of the largest kind; anchors stay under the base fee's target."""
TRANSACTION_GAS = 2**24
"""Largest gas of a transaction (EIP-7825), so that what works here works on public chains."""
MAX_PENDING = 512
"""Transactions waiting for a block; a registry has a handful."""
MAX_CLOCK_STEP = 5
"""Seconds by which the clock may run behind the newest block before that is reported instead of waited out."""
MAX_PAUSE = 400 * 24 * 3600
"""Seconds between a block and the next after which the clock is doubted: a kiln may rest for a year.

One block under a date far ahead would be the last one for as long: blocks never go back.
"""
_BALANCE = 10**24

Clock = Callable[[], float]


class _Chain(MiningChain):
    vm_configuration = ((0, EmbeddedVM),)  # type: ignore[assignment]
    chain_id = CHAIN_ID

    def create_header_from_parent(self, parent_header: BlockHeaderAPI, **params: Any) -> BlockHeaderAPI:
        return super().create_header_from_parent(parent_header, **{**params, "gas_limit": parent_header.gas_limit})


class EmbeddedChain:
    """A chain of one process.  All methods may be called from any thread.

    `funded` are the accounts that hold money from block 0 on; they count only where the chain is new.  `clock` gives
    unix seconds; no block is sealed more than `max_pause` seconds after the newest one.  Raises `ConflictError` where
    another process has the file, `StorageError` where it is unusable.
    """

    def __init__(
        self, path: Path, *, funded: Iterable[Address] = (), clock: Clock = time.time, max_pause: int = MAX_PAUSE
    ) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.max_pause = max_pause
        self.store = ChainStore(path)
        self.pending: dict[bytes, SignedTransactionAPI] = {}
        try:
            self.chain = _Chain(self.store)
        except CanonicalHeadNotFound:
            with self.store.block():
                self._create(funded)
            self.chain = _Chain(self.store)

    def _create(self, funded: Iterable[Address]) -> None:
        parameters: dict[str, Any] = {
            "difficulty": 0,
            "extra_data": secrets.token_bytes(32),  # Makes the genesis hash this chain's own.
            "gas_limit": BLOCK_GAS,
            "coinbase": ZERO_ADDRESS,
            "timestamp": int(self.clock()),
            "base_fee_per_gas": 7,
            "transaction_root": BLANK_ROOT_HASH,
            "receipt_root": BLANK_ROOT_HASH,
        }
        account = {"balance": _BALANCE, "nonce": 0, "code": b"", "storage": {}}
        accounts: Any = {address.value: account for address in funded}
        _Chain.from_genesis(self.store, parameters, accounts)

    def close(self) -> None:
        """Let go of the file; what is pending is forgotten."""
        with self.lock:
            self.store.close()

    def copy(self, target: Path) -> None:
        """Copy the chain into a new file, on disk, while nothing is sealed; raises `sqlite3.Error`, `OSError`."""
        with self.lock:
            self.store.copy(target)

    @property
    def head(self) -> BlockHeaderAPI:
        """The newest block's header."""
        return self.chain.get_canonical_head()

    def add(self, raw: bytes) -> bytes:
        """Take a signed transaction into the pool and return its hash; raises `LedgerError` for an invalid one.

        One that waits or is mined already is accepted again.
        """
        with self.lock:
            try:
                transaction = EmbeddedVM.get_transaction_builder().decode(raw)
                transaction.validate()
                sender = transaction.sender
            except Exception:  # RLP, signature and type errors of several libraries: the bytes are no transaction.
                raise _invalid("it cannot be decoded") from None
            if transaction.hash in self.pending or self.is_mined(transaction.hash):
                return bytes(transaction.hash)
            state = self.chain.get_vm(self.head).state
            waiting = sum(1 for other in self.pending.values() if other.sender == sender)
            if transaction.chain_id != CHAIN_ID:
                raise _invalid("it is for another chain")
            if transaction.nonce < state.get_nonce(sender):
                raise _invalid("nonce too low")
            if transaction.nonce > state.get_nonce(sender) + waiting:
                raise _invalid("nonce too high")
            if transaction.gas > TRANSACTION_GAS:
                raise _invalid("it asks for more than 2^24 gas")
            if transaction.intrinsic_gas > transaction.gas:
                raise _invalid("it offers less than its intrinsic gas")
            fee = getattr(transaction, "max_fee_per_gas", None) or transaction.gas_price
            if fee > MAX_FEE_PER_GAS:
                raise _invalid("it offers more for gas than anybody should")
            if fee < (self.head.base_fee_per_gas or 0):
                raise _invalid("it offers less than the base fee")
            if transaction.gas * fee + transaction.value > state.get_balance(sender):
                raise _invalid("insufficient funds")
            if len(self.pending) >= MAX_PENDING:
                raise LedgerError("pool-full", "Too many transactions wait for a block.", retryable=True)
            self.pending[transaction.hash] = transaction
            return bytes(transaction.hash)

    def is_mined(self, transaction_hash: bytes) -> bool:
        """Tell whether a transaction is in a block."""
        query = "SELECT 1 FROM transactions WHERE hash = ?"
        return self.store.connection.execute(query, (transaction_hash,)).fetchone() is not None

    def seal(self) -> bool:
        """Seal all that waits into one block, dated by the clock; tell whether one was sealed.

        Does nothing within the second of the newest block.  Raises `LedgerError` (retryable) where the clock went
        back or far ahead, and `StorageError` where the disk fails; the transactions then go on waiting.
        """
        with self.lock:
            if not self.pending:
                return False
            now, head = int(self.clock()), self.head
            if now <= head.timestamp:
                if head.timestamp - now > MAX_CLOCK_STEP:
                    raise LedgerError(
                        "clock-behind",
                        "The clock is {seconds} s behind the newest block.",
                        retryable=True,
                        hint="Set the clock right; no block is sealed under a wrong date.",
                        seconds=head.timestamp - now,
                    )
                return False
            if now - head.timestamp > self.max_pause:
                raise LedgerError(
                    "clock-ahead",
                    "The clock is {days} days ahead of the newest block.",
                    retryable=True,
                    hint="Set the clock right.  Where the ledger did rest so long, allow it with "
                    "KILNMARK_MAX_PAUSE_DAYS: a block under a wrong date cannot be undone.",
                    days=(now - head.timestamp) // (24 * 3600),
                )
            try:
                with self.store.block():
                    done, sealed = self._seal(now)
                if not sealed:
                    self.chain = _Chain(self.store)  # Forget the block that was begun.
            except BaseException:
                self.chain = _Chain(self.store)  # Forget what was computed but not stored.
                raise
            for transaction_hash in done:
                del self.pending[transaction_hash]
            return sealed

    def _seal(self, now: int) -> tuple[list[bytes], bool]:
        """Return the transactions that need not wait any longer, and whether any of them made a block."""
        self.chain.header = self.chain.create_header_from_parent(self.head).copy(timestamp=now)
        outcomes, done = [], list[bytes]()
        for transaction in sorted(self.pending.values(), key=lambda item: item.nonce):
            done.append(transaction.hash)
            if self.chain.header.gas_used + transaction.gas > BLOCK_GAS:
                done.pop()  # It waits for the next block.
                continue
            try:
                _, receipt, computation = self.chain.apply_transaction(transaction)
            except ValidationError:
                continue  # It became invalid while it waited: dropped, as nodes do.
            outcomes.append((transaction, receipt, computation))
        if not outcomes:
            return done, False
        base_fee = self.chain.header.base_fee_per_gas or 0
        block = self.chain.mine_block()
        log_index = gas_before = 0
        for position, (transaction, receipt, computation) in enumerate(outcomes):
            tip = min(transaction.max_priority_fee_per_gas, transaction.max_fee_per_gas - base_fee)
            created = computation.msg.storage_address if computation.msg.is_create else None
            self.store.connection.execute(
                "INSERT INTO transactions VALUES (?,?,?,?,?,?,?,?,?)",
                (
                    transaction.hash,
                    block.number,
                    position,
                    transaction.sender,
                    int(computation.is_success),
                    receipt.gas_used - gas_before,
                    base_fee + tip,
                    created,
                    b"" if computation.is_success else bytes(computation.output)[:1024],
                ),
            )
            gas_before = receipt.gas_used
            rows = []
            for log in receipt.logs:
                topics = [topic.to_bytes(32, "big") for topic in log.topics]
                first = topics[0] if topics else None
                rows.append(
                    (
                        block.number,
                        log_index,
                        transaction.hash,
                        position,
                        log.address,
                        first,
                        b"".join(topics),
                        log.data,
                    )
                )
                log_index += 1
            self.store.connection.executemany("INSERT INTO logs VALUES (?,?,?,?,?,?,?,?)", rows)
        return done, True


def _invalid(why: str) -> LedgerError:
    return LedgerError("invalid-transaction", "The transaction is refused: {why}.", retryable=False, why=Wording(why))
