"""The outbox: nonce and signed bytes are durable before the first send; after any doubt the same bytes go again.

One account sends anchors, another relays what others signed, so that neither's nonces wait for the other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from provenance.encoding import Address
from provenance.errors import LedgerError, ProvenanceError
from provenance.ledger import BlockRef, Ledger, LedgerCall, SignedTransaction, TransactionOutcome, TransactionSigner
from provenance_registry.records import OutboxEntry, Sending
from provenance_registry.repository import Repository, Transaction
from provenance_registry.service.checkpoints import checkpoint
from provenance_registry.service.lease import Lease
from provenance_registry.service.nonces import Nonces
from provenance_registry.service.patience import Patience

log = logging.getLogger(__name__)

AT_ONCE = 64
"""Open entries of an account that are looked at in one turn: those after them cannot be mined before."""
UNCLEAR_TURNS = 20
"""Turns in which node and index may disagree on what became of a transaction before that is told: they are five
seconds, and a chain that is rearranged takes no longer."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The entries that came to an end, and each error that kept others from moving."""

    ended: list[OutboxEntry]
    troubles: tuple[ProvenanceError, ...]

    @property
    def trouble(self) -> ProvenanceError | None:
        """The first of `troubles`, or ``None``."""
        return next(iter(self.troubles), None)


