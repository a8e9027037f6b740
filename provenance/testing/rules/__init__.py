"""The contract's rules in plain Python: a second reading of its interfaces, for the simulator.

`apply` carries out one call on a `State` or raises `RefusedError` with the contract's error in words.  Times are unix
seconds, as on the chain.
"""

from __future__ import annotations

from collections.abc import Callable
from types import UnionType
from typing import Any, TypeAlias

from provenance.ledger import AmendCall, AnchorCall, LedgerCall, RelayAmendCall, RelayStatusCall, SetStatusCall
from provenance.testing.rules.directory import DirectoryCall, direct
from provenance.testing.rules.holdings import HoldersCall, StewardsCall, help_holders, hold
from provenance.testing.rules.pieces import amend, anchor, relay_amendment, relay_status, set_status
from provenance.testing.rules.state import Context, Emitted, RefusedError, State
from provenance.testing.rules.succession import ImportersCall, administer, take_over

__all__ = ["Context", "Emitted", "RefusedError", "State", "apply"]


_Rule: TypeAlias = Callable[[State, Any, Context], list[Emitted]]
_RULES: tuple[tuple[type | UnionType, _Rule], ...] = (
    (AnchorCall, anchor),
    (SetStatusCall, set_status),
    (RelayStatusCall, relay_status),
    (AmendCall, amend),
    (RelayAmendCall, relay_amendment),
    (DirectoryCall, direct),
    (HoldersCall, hold),
    (StewardsCall, help_holders),
    (ImportersCall, take_over),
)
"""Which rule carries out which calls; all others are the admin's."""


def apply(state: State, call: LedgerCall, context: Context) -> list[Emitted]:
    """Carry out `call` on `state` and return what it emits; raises `RefusedError`, after which `state` is spoilt."""
    named = (rule for calls, rule in _RULES if isinstance(call, calls))
    carry_out: _Rule = next(named, administer)
    return carry_out(state, call, context)
