"""Opening the pinned ledger at one of its nodes."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.errors import ConfigurationError, LedgerError
from provenance.evm.ledger import EVMLedger
from provenance.ledger import LedgerIdentity


def open_ledger(nodes: Sequence[str], expected: LedgerIdentity, *, importing: bool = False) -> EVMLedger:
    """Open the pinned ledger at the first node that answers; raises the last node's `LedgerError`.

    A node that serves another ledger is an error at once: it is not a fault to be worked around.  A ledger that is not
    sealed yet opens for those that are `importing` only.
    """
    last: LedgerError | None = None
    for url in nodes:
        try:
            return EVMLedger.open_rpc(url, expected.contract, expected, importing=importing)
        except LedgerError as error:
            if not error.retryable:
                raise
            last = error
    if last is None:
        raise ConfigurationError("no-node", "The trust policy names no node.", hint="Give one with --rpc.")
    raise last
