"""Reading all that ever happened on a ledger, while somebody watches."""

from __future__ import annotations

from provenance.audit import Tally
from provenance.errors import LedgerError
from provenance.evm.ledger import EVMLedger
from provenance.ledger import BlockRef
from provenance.succession.history import events_of
from provenance_cli.context import App
from provenance_cli.i18n import _


def tally_of(app: App, ledger: EVMLedger, head: BlockRef | None = None) -> tuple[Tally, BlockRef]:
    """Return what the ledger's events up to `head` add up to, and that block; raises `LedgerError`."""
    upto = head or ledger.head()
    first = ledger.deployed_at()
    tally = Tally()
    with app.progress(upto.number - first + 1, _("Reading the ledger")) as advance:
        reached = first
        for event in events_of(ledger, first, upto.number):
            tally.add(event)
            advance(event.block.number - reached)
            reached = event.block.number
    if ledger.block(upto.number).hash != upto.hash:
        raise LedgerError("chain-moved", "The chain changed while it was read.", retryable=True)
    return tally, upto
