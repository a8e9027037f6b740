"""Follows the ledger's events into the index, and back again where the chain was rearranged."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from provenance.errors import LedgerError
from provenance.ledger import BlockRef, Ledger
from provenance_registry.repository import Repository
from provenance_registry.service.checkpoints import checkpoint
from provenance_registry.service.index import IndexedLedger

BLOCKS_AT_ONCE = 500
"""Blocks asked for in one request, where the node does not find that too many."""
HEADS = 1_024
"""Heads that one who follows remembers: those of some minutes."""
_TOO_MANY = "node-refused", "bad-node-answer"
"""Codes of a request that the node, or our own limit, may answer for fewer blocks."""


class Indexer:
    """Brings the index to the ledger's head, one range of blocks and one transaction at a time.

    The index always reaches to a block whose hash it knows, and every range is joined to that block.  `before_rewind`
    is asked before anything is taken back: it raises where the node serves another ledger altogether.
    """

    def __init__(
        self,
        repository: Repository,
        ledger: Ledger,
        index: IndexedLedger,
        before_rewind: Callable[[], None] = lambda: None,
    ) -> None:
        self._repository = repository
        self._ledger = ledger
        self._index = index
        self._before_rewind = before_rewind
        self._at_once = BLOCKS_AT_ONCE
        self._reached: BlockRef | None = None
        self._heads = deque[tuple[float, int]](maxlen=HEADS)

    def catch_up(self) -> None:
        """Index all blocks up to the head; raises `LedgerError`.

        Does nothing where the node does not have the indexed block yet: it lags, which says nothing of the chain.
        """
        self._index.refresh()  # A turn that broke off may have written more than it told.
        head = self._ledger.head()
        reached = self._repository.indexed_head()
        if reached is not None:
            if head.number < reached.number:
                return
            if not self._has(reached):
                reached = self._rewind()
        while reached is None or reached.number < head.number:
            reached = self._read_on(reached, head)
        self._index.ask_successor(self._ledger, reached)
        self._index.seen(reached)

    def follow(self) -> None:
        """Take note of what another process has indexed; raises `LedgerError`.

        The index is as new as the last head that it reaches to, and counts from when that was seen: on a ledger whose
        blocks are quick the other one is never quite done with the newest.  While the chain is rearranged, and while
        the index goes back, it vouches for nothing.
        """
        self._index.refresh()
        now, head = self._index.monotonic(), self._ledger.head()
        reached, known = self._repository.indexed_head(), self._reached
        self._reached = reached
        if reached is None or (known is not None and reached.number < known.number):
            self._forget()  # The other takes it back, as this process would.
        self._heads.append((now, head.number))
        if reached is None or reached.number > head.number:
            return  # This process's node lags.
        complete = next((when for when, number in reversed(self._heads) if number <= reached.number), None)
        if not self._has(reached):
            self._forget()
        elif complete is not None:
            self._index.ask_successor(self._ledger, reached)
            self._index.seen(reached, complete)

    def _forget(self) -> None:
        self._index.forget()
        self._heads.clear()  # What was seen before was of another branch.

    def _has(self, block: BlockRef) -> bool:
        """Tell whether the chain has `block`, and not another at its height; raises `LedgerError` for none."""
        return self._ledger.block(block.number).hash == block.hash

    def _read_on(self, reached: BlockRef | None, head: BlockRef) -> BlockRef:
        """Index the next range of blocks up to `head` at most; return the block that the index then reaches to."""
        first = 0 if reached is None else reached.number + 1
        while True:
            last = min(first + self._at_once - 1, head.number)
            upto = head if last == head.number else self._ledger.block(last)
            try:
                events = self._ledger.events(first, last)
            except LedgerError as error:
                if error.code not in _TOO_MANY or first == last:
                    self._at_once = BLOCKS_AT_ONCE
                    raise
                self._at_once = (last - first + 1) // 2
            else:
                self._at_once = min(2 * self._at_once, BLOCKS_AT_ONCE)
                break
        # The events hang on what is indexed only if both ends of the range still stand once they were read.
        if not self._has(upto) or (reached is not None and not self._has(reached)):
            raise LedgerError("chain-moved", "The chain changed while it was read.", retryable=True)
        self._index.require_sound(events)
        self._repository.write(lambda transaction: transaction.apply(events, upto))
        checkpoint("after-index")
        self._index.refresh()
        return upto

    def _rewind(self) -> BlockRef | None:
        """Go back to the newest indexed block that the chain still has, and return it."""
        self._before_rewind()
        kept, known = None, self._repository.last_indexed()
        while known is not None:
            block = self._ledger.block(known[0])
            if block.hash == known[1]:
                kept = block
                break
            known = self._repository.last_indexed(below=known[0])
        self._index.forget()
        self._repository.write(lambda transaction: transaction.rewind(kept))
        checkpoint("after-rewind")
        self._index.refresh()
        return kept
