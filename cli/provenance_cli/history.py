"""Reading all that ever happened on a ledger, in requests that its node answers."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.audit import Tally
from provenance.errors import LedgerError
from provenance.evm.ledger import EVMLedger
from provenance.ledger import BlockRef, LedgerEvent
from provenance_cli.context import Advance, App
from provenance_cli.i18n import _

BLOCKS_AT_ONCE = 5_000
"""Blocks asked for in one request, where the node does not find that too many."""
_TOO_MANY = "node-refused", "bad-node-answer"
"""Codes of a request that the node, or our own limit, may answer for fewer blocks."""


def walk(ledger: EVMLedger, first: int, last: int, advance: Advance) -> Iterator[LedgerEvent]:
    """Yield the ledger's events of the blocks ``first..last``, in order; raises `LedgerError`."""
    at_once = BLOCKS_AT_ONCE
    while first <= last:
        upto = min(first + at_once - 1, last)
        try:
            events = ledger.events(first, upto)
        except LedgerError as error:
            if error.code not in _TOO_MANY or first == upto:
                raise
            at_once = (upto - first + 1) // 2
            continue
        yield from events
        advance(upto - first + 1)
        first, at_once = upto + 1, min(2 * at_once, BLOCKS_AT_ONCE)


def tally_of(app: App, ledger: EVMLedger, head: BlockRef | None = None) -> tuple[Tally, BlockRef]:
    """Return what the ledger's events up to `head` add up to, and that block; raises `LedgerError`."""
    upto = head or ledger.head()
    first = ledger.deployed_at()
    tally = Tally()
    with app.progress(upto.number - first + 1, _("Reading the ledger")) as advance:
        for event in walk(ledger, first, upto.number, advance):
            tally.add(event)
    if ledger.block(upto.number).hash != upto.hash:
        raise LedgerError("chain-moved", "The chain changed while it was read.", retryable=True)
    return tally, upto
