"""A sender as one writes it first: the nonce comes from the chain, and nothing is durable before it is mined.

It takes the place of the registry's own in a fault run, to show that the run finds what it looks for.
"""

from __future__ import annotations

from typing import Any

from provenance.batch import assemble
from provenance.errors import LedgerError
from provenance.ledger import AnchorCall
from provenance_registry.records import Sending
from provenance_registry.service.checkpoints import checkpoint


class NaiveSealer:
    """What the sealer's two steps are replaced with."""

    _repository: Any
    _ledger: Any
    _index: Any
    _outbox: Any

    def seal(self) -> bool:
        waiting = self._repository.waiting(5_000)
        if not waiting or getattr(self, "_sent", None):
            return False
        studios = {stored.did: self._index.directory.by_did(stored.did) for stored in waiting}
        chosen = [(studios[stored.did].address, stored.digest) for stored in waiting if studios[stored.did]]
        if not chosen:
            return False
        batch, first_lot = assemble(chosen), self._ledger.next_lot()
        owners = {digest: studio for studio, digest in chosen}
        leaves = [(leaf, owners[leaf], batch.token_id(place, first_lot)) for place, leaf in enumerate(batch.leaves)]
        call = AnchorCall(batch.root, len(batch.leaves), first_lot, batch.allotments)
        signer = self._outbox._signers["anchor"]
        try:
            signed = self._ledger.prepare(call, signer, self._ledger.next_nonce(signer.address))
            checkpoint("before-send")
            self._ledger.send(signed)
        except LedgerError:
            return False  # It will be tried again, with what else has come by then.
        self._sent: Any = (signed, batch.root, first_lot, leaves)
        checkpoint("after-send")
        return True

    def settle(self) -> None:
        if not getattr(self, "_sent", None):
            return
        signed, root, first_lot, leaves = self._sent
        outcome = self._ledger.outcome(signed.hash)
        if outcome is None:
            return

        def write(transaction: Any) -> None:
            if not outcome.succeeded:
                return
            entry = transaction.prepare("anchor", signed.sender, signed.nonce, signed.raw, signed.hash)
            batch_id = transaction.add_batch(root, first_lot, entry, leaves)
            transaction.move(entry, Sending.FINAL, outcome.block)
            transaction.close_batch(batch_id)

        self._repository.write(write)
        self._sent = None
        checkpoint("after-final")
