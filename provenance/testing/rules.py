"""The contract's rules in plain Python: a second reading of ``IPieceLedger``, for the simulator.

`apply` carries out one call on a `State` or raises `RefusedError` with the contract's error in words.  Times are unix
seconds, as on the chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from provenance.encoding import Address, Digest, KeyId, Root
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    AmendCall,
    Amended,
    AmendmentRecord,
    AnchorCall,
    Anchored,
    AnchorRecord,
    KeyAdded,
    KeyWindowShortened,
    LedgerCall,
    Lot,
    ReinstateCall,
    RelayStatusCall,
    SetStatusCall,
    ShortenKeyCall,
    StatusSet,
    StudioAccredited,
    StudioReinstated,
    StudioSuspended,
    SuspendCall,
)
from provenance.status import Status, StatusOrder

SCOPE_MAKER = 1
_MULTIKEYS = {35: b"\x80\x24", 34: b"\xed\x01"}

Emitted = tuple[type[Any], tuple[Any, ...]]
"""An event's class and its own members, before it has a place in a block."""


class RefusedError(Exception):
    """The contract would revert; the text is its error with arguments."""


@dataclass(frozen=True, slots=True)
class Studio:
    """An accredited studio."""

    did: str
    names: tuple[tuple[int, str], ...]
    accredited_at: int
    scopes: int

    def name_at(self, time: int) -> str:
        """Return the name that the studio bore at `time`."""
        return [name for since, name in self.names if since <= time][-1]


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """The status of a piece and who set it."""

    status: Status
    by_steward: bool
    time: int


@dataclass(frozen=True, slots=True)
class Window:
    """``[start, end)`` in unix seconds; `end` is ``None`` while it is open."""

    start: int
    end: int | None = None

    def covers(self, time: int) -> bool:
        """Tell whether `time` lies in the window."""
        return self.start <= time and (self.end is None or time < self.end)


@dataclass(slots=True)
class State:
    """The contract's storage.  The values are immutable, so that a copy of the tables is a snapshot."""

    studios: dict[Address, Studio] = field(default_factory=dict)
    owner_of_did: dict[str, Address] = field(default_factory=dict)
    suspensions: dict[Address, tuple[Window, ...]] = field(default_factory=dict)
    keys: dict[tuple[Address, KeyId], Window] = field(default_factory=dict)
    order_nonces: dict[Address, int] = field(default_factory=dict)
    anchors: dict[int, AnchorRecord] = field(default_factory=dict)
    anchor_ids: dict[Root, int] = field(default_factory=dict)
    lots: dict[int, tuple[Lot, int]] = field(default_factory=dict)
    statuses: dict[int, TokenStatus] = field(default_factory=dict)
    amendments: dict[int, AmendmentRecord] = field(default_factory=dict)
    nonces: dict[Address, int] = field(default_factory=dict)

    def copy(self) -> State:
        """Return a snapshot."""
        return State(**{name: dict(getattr(self, name)) for name in self.__slots__})

    def suspended(self, studio: Address) -> bool:
        """Tell whether the studio is suspended."""
        return any(window.end is None for window in self.suspensions.get(studio, ()))

    def standing_now(self, studio: Address) -> bool:
        """Tell whether the studio is a maker and not suspended."""
        entry = self.studios.get(studio)
        return entry is not None and entry.scopes & SCOPE_MAKER != 0 and not self.suspended(studio)

    def standing_at(self, studio: Address, time: int) -> bool:
        """Tell whether the studio was accredited and not suspended at `time`."""
        entry = self.studios.get(studio)
        if entry is None or time < entry.accredited_at:
            return False
        return not any(window.covers(time) for window in self.suspensions.get(studio, ()))

    def studio_of(self, token_id: int) -> Address:
        """Return the studio of a token's lot; raises `RefusedError`."""
        lot = self.lots.get(token_id >> 32)
        if lot is None or token_id & 0xFFFFFFFF >= lot[0].count:
            raise RefusedError(f"UnknownToken(tokenId={token_id})")
        return lot[0].studio


