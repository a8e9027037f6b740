"""Anchors, status and amendments."""

from __future__ import annotations

from dataclasses import replace

from provenance.encoding import Address, Digest, Root
from provenance.ledger import (
    AmendCall,
    Amended,
    AmendmentRecord,
    AnchorCall,
    Anchored,
    AnchorRecord,
    Lot,
    RelayAmendCall,
    RelayStatusCall,
    Role,
    SetStatusCall,
    StatusSet,
)
from provenance.status import AmendOrder, Status, StatusOrder
from provenance.testing.rules.state import (
    Context,
    Emitted,
    State,
    refused,
    require_in_time,
    require_role_or_importer,
    require_sealed,
    when,
)


def anchor(state: State, call: AnchorCall, context: Context) -> list[Emitted]:
    """Anchor a batch."""
    require_role_or_importer(state, Role.ANCHORER, context.sender)
    if call.root == Root(bytes(32)):
        raise refused("ZeroRoot")
    if call.root in state.anchor_ids:
        raise refused("RootAlreadyAnchored", root=call.root, anchorId=state.anchor_ids[call.root])
    first_lot = len(state.lots) + 1
    if call.expected_first_lot != first_lot:
        raise refused("UnexpectedLot", expected=call.expected_first_lot, actual=first_lot)
    anchor_id, offset, lots = len(state.anchors) + 1, 0, []
    for lot_id, share in enumerate(call.allotments, start=first_lot):
        if share.count == 0:
            raise refused("LeafCountMismatch", leafCount=call.leaf_count, allotted=offset)
        if not state.standing_now(share.studio):
            raise refused("StudioNotInGoodStanding", studio=share.studio)
        lots.append(Lot(lot_id, share.studio, share.count, offset))
        offset += share.count
    if offset != call.leaf_count or offset == 0:
        raise refused("LeafCountMismatch", leafCount=call.leaf_count, allotted=offset)
    time, number = state.time(context.time), context.number if state.sealed else state.clock_block
    state.anchors[anchor_id] = AnchorRecord(anchor_id, call.root, call.leaf_count, when(time), number)
    state.anchor_ids[call.root] = anchor_id
    state.lots.update({lot.lot_id: (lot, anchor_id) for lot in lots})
    return [(Anchored, (anchor_id, call.root, call.leaf_count, tuple(lots)))]


def set_status(state: State, call: SetStatusCall, context: Context) -> list[Emitted]:
    """Set a status in the caller's name."""
    require_sealed(state)
    by_steward, studio = (Role.STEWARD, context.sender) in state.roles, state.studio_of(call.token_id)
    if not by_steward and context.sender != state.controller_of(studio, context.time):
        raise refused("NotTheStudio", tokenId=call.token_id, account=context.sender)
    return _set_status(state, call.token_id, call.status, by_steward, context.time)


def relay_status(state: State, call: RelayStatusCall, context: Context) -> list[Emitted]:
    """Set a status by a studio's signed order."""
    require_sealed(state)
    _take_order(state, call.order, call.signature, context)
    return _set_status(state, call.order.token_id, call.order.status, False, context.time)


def amend(state: State, call: AmendCall, context: Context) -> list[Emitted]:
    """Record newer certificates in the caller's name."""
    require_sealed(state)
    if not call.token_ids or len(call.token_ids) != len(call.digests):
        raise refused("InvalidAmendment")
    emitted: list[Emitted] = []
    for token_id, digest in zip(call.token_ids, call.digests, strict=True):
        if context.sender != state.controller_of(state.studio_of(token_id), context.time):
            raise refused("NotTheStudio", tokenId=token_id, account=context.sender)
        emitted += _amend(state, token_id, digest, context.time)
    return emitted


def relay_amendment(state: State, call: RelayAmendCall, context: Context) -> list[Emitted]:
    """Record a newer certificate by a studio's signed order."""
    require_sealed(state)
    _take_order(state, call.order, call.signature, context)
    return _amend(state, call.order.token_id, call.order.digest, context.time)


def _take_order(state: State, order: StatusOrder | AmendOrder, signature: bytes, context: Context) -> None:
    studio: Address = state.studio_of(order.token_id)
    require_in_time(order.deadline, context.time)
    expected = state.order_nonces.get(studio, 0)
    if order.nonce != expected:
        raise refused("WrongOrderNonce", studio=studio, expected=expected, actual=order.nonce)
    controller = state.controller_of(studio, context.time)
    # The contract takes the studio from the token: an order that names another one was not signed for this.
    if not context.is_signed(controller, replace(order, studio=studio), signature):
        raise refused("InvalidOrderSignature", controller=controller)
    state.order_nonces[studio] = expected + 1


def _set_status(state: State, token_id: int, status: Status, by_steward: bool, time: int) -> list[Emitted]:
    studio, piece = state.studio_of(token_id), state.piece(token_id)
    if not by_steward and state.suspended(studio):
        raise refused("StudioIsSuspended", studio=studio, tokenId=token_id)
    if piece.status is Status.REVOKED:
        raise refused("StatusIsFinal", tokenId=token_id)
    held = piece.by_steward and piece.status is Status.ON_HOLD
    if held and not by_steward and status is not Status.REVOKED:
        raise refused("HeldBySteward", tokenId=token_id)
    state.pieces[token_id] = replace(piece, status=status, by_steward=by_steward, status_time=time)
    return [(StatusSet, (token_id, status, by_steward))]


def _amend(state: State, token_id: int, digest: Digest, time: int) -> list[Emitted]:
    studio = state.studio_of(token_id)
    if not state.standing_now(studio):
        raise refused("StudioNotInGoodStanding", studio=studio)
    if digest == Digest(bytes(32)):
        raise refused("InvalidAmendment")
    earlier = state.amendments.get(token_id)
    count = 1 if earlier is None else earlier.count + 1
    state.amendments[token_id] = AmendmentRecord(digest, when(time), count)
    return [(Amended, (token_id, digest, count))]
