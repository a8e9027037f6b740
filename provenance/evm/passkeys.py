"""Passkeys as holders: from what a phone signed to the signature that the ledger takes.

A phone signs the EIP-712 digest as the challenge of a WebAuthn assertion (W3C Web Authentication Level 3, section 7.2),
P-256 over ``authenticatorData || SHA-256(clientDataJSON)``.  The ledger takes an ERC-7913 signer of 84 bytes, its own
verifier and the key, followed by OpenZeppelin's ``WebAuthnAuth`` in ABI encoding.  It wants a low s, which half of a
phone's signatures do not have, and is told where in ``clientDataJSON`` the type and the challenge stand.

The ledger compares neither relying party nor origin: whoever can tell them, as a relayer can, should.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from provenance.canonical import parse
from provenance.encoding import Address, Hash32, from_base64url, to_base64url
from provenance.errors import MalformedError, VerificationError
from provenance.keys import P256_ORDER, PublicKey

MAX_AUTHENTICATOR_DATA = 512
"""Bytes of an assertion's authenticator data: 37 without extensions, which phones seldom add."""
MAX_CLIENT_DATA = 1_024
"""Bytes of ``clientDataJSON``: about 130 and the origin.  With these two a signature fits `MAX_SIGNATURE_BYTES`."""
MAX_REGISTRATION = 2_048
"""Bytes of a registration's authenticator data: a credential id has up to 1,023 (section 6.5.1)."""

_HEAD = 37  # rpIdHash, flags, signCount (section 6.1).
_USER_PRESENT, _USER_VERIFIED, _ELIGIBLE, _BACKED_UP, _ATTESTED, _EXTENDED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
_TYPE = "webauthn.get"
_TYPEHASH = keccak(text="KilnmarkPasskey(bytes32 x,bytes32 y)")
_AUTH = ("bytes32", "bytes32", "uint256", "uint256", "bytes", "bytes")
# The one DER spelling of a P-256 key in SubjectPublicKeyInfo (RFC 5480), up to its uncompressed point.
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
# The one CTAP2 spelling of an ES256 COSE key (section 6.5.1.1), before x and between x and y.
_COSE_X, _COSE_Y = bytes.fromhex("a5010203262001215820"), bytes.fromhex("225820")
_COSE_BYTES = len(_COSE_X) + len(_COSE_Y) + 64


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey's public key: a point of P-256, 32 bytes each of `x` and `y`; raises `MalformedError` for another."""

    x: bytes
    y: bytes

    def __post_init__(self) -> None:
        if len(self.x) != 32 or len(self.y) != 32:
            raise _not_es256()
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + self.x + self.y)
        except ValueError:
            raise MalformedError("bad-key", "The P-256 key is not a point of its curve.", field="publicKey") from None

    @classmethod
    def from_spki(cls, data: bytes) -> Passkey:
        """Read ``AuthenticatorAttestationResponse.getPublicKey()``; raises `MalformedError` for all but P-256."""
        if len(data) != len(_SPKI) + 64 or not data.startswith(_SPKI):
            raise _not_es256()
        return cls(data[-64:-32], data[-32:])

    @classmethod
    def from_cose(cls, data: bytes) -> Passkey:
        """Read a credential public key in CTAP2's canonical CBOR; raises `MalformedError` for all but ES256."""
        x, middle, y = data[len(_COSE_X) : -35], data[-35:-32], data[-32:]
        if len(data) != _COSE_BYTES or not data.startswith(_COSE_X) or middle != _COSE_Y:
            raise _not_es256()
        return cls(x, y)

    @classmethod
    def from_registration(cls, authenticator_data: bytes) -> Passkey:
        """Read the key out of ``AuthenticatorAttestationResponse.getAuthenticatorData()``; raises `MalformedError`.

        The attestation itself is not asked for: a holder may use any phone.
        """
        data = authenticator_data
        if not _HEAD + 18 <= len(data) <= MAX_REGISTRATION or not data[32] & _ATTESTED:
            raise _bad("authenticatorData")
        start = _HEAD + 18 + int.from_bytes(data[_HEAD + 16 : _HEAD + 18], "big")
        end = start + _COSE_BYTES
        if len(data) > end and not data[32] & _EXTENDED:
            raise _bad("authenticatorData")
        return cls.from_cose(data[start:end])

    @property
    def holder(self) -> Address:
        """The passkey's holder address, the same on every ledger."""
        return passkey_holder(self.x, self.y)

    @property
    def public_key(self) -> PublicKey:
        """The key as a Multikey."""
        return PublicKey(b"\x80\x24" + bytes([2 + (self.y[-1] & 1)]) + self.x)


@dataclass(frozen=True, slots=True)
class Assertion:
    """What ``navigator.credentials.get`` answered: authenticator data, the exact bytes of ``clientDataJSON``, and DER.

    Raises `MalformedError` with the name of the field for what is no assertion of 32 bytes of challenge.
    """

    authenticator_data: bytes
    client_data: bytes
    signature: bytes
    r: int = field(init=False, repr=False)
    s: int = field(init=False, repr=False)
    """As the phone gave it: half of them are high."""
    challenge: Hash32 = field(init=False)
    origin: str = field(init=False)
    """The page that asked, as the browser names it."""
    cross_origin: bool = field(init=False)
    """Whether that page was a frame of another's."""
    indices: tuple[int, int] = field(init=False, repr=False)
    """Where in `client_data` the challenge and the type begin."""

    def __post_init__(self) -> None:
        device = self.authenticator_data
        if not _HEAD <= len(device) <= MAX_AUTHENTICATOR_DATA:
            raise _bad("authenticatorData")
        if len(device) > _HEAD and not device[32] & (_ATTESTED | _EXTENDED):
            raise _bad("authenticatorData")
        if device[32] & _BACKED_UP and not device[32] & _ELIGIBLE:
            raise _bad("authenticatorData.flags")
        r, s = _integers(self.signature)
        challenge, origin, cross_origin = _read_client_data(self.client_data)
        told = (("challenge", to_base64url(challenge.value)), ("type", _TYPE))
        indices = tuple(_place(self.client_data, name, value) for name, value in told)
        for name, value in (
            ("r", r), ("s", s), ("challenge", challenge), ("origin", origin),
            ("cross_origin", cross_origin), ("indices", indices),
        ):  # fmt: skip
            object.__setattr__(self, name, value)


