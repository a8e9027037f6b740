"""Hand-overs, loss, recovery and exemptions: a second reading of ``IHandOver``."""

from __future__ import annotations

from dataclasses import replace

from provenance.encoding import Address
from provenance.errors import MalformedError
from provenance.handover import HolderAction
from provenance.ledger import (
    CancelReleasesCall,
    ClaimCall,
    ExecuteRecoveryCall,
    ExemptionSet,
    HolderOrderCall,
    Moved,
    ProposeRecoveryCall,
    RecoveryProposed,
    RecoveryVetoed,
    ReleasesCancelled,
    ReportedFound,
    ReportedLost,
    ReportFoundCall,
    ReportLostCall,
    Role,
    SetExemptionsCall,
    VetoRecoveryCall,
)
from provenance.testing.rules.state import (
    ZERO,
    Context,
    Emitted,
    State,
    refused,
    require_in_time,
    require_role_or_importer,
    require_sealed,
    when,
)

FOUND_DELAY = 7 * 24 * 3600
RECOVERY_DELAY = 30 * 24 * 3600

HoldersCall = (
    ClaimCall
    | HolderOrderCall
    | CancelReleasesCall
    | ReportLostCall
    | ReportFoundCall
    | VetoRecoveryCall
    | ExecuteRecoveryCall
)
StewardsCall = ProposeRecoveryCall | SetExemptionsCall


def hold(state: State, call: HoldersCall, context: Context) -> list[Emitted]:
    """Carry out what holders, claimants and those who help them may do."""
    require_sealed(state)
    match call:
        case ClaimCall():
            return _claim(state, call, context)
        case HolderOrderCall():
            return _order(state, call, context)
        case CancelReleasesCall(token_id):
            _require_holder(state, token_id, context)
            return _cancel(state, token_id)
        case ReportLostCall(token_id):
            _require_holder(state, token_id, context)
            return _report_lost(state, token_id, context.time)
        case ReportFoundCall(token_id):
            if _is_steward(state, context):
                state.studio_of(token_id)
                return _report_found(state, token_id, context.time, 0)
            _require_holder(state, token_id, context)
            return _report_found(state, token_id, context.time, FOUND_DELAY)
        case VetoRecoveryCall(token_id):
            if not _is_steward(state, context):
                _require_holder(state, token_id, context)
            return _veto(state, token_id, _is_steward(state, context))
        case ExecuteRecoveryCall(token_id):
            heir, start = state.recoveries.get(token_id, (ZERO, 0))
            if heir == ZERO:
                raise refused("NoRecovery", tokenId=token_id)
            if context.time < start:
                raise refused("RecoveryTooEarly", tokenId=token_id, **{"from": start})
            return _move(state, token_id, heir)


def help_holders(state: State, call: StewardsCall, context: Context) -> list[Emitted]:
    """Carry out a steward's help for those who lost a key, died, or paid before a suspension."""
    require_role_or_importer(state, Role.STEWARD, context.sender)
    match call:
        case ProposeRecoveryCall(token_id, heir):
            if heir == ZERO:
                raise refused("InvalidHolder", tokenId=token_id, newHolder=heir)
            holder, _ = state.holder_and_signer(token_id, context.time)
            if holder == state.studio_of(token_id):
                raise refused("HeldByItsStudio", tokenId=token_id, studio=holder)
            start = state.time(context.time) + RECOVERY_DELAY
            state.recoveries[token_id] = (heir, start)
            return [(RecoveryProposed, (token_id, holder, heir, when(start)))]
        case SetExemptionsCall(token_ids, exempt):
            emitted: list[Emitted] = []
            for token_id in token_ids:
                state.studio_of(token_id)
                state.pieces[token_id] = replace(state.piece(token_id), exempt=exempt)
                emitted.append((ExemptionSet, (token_id, exempt)))
            return emitted


