"""A phone that signs with a passkey, written from the standard (W3C Web Authentication Level 3), and its quirks."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from provenance.encoding import Hash32, to_base64url
from provenance.evm.passkeys import Assertion, Passkey
from provenance.keys import P256_ORDER

PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED, EXTENDED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80


class Phone:
    """A phone with one passkey of the site `rp_id`, whose scalar is `secret`."""

    def __init__(self, secret: bytes, rp_id: str = "localhost") -> None:
        self.rp_id = rp_id
        self._key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
        numbers = self._key.public_key().public_numbers()
        self.passkey = Passkey(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))

    def cose(self) -> bytes:
        """Return the key as ``{1: 2, 3: -7, -1: 1, -2: x, -3: y}``."""
        return b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" + self.passkey.x + b"\x22\x58\x20" + self.passkey.y

    def device(self, flags: int = PRESENT | VERIFIED, rest: bytes = b"") -> bytes:
        """Return authenticator data, whose counter is 7."""
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + (7).to_bytes(4, "big") + rest

    def registration(self, credential_id: bytes = b"id" * 8) -> bytes:
        """Return the authenticator data of a registration."""
        rest = bytes(16) + len(credential_id).to_bytes(2, "big") + credential_id + self.cose()
        return self.device(PRESENT | VERIFIED | ATTESTED, rest)

    def client(self, digest: Hash32, **changes: Any) -> bytes:
        """Return ``clientDataJSON``; a member that is changed to ``None`` is left out."""
        members = {
            "type": "webauthn.get",
            "challenge": to_base64url(digest.value),
            "origin": f"https://{self.rp_id}",
            "crossOrigin": False,
        }
        kept = {name: value for name, value in (members | changes).items() if value is not None}
        return json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode()

    def sign(self, device: bytes, client: bytes, high_s: bool = False) -> bytes:
        """Return a deterministic signature in DER."""
        signed = device + hashlib.sha256(client).digest()
        r, s = decode_dss_signature(self._key.sign(signed, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
        low = min(s, P256_ORDER - s)
        return encode_dss_signature(r, P256_ORDER - low if high_s else low)

    def touch(
        self,
        digest: Hash32,
        *,
        flags: int = PRESENT | VERIFIED,
        rest: bytes = b"",
        high_s: bool = False,
        **changes: Any,
    ) -> Assertion:
        """Sign a challenge."""
        device, client = self.device(flags, rest), self.client(digest, **changes)
        return Assertion(device, client, self.sign(device, client, high_s))
