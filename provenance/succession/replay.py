"""Playing a predecessor's history again.

Anchors and the directory are played in the order of old, each under the time and the block that it had, so that all
intervals come out the same.  What became of a piece is imported right after its anchor, as it was in the final block;
of recoveries and exemptions those are played again that are live there.
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
    SetExemptionsCall,
    StatusSet,
    StudioAccredited,
    make_token_id,
    split_token_id,
)
from provenance.succession.history import (
    Happening,
    directory_call,
    events_of,
    history,
    importing_call,
    require_canonical,
    single_calls,
)

MAX_PIECES = 100
"""Most pieces of one transaction: each may take 140,000 gas to import, of the 2^24 of a transaction (EIP-7825)."""
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
    exempt: list[Happening] = []
    for happening in history(old, first_block, final_block.number):
        event = happening.event
        if exempt and not (isinstance(event, ExemptionSet) and event.transaction == exempt[0].event.transaction):
            yield from _exemptions(exempt)
            exempt = []
        if isinstance(event, StudioAccredited):
            studios[event.studio] = None
        live = _is_live_exemption(old, event, final_block)
        call = directory_call(event) or _live_recovery(old, event, final_block)
        if (live or call is not None) and clock != (happening.time, happening.number):
            clock = (happening.time, happening.number)
            yield SetClockCall(*clock)
        if live:
            exempt.append(happening)
        if call is not None:
            yield call
        if isinstance(event, Anchored):
            yield from touched.imports(old, event.lots, final_block)
    yield from _exemptions(exempt)
    for studio in studios:
        if nonce := old.order_nonce(studio, final_block):
            yield ImportOrderNonceCall(studio, nonce)
    # The successor then answers, before it is sealed, as of the final block.
    if clock is not None:
        yield SetClockCall(final_block.time, max(clock[1], final_block.number))


def resume(
    old: Ledger, final_block: BlockRef, new: Ledger, *, first_block: int = 0, new_first_block: int = 0
) -> Iterator[LedgerCall]:
    """Yield the calls of `replay` that `new` has not carried out yet, whatever was interrupted and when.

    What was done is told by the new ledger's own events, and held against what should have been done.  A transaction
    that was sent and is not mined yet counts as not done; sending its call again under the account's next nonce lets
    one of both count.  A sealed ledger lacks nothing, or can lack it for ever.
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
            found_from=holding.found_from,
            amendment=record.amendment,
        )


def _live_recovery(old: Ledger, event: LedgerEvent, at: BlockRef) -> LedgerCall | None:
    """Return the call for a recovery that is still proposed in the final block."""
    if not isinstance(event, RecoveryProposed):
        return None
    holding = old.holding(event.token_id, at)
    recovery = None if holding is None else holding.recovery
    if recovery is None or (recovery.heir, recovery.start) != (event.heir, event.start):
        return None
    return ProposeRecoveryCall(event.token_id, event.heir)


def _is_live_exemption(old: Ledger, event: LedgerEvent, at: BlockRef) -> bool:
    if not isinstance(event, ExemptionSet) or not event.exempt:
        return False
    holding = old.holding(event.token_id, at)
    return holding is not None and holding.exempt


def _exemptions(happenings: list[Happening]) -> Iterator[SetExemptionsCall]:
    tokens = iter([h.event.token_id for h in happenings if isinstance(h.event, ExemptionSet)])
    while part := tuple(islice(tokens, MAX_PIECES)):
        yield SetExemptionsCall(part, True)
