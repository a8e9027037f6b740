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
from provenance.handover import Holding, Recovery
from provenance.ledger import (
    Anchored,
    AnchorEvidence,
    BlockRef,
    Controller,
    Deployment,
    KeyWindow,
    LedgerCall,
    LedgerEvent,
    LedgerIdentity,
    LedgerMessage,
    LedgerRecord,
    Role,
    SignedTransaction,
    TransactionOutcome,
    TransactionSigner,
)
from provenance.testing.rules import Context, RefusedError, State, apply
from provenance.testing.rules.state import Window, seconds, when

CHAIN_ID = 1_337
START = datetime(2026, 1, 1, tzinfo=UTC)
"""The time of block 0, where none is given."""


@dataclass(slots=True)
class _Block:
    ref: BlockRef
    state: State
    outcomes: dict[Hash32, TransactionOutcome] = field(default_factory=dict)
    events: list[LedgerEvent] = field(default_factory=list)


SignatureCheck = Callable[[Address, LedgerIdentity, LedgerMessage, bytes], bool]
"""Tells whether a signature of a message for a ledger is by an address: `provenance.evm.accounts.is_signed_by`."""


def _refuse(_signer: Address, _identity: LedgerIdentity, _message: LedgerMessage, _signature: bytes) -> bool:
    return False