class Outbox:
    """Prepares transactions and sees each of them through.

    `signers` gives the account for each kind of transaction; `confirmations` is the depth at which a transaction
    counts as final.  Only who holds `lease` sends and writes, save that everybody may prepare what others signed.
    """

    def __init__(
        self,
        repository: Repository,
        ledger: Ledger,
        signers: Mapping[str, TransactionSigner],
        confirmations: int,
        lease: Lease | None = None,
        *,
        raise_fees_after: float = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unfenced = repository
        self._repository = repository if lease is None else repository.fenced(lease.check)
        self._lease = lease
        self._ledger = ledger
        self._signers = signers
        self._confirmations = confirmations
        self._nonces = Nonces(self._repository, ledger, signers.values(), confirmations)
        self._patience = Patience(self._repository, ledger, signers.values(), raise_fees_after, clock)
        self._unclear: dict[int, int] = {}
        self._looked_at: dict[Address, tuple[BlockRef, int]] = {}

    def prepare(
        self,
        kind: str,
        call: LedgerCall,
        record: Callable[[Transaction, int], None],
        *,
        max_gas: int | None = None,
        by_anyone: bool = False,
    ) -> None:
        """Sign `call` and make it durable together with what `record` writes; `by_anyone` asks for no lease.

        Raises `LedgerError` where the contract would refuse it, or it would take more than `max_gas`: then nothing is
        written.
        """
        signer = self._signers[kind]
        signed = self._ledger.prepare(call, signer, self._nonces.next(signer.address), max_gas=max_gas)
        checkpoint("after-sign")

        def write(transaction: Transaction, signed: SignedTransaction) -> None:
            record(transaction, transaction.prepare(kind, signed.sender, signed.nonce, signed.raw, signed.hash))

        self._nonces.give(signed, write, self._unfenced if by_anyone else self._repository)

    def advance(self) -> Progress:
        """Move every open entry on by what the chain says.

        One that cannot be moved stops those of its account that come after it, and nothing else.
        """
        reached = self._repository.indexed_head()
        ended, stuck = list[OutboxEntry](), set[Address]()
        troubles = list[ProvenanceError]()
        if reached is not None:
            try:
                self._doubt(reached)
            except ProvenanceError as error:
                troubles.append(error)
            for _, entries in groupby(self._repository.open_entries(AT_ONCE), key=lambda entry: entry.account):
                try:
                    self._nonces.mend(list(entries), reached)
                except ProvenanceError as error:
                    troubles.append(error)
        waiting = set[Address]()
        for entry in self._repository.open_entries(AT_ONCE):
            if entry.account in stuck:
                continue
            try:
                end = self._advance(entry, reached, waiting)
            except ProvenanceError as error:
                stuck.add(entry.account)
                troubles.append(error)
            else:
                ended += [] if end is None else [end]
        named = {(error.code, error.message): error for error in troubles}
        return Progress(ended, tuple(named.values()))

    def _advance(self, entry: OutboxEntry, reached: BlockRef | None, waiting: set[Address]) -> OutboxEntry | None:
        entry, outcome = self._nonces.settled(entry)
        if outcome is None:
            self._unclear.pop(entry.entry_id, None)
            trouble: LedgerError | None = None
            if entry.account not in waiting:  # The others can only wait for it.
                waiting.add(entry.account)
                entry, trouble = self._patience.look(entry)
            self._send(entry)
            if trouble is not None:
                raise trouble
            return None
        # Depth counts from the index's block, not the ledger's: what ends must be in blocks that a rewind of the index
        # would take back with it.
        depth = 0 if reached is None else reached.number - outcome.block.number + 1
        if depth < self._confirmations:
            if entry.sending is not Sending.MINED or entry.block != outcome.block:
                self._move(entry, Sending.MINED, outcome.block)
            return None
        if not self._stands(entry, outcome):
            self._doubts(entry)
            return None
        self._unclear.pop(entry.entry_id, None)
        sending = Sending.FINAL if outcome.succeeded else Sending.REVERTED
        if not outcome.succeeded:
            log.warning("transaction %s was reverted: %s", entry.hash, outcome.error)
        return replace(entry, sending=sending, block=outcome.block, error=outcome.error)

    def _doubts(self, entry: OutboxEntry) -> None:
        """Wait for a node that knows better; raises `LedgerError` where none does for long."""
        self._unclear[entry.entry_id] = times = self._unclear.get(entry.entry_id, 0) + 1
        if times > UNCLEAR_TURNS:
            raise LedgerError(
                "outcome-unclear",
                "What the node tells of transaction {hash} is not what the ledger's events tell of it.",
                retryable=True,
                hint="Nothing is decided, and it is asked again. If this lasts, ask another node.",
                hash=entry.hash,
            )

    def _stands(self, entry: OutboxEntry, outcome: TransactionOutcome) -> bool:
        """Tell whether the outcome is of the chain that the index follows, and not of a branch that it never saw."""
        known = self._repository.indexed_hash(outcome.block.number)
        if known not in (None, outcome.block.hash):
            return False
        if self._ledger.block(outcome.block.number).hash != outcome.block.hash:
            return False
        batch = self._repository.batch_of_entry(entry.entry_id)
        if batch is None:
            return True
        lot = self._repository.lot_of_root(batch.root)
        own = {signed.hash for signed in (entry.signed, *entry.former)}
        anchored_in = None if lot is None or lot.transaction not in own else lot.block.hash
        return anchored_in == (outcome.block.hash if outcome.succeeded else None)

    def _doubt(self, reached: BlockRef) -> None:
        """Send again what ended on another branch than the one that the index follows now.

        Of each account the last ended entry is looked at, once for every block that the index reaches to.
        """
        for account in {signer.address for signer in self._signers.values()}:
            entry = self._repository.last_ended(account)
            if entry is None or self._looked_at.get(account) == (reached, entry.entry_id):
                continue
            if self._ledger.head().number < reached.number or self._ledger.block(reached.number).hash != reached.hash:
                return  # The node lags, or the chain has moved: the index must look first.
            lost_from = self._ledger.next_nonce(account)
            outcome = self._nonces.outcome(entry)
            ended = entry.block and entry.block.hash, entry.sending is Sending.FINAL
            if outcome is not None and (outcome.block.hash, outcome.succeeded) != ended:
                lost_from = min(lost_from, entry.nonce)
            if lost_from <= entry.nonce:
                log.warning("transactions of %s from number %s on had ended on another branch", account, lost_from)
                self._repository.write(lambda t, a=account, n=lost_from: t.send_again(a, n))  # type: ignore[misc]
            else:
                self._looked_at[account] = reached, entry.entry_id

    def _send(self, entry: OutboxEntry) -> None:
        checkpoint("before-send")
        if self._lease is not None:
            self._lease.require()
        self._ledger.send(entry.signed)
        checkpoint("after-send")
        if entry.sending is not Sending.SENT:
            self._move(entry, Sending.SENT, None)

    def _move(self, entry: OutboxEntry, sending: Sending, block: BlockRef | None) -> None:
        self._repository.write(lambda transaction: transaction.move(entry.entry_id, sending, block))
