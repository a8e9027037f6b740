"""The port itself: `LedgerReader` is what a verifier needs, `Ledger` adds events and transactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from provenance.encoding import Address, Hash32, KeyId, Root
from provenance.handover import Holding
from provenance.ledger.calls import LedgerCall, LedgerMessage, Role
from provenance.ledger.events import LedgerEvent
from provenance.ledger.records import AnchorEvidence, BlockRef, Controller, Deployment, LedgerIdentity, LedgerRecord


class LedgerReader(Protocol):
    """What verifying needs."""

    @property
    def identity(self) -> LedgerIdentity:
        """The deployment that answers, as read from it when the reader was opened."""

    def head(self) -> BlockRef:
        """Return the newest block known."""

    def record(self, token_id: int, key_id: KeyId, at: BlockRef) -> LedgerRecord | None:
        """Return the record as of block `at` (pinned by hash), or ``None`` where no such token exists then."""

    def anchor_evidence(self, root: Root, block_hash: Hash32) -> AnchorEvidence | None:
        """Return the event that anchored `root` in the canonical block `block_hash`, or ``None``."""

    def anchor_id_of(self, root: Root, at: BlockRef | None = None) -> int | None:
        """Return the id under which `root` is anchored, now or as of block `at`, or ``None``."""

    def status_by_steward(self, token_id: int, at: BlockRef) -> bool | None:
        """Tell whether a steward set the status that a piece has as of block `at`; ``None`` where it cannot be told.

        It is for people to know whom to ask; no outcome rests on it.
        """

    def successor(self, at: BlockRef | None = None) -> Deployment | None:
        """Return which ledger takes over, now or as of block `at`, or ``None``."""


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction ready to send: the same bytes may be sent any number of times and count once."""

    raw: bytes
    hash: Hash32
    sender: Address
    nonce: int


@dataclass(frozen=True, slots=True)
class TransactionOutcome:
    """What became of a mined transaction; `error` names the contract's reason where it was reverted.

    `fee` is what its sender paid, in the chain's smallest unit (wei); 0 where that is not known.
    """

    block: BlockRef
    succeeded: bool
    gas_used: int
    error: str | None = None
    fee: int = 0


class TransactionSigner(Protocol):
    """An account that signs transactions; the secret stays inside."""

    @property
    def address(self) -> Address:
        """The account's address."""


class Ledger(LedgerReader, Protocol):
    """What the registry's worker and the steward's commands need beside reading."""

    def events(self, first_block: int, last_block: int) -> Sequence[LedgerEvent]:
        """Return the ledger's events of the blocks ``first_block..last_block``, both included, in order."""

    def block(self, number: int) -> BlockRef:
        """Return the canonical block of that number."""

    def next_lot(self) -> int:
        """Return the id that the next lot will have."""

    def order_nonce(self, studio: Address, at: BlockRef | None = None) -> int:
        """Return the number that the studio's next signed order must carry, now or as of block `at`."""

    def holding(self, token_id: int, at: BlockRef) -> Holding | None:
        """Return who holds a piece as of block `at` (pinned by hash), or ``None`` where no such token exists then."""

    def signed_by(self, signer: Address, message: LedgerMessage, signature: bytes, at: BlockRef) -> bool:
        """Tell whether the ledger takes `signature` of `message` for `signer`'s: its key's, contract's or passkey's.

        A contract is asked as of block `at`, with little gas: one that does not answer in time has not signed.
        """

    def controller(self, studio: Address, at: BlockRef | None = None) -> Controller:
        """Return who signs for a studio and who will, now or as of block `at`."""

    def predecessor(self) -> Deployment | None:
        """Return whose state this ledger took over, or ``None``."""

    def sealed(self) -> bool:
        """Tell whether the ledger works: it never imported, or its import is complete."""

    def next_nonce(self, account: Address, at: BlockRef | None = None) -> int:
        """Return the number of the account's mined transactions, which is its next nonce, now or as of block `at`."""

    def has_role(self, role: Role, account: Address) -> bool:
        """Tell whether an account has a role."""

    def balance(self, account: Address) -> int:
        """Return the account's money in the chain's smallest unit (wei)."""

    def price_of(self, gas: int) -> int:
        """Return the most that a transaction of that much gas would be offered for now, in wei."""

    def waiting(self, account: Address) -> int:
        """Return how many transactions of the account wait at the node to be mined."""

    def prepare(
        self, call: LedgerCall, signer: TransactionSigner, nonce: int, *, max_gas: int | None = None
    ) -> SignedTransaction:
        """Simulate, price and sign `call`.

        Raises `LedgerError`: not retryable where the contract would refuse it, or where it would take more than
        `max_gas`; retryable where the account cannot pay for it.
        """

    def renumber(self, transaction: SignedTransaction, signer: TransactionSigner, nonce: int) -> SignedTransaction:
        """Sign the call of `transaction` again under another nonce, with the same gas and fees.  Nothing is asked."""

    def raise_fees(self, transaction: SignedTransaction, signer: TransactionSigner) -> SignedTransaction:
        """Sign the call of `transaction` again under its nonce, with fees for which nodes take it in its place.

        Raises `LedgerError`, retryable, where that is more than may be offered.
        """

    def send(self, transaction: SignedTransaction) -> None:
        """Hand the transaction to the node; a transaction that the node has already is no error."""

    def outcome(self, transaction: Hash32) -> TransactionOutcome | None:
        """Return what became of a mined transaction, or ``None`` while it is not mined."""
