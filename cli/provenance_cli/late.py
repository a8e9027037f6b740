"""What is said where the ledger takes longer than anybody waits: nothing is lost, and the same command goes on."""

from __future__ import annotations

from provenance.errors import LedgerError


def not_mined() -> LedgerError:
    """Return the error for an order that the registry has taken and not brought to the ledger yet."""
    return LedgerError(
        "not-mined",
        "The order is with the registry, but not on the ledger yet.",
        retryable=True,
        hint="It will be sent. Run the same command again later: nothing is sent twice.",
    )


def node_behind() -> LedgerError:
    """Return the error for a node that does not show what the registry calls final."""
    return LedgerError(
        "node-behind",
        "The registry calls the order final, and the node that is asked does not show it yet.",
        retryable=True,
        hint="Run the same command again later: nothing is sent twice. If it stays so, tell the guild.",
    )
