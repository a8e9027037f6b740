"""Playing a predecessor's history again.

Anchors and the directory are played in the order of old, each under the time and the block that it had, so that all
intervals come out the same.  What became of a piece is imported right after its anchor, as it was in the final block;
of exemptions those are played again that are live there.  Recoveries are not: a steward proposes them again
(`live_recoveries`), so that holders have the whole delay to veto.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from provenance.encoding import Address, KeyId
from provenance.errors import ConflictError, LedgerError
from provenance.ledger import (
    Amended,
    Anchored,
    BlockRef,
    ExemptionSet,
    ImportedPiece,
    ImportOrderNonceCall,
    ImportPiecesCall,
    Ledger,
    LedgerCall,
    LedgerEvent,
    Lot,
    Moved,
    PieceImported,
    ProposeRecoveryCall,
    RecoveryProposed,
    ReleasesCancelled,
    ReportedFound,
    ReportedLost,
    Sealed,
    SetClockCall,
    SetExemptionCall,
    StatusSet,
    StudioAccredited,
    make_token_id,
    split_token_id,
)
from provenance.succession.history import (
    directory_call,
    events_of,
    history,
    importing_call,
    require_canonical,
    single_calls,
)

MAX_PIECES = 100
"""Most pieces of one transaction: each takes up to 127,000 gas to import, of the 2^24 of a transaction (EIP-7825)."""
_NO_KEY = KeyId(bytes(32))


def replay(old: Ledger, final_block: BlockRef, *, first_block: int = 0) -> Iterator[LedgerCall]:
    """Yield the calls that rebuild the state of `final_block` of `old` on a fresh ledger; the seal is not among them.

    The same ledger and block give the same calls.  Each takes one transaction, sent by the successor's importer after
    the one before is mined.  `first_block` is one before which nothing happened.  Memory is bounded by the pieces of
    which anything became, 4 bytes each.  Needs a node that keeps the state of the final block.
    Raises `LedgerError`.
    """
    require_canonical(old, final_block)
    touched = _Touched()
    for happening in history(old, first_block, final_block.number):
        touched.note(happening.event)
    clock: tuple[datetime, int] | None = None
    studios: dict[Address, None] = {}
    for happening in history(old, first_block, final_block.number):
        event = happening.event
        if isinstance(event, StudioAccredited):
            studios[event.studio] = None
        call = directory_call(event) or _live_exemption(old, event, final_block)
        if call is not None:
            if clock != (happening.time, happening.number):
                clock = (happening.time, happening.number)
                yield SetClockCall(*clock)
            yield call
        if isinstance(event, Anchored):
            yield from touched.imports(old, event.lots, final_block)
    for studio in studios:
        if nonce := old.order_nonce(studio, final_block):
            yield ImportOrderNonceCall(studio, nonce)
    # The successor then answers, before it is sealed, as of the final block.
    if clock is not None:
        yield SetClockCall(final_block.time, final_block.number)


def resume(
    old: Ledger, final_block: BlockRef, new: Ledger, *, first_block: int = 0, new_first_block: int = 0
) -> Iterator[LedgerCall]:
    """Yield the calls of `replay` that `new` has not carried out yet, whatever was interrupted and when.

    What was done is told by the new ledger's own events, and held against what should have been done.  Ask when
    nothing of the importer's waits any more (`Ledger.waiting`), and send one call at a time, each under the next nonce:
    should a transaction of old appear after all, only one of both can count.
    Raises `LedgerError`; `ConflictError` where the new ledger holds anything else than this move.
    """
    done = (
        event
        for event in events_of(new, new_first_block, new.head().number)
        if importing_call(event) is not None or isinstance(event, Sealed)
    )
    for call in replay(old, final_block, first_block=first_block):
        wanted = single_calls(call)
        found = list(islice(done, len(wanted)))
        if found and tuple(importing_call(event) for event in found) != wanted:
            raise _another_move()
        if not found:
            yield call
    beyond = next(done, None)  # The seal, after which the successor lives its own life, or nothing.
    if beyond is not None and not isinstance(beyond, Sealed):
        raise _another_move()


def _another_move() -> ConflictError:
    return ConflictError(
        "another-move",
        "The new ledger holds something else than what the old one had up to that block.",
        hint="Move to a freshly deployed ledger, and name the same final block each time.",
    )


@dataclass(slots=True)
class _Touched:
    """The pieces of which anything became, by lot, and those whose status a steward set."""

    indexes: dict[int, array[int]] = field(default_factory=dict)
    by_steward: set[int] = field(default_factory=set)

    def note(self, event: LedgerEvent) -> None:
        match event:
            case StatusSet():
                token_id, by_steward = event.token_id, event.by_steward
            case PieceImported(piece=piece):
                token_id, by_steward = piece.token_id, piece.by_steward
            case Amended() | Moved() | ReleasesCancelled() | ReportedLost() | ReportedFound():
                token_id, by_steward = event.token_id, event.token_id in self.by_steward
            case _:
                return
        lot_id, index = split_token_id(token_id)
        self.indexes.setdefault(lot_id, array("I")).append(index)
        (self.by_steward.add if by_steward else self.by_steward.discard)(token_id)

    def imports(self, old: Ledger, lots: tuple[Lot, ...], at: BlockRef) -> Iterator[ImportPiecesCall]:
        tokens = (
            make_token_id(lot.lot_id, index) for lot in lots for index in sorted(set(self.indexes.pop(lot.lot_id, ())))
        )
        while pieces := tuple(self._piece(old, token_id, at) for token_id in islice(tokens, MAX_PIECES)):
            yield ImportPiecesCall(pieces)

    def _piece(self, old: Ledger, token_id: int, at: BlockRef) -> ImportedPiece:
        record, holding = old.record(token_id, _NO_KEY, at), old.holding(token_id, at)
        if record is None or holding is None:
            raise LedgerError("chain-moved", "The chain changed while it was read.", retryable=True)
        return ImportedPiece(
            token_id=token_id,
            holder=holding.holder,
            nonce=holding.nonce,
            status=record.status,
            by_steward=token_id in self.by_steward,
            status_time=record.status_time,
            lost_since=holding.lost_since,
            amendment=record.amendment,
        )


def live_recoveries(old: Ledger, final_block: BlockRef, *, first_block: int = 0) -> Iterator[ProposeRecoveryCall]:
    """Yield the proposals that stand in the final block: for a steward to make again once the successor is sealed.

    Raises `LedgerError`.
    """
    require_canonical(old, final_block)
    for happening in history(old, first_block, final_block.number):
        event = happening.event
        if isinstance(event, RecoveryProposed):
            holding = old.holding(event.token_id, final_block)
            recovery = None if holding is None else holding.recovery
            if recovery is not None and (recovery.heir, recovery.start) == (event.heir, event.start):
                yield ProposeRecoveryCall(event.token_id, event.heir)


def _live_exemption(old: Ledger, event: LedgerEvent, at: BlockRef) -> SetExemptionCall | None:
    if not isinstance(event, ExemptionSet) or event.claim_key is None:
        return None
    holding = old.holding(event.token_id, at)
    if holding is None or holding.exempt_key != event.claim_key:
        return None
    return SetExemptionCall(event.token_id, event.claim_key)
