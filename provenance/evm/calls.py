"""Calldata of the ledger's calls."""

from __future__ import annotations

from datetime import datetime

from eth_utils.crypto import keccak

from provenance.encoding import Address
from provenance.errors import MalformedError
from provenance.evm.abi import Interface
from provenance.ledger import (
    AcceptAdminTransferCall,
    AccreditCall,
    AddKeyCall,
    AmendCall,
    AnchorCall,
    BeginAdminTransferCall,
    CancelAdminTransferCall,
    CancelReleasesCall,
    ClaimCall,
    Deployment,
    ExecuteRecoveryCall,
    GrantRoleCall,
    HolderOrderCall,
    ImportedPiece,
    ImportOrderNonceCall,
    ImportPiecesCall,
    LedgerCall,
    NameSuccessorCall,
    ProposeControllerCall,
    ProposeRecoveryCall,
    ReinstateCall,
    RelayAmendCall,
    RelayStatusCall,
    ReportFoundCall,
    ReportLostCall,
    RevokeRoleCall,
    Role,
    SealCall,
    SetClockCall,
    SetExemptionCall,
    SetStatusCall,
    ShortenKeyCall,
    SuspendCall,
    VetoRecoveryCall,
)

Arguments = tuple[object, ...]


def encode_call(abi: Interface, call: LedgerCall) -> bytes:
    """Return the calldata of `call`; raises `MalformedError` for what the contract's types cannot hold."""
    name, arguments = _function(call)
    return abi.functions[name].encode(*arguments)


def role_id(role: Role) -> bytes:
    """Return a role's number on the chain: the keccak-256 of its name."""
    return keccak(text=role.value)


def deployment_argument(deployment: Deployment | None) -> Arguments:
    """Return a deployment as the contract takes it; ``None`` is zeros."""
    if deployment is None:
        return str(Address(bytes(20))), 0, 0
    return str(deployment.contract), deployment.chain_id, deployment.final_block


def _function(call: LedgerCall) -> tuple[str, Arguments]:
    match call:
        case AnchorCall():
            shares = [(str(share.studio), share.count) for share in call.allotments]
            return "anchor", (call.root.value, call.leaf_count, call.expected_first_lot, shares)
        case AccreditCall():
            return "accredit", (str(call.studio), call.did, call.name, call.scopes)
        case AddKeyCall():
            return "addKey", (str(call.studio), call.multikey)
        case ShortenKeyCall():
            return "shortenKey", (str(call.studio), call.key_id.value, _seconds(call.end))
        case SuspendCall():
            return "suspend", (str(call.studio),)
        case ReinstateCall():
            return "reinstate", (str(call.studio),)
        case ProposeControllerCall():
            return "proposeController", (str(call.studio), str(call.controller))
        case SetStatusCall():
            return "setStatus", (call.token_id, int(call.status))
        case RelayStatusCall(order, signature):
            return "setStatusFor", (order.token_id, int(order.status), order.nonce, order.deadline, signature)
        case AmendCall():
            return "amend", (list(call.token_ids), [digest.value for digest in call.digests])
        case RelayAmendCall(amendment, signature):
            return "amendFor", (
                amendment.token_id, amendment.digest.value, amendment.nonce, amendment.deadline, signature
            )  # fmt: skip
        case BeginAdminTransferCall():
            return "beginDefaultAdminTransfer", (str(call.admin),)
        case AcceptAdminTransferCall():
            return "acceptDefaultAdminTransfer", ()
        case CancelAdminTransferCall():
            return "cancelDefaultAdminTransfer", ()
        case GrantRoleCall():
            return "grantRole", (role_id(call.role), str(call.account))
        case RevokeRoleCall():
            return "revokeRole", (role_id(call.role), str(call.account))
    return _holders_function(call) or _importers_function(call)


def _holders_function(call: LedgerCall) -> tuple[str, Arguments] | None:
    match call:
        case ClaimCall(release, release_signature, claim, claim_signature):
            if (release.token_id, release.nonce) != (claim.token_id, claim.nonce):
                raise MalformedError("claim-mismatch", "The release and the claim are not of the same hand-over.")
            parts = (release.token_id, str(release.claim_key), str(claim.new_holder), release.nonce)
            hand_over = (*parts, release.deadline, claim.deadline)
            return "claim", (hand_over, release_signature, claim_signature)
        case HolderOrderCall(order, signature):
            return "holderOrderFor", (int(order.action), order.token_id, order.nonce, order.deadline, signature)
        case CancelReleasesCall():
            return "cancelReleases", (call.token_id,)
        case ReportLostCall():
            return "reportLost", (call.token_id,)
        case ReportFoundCall():
            return "reportFound", (call.token_id,)
        case ProposeRecoveryCall():
            return "proposeRecovery", (call.token_id, str(call.heir))
        case VetoRecoveryCall():
            return "vetoRecovery", (call.token_id,)
        case ExecuteRecoveryCall():
            return "executeRecovery", (call.token_id,)
        case SetExemptionCall():
            return "setExemption", (call.token_id, str(call.claim_key or Address(bytes(20))))
    return None


def _importers_function(call: LedgerCall) -> tuple[str, Arguments]:
    match call:
        case SetClockCall():
            return "setClock", (_seconds(call.time), call.number)
        case ImportPiecesCall():
            return "importPieces", ([_imported(piece) for piece in call.pieces],)
        case ImportOrderNonceCall():
            return "importOrderNonce", (str(call.studio), call.nonce)
        case SealCall():
            return "seal", ()
        case NameSuccessorCall():
            return "nameSuccessor", deployment_argument(call.successor)
    raise TypeError(f"not a call of the ledger: {type(call).__name__}")


def _imported(piece: ImportedPiece) -> Arguments:
    amendment = piece.amendment
    return (
        piece.token_id,
        str(piece.holder),
        piece.nonce,
        int(piece.status),
        piece.by_steward,
        *(0 if time is None else _seconds(time) for time in (piece.status_time, piece.lost_since)),
        *((bytes(32), 0, 0) if amendment is None else (
            amendment.digest.value, _seconds(amendment.time), amendment.count
        )),
    )  # fmt: skip


def _seconds(moment: datetime) -> int:
    seconds = int(moment.timestamp())
    if seconds < 0:
        raise MalformedError("bad-time", "A time on the ledger cannot lie before 1970.")
    return seconds
