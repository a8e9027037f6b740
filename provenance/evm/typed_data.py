"""Every EIP-712 payload that the project signs, built in one place."""

from __future__ import annotations

from typing import Any

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from provenance.application import Binding
from provenance.encoding import Address, Hash32
from provenance.handover import Claim, HolderAction, HolderOrder, Release
from provenance.ledger import LedgerIdentity, LedgerMessage
from provenance.status import AmendOrder, StatusOrder

LEDGER_NAME = "Kilnmark PieceLedger"
LEDGER_VERSION = "1"

_LEDGER_DOMAIN = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
    {"name": "salt", "type": "bytes32"},
]


def ledger_domain(chain_id: int, contract: Address, deployment_id: Hash32) -> dict[str, Any]:
    """Return the ledger's domain; the deployment id is the salt, so that a re-created chain is another domain."""
    return {
        "name": LEDGER_NAME,
        "version": LEDGER_VERSION,
        "chainId": chain_id,
        "verifyingContract": str(contract),
        "salt": str(deployment_id),
    }


_ORDER_END = (("studio", "address"), ("nonce", "uint256"), ("deadline", "uint256"))
_PIECE_END = (("nonce", "uint256"), ("deadline", "uint256"))

LEDGER_TYPES: dict[str, tuple[tuple[str, str], ...]] = {
    "SetStatus": (("tokenId", "uint256"), ("status", "uint8"), *_ORDER_END),
    "Amend": (("tokenId", "uint256"), ("digest", "bytes32"), *_ORDER_END),
    "Release": (("tokenId", "uint256"), ("claimKey", "address"), *_PIECE_END),
    "Claim": (("tokenId", "uint256"), ("newHolder", "address"), *_PIECE_END),
    "CancelReleases": (("tokenId", "uint256"), *_PIECE_END),
    "ReportLost": (("tokenId", "uint256"), *_PIECE_END),
    "ReportFound": (("tokenId", "uint256"), *_PIECE_END),
    "VetoRecovery": (("tokenId", "uint256"), *_PIECE_END),
}
"""Every type that the contract takes signatures of: its members, in order."""

_HOLDER_TYPES = {
    HolderAction.CANCEL_RELEASES: "CancelReleases",
    HolderAction.REPORT_LOST: "ReportLost",
    HolderAction.REPORT_FOUND: "ReportFound",
    HolderAction.VETO_RECOVERY: "VetoRecovery",
}


def ledger_message(ledger: LedgerIdentity, message: LedgerMessage) -> dict[str, Any]:
    """Return the payload of anything signed for the ledger: ``eth_signTypedData_v4``'s JSON, with integers as such."""
    values: tuple[object, ...]
    match message:
        case StatusOrder():
            kind, values = "SetStatus", (message.token_id, int(message.status), str(message.studio))
        case AmendOrder():
            kind, values = "Amend", (message.token_id, str(message.digest), str(message.studio))
        case Release():
            kind, values = "Release", (message.token_id, str(message.claim_key))
        case Claim():
            kind, values = "Claim", (message.token_id, str(message.new_holder))
        case HolderOrder():
            kind, values = _HOLDER_TYPES[message.action], (message.token_id,)
    members = LEDGER_TYPES[kind]
    return {
        "domain": ledger_domain(ledger.chain_id, ledger.contract, ledger.deployment_id),
        "primaryType": kind,
        "types": {"EIP712Domain": _LEDGER_DOMAIN, kind: [{"name": name, "type": type_} for name, type_ in members]},
        "message": dict(zip((name for name, _ in members), (*values, message.nonce, message.deadline), strict=True)),
    }


def ledger_digest(ledger: LedgerIdentity, message: LedgerMessage) -> Hash32:
    """Return the EIP-712 digest of anything signed for the ledger: what a passkey takes as its challenge."""
    signable = encode_typed_data(full_message=ledger_message(ledger, message))
    return Hash32(keccak(b"\x19" + signable.version + signable.header + signable.body))


def studio_binding(binding: Binding) -> dict[str, Any]:
    """Return the payload that binds an account to a studio's certificate key: the studio's own, or its next controller.

    A studio applies before it knows the ledger, so the domain names no chain.
    """
    kind = "StudioBinding" if binding.controller is None else "ControllerBinding"
    members = [
        {"name": "did", "type": "string"},
        {"name": "name", "type": "string"},
        {"name": "registry", "type": "string"},
        {"name": "publicKey", "type": "bytes"},
        {"name": "studio", "type": "address"},
    ]
    message: dict[str, Any] = {
        "did": binding.issuer.did,
        "name": binding.issuer.name,
        "registry": binding.issuer.base_url,
        "publicKey": binding.public_key.multikey_bytes,
        "studio": str(binding.studio),
    }
    if binding.controller is not None:
        members.append({"name": "controller", "type": "address"})
        message["controller"] = str(binding.controller)
    return {
        "domain": {"name": "Kilnmark", "version": "1"},
        "primaryType": kind,
        "types": {
            "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "version", "type": "string"}],
            kind: members,
        },
        "message": message,
    }


def registry_order(order: str) -> dict[str, Any]:
    """Return the payload of a steward's order for a registry: its canonical text, which names registry and time."""
    kind = "RegistryOrder"
    return {
        "domain": {"name": "Kilnmark", "version": "1"},
        "primaryType": kind,
        "types": {
            "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "version", "type": "string"}],
            kind: [{"name": "order", "type": "string"}],
        },
        "message": {"order": order},
    }
