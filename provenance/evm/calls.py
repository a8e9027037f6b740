"""Calldata of the ledger's calls."""

from __future__ import annotations

from datetime import datetime

from provenance.errors import MalformedError
from provenance.evm.abi import Interface
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    AmendCall,
    AnchorCall,
    LedgerCall,
    ReinstateCall,
    RelayStatusCall,
    SetStatusCall,
    ShortenKeyCall,
    SuspendCall,
)


def encode_call(abi: Interface, call: LedgerCall) -> bytes:
    """Return the calldata of `call`."""
    match call:
        case AnchorCall():
            shares = [(str(share.studio), share.count) for share in call.allotments]
            arguments: tuple[object, ...] = (call.root.value, call.leaf_count, call.expected_first_lot, shares)
            name = "anchor"
        case AccreditCall():
            name, arguments = "accredit", (str(call.studio), call.did, call.name, call.scopes)
        case AddKeyCall():
            name, arguments = "addKey", (str(call.studio), call.multikey)
        case ShortenKeyCall():
            name, arguments = "shortenKey", (str(call.studio), call.key_id.value, _seconds(call.end))
        case SuspendCall():
            name, arguments = "suspend", (str(call.studio),)
        case ReinstateCall():
            name, arguments = "reinstate", (str(call.studio),)
        case SetStatusCall():
            name, arguments = "setStatus", (call.token_id, int(call.status))
        case RelayStatusCall():
            order = call.order
            name = "setStatusFor"
            arguments = (order.token_id, int(order.status), order.nonce, order.deadline, call.signature)
        case AmendCall():
            name, arguments = "amend", (list(call.token_ids), [digest.value for digest in call.digests])
    return abi.functions[name].encode(*arguments)


def _seconds(moment: datetime) -> int:
    seconds = int(moment.timestamp())
    if seconds < 0:
        raise MalformedError("bad-time", "A time on the ledger cannot lie before 1970.")
    return seconds
