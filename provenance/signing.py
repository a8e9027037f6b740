"""Signers from elsewhere, held to their key: what a card or a key service returns is checked before it is used.

Such a signer is an object with two members (`provenance.keys.Signer`).  It may return a P-256 signature as ``r || s``
or as DER (RFC 3279 section 2.2.3), low-s or high-s, as cards and services do; Ed25519 signatures have one form.

>>> from provenance.keys import P256Signer
>>> signer = P256Signer.generate()
>>> checked(signer) is signer
True
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from provenance.errors import KeystoreError, ProvenanceError, VerificationError
from provenance.keys import P256_ORDER, SIGNATURE_BYTES, Ed25519Signer, P256Signer, PublicKey, Signer

MAX_SIGNATURE_DER = 72
"""Bytes of the longest P-256 signature in DER: two integers of 33 bytes and their headers."""


class CheckedSigner:
    """Another signer, whose every signature is brought into the accepted form and verified under its key."""

    def __init__(self, signer: Signer) -> None:
        try:
            key = signer.public_key
        except Exception as error:
            raise _failed(error) from None
        if not isinstance(key, PublicKey):
            raise KeystoreError("bad-signer", "The signer names no public key.")
        self._signer, self._key = signer, key  # Read once: a key that changes later signs nothing.

    @property
    def public_key(self) -> PublicKey:
        """The key under which signatures verify."""
        return self._key

    def sign(self, data: bytes) -> bytes:
        """Return a signature that verifies; raises `KeystoreError` where the signer fails or gives another."""
        try:
            given = self._signer.sign(data)
        except Exception as error:
            raise _failed(error) from None
        for signature in self._forms(given):
            try:
                self._key.verify(signature, data)
            except VerificationError:
                continue
            return signature
        raise KeystoreError(
            "bad-signer",
            "What the signer returned is no signature by its key, so it was not used.",
            hint="Check that the card or the key service holds the key that the guild knows.",
        )

    def _forms(self, given: object) -> Iterator[bytes]:
        """Yield what the bytes may mean; 64 of them can be both forms of a P-256 signature."""
        if not isinstance(given, bytes):
            return
        if self._key.algorithm != "P-256":
            yield given
            return
        if len(given) == SIGNATURE_BYTES:
            yield _low_s(int.from_bytes(given[:32], "big"), int.from_bytes(given[32:], "big"))
        if len(given) <= MAX_SIGNATURE_DER:
            try:
                r, s = decode_dss_signature(given)
            except ValueError:
                return
            if 0 < r < P256_ORDER and 0 < s < P256_ORDER:
                yield _low_s(r, s)


def checked(signer: Signer) -> Signer:
    """Return `signer` where it is one of this package, which keep the form, and a `CheckedSigner` of it otherwise."""
    # By type, not by isinstance: a subclass may do anything.
    return signer if type(signer) in (P256Signer, Ed25519Signer, CheckedSigner) else CheckedSigner(signer)


def _low_s(r: int, s: int) -> bytes:
    s = P256_ORDER - s if P256_ORDER // 2 < s < P256_ORDER else s
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _failed(error: Exception) -> ProvenanceError:
    """Return our error for a signer's: its own words may hold anything, a PIN too, and are not repeated."""
    if isinstance(error, ProvenanceError):
        return error
    return KeystoreError(
        "signer-failed",
        "The signer could not sign ({kind}).",
        hint="Check the card or the key service, and try again.",
        kind=type(error).__name__,
    )
