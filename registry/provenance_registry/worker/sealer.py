"""Seals batches: chooses what waits, assembles the tree, and puts the anchor into the outbox in one transaction."""

from __future__ import annotations

from datetime import timedelta

from provenance.batch import assemble
from provenance.encoding import Address, Digest
from provenance.ledger import AnchorCall, Ledger
from provenance_registry.repository import Repository, Sending, State, Transaction
from provenance_registry.service.checkpoints import checkpoint
from provenance_registry.service.clock import Clock
from provenance_registry.service.index import IndexedLedger
from provenance_registry.service.outbox import Outbox


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
        batch_size: int,
        batch_age: float,
    ) -> None:
        self._repository = repository
        self._ledger = ledger
        self._index = index
        self._outbox = outbox
        self._clock = clock
        self._batch_size = batch_size
        self._batch_age = timedelta(seconds=batch_age)

    def review_held(self) -> None:
        """Let certificates wait whose studios have been accredited since, and say anew why others are held."""
        now = self._clock()
        for group in self._repository.held_groups():
            _, reason = self._index.directory.standing(group.did, group.name, group.key_id, now)
            if reason != group.reason:
                self._repository.write(lambda t, g=group, r=reason: t.rejudge(g, r))  # type: ignore[misc]

    def seal(self) -> bool:
        """Seal one batch where it is time; tell whether one was sealed.  Raises `LedgerError`."""
        if any(entry.kind == "anchor" for entry in self._repository.open_entries()):
            return False
        waiting = self._repository.in_state(State.WAITING, self._batch_size)
        if not waiting:
            return False
        if len(waiting) < self._batch_size and self._clock() - waiting[0].received < self._batch_age:
            return False
        # Keys and standing are checked again: much can happen between submission and sealing.
        chosen: list[tuple[Address, Digest]] = []
        for stored in waiting:
            standing = self._index.directory.standing(stored.did, stored.name, stored.key_id, self._clock())
            studio, reason = standing
            if studio is None:
                self._repository.write(lambda t, d=stored.digest, r=reason or "": t.hold(d, r))  # type: ignore[misc]
            else:
                chosen.append((studio.address, stored.digest))
        if not chosen:
            return False
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
        checkpoint("after-seal")
        return True

    def settle(self) -> None:
        """See the outbox through, and close or dissolve the batches whose anchors came to an end."""
        for entry in self._outbox.advance():
            batch = self._repository.batch_of_entry(entry.entry_id) if entry.kind == "anchor" else None

            def write(transaction: Transaction, entry=entry, batch=batch) -> None:  # type: ignore[no-untyped-def]
                transaction.move(entry.entry_id, entry.sending, entry.block, entry.error)
                if batch is not None and entry.sending is Sending.FINAL:
                    transaction.close_batch(batch.batch_id)
                elif batch is not None:
                    transaction.dissolve_batch(batch.batch_id)

            self._repository.write(write)
            checkpoint("after-final")
