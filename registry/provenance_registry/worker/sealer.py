"""Seals batches: chooses what waits, assembles the tree, and puts the anchor into the outbox in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from provenance.batch import assemble
from provenance.encoding import Address, Digest
from provenance.errors import LedgerError, ProvenanceError
from provenance.ledger import AnchorCall, Ledger
from provenance_registry.records import LotRow, Sending, Waiting
from provenance_registry.repository import Repository, Transaction
from provenance_registry.service.checkpoints import checkpoint
from provenance_registry.service.clock import Clock
from provenance_registry.service.index import IndexedLedger
from provenance_registry.service.outbox import Outbox
from provenance_registry.worker.accounts import role_missing
from provenance_registry.worker.choosing import within_gas
from provenance_registry.worker.forgotten import Forgotten, older_database
from provenance_registry.worker.loop import tell
from provenance_registry.worker.refusals import (
    hold_reason,
    refuses_as_known,
    refuses_everything,
    refuses_the_anchorer,
)

log = logging.getLogger(__name__)

REFUSAL_PAUSE = timedelta(seconds=60)
"""How long what the ledger refused is not chosen again: as long as the index may be behind the ledger."""


class Sealer:
    """Turns waiting certificates into batches.

    One anchor is under way at a time: the next one's token ids follow from it.
    """

    def __init__(
        self,
        repository: Repository,
        ledger: Ledger,
        index: IndexedLedger,
        outbox: Outbox,
        clock: Clock,
        *,
        anchorer: Address,
        batch_size: int,
        batch_age: float,
        forgotten: Forgotten,
    ) -> None:
        self._repository = repository
        self._ledger = ledger
        self._index = index
        self._outbox = outbox
        self._clock = clock
        self._anchorer = anchorer
        self._batch_size = batch_size
        self._batch_age = timedelta(seconds=batch_age)
        self._forgotten = forgotten
        self._aside: dict[Digest, tuple[datetime, str]] = {}
        self._compared: tuple[Sequence[LotRow], Sequence[Digest]] | None = None

    def seal(self) -> bool:
        """Seal one batch where it is time; tell whether one was sealed.

        Raises `LedgerError`, and `StorageError` while the ledger has anchors that the database has forgotten.
        """
        self._index.head()  # An index that may be out of date vouches for no studio.
        if self._repository.is_under_way("anchor"):
            return False
        if forgotten := self._forgotten.lots():
            if self._take_over(self._repository.waiting(self._batch_size), forgotten):
                return True
            raise older_database(forgotten)
        number, since = self._repository.queue(self._batch_size)
        if since is None:
            return False
        # What came in "later than now" was taken while a clock was ahead, here or in another process: it waits no more.
        if number < self._batch_size and timedelta(0) <= self._clock() - since < self._batch_age:
            return False
        chosen = self._choose(self._repository.waiting(self._batch_size))
        while chosen:
            try:
                self._anchor(chosen)
            except LedgerError as error:
                if refuses_the_anchorer(error):
                    raise role_missing(self._anchorer) from None
                if error.retryable or refuses_everything(error):
                    raise
                if refuses_as_known(error) and self._adopt(chosen, error):
                    return True
                log.warning("an anchor of %s certificates is refused: %s", len(chosen), error.message)
                if len(chosen) == 1 or refuses_as_known(error):
                    self._put_aside(chosen, error)
                    return False  # The others have their turn next.
                chosen = chosen[: len(chosen) // 2]  # Some of them are to blame: half of them may be without.
            else:
                checkpoint("after-seal")
                return True
        return False

    def _choose(self, waiting: Sequence[Waiting]) -> list[tuple[Address, Digest]]:
        """Return what may be anchored of `waiting` and fits into one anchor; hold what may not."""
        # Keys and standing are checked again: much can happen between submission and sealing.
        now = self._clock()
        self._aside = {digest: (end, why) for digest, (end, why) in self._aside.items() if now < end}
        able: list[tuple[Address, Digest]] = []
        held: dict[str, list[Digest]] = {}
        for stored in waiting:
            studio, reason = self._index.directory.standing(stored.did, stored.name, stored.key_id, now)
            if studio is not None and stored.digest not in self._aside:
                able.append((studio.address, stored.digest))
            else:
                reason = reason or self._aside[stored.digest][1]
                held.setdefault(reason, []).append(stored.digest)
        for reason, digests in held.items():
            self._hold(digests, reason)
        return within_gas(able)

    def _hold(self, digests: Sequence[Digest], reason: str) -> None:
        def write(transaction: Transaction) -> None:
            for digest in digests:
                transaction.hold(digest, reason)

        self._repository.write(write)

    def _anchor(self, chosen: Sequence[tuple[Address, Digest]]) -> None:
        batch = assemble(chosen)
        first_lot = self._ledger.next_lot()
        owners = {digest: studio for studio, digest in chosen}
        leaves = [
            (digest, owners[digest], batch.token_id(place, first_lot)) for place, digest in enumerate(batch.leaves)
        ]

        def record(transaction: Transaction, entry_id: int) -> None:
            transaction.add_batch(batch.root, first_lot, entry_id, leaves)

        call = AnchorCall(batch.root, len(batch.leaves), first_lot, batch.allotments)
        self._outbox.prepare("anchor", call, record)

    def _take_over(self, waiting: Sequence[Waiting], forgotten: Sequence[LotRow]) -> bool:
        """Take over a forgotten anchor that is of exactly what has waited longest; tell whether there is one."""
        digests = [stored.digest for stored in waiting]
        if (forgotten, digests) == self._compared:
            return False
        entries = [(self._index.directory.by_did(stored.did), stored.digest) for stored in waiting]
        able = [(entry.address, digest) for entry, digest in entries if entry is not None]
        roots = {lot.root for lot in forgotten}
        for size in sorted({lot.leaf_count for lot in forgotten if lot.leaf_count <= len(able)}):
            batch = assemble(able[:size])
            if batch.root in roots and self._adopt(able[:size], older_database(forgotten)):
                return True
        self._compared = forgotten, digests
        return False

    def _adopt(self, chosen: Sequence[tuple[Address, Digest]], refusal: ProvenanceError) -> bool:
        """Take over the anchor of exactly these certificates, which the database has forgotten: it is an older copy.

        Raises `refusal` while the index does not have the anchor that the ledger tells of.
        """
        batch = assemble(chosen)
        lots = self._repository.lots_of_root(batch.root)
        if not lots:
            raise refusal
        shares = [(lot.studio, lot.count) for lot in lots]
        if lots[0].offset != 0 or shares != [(share.studio, share.count) for share in batch.allotments]:
            return False
        first_lot = lots[0].lot_id
        owners = {digest: studio for studio, digest in chosen}
        leaves = [(leaf, owners[leaf], batch.token_id(place, first_lot)) for place, leaf in enumerate(batch.leaves)]
        self._repository.write(lambda transaction: transaction.add_batch(batch.root, first_lot, None, leaves))
        self._forgotten.look_again()
        log.warning("an anchor of %s certificates that was on the ledger is taken over", len(chosen))
        return True

    def _put_aside(self, refused: Sequence[tuple[Address, Digest]], error: LedgerError) -> None:
        """Hold what the ledger refuses, and choose it no more for a while."""
        reason, end = hold_reason(error), self._clock() + REFUSAL_PAUSE
        digests = [digest for _, digest in refused]
        self._aside |= dict.fromkeys(digests, (end, reason))
        self._hold(digests, reason)

    def settle(self) -> None:
        """See the outbox through, and close the batches whose anchors came to an end.

        Raises each error that kept an entry from moving, once the others were seen to.
        """
        progress = self._outbox.advance()
        for entry in progress.ended:
            batch = self._repository.batch_of_entry(entry.entry_id) if entry.kind == "anchor" else None

            def write(transaction: Transaction, entry=entry, batch=batch) -> None:  # type: ignore[no-untyped-def]
                transaction.move(entry.entry_id, entry.sending, entry.block, entry.error)
                if batch is not None:
                    transaction.close_batch(batch.batch_id)

            self._repository.write(write)
            checkpoint("after-final" if entry.sending is Sending.FINAL else "after-revert")
        tell(progress.troubles)
