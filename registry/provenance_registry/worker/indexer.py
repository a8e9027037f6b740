"""Follows the ledger's events into the index, and back again where the chain was rearranged."""

from __future__ import annotations

from provenance.errors import LedgerError
from provenance.ledger import (
    BlockRef,
    KeyAdded,
    KeyWindowShortened,
    Ledger,
    StudioAccredited,
    StudioReinstated,
    StudioSuspended,
)
from provenance_registry.repository import Repository
from provenance_registry.service.checkpoints import checkpoint
from provenance_registry.service.index import IndexedLedger

BLOCKS_AT_ONCE = 500
"""Blocks asked for in one request."""
_DIRECTORY = (StudioAccredited, StudioSuspended, StudioReinstated, KeyAdded, KeyWindowShortened)


class Indexer:
    """Brings the index to the ledger's head, one range of blocks and one transaction at a time."""

    def __init__(self, repository: Repository, ledger: Ledger, index: IndexedLedger) -> None:
        self._repository = repository
        self._ledger = ledger
        self._index = index

    def catch_up(self) -> None:
        """Index all blocks up to the head; raises `LedgerError`."""
        head = self._ledger.head()
        reached = self._repository.indexed_head()
        changed = False
        if reached is not None and not self._is_canonical(reached):
            self._rewind()
            reached, changed = None, True
        position = -1 if reached is None else reached.number
        if reached is None and (blocks := self._repository.indexed_blocks()):
            position = blocks[0][0]
        while position < head.number:
            last = min(position + BLOCKS_AT_ONCE, head.number)
            upto = head if last == head.number else self._ledger.block(last)
            events = self._ledger.events(position + 1, last)
            if self._ledger.block(last).hash != upto.hash:
                raise LedgerError("chain-moved", "The chain changed while it was read.", retryable=True)
            self._repository.write(lambda transaction, e=events, u=upto: transaction.apply(e, u))  # type: ignore[misc]
            checkpoint("after-index")
            changed = changed or any(isinstance(event, _DIRECTORY) for event in events)
            position = last
        self._index.seen(head, directory_changed=changed)

    def _is_canonical(self, block: BlockRef) -> bool:
        try:
            return self._ledger.block(block.number).hash == block.hash
        except LedgerError as error:
            if error.code == "unknown-block":
                return False
            raise

    def _rewind(self) -> None:
        """Forget the blocks that the chain no longer has, back to the newest indexed one that it still has."""
        kept = -1
        for number, block_hash in self._repository.indexed_blocks():
            try:
                if self._ledger.block(number).hash == block_hash:
                    kept = number
                    break
            except LedgerError as error:
                if error.code != "unknown-block":
                    raise
        self._repository.write(lambda transaction: transaction.rewind(kept))
