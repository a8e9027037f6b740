"""Every EIP-712 payload that the project signs, built in one place."""

from __future__ import annotations

from typing import Any

from provenance.application import Binding
from provenance.encoding import Address, Hash32
from provenance.ledger import LedgerIdentity
from provenance.status import StatusOrder

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


def status_order(ledger: LedgerIdentity, order: StatusOrder) -> dict[str, Any]:
    """Return the payload of a studio's status order."""
    return {
        "domain": ledger_domain(ledger.chain_id, ledger.contract, ledger.deployment_id),
        "primaryType": "SetStatus",
        "types": {
            "EIP712Domain": _LEDGER_DOMAIN,
            "SetStatus": [
                {"name": "tokenId", "type": "uint256"},
                {"name": "status", "type": "uint8"},
                {"name": "studio", "type": "address"},
                {"name": "nonce", "type": "uint256"},
                {"name": "deadline", "type": "uint256"},
            ],
        },
        "message": {
            "tokenId": order.token_id,
            "status": int(order.status),
            "studio": str(order.studio),
            "nonce": order.nonce,
            "deadline": order.deadline,
        },
    }


def studio_binding(binding: Binding) -> dict[str, Any]:
    """Return the payload that binds a studio's account to its certificate key.

    A studio applies before it knows the ledger, so the domain names no chain.
    """
    return {
        "domain": {"name": "Kilnmark", "version": "1"},
        "primaryType": "StudioBinding",
        "types": {
            "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "version", "type": "string"}],
            "StudioBinding": [
                {"name": "did", "type": "string"},
                {"name": "name", "type": "string"},
                {"name": "registry", "type": "string"},
                {"name": "publicKey", "type": "bytes"},
                {"name": "studio", "type": "address"},
            ],
        },
        "message": {
            "did": binding.issuer.did,
            "name": binding.issuer.name,
            "registry": binding.issuer.base_url,
            "publicKey": binding.public_key.multikey_bytes,
            "studio": str(binding.studio),
        },
    }