@dataclass(frozen=True, slots=True)
class Context:
    """Who calls, in which block, and who holds which role; `is_signed` checks an order's signature."""

    sender: Address
    time: int
    number: int
    steward: Address
    anchorer: Address
    is_signed: Callable[[StatusOrder, bytes], bool]


def apply(state: State, call: LedgerCall, context: Context) -> list[Emitted]:
    """Carry out `call` on `state` and return what it emits; raises `RefusedError`, after which `state` is spoilt."""
    match call:
        case AnchorCall():
            return _anchor(state, call, context)
        case SetStatusCall():
            by_steward = context.sender == context.steward
            if not by_steward and context.sender != state.studio_of(call.token_id):
                raise RefusedError(f"NotTheStudio(tokenId={call.token_id}, account={context.sender})")
            return _set_status(state, call.token_id, call.status, by_steward, context.time)
        case RelayStatusCall():
            return _relay(state, call, context)
        case AmendCall():
            return _amend(state, call, context)
        case _:
            if context.sender != context.steward:
                raise RefusedError(f"AccessControlUnauthorizedAccount(account={context.sender})")
            return _direct(state, call, context.time)


def _anchor(state: State, call: AnchorCall, context: Context) -> list[Emitted]:
    if context.sender != context.anchorer:
        raise RefusedError(f"AccessControlUnauthorizedAccount(account={context.sender})")
    if call.root == Root(bytes(32)):
        raise RefusedError("ZeroRoot()")
    if call.root in state.anchor_ids:
        raise RefusedError(f"RootAlreadyAnchored(root={call.root}, anchorId={state.anchor_ids[call.root]})")
    first_lot = len(state.lots) + 1
    if call.expected_first_lot != first_lot:
        raise RefusedError(f"UnexpectedLot(expected={call.expected_first_lot}, actual={first_lot})")
    anchor_id, offset, lots = len(state.anchors) + 1, 0, []
    for lot_id, share in enumerate(call.allotments, start=first_lot):
        if share.count == 0:
            raise RefusedError(f"LeafCountMismatch(leafCount={call.leaf_count}, allotted={offset})")
        if not state.standing_now(share.studio):
            raise RefusedError(f"StudioNotInGoodStanding(studio={share.studio})")
        lots.append(Lot(lot_id, share.studio, share.count, offset))
        offset += share.count
    if offset != call.leaf_count or offset == 0:
        raise RefusedError(f"LeafCountMismatch(leafCount={call.leaf_count}, allotted={offset})")
    when = datetime.fromtimestamp(context.time, UTC)
    state.anchors[anchor_id] = AnchorRecord(anchor_id, call.root, call.leaf_count, when, context.number)
    state.anchor_ids[call.root] = anchor_id
    state.lots.update({lot.lot_id: (lot, anchor_id) for lot in lots})
    return [(Anchored, (anchor_id, call.root, call.leaf_count, tuple(lots)))]


def _direct(state: State, call: LedgerCall, time: int) -> list[Emitted]:
    """Carry out a steward's work on the directory of studios."""
    match call:
        case AccreditCall():
            return _accredit(state, call, time)
        case SuspendCall(studio):
            _known(state, studio)
            if state.suspended(studio):
                raise RefusedError(f"SuspensionUnchanged(studio={studio})")
            state.suspensions[studio] = (*state.suspensions.get(studio, ()), Window(time))
            return [(StudioSuspended, (studio,))]
        case ReinstateCall(studio):
            _known(state, studio)
            if not state.suspended(studio):
                raise RefusedError(f"SuspensionUnchanged(studio={studio})")
            *earlier, last = state.suspensions[studio]
            state.suspensions[studio] = (*earlier, replace(last, end=time))
            return [(StudioReinstated, (studio,))]
        case AddKeyCall(studio, multikey):
            _known(state, studio)
            if _MULTIKEYS.get(len(multikey)) != multikey[:2]:
                raise RefusedError(f"InvalidMultikey(multikey=0x{multikey.hex()})")
            key_id = KeyId(hashlib.sha256(multikey).digest())
            if (studio, key_id) in state.keys:
                raise RefusedError(f"KeyAlreadyAdded(studio={studio}, keyId={key_id})")
            state.keys[studio, key_id] = Window(time)
            return [(KeyAdded, (studio, key_id, multikey, datetime.fromtimestamp(time, UTC)))]
        case ShortenKeyCall(studio, key_id, moment):
            window, end = state.keys.get((studio, key_id)), int(moment.timestamp())
            if window is None:
                raise RefusedError(f"UnknownKey(studio={studio}, keyId={key_id})")
            if window.end is not None and end >= window.end:
                raise RefusedError(
                    f"WindowNotShorter(studio={studio}, keyId={key_id}, end={end}, current={window.end})"
                )
            state.keys[studio, key_id] = replace(window, end=end)
            return [(KeyWindowShortened, (studio, key_id, datetime.fromtimestamp(end, UTC)))]
    raise TypeError(f"not a steward's call: {type(call).__name__}")