def _claim(state: State, call: ClaimCall, context: Context) -> list[Emitted]:
    release, claim, token_id = call.release, call.claim, call.release.token_id
    if (release.token_id, release.nonce) != (claim.token_id, claim.nonce):
        raise MalformedError("claim-mismatch", "The release and the claim are not of the same hand-over.")
    require_in_time(release.deadline, context.time)
    require_in_time(claim.deadline, context.time)
    if claim.new_holder == ZERO:
        raise refused("InvalidHolder", tokenId=token_id, newHolder=claim.new_holder)
    holder, signer = state.holder_and_signer(token_id, context.time)
    _require_nonce(state, token_id, release.nonce)
    lost = state.piece(token_id).lost_at(context.time)
    if lost:
        raise refused("PieceIsLost", tokenId=token_id, since=lost)
    if state.barred(token_id):
        raise refused("StudioIsSuspended", studio=holder, tokenId=token_id)
    if not context.is_signed(signer, release, call.release_signature):
        raise refused("InvalidHolderSignature", tokenId=token_id, signer=signer)
    if not context.is_signed(release.claim_key, claim, call.claim_signature):
        raise refused("InvalidClaimSignature", tokenId=token_id, claimKey=release.claim_key)
    return _move(state, token_id, claim.new_holder)


def _order(state: State, call: HolderOrderCall, context: Context) -> list[Emitted]:
    order, token_id = call.order, call.order.token_id
    require_in_time(order.deadline, context.time)
    _, signer = state.holder_and_signer(token_id, context.time)
    _require_nonce(state, token_id, order.nonce)
    if not context.is_signed(signer, order, call.signature):
        raise refused("InvalidHolderSignature", tokenId=token_id, signer=signer)
    match order.action:
        case HolderAction.CANCEL_RELEASES:
            return _cancel(state, token_id)
        case HolderAction.REPORT_LOST:
            return _report_lost(state, token_id, context.time)
        case HolderAction.REPORT_FOUND:
            return _report_found(state, token_id, context.time, FOUND_DELAY)
        case HolderAction.VETO_RECOVERY:
            return _veto(state, token_id, False)


def _cancel(state: State, token_id: int) -> list[Emitted]:
    return [(ReleasesCancelled, (token_id, _raise(state, token_id)))]


def _report_lost(state: State, token_id: int, time: int) -> list[Emitted]:
    piece = state.piece(token_id)
    since = piece.lost_at(time) or time
    state.pieces[token_id] = replace(piece, lost_since=since, found_from=0)
    return [(ReportedLost, (token_id, when(since), _raise(state, token_id)))]


def _report_found(state: State, token_id: int, time: int, delay: int) -> list[Emitted]:
    piece = state.piece(token_id)
    if not piece.lost_at(time):
        raise refused("PieceIsNotLost", tokenId=token_id)
    state.pieces[token_id] = replace(piece, found_from=time + delay)
    return [(ReportedFound, (token_id, when(time + delay), _raise(state, token_id)))]


def _veto(state: State, token_id: int, by_steward: bool) -> list[Emitted]:
    if token_id not in state.recoveries:
        raise refused("NoRecovery", tokenId=token_id)
    heir, _ = state.recoveries.pop(token_id)
    vetoed: Emitted = (RecoveryVetoed, (token_id, heir, by_steward))
    return [vetoed] if by_steward else [vetoed, *_cancel(state, token_id)]


def _move(state: State, token_id: int, to: Address) -> list[Emitted]:
    former = state.holders.get(token_id, state.studio_of(token_id))
    state.holders[token_id] = to
    state.recoveries.pop(token_id, None)
    state.pieces[token_id] = replace(state.piece(token_id), exempt=False)
    return [(Moved, (token_id, former, to, _raise(state, token_id)))]


def _raise(state: State, token_id: int) -> int:
    piece = state.piece(token_id)
    state.pieces[token_id] = replace(piece, nonce=piece.nonce + 1)
    return piece.nonce + 1


def _is_steward(state: State, context: Context) -> bool:
    return (Role.STEWARD, context.sender) in state.roles


def _require_holder(state: State, token_id: int, context: Context) -> None:
    if state.holder_and_signer(token_id, context.time)[1] != context.sender:
        raise refused("NotTheHolder", tokenId=token_id, account=context.sender)


def _require_nonce(state: State, token_id: int, nonce: int) -> None:
    expected = state.piece(token_id).nonce
    if nonce != expected:
        raise refused("WrongPieceNonce", tokenId=token_id, expected=expected, actual=nonce)