class MemoryLedger:
    """Implements `provenance.ledger.Ledger`.

    `steward` and `anchorer` hold the roles, the steward is the `admin` too where no other is named.  `is_signed` tells
    whether a message is signed by an address; the default refuses every signature.  With an `importer` and a
    `predecessor` the ledger only imports until it is sealed.  `now` is the simulated time: move it forward as the test
    needs.
    """

    def __init__(
        self,
        *,
        steward: Address,
        anchorer: Address,
        now: datetime = START,
        is_signed: SignatureCheck = _refuse,
        admin: Address | None = None,
        admin_delay: int = 0,
        importer: Address | None = None,
        predecessor: Deployment | None = None,
    ) -> None:
        if (importer is None) != (predecessor is None):
            raise ValueError("an importer and a predecessor go together")
        self.now = now.replace(microsecond=0)
        self._is_signed, self._predecessor = is_signed, predecessor
        roles = {(Role.STEWARD, steward), (Role.ANCHORER, anchorer)}
        state = State(
            roles=frozenset(roles if importer is None else roles | {(Role.IMPORTER, importer)}),
            admin=admin or steward,
            admin_delay=admin_delay,
            sealed=importer is None,
        )
        genesis = BlockRef(0, Hash32(secrets.token_bytes(32)), self.now)
        self._blocks = [_Block(genesis, state)]
        self._calls: dict[Hash32, LedgerCall] = {}
        self._pending: dict[Hash32, SignedTransaction] = {}
        self._fees: dict[Hash32, int] = {}
        self.least_fee, self.max_fee = 0, 5
        """What a transaction must offer to be mined, and what one may offer; the first offer is 0."""
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
        for transaction in sorted(self._pending.values(), key=lambda item: (item.nonce, -self._fees[item.hash])):
            if (
                self._fees[transaction.hash] >= self.least_fee
                and block.state.nonces.get(transaction.sender, 0) == transaction.nonce
            ):
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
        def is_signed(signer: Address, message: LedgerMessage, signature: bytes) -> bool:
            return self._is_signed(signer, self._identity, message, signature)

        return Context(sender, int(at.time.timestamp()), at.number, is_signed)

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
        state, time = self._state(at), seconds(at.time)
        try:
            holder, _ = state.holder_and_signer(token_id, time)
        except RefusedError:
            return None
        studio = state.studio_of(token_id)
        lot, anchor_id = state.lots[token_id >> 32]
        anchor, piece = state.anchors[anchor_id], state.piece(token_id)
        return LedgerRecord(
            token_id=token_id,
            studio=studio,
            did_hash=Digest.of(state.studios[studio].did.encode()),
            name_hash=Digest.of(state.studios[studio].name_at(seconds(anchor.time)).encode()),
            offset=lot.offset,
            anchor=anchor,
            holder=holder,
            status=piece.status,
            status_time=_moment(piece.status_time),
            lost_since=_moment(piece.lost_at(time)),
            standing_at_anchor=state.standing_at(studio, seconds(anchor.time)),
            standing_now=state.standing_now(studio),
            key=_window(state.keys.get((studio, key_id))),
            amendment=state.amendments.get(token_id),
        )

    def holding(self, token_id: int, at: BlockRef) -> Holding | None:
        """Return who holds a piece as of block `at`."""
        state, time = self._state(at), seconds(at.time)
        try:
            holder, signer = state.holder_and_signer(token_id, time)
        except RefusedError:
            return None
        piece, recovery = state.piece(token_id), state.recoveries.get(token_id)
        lost = piece.lost_at(time)
        return Holding(
            holder=holder,
            signer=signer,
            nonce=piece.nonce,
            lost_since=_moment(lost),
            found_from=_moment(piece.found_from) if lost else None,
            barred=state.barred(token_id),
            exempt_key=state.exempt_key(token_id),
            recovery=None if recovery is None else Recovery(recovery[0], when(recovery[1])),
        )

    def _state(self, at: BlockRef) -> State:
        block = self._by_hash(at.hash)
        if block is None:
            raise _unknown_block()
        return block.state

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

    def anchor_id_of(self, root: Root, at: BlockRef | None = None) -> int | None:
        """Return the id under which `root` is anchored."""
        return self._state(at or self.head()).anchor_ids.get(root)

    def order_nonce(self, studio: Address, at: BlockRef | None = None) -> int:
        """Return the number of the studio's next signed order."""
        return self._state(at or self.head()).order_nonces.get(studio, 0)

    def signed_by(self, signer: Address, message: LedgerMessage, signature: bytes, at: BlockRef) -> bool:
        """Tell whether `is_signed` says so."""
        return self._is_signed(signer, self._identity, message, signature)

    def controller(self, studio: Address, at: BlockRef | None = None) -> Controller:
        """Return who signs for a studio, and who will."""
        at = at or self.head()
        state, time = self._state(at), seconds(at.time)
        current, entry = state.controller_of(studio, time), state.studios.get(studio)
        if entry is None or state.time(time) >= entry.upcoming_from:
            return Controller(current, None, None)
        return Controller(current, entry.upcoming, when(entry.upcoming_from))

    def predecessor(self) -> Deployment | None:
        """Return whose state this ledger took over."""
        return self._predecessor

    def successor(self, at: BlockRef | None = None) -> Deployment | None:
        """Return which ledger takes over."""
        return self._state(at or self.head()).successor

    def status_by_steward(self, token_id: int, at: BlockRef) -> bool | None:
        """Tell whether a steward set the status of a piece."""
        piece = self._state(at).piece(token_id)
        return piece.by_steward if piece.status_time else None

    def sealed(self) -> bool:
        """Tell whether the ledger works."""
        return self._blocks[-1].state.sealed

    def has_role(self, role: Role, account: Address) -> bool:
        """Tell whether an account has a role."""
        return (role, account) in self._blocks[-1].state.roles

    def admin(self) -> tuple[Address, Address | None, datetime | None]:
        """Return the admin, and who may become it from when on, both ``None`` where no transfer is under way."""
        state = self._blocks[-1].state
        if state.pending_admin is None:
            return state.admin, None, None
        return state.admin, state.pending_admin[0], when(state.pending_admin[1])

    def next_nonce(self, account: Address, at: BlockRef | None = None) -> int:
        """Return the number of the account's mined transactions."""
        return self._state(at or self.head()).nonces.get(account, 0)

    def balance(self, account: Address) -> int:
        """Return the money of an account: everybody has the same, and nothing is ever paid."""
        return 10**18

    def price_of(self, gas: int) -> int:
        """Return what `gas` costs: one wei each."""
        return gas

    def waiting(self, account: Address) -> int:
        """Return how many transactions of the account wait for a block."""
        return sum(1 for transaction in self._pending.values() if transaction.sender == account)

    def _by_hash(self, block_hash: Hash32) -> _Block | None:
        return next((block for block in self._blocks if block.ref.hash == block_hash), None)

    # --- transactions ---------------------------------------------------------------------------------------------

    def prepare(
        self, call: LedgerCall, signer: TransactionSigner, nonce: int, *, max_gas: int | None = None
    ) -> SignedTransaction:
        """Simulate and "sign" `call`: the bytes name it, this object remembers it."""
        at = BlockRef(self.head().number + 1, self.head().hash, self._next_time())
        try:
            apply(self._blocks[-1].state.copy(), call, self._context(signer.address, at))
        except RefusedError as refusal:
            raise LedgerError(
                "ledger-refused", "The ledger refuses: {reason}.", retryable=False, reason=refusal
            ) from None
        return self._sign(call, signer, nonce)

    def renumber(self, transaction: SignedTransaction, signer: TransactionSigner, nonce: int) -> SignedTransaction:
        """ "Sign" the same call under another nonce."""
        return self._sign(self._calls[transaction.hash], signer, nonce, self._fees[transaction.hash])

    def raise_fees(self, transaction: SignedTransaction, signer: TransactionSigner) -> SignedTransaction:
        """ "Sign" the same call with a fee of one more."""
        fee = self._fees[transaction.hash] + 1
        if fee > self.max_fee:
            raise LedgerError("fee-at-limit", "More than {limit} is not offered.", retryable=True, limit=self.max_fee)
        return self._sign(self._calls[transaction.hash], signer, transaction.nonce, fee)

    def _sign(self, call: LedgerCall, signer: TransactionSigner, nonce: int, fee: int = 0) -> SignedTransaction:
        raw = repr((nonce, signer.address, call) + ((fee,) if fee else ())).encode()
        transaction = SignedTransaction(raw, Hash32(hashlib.sha256(raw).digest()), signer.address, nonce)
        self._calls[transaction.hash], self._fees[transaction.hash] = call, fee
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
    return KeyWindow(when(window.start), None if window.end is None else when(window.end))


def _moment(time: int) -> datetime | None:
    return when(time) if time else None


def _unknown_block() -> LedgerError:
    return LedgerError("unknown-block", "The node does not have the block asked for.", retryable=True)
