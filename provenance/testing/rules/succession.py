"""Importing a predecessor's state, naming a successor, roles and the admin: a second reading of ``ISuccession``."""

from __future__ import annotations

from dataclasses import replace

from provenance.encoding import Address
from provenance.ledger import (
    AcceptAdminTransferCall,
    BeginAdminTransferCall,
    CancelAdminTransferCall,
    ClockSet,
    GrantRoleCall,
    ImportedPiece,
    ImportOrderNonceCall,
    ImportPiecesCall,
    NameSuccessorCall,
    OrderNonceImported,
    PieceImported,
    RevokeRoleCall,
    Role,
    SealCall,
    Sealed,
    SetClockCall,
    SuccessorNamed,
)
from provenance.testing.rules.state import (
    ZERO,
    Context,
    Emitted,
    State,
    refused,
    require_role,
    require_sealed,
    seconds,
    when,
)

ImportersCall = SetClockCall | ImportPiecesCall | ImportOrderNonceCall | SealCall
AdminsCall = (
    NameSuccessorCall
    | BeginAdminTransferCall
    | AcceptAdminTransferCall
    | CancelAdminTransferCall
    | GrantRoleCall
    | RevokeRoleCall
)


def take_over(state: State, call: ImportersCall, context: Context) -> list[Emitted]:
    """Carry out an importer's work."""
    require_role(state, Role.IMPORTER, context.sender)
    if state.sealed:
        raise refused("AlreadySealed")
    match call:
        case SetClockCall(moment, number):
            time = seconds(moment)
            if time < state.clock or time > context.time or number < state.clock_block:
                raise refused("WrongClock", time=time)
            state.clock, state.clock_block = time, number
            return [(ClockSet, (when(time), number))]
        case ImportPiecesCall(pieces):
            return [_import(state, piece) for piece in pieces]
        case ImportOrderNonceCall(studio, nonce):
            state.order_nonces[studio] = nonce
            return [(OrderNonceImported, (studio, nonce))]
        case SealCall():
            state.sealed = True
            return [(Sealed, ())]


def _import(state: State, piece: ImportedPiece) -> Emitted:
    token_id = piece.token_id
    if piece.holder == ZERO:
        raise refused("InvalidHolder", tokenId=token_id, newHolder=piece.holder)
    if piece.holder != state.holders.get(token_id, state.studio_of(token_id)):
        state.holders[token_id] = piece.holder
    state.pieces[token_id] = replace(
        state.piece(token_id),
        status=piece.status,
        by_steward=piece.by_steward,
        status_time=seconds(piece.status_time),
        lost_since=seconds(piece.lost_since),
        found_from=seconds(piece.found_from),
        nonce=piece.nonce,
    )
    if piece.amendment is None:
        state.amendments.pop(token_id, None)
    else:
        state.amendments[token_id] = piece.amendment
    return PieceImported, (piece,)


def administer(state: State, call: AdminsCall, context: Context) -> list[Emitted]:
    """Carry out the admin's work."""
    match call:
        case AcceptAdminTransferCall():
            return _accept(state, context)
        case NameSuccessorCall(successor):
            _require_admin(state, context.sender)
            require_sealed(state)
            if state.successor is not None:
                raise refused("SuccessorKnown", ledger=state.successor.contract)
            if successor.contract == ZERO:
                raise refused("InvalidDeployment")
            state.successor = successor
            return [(SuccessorNamed, (successor,))]
        case BeginAdminTransferCall(admin):
            _require_admin(state, context.sender)
            state.pending_admin = (admin, context.time + state.admin_delay)
        case CancelAdminTransferCall():
            _require_admin(state, context.sender)
            state.pending_admin = None
        case GrantRoleCall(role, account):
            _require_admin(state, context.sender)
            state.roles |= {(role, account)}
        case RevokeRoleCall(role, account):
            _require_admin(state, context.sender)
            state.roles -= {(role, account)}
    return []


def _accept(state: State, context: Context) -> list[Emitted]:
    admin, schedule = state.pending_admin or (ZERO, 0)
    if context.sender != admin:
        raise refused("AccessControlInvalidDefaultAdmin", defaultAdmin=context.sender)
    if context.time <= schedule:
        raise refused("AccessControlEnforcedDefaultAdminDelay", schedule=schedule)
    state.admin, state.pending_admin = admin, None
    return []


def _require_admin(state: State, account: Address) -> None:
    if account != state.admin:
        raise refused("AccessControlUnauthorizedAccount", account=account, neededRole="DEFAULT_ADMIN_ROLE")