def passkey_holder(x: bytes, y: bytes) -> Address:
    """Return the holder address of a passkey, as ``Signatures.passkeyHolder`` does."""
    return Address(keccak(encode(("bytes32", "bytes32", "bytes32"), (_TYPEHASH, x, y)))[12:])


def check_assertion(
    passkey: Passkey, assertion: Assertion, digest: Hash32, *, rp_id: str | None = None, origin: str | None = None
) -> None:
    """Return if `passkey` signed `digest` in a way that the ledger takes; raise `VerificationError` otherwise.

    `rp_id` and `origin` are compared where they are given: the ledger does not know them.
    """
    device = assertion.authenticator_data
    if assertion.challenge != digest:
        raise VerificationError("other-challenge", "The passkey signed something else than this.")
    if assertion.cross_origin or (origin is not None and assertion.origin != origin):
        raise VerificationError(
            "other-origin", "The passkey was asked by the page of {origin}, or inside it.", origin=assertion.origin
        )
    if rp_id is not None and device[:32] != hashlib.sha256(rp_id.encode()).digest():
        raise VerificationError("other-origin", "The passkey is not one of {site}.", site=rp_id)
    if device[32] & (_USER_PRESENT | _USER_VERIFIED) != _USER_PRESENT | _USER_VERIFIED:
        raise VerificationError(
            "user-not-verified",
            "The phone did not verify its user.",
            hint="Ask the passkey again, with userVerification “required”.",
        )
    signed = device + hashlib.sha256(assertion.client_data).digest()
    passkey.public_key.verify(assertion.r.to_bytes(32, "big") + _low(assertion.s), signed)


def passkey_signature(passkey: Passkey, assertion: Assertion, digest: Hash32, verifier: Address) -> bytes:
    """Return the signature of `digest` for the ledger whose ``passkeyVerifier()`` is `verifier`.

    What the ledger would refuse is refused here, see `check_assertion`.
    """
    check_assertion(passkey, assertion, digest)
    parts = assertion.r.to_bytes(32, "big"), _low(assertion.s), *assertion.indices
    auth = encode(_AUTH, (*parts, assertion.authenticator_data, assertion.client_data))
    return verifier.value + passkey.x + passkey.y + auth


def may_be_signed(signer: Address, digest: Hash32, signature: bytes, verifier: Address) -> bool:
    """Tell whether it is worth asking the ledger if `signature` of `digest` is `signer`'s: a false passkey's is not.

    Running P-256 on the chain costs a thousand times what it takes here.  The ledger's is the last word on the others.
    """
    x, y = signature[20:52], signature[52:84]
    if len(signature) <= 84 or signature[:20] != verifier.value or passkey_holder(x, y) != signer:
        return True
    try:
        r, s, _, _, device, client = decode(_AUTH, signature[84:])
    except (DecodingError, ValueError, OverflowError):
        return True  # The ledger's decoder may be more lenient.
    if f'"challenge":"{to_base64url(digest.value)}"'.encode() not in client:
        return False
    try:
        Passkey(x, y).public_key.verify(r + s, device + hashlib.sha256(client).digest())
    except (MalformedError, VerificationError):
        return False
    return True


def _low(s: int) -> bytes:
    return min(s, P256_ORDER - s).to_bytes(32, "big")


def _integers(signature: bytes) -> tuple[int, int]:
    """Return r and s of an ``Ecdsa-Sig-Value`` (RFC 3279) in its one DER spelling."""
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        raise _bad("signature") from None
    if not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        raise _bad("signature")
    return r, s


def _read_client_data(data: bytes) -> tuple[Hash32, str, bool]:
    try:
        members = parse(data, limit=MAX_CLIENT_DATA)
    except MalformedError as error:
        raise MalformedError.like(error, field="clientDataJSON") from None
    if members.get("type") != _TYPE:
        raise _bad("clientDataJSON.type")
    challenge, origin = members.get("challenge"), members.get("origin")
    cross_origin = members.get("crossOrigin", False)
    if not isinstance(origin, str):
        raise _bad("clientDataJSON.origin")
    if not isinstance(cross_origin, bool):
        raise _bad("clientDataJSON.crossOrigin")
    try:
        return Hash32(from_base64url(challenge if isinstance(challenge, str) else "")), origin, cross_origin
    except MalformedError:
        raise _bad("clientDataJSON.challenge") from None


def _place(client_data: bytes, name: str, value: str) -> int:
    """Return where a member begins, in the one spelling that the ledger reads (section 5.8.1.1)."""
    member = f'"{name}":"{value}"'.encode()
    if client_data.count(member) != 1:
        raise _bad(f"clientDataJSON.{name}")
    return client_data.index(member)


def _bad(where: str) -> MalformedError:
    return MalformedError("bad-assertion", "The passkey's answer is not one that the ledger can read.", field=where)


def _not_es256() -> MalformedError:
    return MalformedError(
        "bad-key",
        "The passkey's key is not of the P-256 kind (ES256).",
        field="publicKey",
        hint="Ask for algorithm -7 when the passkey is made.",
    )
