"""What happened on a ledger, when it counts from, and by which call it is played again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from provenance.errors import LedgerError
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    Allotment,
    AnchorCall,
    Anchored,
    BlockRef,
    ClockSet,
    ControllerProposed,
    ExemptionSet,
    ImportOrderNonceCall,
    ImportPiecesCall,
    KeyAdded,
    KeyWindowShortened,
    Ledger,
    LedgerCall,
    LedgerEvent,
    OrderNonceImported,
    PieceImported,
    ProposeControllerCall,
    ReinstateCall,
    Sealed,
    SetClockCall,
    SetExemptionCall,
    ShortenKeyCall,
    StudioAccredited,
    StudioReinstated,
    StudioSuspended,
    SuspendCall,
)

MAX_BLOCKS = 1_000
"""Blocks asked for in one request, where the node does not find that too many."""
_TOO_MANY = ("bad-node-answer", "node-refused", "out-of-gas")
"""Codes of a request that the node, or our own limit, may answer for fewer blocks."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event and the moment that it counts from: its block's, or where it was imported, the original one."""

    event: LedgerEvent
    time: datetime
    number: int


def events_of(ledger: Ledger, first_block: int, last_block: int) -> Iterator[LedgerEvent]:
    """Yield the ledger's events of a range of blocks, in order, a part at a time; raises `LedgerError`."""
    first, span = first_block, MAX_BLOCKS
    while first <= last_block:
        try:
            found = ledger.events(first, min(first + span - 1, last_block))
        except LedgerError as error:
            if error.code not in _TOO_MANY or span == 1:
                raise
            span //= 2
            continue
        yield from found
        first, span = first + span, min(span * 2, MAX_BLOCKS)


def history(ledger: Ledger, first_block: int, last_block: int) -> Iterator[Happening]:
    """Yield what happened, with the moments that count; what a ledger took over is dated by its importer's clock."""
    clock: ClockSet | None = None
    for event in events_of(ledger, first_block, last_block):
        if isinstance(event, ClockSet):
            clock = event
        elif isinstance(event, Sealed):
            clock = None
        elif clock is None:
            yield Happening(event, event.block.time, event.block.number)
        else:
            yield Happening(event, clock.time, clock.number)


def directory_call(event: LedgerEvent) -> LedgerCall | None:
    """Return the call that plays an anchor or a change of the directory again, or ``None`` for other events."""
    match event:
        case StudioAccredited():
            return AccreditCall(event.studio, event.did, event.name, event.scopes)
        case StudioSuspended():
            return SuspendCall(event.studio)
        case StudioReinstated():
            return ReinstateCall(event.studio)
        case KeyAdded():
            return AddKeyCall(event.studio, event.multikey)
        case KeyWindowShortened():
            return ShortenKeyCall(event.studio, event.key_id, event.end)
        case ControllerProposed():
            return ProposeControllerCall(event.studio, event.controller)
        case Anchored():
            shares = tuple(Allotment(lot.studio, lot.count) for lot in event.lots)
            return AnchorCall(event.root, event.leaf_count, event.lots[0].lot_id, shares)
    return None


def importing_call(event: LedgerEvent) -> LedgerCall | None:
    """Return the call by which an importer brings such an event about, or ``None`` where none does."""
    match event:
        case ClockSet():
            return SetClockCall(event.time, event.number)
        case PieceImported():
            return ImportPiecesCall((event.piece,))
        case OrderNonceImported():
            return ImportOrderNonceCall(event.studio, event.nonce)
        case ExemptionSet():
            return SetExemptionCall(event.token_id, event.claim_key)
    return directory_call(event)


def single_calls(call: LedgerCall) -> tuple[LedgerCall, ...]:
    """Return a call as calls of one event each."""
    if isinstance(call, ImportPiecesCall):
        return tuple(ImportPiecesCall((piece,)) for piece in call.pieces)
    return (call,)


def require_canonical(ledger: Ledger, block: BlockRef) -> None:
    """Raise `LedgerError` where the ledger's chain does not hold `block`."""
    if ledger.block(block.number) != block:
        raise LedgerError("chain-moved", "The chain changed while it was read.", retryable=True)
