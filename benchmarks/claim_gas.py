"""Gas of hand-overs, and of the mint that they are compared with; `benchmarks/anchor_gas.py` reports both."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from benchmarks.chains import Chain
from benchmarks.deployment import Deployment, People, transact
from provenance.encoding import Address, Hash32, to_base64url
from provenance.evm.accounts import Account
from provenance.evm.passkeys import Assertion, Passkey, passkey_signature
from provenance.evm.typed_data import ledger_digest
from provenance.handover import Release
from provenance.keys import P256Signer
from provenance.ledger import make_token_id

PLAIN_MINT = Path(__file__).with_name("plain_mint.json")


@dataclass(frozen=True, slots=True)
class ClaimGas:
    """Gas of one claim each, under the rules of `rules`."""

    rules: str
    to_address: int
    """From the studio to an address that held nothing."""
    to_passkey: int
    """From the studio to a passkey that held nothing."""
    by_passkey: int
    """Released by a passkey that holds nothing afterwards, to an address that held nothing."""


def measure_claims(chain: Chain, people: People) -> ClaimGas:
    """Hand two pieces over by their studio's key, and one of them on by a passkey."""
    studio, passkey = Account.generate()[0], _Passkey()
    place = Deployment(chain, people, [studio.address])
    place.anchor(4, 1)
    identity = place.ledger.identity

    def by_studio(index: int, to: Address) -> int:
        key = Account.generate()[0]
        release = Release(make_token_id(2, index), key.address, 0)
        return place.claim(release, studio.sign_message(identity, release), key, to)

    to_address, to_passkey = by_studio(0, _somebody()), by_studio(1, passkey.public.holder)
    key = Account.generate()[0]
    release = Release(make_token_id(2, 1), key.address, 1)
    signature = passkey.sign(ledger_digest(identity, release), place.ledger.passkey_verifier())
    return ClaimGas(chain.rules, to_address, to_passkey, place.claim(release, signature, key, _somebody()))


def measure_plain_mint(chain: Chain, people: People) -> tuple[int, int]:
    """Return the gas of OpenZeppelin's ``_mint`` to a holder that held nothing, and to one that did."""
    code = bytes.fromhex(json.loads(PLAIN_MINT.read_text("utf-8"))["bytecode"].removeprefix("0x"))
    _, contract = transact(chain, people.relayer, None, code)
    holder, selector = _somebody(), keccak(text="mint(address,uint256)")[:4]

    def mint(index: int) -> int:
        arguments = encode(("address", "uint256"), (str(holder), make_token_id(2, index)))
        return transact(chain, people.relayer, contract, selector + arguments)[0]

    return mint(0), mint(1)


def _somebody() -> Address:
    return Address(secrets.token_bytes(20))


class _Passkey:
    """A phone's passkey, without the phone."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        numbers = key.public_key().public_numbers()
        self.public = Passkey(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))
        self._signer = P256Signer(key)

    def sign(self, digest: Hash32, verifier: Address) -> bytes:
        device = hashlib.sha256(b"registry.example").digest() + b"\x05" + bytes(4)
        client = (
            f'{{"type":"webauthn.get","challenge":"{to_base64url(digest.value)}",'
            '"origin":"https://registry.example","crossOrigin":false}'
        ).encode()
        raw = self._signer.sign(device + hashlib.sha256(client).digest())
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        return passkey_signature(self.public, Assertion(device, client, der), digest, verifier)
