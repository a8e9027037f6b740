"""Nonces: which one a transaction takes, and what is done about one that the chain will never come to.

A nonce is taken from the outbox, and from the node only what the outbox cannot know: that somebody else used the
account, for whom the node must give the same number twice.  A node that lies or lags, a database put back in time, or
another program with the same key can still leave an entry where it is never mined: under a number that others have
used up, or beyond one that nobody uses.  All that came after it would wait for ever.  Such an entry is named, and once
it has been seen again it is signed anew under a number that the chain waits for.

That can cost gas, and never puts anything on the ledger twice, whatever the node said and whichever of the bytes are
mined.  Nothing but the nonce changes, and the contract takes each call once, on every branch: an anchor only as long
as its root is new and the next lot is the one that it names, a relayed message only under the number of the studio or
the piece that it uses up.  The former bytes are kept, for what they may have done counts as the entry's outcome.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence

from provenance.encoding import Address
from provenance.errors import ConflictError, LedgerError
from provenance.ledger import BlockRef, Ledger, SignedTransaction, TransactionOutcome, TransactionSigner
from provenance_registry.records import OutboxEntry, Sending
from provenance_registry.repository import Repository, Transaction

log = logging.getLogger(__name__)


class Nonces:
    """Gives `signers` their nonces, and their stuck entries other ones; `confirmations` is the depth that counts."""

    def __init__(
        self, repository: Repository, ledger: Ledger, signers: Iterable[TransactionSigner], confirmations: int
    ) -> None:
        self._repository = repository
        self._ledger = ledger
        self._signers = {signer.address: signer for signer in signers}
        self._confirmations = confirmations
        self._giving = threading.Lock()  # Two calls must not take the same nonce.  No node is asked in it.
        self._fine: dict[Address, tuple[BlockRef, int, int]] = {}
        self._seen: dict[Address, tuple[tuple[int, ...], int]] = {}

    def next(self, account: Address) -> int:
        """Return the account's next nonce as of now; raises `LedgerError` where the node contradicts itself."""
        own, mined = self._own(account), self._ledger.next_nonce(account)
        if mined <= own:  # The chain is behind what was sent, or was rearranged: it will come to that again.
            return own
        if self._ledger.next_nonce(account, self._ledger.head()) < mined:
            raise LedgerError(
                "nonce-unclear",
                "The node gives two numbers of transactions for {account}.",
                retryable=True,
                hint="It is asked again. If this lasts, ask another node.",
                account=account,
            )
        if own:  # Before its first entry the account has deployed the ledger, or another registry's folder had it.
            log.info("the account %s has sent %s transactions that are not in this outbox", account, mined - own)
        return mined

    def give(
        self,
        signed: SignedTransaction,
        write: Callable[[Transaction, SignedTransaction], None],
        repository: Repository | None = None,
    ) -> None:
        """Write `signed`, under a later nonce where its own has been given away since `next`, here or elsewhere."""
        with self._giving:
            while True:
                own = self._own(signed.sender)
                if own > signed.nonce:
                    signed = self._ledger.renumber(signed, self._signers[signed.sender], own)
                try:
                    (repository or self._repository).write(lambda transaction, given=signed: write(transaction, given))  # type: ignore[misc]
                except ConflictError as error:
                    if error.code != "nonce-taken" or self._own(signed.sender) <= signed.nonce:
                        raise
                else:
                    return

    def _own(self, account: Address) -> int:
        # Ended entries count as well: after a reorganisation the chain's own count is too low for a while.
        last = self._repository.last_nonce(account)
        return 0 if last is None else last + 1

    # --- what is stuck ----------------------------------------------------------------------------------------------

    def mend(self, open_entries: Sequence[OutboxEntry], reached: BlockRef) -> None:
        """Sign anew what is stuck of one account, given by its open entries in order.

        Raises `LedgerError` that names it when it is first seen, and for as long as it may still be a node's mistake:
        every signing doubles how many turns in succession must find the same.
        """
        waiting = [entry for entry in open_entries if entry.sending is not Sending.MINED]
        if not waiting:
            return
        first = waiting[0]
        place = reached, first.entry_id, first.nonce
        if self._fine.get(first.account) == place:
            return
        trouble, moves = self._stuck(waiting, reached)
        if trouble is None:
            self._fine[first.account] = place
            self._seen.pop(first.account, None)
            return
        what = (first.entry_id, first.nonce, *(nonce for _, nonce in moves))
        times = 1 + (self._seen[first.account][1] if self._seen.get(first.account, ((), 0))[0] == what else 0)
        self._seen[first.account] = what, times
        if times == 1:
            log.critical("%s: %s", trouble.code, trouble.message)
        if times < 2 ** len({first.nonce, *(signed.nonce for signed in first.former)}):
            raise trouble
        for entry, nonce in moves:
            self.move(entry, nonce)
        del self._seen[first.account]

    def _stuck(
        self, waiting: Sequence[OutboxEntry], reached: BlockRef
    ) -> tuple[LedgerError | None, list[tuple[OutboxEntry, int]]]:
        """Return what is the matter with the first entry, and which entries need which nonces."""
        first, account = waiting[0], waiting[0].account
        before = self._repository.last_nonce(account, below=first.nonce)
        mined = self._ledger.next_nonce(account)
        if mined > first.nonce:
            deep = self._ledger.block(max(0, reached.number - self._confirmations + 1))
            if self._ledger.next_nonce(account, deep) <= first.nonce or self.outcome(first) is not None:
                return None, []
            return _used(first), [(first, max(mined, self._own(account)))]
        expected = max(mined, 0 if before is None else before + 1)
        if first.nonce > expected:
            expected = max(expected, self._ledger.next_nonce(account, reached))
        if first.nonce <= expected:
            return None, []
        moves = list[tuple[OutboxEntry, int]]()
        for nonce, entry in enumerate(waiting, start=expected):
            if entry.nonce <= nonce:
                break  # From here on there is no gap.
            moves.append((entry, nonce))
        return _gap(first, expected), moves

    def move(self, entry: OutboxEntry, nonce: int) -> None:
        """Sign an entry anew under another nonce."""
        signer = self._signers.get(entry.account)
        if signer is None:
            raise LedgerError(
                "nonce-gap",
                "Transactions of {account} wait, and its key is not here.",
                retryable=True,
                hint="Give the registry that key back, or see to it that the account sends what is missing.",
                account=entry.account,
            )
        with self._giving:
            signed = self._ledger.renumber(entry.signed, signer, nonce)
            self._repository.write(lambda transaction: transaction.replace_signed(entry.entry_id, signed))
        log.warning("transaction %s of %s has number %s now", entry.nonce, entry.account, nonce)

    # --- what was mined ---------------------------------------------------------------------------------------------

    def outcome(self, entry: OutboxEntry) -> TransactionOutcome | None:
        """Return what became of an entry's call, whichever of its bytes were mined."""
        found = self._outcome(entry)
        return None if found is None else found[1]

    def _outcome(self, entry: OutboxEntry) -> tuple[SignedTransaction, TransactionOutcome] | None:
        mined = list[tuple[SignedTransaction, TransactionOutcome]]()
        for signed in (entry.signed, *entry.former):
            outcome = self._ledger.outcome(signed.hash)
            if outcome is not None:
                if outcome.succeeded:
                    return signed, outcome
                mined.append((signed, outcome))
        return mined[0] if mined else None

    def settled(self, entry: OutboxEntry) -> tuple[OutboxEntry, TransactionOutcome | None]:
        """Return the entry, going by those of its bytes that were mined, and their outcome."""
        found = self._outcome(entry)
        if found is None:
            return entry, None
        signed, outcome = found
        if signed.hash == entry.hash:
            return entry, outcome
        other = self._repository.open_entry(entry.account, signed.nonce)
        if other is not None and other.entry_id != entry.entry_id:
            self.move(other, max(self._ledger.next_nonce(entry.account), self._own(entry.account)))
        self._repository.write(lambda transaction: transaction.replace_signed(entry.entry_id, signed))
        log.warning(
            "transaction %s of %s was mined under number %s: %s",
            entry.nonce,
            entry.account,
            signed.nonce,
            signed.hash,
        )
        return self._repository.open_entry(entry.account, signed.nonce) or entry, outcome


def _used(entry: OutboxEntry) -> LedgerError:
    return LedgerError(
        "nonce-used",
        "Another transaction of {account} was mined under number {nonce}.",
        retryable=True,
        hint="Only one registry may run. If it was not yours, the key is stolen: the admin revokes its role.",
        account=entry.account,
        nonce=entry.nonce,
    )


def _gap(entry: OutboxEntry, expected: int) -> LedgerError:
    return LedgerError(
        "nonce-gap",
        "A transaction of {account} has number {nonce}, and the chain waits for number {expected}.",
        retryable=True,
        hint="It is signed anew by itself. If this lasts, ask another node.",
        account=entry.account,
        nonce=entry.nonce,
        expected=expected,
    )