def _accredit(state: State, call: AccreditCall, time: int) -> list[Emitted]:
    entry, owner = state.studios.get(call.studio), state.owner_of_did.get(call.did)
    if call.studio == Address(bytes(20)) or not call.did or not call.name:
        raise RefusedError(f"InvalidStudio(studio={call.studio})")
    if (entry is None and owner is not None) or (entry is not None and entry.did != call.did):
        raise RefusedError(f"DidTaken(did={call.did}, studio={owner or Address(bytes(20))})")
    since = time if entry is None else entry.accredited_at
    names = () if entry is None else entry.names
    state.studios[call.studio] = Studio(call.did, (*names, (time, call.name)), since, call.scopes)
    state.owner_of_did[call.did] = call.studio
    return [(StudioAccredited, (call.studio, call.did, call.name, call.scopes))]


def _known(state: State, studio: Address) -> None:
    if studio not in state.studios:
        raise RefusedError(f"UnknownStudio(studio={studio})")


def _relay(state: State, call: RelayStatusCall, context: Context) -> list[Emitted]:
    order = call.order
    if order.deadline and context.time > order.deadline:
        raise RefusedError(f"OrderExpired(deadline={order.deadline})")
    studio = state.studio_of(order.token_id)
    expected = state.order_nonces.get(studio, 0)
    if order.nonce != expected:
        raise RefusedError(f"WrongOrderNonce(studio={studio}, expected={expected}, actual={order.nonce})")
    # The contract takes the studio from the token: an order that names another one was not signed for this.
    if not context.is_signed(replace(order, studio=studio), call.signature):
        raise RefusedError(f"InvalidOrderSignature(controller={studio})")
    state.order_nonces[studio] = expected + 1
    return _set_status(state, order.token_id, order.status, False, context.time)


def _set_status(state: State, token_id: int, status: Status, by_steward: bool, time: int) -> list[Emitted]:
    state.studio_of(token_id)
    current = state.statuses.get(token_id, TokenStatus(Status.ACTIVE, False, 0))
    if current.status is Status.REVOKED:
        raise RefusedError(f"StatusIsFinal(tokenId={token_id})")
    held = current.by_steward and current.status is Status.ON_HOLD
    if held and not by_steward and status is not Status.REVOKED:
        raise RefusedError(f"HeldBySteward(tokenId={token_id})")
    state.statuses[token_id] = TokenStatus(status, by_steward, time)
    return [(StatusSet, (token_id, status, by_steward))]


def _amend(state: State, call: AmendCall, context: Context) -> list[Emitted]:
    if not call.token_ids or len(call.token_ids) != len(call.digests):
        raise RefusedError("InvalidAmendment()")
    emitted: list[Emitted] = []
    for token_id, digest in zip(call.token_ids, call.digests, strict=True):
        studio = state.studio_of(token_id)
        if context.sender != studio:
            raise RefusedError(f"NotTheStudio(tokenId={token_id}, account={context.sender})")
        if not state.standing_now(studio):
            raise RefusedError(f"StudioNotInGoodStanding(studio={studio})")
        if digest == Digest(bytes(32)):
            raise RefusedError("InvalidAmendment()")
        earlier = state.amendments.get(token_id)
        count = 1 if earlier is None else earlier.count + 1
        state.amendments[token_id] = AmendmentRecord(digest, datetime.fromtimestamp(context.time, UTC), count)
        emitted.append((Amended, (token_id, digest, count)))
    return emitted
