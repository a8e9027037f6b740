"""Public keys as Multikeys, and the signers that hold their secrets.

Multikey: W3C Controlled Identifiers 1.0 section 2.2.2.  P-256 signatures are ``r || s`` of 64 bytes (IEEE P1363),
deterministic (RFC 6979) and low-s; Ed25519 is RFC 8032.  A key id is the SHA-256 of the Multikey bytes.

>>> signer = P256Signer.generate()
>>> signer.public_key.verify(signer.sign(b"kiln"), b"kiln")
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, Protocol, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from provenance.encoding import Digest, KeyId, from_base58, to_base58
from provenance.errors import MalformedError, VerificationError

Algorithm: TypeAlias = Literal["P-256", "Ed25519"]

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SIGNATURE_BYTES = 64

_PREFIX: dict[bytes, tuple[Algorithm, int]] = {
    b"\x80\x24": ("P-256", 33),  # multicodec p256-pub, a compressed point
    b"\xed\x01": ("Ed25519", 32),  # multicodec ed25519-pub
}
_ECDSA = ec.ECDSA(hashes.SHA256())
_ED25519_FIELD = 2**255 - 19
# The y coordinates of the eight points of small order; under such a key any message verifies.
_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_ED25519_LOW_ORDER_Y = frozenset((0, 1, _ED25519_FIELD - 1, _ORDER_8, _ED25519_FIELD - _ORDER_8))


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, checked: on its curve, not of low order, in the one accepted encoding."""

    multikey_bytes: bytes
    algorithm: Algorithm = field(init=False)
    multikey: str = field(init=False, compare=False)
    """The text form: ``zDn…`` for P-256, ``z6Mk…`` for Ed25519."""
    _key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = _PREFIX.get(self.multikey_bytes[:2])
        raw = self.multikey_bytes[2:]
        if known is None or len(raw) != known[1]:
            raise MalformedError("bad-key", "A Multikey must be a P-256 or an Ed25519 public key.")
        key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
        if known[0] == "P-256":
            try:
                key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
            except ValueError:
                raise MalformedError("bad-key", "The P-256 key is not a point of its curve.") from None
        else:
            y = int.from_bytes(raw, "little") & ((1 << 255) - 1)
            if y >= _ED25519_FIELD or y in _ED25519_LOW_ORDER_Y:
                raise MalformedError("bad-key", "The Ed25519 key is of low order or not canonical.")
            key = ed25519.Ed25519PublicKey.from_public_bytes(raw)
        object.__setattr__(self, "algorithm", known[0])
        object.__setattr__(self, "multikey", "z" + to_base58(self.multikey_bytes))
        object.__setattr__(self, "_key", key)

    @classmethod
    def parse(cls, text: object) -> PublicKey:
        """Read the text form, ``z`` and base58btc; raises `MalformedError`."""
        if not isinstance(text, str) or not text.startswith("z"):
            raise MalformedError("bad-key", "A Multikey must be in base58btc (prefix 'z').")
        return _parse_cached(text)

    @classmethod
    def from_multikey_bytes(cls, data: bytes) -> PublicKey:
        """Read the multicodec prefix and the raw key; raises `MalformedError`."""
        return cls(data)

    @property
    def key_id(self) -> KeyId:
        """The key's name in the studio directory: SHA-256 of the Multikey bytes."""
        return KeyId(Digest.of(self.multikey_bytes).value)

    def verify(self, signature: bytes, data: bytes, *, allow_high_s: bool = False) -> None:
        """Return if `signature` over `data` is this key's; raise `VerificationError` otherwise.

        A P-256 signature with a high s is refused, since it is a second spelling of the same signature that anybody
        can make; `allow_high_s` is for credentials of other issuers, which are never anchored here.
        """
        if len(signature) != SIGNATURE_BYTES:
            raise VerificationError("bad-signature", "The signature has the wrong length.")
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(signature, data)
                return
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            if s > P256_ORDER // 2 and not allow_high_s:
                raise VerificationError("high-s-signature", "The signature is the high-s twin of a valid form.")
            self._key.verify(encode_dss_signature(r, s), data, _ECDSA)
        except InvalidSignature:
            raise VerificationError("bad-signature", "The signature does not fit the content and the key.") from None


@lru_cache(maxsize=256)
def _parse_cached(text: str) -> PublicKey:
    # Decompressing a point costs as much as a verification, and a studio's certificates share a key.
    key = PublicKey(from_base58(text[1:]))
    if key.multikey != text:
        raise MalformedError("bad-key", "The Multikey is not spelled canonically.")
    return key


class Signer(Protocol):
    """Something that signs with one key: a file, a smart card, a key service.  The secret stays inside.

    Where signatures are used, ``provenance.signing.checked`` holds signers from elsewhere to this.
    """

    @property
    def public_key(self) -> PublicKey:
        """The key under which signatures verify."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`, which is hashed here (SHA-256) for P-256.

        It is 64 bytes, low-s; from a card or a service DER and high-s will do.  Raises `KeystoreError` where the key
        cannot be used.
        """


class P256Signer:
    """A P-256 key in memory."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        self._public = PublicKey(b"\x80\x24" + point)
        self._algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)

    @classmethod
    def generate(cls) -> P256Signer:
        """Make a new key from the operating system's randomness."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_secret(cls, secret: bytes) -> P256Signer:
        """Take the key whose scalar is `secret` (32 bytes, big-endian); raises `MalformedError` out of range."""
        scalar = int.from_bytes(secret, "big")
        if len(secret) != 32 or not 0 < scalar < P256_ORDER:
            raise MalformedError("bad-key", "A P-256 secret must be 32 bytes within the order of the curve.")
        return cls(ec.derive_private_key(scalar, ec.SECP256R1()))

    @property
    def public_key(self) -> PublicKey:
        """The key under which signatures verify."""
        return self._public

    def sign(self, data: bytes) -> bytes:
        """Return ``r || s``, deterministic (RFC 6979) and low-s."""
        r, s = decode_dss_signature(self._key.sign(data, self._algorithm))
        return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")


class Ed25519Signer:
    """An Ed25519 key in memory."""

    def __init__(self, key: ed25519.Ed25519PrivateKey) -> None:
        self._key = key
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._public = PublicKey(b"\xed\x01" + raw)

    @classmethod
    def generate(cls) -> Ed25519Signer:
        """Make a new key from the operating system's randomness."""
        return cls(ed25519.Ed25519PrivateKey.generate())

    @classmethod
    def from_secret(cls, secret: bytes) -> Ed25519Signer:
        """Take the key of the 32-byte seed `secret`; raises `MalformedError` for another length."""
        if len(secret) != 32:
            raise MalformedError("bad-key", "An Ed25519 secret must be 32 bytes.")
        return cls(ed25519.Ed25519PrivateKey.from_private_bytes(secret))

    @property
    def public_key(self) -> PublicKey:
        """The key under which signatures verify."""
        return self._public

    def sign(self, data: bytes) -> bytes:
        """Return the RFC 8032 signature over `data`."""
        return self._key.sign(data)
