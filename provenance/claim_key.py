"""The secret code of a piece, and the one-time claim key that it holds.

A secret code is the piece's address with a secret behind ``#``: ``https://host/P/SERIAL#`` and 26 symbols.  No browser
sends what stands there to a server, so that whoever scans the code sees the piece's page and tells nobody the secret.
Upper-case symbols of Crockford's alphabet keep the code small: they are in a QR code's alphanumeric mode.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from provenance.errors import MalformedError
from provenance.serial import ALPHABET, Serial
from provenance.tag import MAX_URL, check_base_url, parse_tag_url, tag_url

SECRET_SYMBOLS = 26
"""Symbols of a secret: 130 random bits, more than the 128 that make guessing hopeless."""
MAX_SECRET_URL = MAX_URL + 1 + SECRET_SYMBOLS
"""Longest secret code that is read."""

_SECRET = re.compile(rf"[{ALPHABET}]{{{SECRET_SYMBOLS}}}\Z")
_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1 (SEC 2, section 2.4.1): a private key is smaller, and not zero."""


@dataclass(frozen=True, slots=True, repr=False)
class SecretCode:
    """A secret code: whoever has it names the piece's next holder.  It shows its secret only where it is asked to."""

    base_url: str
    serial: Serial
    _secret: str

    def __post_init__(self) -> None:
        check_base_url(self.base_url)
        if not _SECRET.match(self._secret):
            raise _not_one()

    @classmethod
    def draw(cls, base_url: str, serial: Serial) -> SecretCode:
        """Draw a secret from the operating system's randomness."""
        return cls(base_url, serial, "".join(secrets.choice(ALPHABET) for _ in range(SECRET_SYMBOLS)))

    @classmethod
    def parse(cls, text: str) -> SecretCode:
        """Read what a code holds, in its one spelling; raises `MalformedError`, which repeats nothing of it."""
        address, _, secret = text.partition("#")
        if len(text) > MAX_SECRET_URL or not _SECRET.match(secret):
            raise _not_one()
        try:
            tag = parse_tag_url(address)
        except MalformedError:
            raise _not_one() from None
        if str(tag) != address or tag.number != 1:  # A piece has one secret code, however many tags.
            raise _not_one()
        return cls(tag.base_url, tag.serial, secret)

    def reveal(self) -> str:
        """Return what is printed: the secret is in it."""
        return f"{tag_url(self.base_url, self.serial)}#{self._secret}"

    def private_key(self) -> bytes:
        """Return the claim key, 32 bytes on secp256k1: HKDF-SHA256 (RFC 5869) of the symbols.

        The salt is empty.  ``info`` is ``kilnmark claim key 1``, the registry's address, the compact serial and a
        number, each after a zero byte but the first; the number is 0, and the next one where the result is no key.  It
        names no ledger: when a registry moves to another one, the studio releases the piece there to the same key.
        """
        for number in range(256):
            named = ("kilnmark claim key 1", self.base_url, self.serial.compact, str(number))
            derive = HKDF(SHA256(), 32, None, b"\0".join(text.encode() for text in named))
            key = derive.derive(self._secret.encode())
            if 0 < int.from_bytes(key, "big") < _CURVE_ORDER:
                break
        return key  # Not once in 2^127 is a number above 0 needed.

    def __repr__(self) -> str:
        return f"SecretCode({self.base_url}, {self.serial}, ...)"


def _not_one() -> MalformedError:
    return MalformedError(
        "not-a-secret-code",
        "This is no secret code of ours.",
        hint="A secret code is a QR code under foil, in a fold or on a card. The tag that everybody sees is none.",
    )
