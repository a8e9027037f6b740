"""Patience with what is not mined: after a while it is signed anew with higher fees, and nothing else changed.

Nonce and calldata stay, so that one of all the bytes can be mined and no more.  They are durable before they are sent,
and the former ones are kept: whichever are mined, that counts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

from provenance.encoding import Address, Hash32
from provenance.errors import LedgerError
from provenance.ledger import Ledger, SignedTransaction, TransactionSigner
from provenance_registry.records import OutboxEntry, Sending
from provenance_registry.repository import Repository
from provenance_registry.service.checkpoints import checkpoint

log = logging.getLogger(__name__)

BLOCKS = 2
"""Blocks that must have come without the transaction: in a chain that stands still no fee is high enough."""


class Patience:
    """Raises the fees of what has waited for `after` seconds of `clock` since it was first seen here; 0 is never."""

    def __init__(
        self,
        repository: Repository,
        ledger: Ledger,
        signers: Iterable[TransactionSigner],
        after: float,
        clock: Callable[[], float],
    ) -> None:
        self._repository = repository
        self._ledger = ledger
        self._signers = {signer.address: signer for signer in signers}
        self._after = after
        self._clock = clock
        self._seen: dict[Address, tuple[Hash32, float, int]] = {}

    def look(self, entry: OutboxEntry) -> tuple[OutboxEntry, LedgerError | None]:
        """Look at the account's first entry that is not mined; return it as it is sent from now on.

        With it comes the error that kept its fees from being raised, if any.
        """
        signer = self._signers.get(entry.account)
        if not self._after or signer is None:
            return entry, None
        now, seen = self._clock(), self._seen.get(entry.account)
        if seen is None or seen[0] != entry.hash:
            self._seen[entry.account] = entry.hash, now, self._ledger.head().number
            return entry, None
        if now - seen[1] < self._after:
            return entry, None
        blocks = self._ledger.head().number - seen[2]
        if blocks < BLOCKS:
            return entry, None if blocks > 0 else _stands_still(now - seen[1])
        if self._ledger.next_nonce(entry.account) != entry.nonce:
            return entry, None  # Its turn has not come, or is over: no fee changes that.
        try:
            raised = self._ledger.raise_fees(entry.signed, signer)
        except LedgerError as error:
            return entry, error
        self._repository.write(lambda transaction: transaction.replace_signed(entry.entry_id, raised))
        checkpoint("after-raise")
        self._seen[entry.account] = raised.hash, now, self._ledger.head().number
        log.warning("transaction %s of %s waits, and is sent again with higher fees", entry.nonce, entry.account)
        return _with(entry, raised), None


def _with(entry: OutboxEntry, signed: SignedTransaction) -> OutboxEntry:
    former = (*entry.former, entry.signed)
    return replace(entry, raw=signed.raw, hash=signed.hash, sending=Sending.PREPARED, block=None, former=former)


def _stands_still(seconds: float) -> LedgerError:
    return LedgerError(
        "chain-stands-still",
        "A transaction waits, and the node has told of no new block for {seconds} seconds.",
        retryable=True,
        hint="The node may have lost the others: look at it, or ask another one.",
        seconds=int(seconds),
    )
