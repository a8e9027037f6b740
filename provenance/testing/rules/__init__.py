"""The contract's rules in plain Python: a second reading of its interfaces, for the simulator.

`apply` carries out one call on a `State` or raises `RefusedError` with the contract's error in words.  Times are unix
seconds, as on the chain.
"""

from __future__ import annotations

from provenance.ledger import AmendCall, AnchorCall, LedgerCall, RelayAmendCall, RelayStatusCall, SetStatusCall
from provenance.testing.rules.directory import DirectoryCall, direct
from provenance.testing.rules.holdings import HoldersCall, StewardsCall, help_holders, hold
from provenance.testing.rules.pieces import amend, anchor, relay_amendment, relay_status, set_status
from provenance.testing.rules.state import Context, Emitted, RefusedError, State
from provenance.testing.rules.succession import ImportersCall, administer, take_over

__all__ = ["Context", "Emitted", "RefusedError", "State", "apply"]


def apply(state: State, call: LedgerCall, context: Context) -> list[Emitted]:
    """Carry out `call` on `state` and return what it emits; raises `RefusedError`, after which `state` is spoilt."""
    if isinstance(call, AnchorCall):
        return anchor(state, call, context)
    if isinstance(call, SetStatusCall):
        return set_status(state, call, context)
    if isinstance(call, RelayStatusCall):
        return relay_status(state, call, context)
    if isinstance(call, AmendCall):
        return amend(state, call, context)
    if isinstance(call, RelayAmendCall):
        return relay_amendment(state, call, context)
    if isinstance(call, DirectoryCall):
        return direct(state, call, context)
    if isinstance(call, HoldersCall):
        return hold(state, call, context)
    if isinstance(call, StewardsCall):
        return help_holders(state, call, context)
    if isinstance(call, ImportersCall):
        return take_over(state, call, context)
    return administer(state, call, context)
