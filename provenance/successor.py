"""Whether another ledger takes over from the one that is pinned, asked as seldom as can be."""

from __future__ import annotations

from provenance.ledger import BlockRef, Deployment, LedgerReader


class Successor:
    """Which ledger takes over from the one asked: one question a block, none once it is known."""

    def __init__(self) -> None:
        self._asked: BlockRef | None = None
        self._named: Deployment | None = None

    def named(self, ledger: LedgerReader, at: BlockRef) -> Deployment | None:
        """Return what `ledger` names as of block `at`; raises `LedgerError`."""
        if self._named is None and self._asked != at:
            self._named = ledger.successor(at)
            self._asked = at
        return self._named
