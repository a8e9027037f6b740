"""What is signed for the ledger, as vectors for other implementations: ``python -m tests.vectors.make_typed_data``.

Origin: this project, by eth-account's EIP-712 encoder.  That its types and domain are the contract's is shown by
``tests/conformance/test_typed_data.py``, where the contract takes a signature of each, and for passkeys by
``tests/browser/test_passkey.py``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from provenance.encoding import Address, Digest, Hash32
from provenance.evm.accounts import Account
from provenance.evm.passkeys import passkey_signature
from provenance.evm.typed_data import LEDGER_TYPES, ledger_digest, ledger_domain, ledger_message
from provenance.handover import Claim, HolderAction, HolderOrder, Release
from provenance.ledger import LedgerIdentity, LedgerMessage
from provenance.status import AmendOrder, Status, StatusOrder
from tests.support.phones import Phone

FILE = Path(__file__).with_name("typed_data.json")
SECRET = hashlib.sha256(b"kilnmark vectors: a throw-away key").digest()
LARGEST = 2**256 - 1


def named(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


LEDGER = LedgerIdentity(
    0x6B696C6E, Hash32(bytes(32)), Address(named("ledger")[:20]), Hash32(bytes(32)), Hash32(named("deployment"))
)
TOKEN, STUDIO, LAST = 3 << 32 | 7, Address(named("studio")[:20]), 2**64 - 1
OTHER = Address(named("other")[:20])
MESSAGES: tuple[LedgerMessage, ...] = (
    StatusOrder(TOKEN, Status.REVOKED, STUDIO, 0, 0),
    StatusOrder(LAST, Status.ON_HOLD, STUDIO, LARGEST, LARGEST),
    AmendOrder(TOKEN, Digest(named("certificate")), STUDIO, 1, 1_900_000_000),
    AmendOrder(LAST, Digest(b"\xff" * 32), Address(b"\xff" * 20), LARGEST, LARGEST),
    Release(TOKEN, OTHER, 0),
    Release(LAST, Address(bytes(19) + b"\1"), LAST, LARGEST),
    Claim(TOKEN, OTHER, 0),
    Claim(LAST, Address(bytes(19) + b"\1"), LAST, LARGEST),
    *(HolderOrder(action, TOKEN, 2, 1_900_000_000) for action in HolderAction),
    *(HolderOrder(action, LAST, LAST, LARGEST) for action in HolderAction),
)


def vectors() -> dict[str, Any]:
    """Return the file's content."""
    account = Account.from_secret(SECRET)
    signable = encode_typed_data(full_message=ledger_message(LEDGER, MESSAGES[0]))
    domain = ledger_domain(LEDGER.chain_id, LEDGER.contract, LEDGER.deployment_id)
    return {
        "about": "EIP-712 of Kilnmark's PieceLedger. Integers are decimal strings. The key signs nothing else.",
        "domain": domain | {"chainId": str(LEDGER.chain_id)},
        "domainSeparator": "0x" + signable.header.hex(),
        "signer": {"secret": "0x" + SECRET.hex(), "address": str(account.address)},
        "messages": [message_vector(account, message) for message in MESSAGES],
        "passkeys": [passkey_vector(high_s) for high_s in (False, True)],
    }


def message_vector(account: Account, message: LedgerMessage) -> dict[str, Any]:
    payload = ledger_message(LEDGER, message)
    kind = payload["primaryType"]
    encoded = f"{kind}({','.join(f'{type_} {name}' for name, type_ in LEDGER_TYPES[kind])})"
    return {
        "type": kind,
        "encodeType": encoded,
        "typeHash": "0x" + keccak(text=encoded).hex(),
        "message": {name: str(value) for name, value in payload["message"].items()},
        "structHash": "0x" + encode_typed_data(full_message=payload).body.hex(),
        "digest": str(ledger_digest(LEDGER, message)),
        "signature": "0x" + account.sign_message(LEDGER, message).hex(),
    }


def passkey_vector(high_s: bool) -> dict[str, Any]:
    """Return what a phone answered for the first release, and what becomes of it."""
    phone, verifier = Phone(named("phone"), "registry.example"), Address(named("verifier")[:20])
    digest = ledger_digest(LEDGER, next(message for message in MESSAGES if isinstance(message, Release)))
    answer = phone.touch(digest, high_s=high_s)
    passkey = phone.passkey
    return {
        "x": "0x" + passkey.x.hex(),
        "y": "0x" + passkey.y.hex(),
        "holder": str(passkey.holder),
        "verifier": str(verifier),
        "digest": str(digest),
        "authenticatorData": "0x" + answer.authenticator_data.hex(),
        "clientDataJSON": answer.client_data.decode(),
        "der": "0x" + answer.signature.hex(),
        "signature": "0x" + passkey_signature(passkey, answer, digest, verifier).hex(),
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), indent=1) + "\n", "utf-8")
