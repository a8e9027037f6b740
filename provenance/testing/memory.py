"""A ledger in memory: a working simulator of the port, with the contract's rules and none of its chain.

Time stands still until it is moved, and nothing is mined until `MemoryLedger.mine` is called, so that a test decides
when a transaction waits, is mined, lies deep enough, or is taken back by `MemoryLedger.reorganise`.

>>> ledger = MemoryLedger(steward=steward.address, anchorer=anchorer.address)  # doctest: +SKIP
>>> ledger.send(ledger.prepare(AccreditCall(studio, did, "Kiln"), steward, 0)); ledger.mine()  # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from provenance.encoding import Address, Digest, Hash32, KeyId, Root
from provenance.errors import LedgerError
from provenance.ledger import (
    Anchored,
    AnchorEvidence,
    BlockRef,
    KeyWindow,
    LedgerCall,
    LedgerEvent,
    LedgerIdentity,
    LedgerRecord,
    SignedTransaction,
    TransactionOutcome,
    TransactionSigner,
)
from provenance.status import Status, StatusOrder
from provenance.testing.rules import Context, RefusedError, State, Window, apply

CHAIN_ID = 1_337
START = datetime(2026, 1, 1, tzinfo=UTC)
"""The time of block 0, where none is given."""


@dataclass(slots=True)
class _Block:
    ref: BlockRef
    state: State
    outcomes: dict[Hash32, TransactionOutcome] = field(default_factory=dict)
    events: list[LedgerEvent] = field(default_factory=list)


def _refuse_orders(_identity: LedgerIdentity, _order: StatusOrder, _signature: bytes) -> bool:
    return False


class MemoryLedger:
    """Implements `provenance.ledger.Ledger`.

    `steward` and `anchorer` hold the roles.  `is_signed` tells whether a signature is that of an order's studio; the
    default refuses every order.  `now` is the simulated time: move it forward as the test needs.
    """

    def __init__(
        self,
        *,
        steward: Address,
        anchorer: Address,
        now: datetime = START,
        is_signed: Callable[[LedgerIdentity, StatusOrder, bytes], bool] = _refuse_orders,
    ) -> None:
        self.now = now.replace(microsecond=0)
        self._steward, self._anchorer, self._is_signed = steward, anchorer, is_signed
        genesis = BlockRef(0, Hash32(secrets.token_bytes(32)), self.now)
        self._blocks = [_Block(genesis, State())]
        self._calls: dict[Hash32, LedgerCall] = {}
        self._pending: dict[Hash32, SignedTransaction] = {}
        self._identity = LedgerIdentity(
            CHAIN_ID,
            genesis.hash,
            Address(secrets.token_bytes(20)),
            Hash32(hashlib.sha256(b"simulated").digest()),
            Hash32(secrets.token_bytes(32)),
        )

    # --- steering -------------------------------------------------------------------------------------------------

    def mine(self, blocks: int = 1) -> None:
        """Mine what waits into one block, then empty ones up to `blocks`; times are `now`, strictly rising."""
        for _ in range(blocks):
            self._mine()

    def reorganise(self, depth: int) -> None:
        """Take back the newest `depth` blocks; their transactions are forgotten and must be sent again."""
        if not 0 < depth < len(self._blocks):
            raise ValueError("the genesis block stays")
        del self._blocks[-depth:]
        self._pending.clear()

    def _mine(self) -> None:
        self.now = self._next_time()
        parent = self._blocks[-1]
        ref = BlockRef(parent.ref.number + 1, Hash32(secrets.token_bytes(32)), self.now)
        block = _Block(ref, parent.state)
        for transaction in sorted(self._pending.values(), key=lambda item: item.nonce):
            if block.state.nonces.get(transaction.sender, 0) == transaction.nonce:
                self._execute(block, transaction)
        self._pending.clear()
        self._blocks.append(block)

    def _execute(self, block: _Block, transaction: SignedTransaction) -> None:
        state, error = block.state.copy(), None
        try:
            emitted = apply(state, self._calls[transaction.hash], self._context(transaction.sender, block.ref))
        except RefusedError as refusal:
            state, emitted, error = block.state.copy(), [], str(refusal)
        state.nonces[transaction.sender] = transaction.nonce + 1
        block.state = state
        block.outcomes[transaction.hash] = TransactionOutcome(block.ref, error is None, 21_000, error)
        for kind, members in emitted:
            block.events.append(kind(block.ref, len(block.events), transaction.hash, *members))

    def _next_time(self) -> datetime:
        return max(self.now.replace(microsecond=0), self._blocks[-1].ref.time + timedelta(seconds=1))

    def _context(self, sender: Address, at: BlockRef) -> Context:
        def is_signed(order: StatusOrder, signature: bytes) -> bool:
            return self._is_signed(self._identity, order, signature)

        return Context(sender, int(at.time.timestamp()), at.number, self._steward, self._anchorer, is_signed)

    # --- reading --------------------------------------------------------------------------------------------------

    @property
    def identity(self) -> LedgerIdentity:
        """The deployment."""
        return self._identity

    def head(self) -> BlockRef:
        """Return the newest block."""
        return self._blocks[-1].ref

    def block(self, number: int) -> BlockRef:
        """Return the block of that number."""
        if not 0 <= number < len(self._blocks):
            raise _unknown_block()
        return self._blocks[number].ref

    def record(self, token_id: int, key_id: KeyId, at: BlockRef) -> LedgerRecord | None:
        """Return the record as of block `at`."""
        block = self._by_hash(at.hash)
        if block is None:
            raise _unknown_block()
        state = block.state
        try:
            studio = state.studio_of(token_id)
        except RefusedError:
            return None
        lot, anchor_id = state.lots[token_id >> 32]
        anchor, status = state.anchors[anchor_id], state.statuses.get(token_id)
        return LedgerRecord(
            token_id=token_id,
            studio=studio,
            did_hash=Digest.of(state.studios[studio].did.encode()),
            name_hash=Digest.of(state.studios[studio].name_at(int(anchor.time.timestamp())).encode()),
            offset=lot.offset,
            anchor=anchor,
            holder=studio,
            status=Status.ACTIVE if status is None else status.status,
            status_time=None if status is None else datetime.fromtimestamp(status.time, UTC),
            lost_since=None,
            standing_at_anchor=state.standing_at(studio, int(anchor.time.timestamp())),
            standing_now=state.standing_now(studio),
            key=_window(state.keys.get((studio, key_id))),
            amendment=state.amendments.get(token_id),
        )

    def anchor_evidence(self, root: Root, block_hash: Hash32) -> AnchorEvidence | None:
        """Return the event that anchored `root` in block `block_hash`, or ``None``."""
        block = self._by_hash(block_hash)
        for event in () if block is None else block.events:
            if isinstance(event, Anchored) and event.root == root:
                return AnchorEvidence(event.anchor_id, root, event.transaction, event.block)
        return None

    def events(self, first_block: int, last_block: int) -> Sequence[LedgerEvent]:
        """Return the events of a range of blocks, in order."""
        return [event for block in self._blocks[first_block : last_block + 1] for event in block.events]

    def next_lot(self) -> int:
        """Return the id that the next lot will have."""
        return len(self._blocks[-1].state.lots) + 1

    def anchor_id_of(self, root: Root) -> int | None:
        """Return the id under which `root` is anchored."""
        return self._blocks[-1].state.anchor_ids.get(root)

    def order_nonce(self, studio: Address) -> int:
        """Return the number of the studio's next signed order."""
        return self._blocks[-1].state.order_nonces.get(studio, 0)

    def next_nonce(self, account: Address) -> int:
        """Return the number of the account's mined transactions."""
        return self._blocks[-1].state.nonces.get(account, 0)

    def _by_hash(self, block_hash: Hash32) -> _Block | None:
        return next((block for block in self._blocks if block.ref.hash == block_hash), None)

    # --- transactions ---------------------------------------------------------------------------------------------

    def prepare(self, call: LedgerCall, signer: TransactionSigner, nonce: int) -> SignedTransaction:
        """Simulate and "sign" `call`: the bytes name it, this object remembers it."""
        at = BlockRef(self.head().number + 1, self.head().hash, self._next_time())
        try:
            apply(self._blocks[-1].state.copy(), call, self._context(signer.address, at))
        except RefusedError as refusal:
            raise LedgerError(
                "ledger-refused", "The ledger refuses: {reason}.", retryable=False, reason=refusal
            ) from None
        raw = repr((nonce, signer.address, call)).encode()
        transaction = SignedTransaction(raw, Hash32(hashlib.sha256(raw).digest()), signer.address, nonce)
        self._calls[transaction.hash] = call
        return transaction

    def send(self, transaction: SignedTransaction) -> None:
        """Let the transaction wait for a block; one that waits or is mined already is no error."""
        if transaction.hash in self._pending or self.outcome(transaction.hash) is not None:
            return
        if transaction.hash not in self._calls:
            raise LedgerError("node-refused", "The node refuses: unknown transaction.", retryable=False)
        if transaction.nonce < self.next_nonce(transaction.sender):
            raise LedgerError("nonce-used", "Another transaction with this nonce was mined.", retryable=False)
        self._pending[transaction.hash] = transaction

    def outcome(self, transaction: Hash32) -> TransactionOutcome | None:
        """Return what became of a mined transaction, or ``None`` while it is not mined."""
        found = (block.outcomes[transaction] for block in reversed(self._blocks) if transaction in block.outcomes)
        return next(found, None)


def _window(window: Window | None) -> KeyWindow | None:
    if window is None:
        return None
    end = None if window.end is None else datetime.fromtimestamp(window.end, UTC)
    return KeyWindow(datetime.fromtimestamp(window.start, UTC), end)


def _unknown_block() -> LedgerError:
    return LedgerError("unknown-block", "The node does not have the block asked for.", retryable=True)
