"""Fixed-length values and the text forms in which they travel.

Inside the program a digest, a key id or an address is a value of its own type that holds ``bytes``; hex, base58btc
and base64url appear at the edges only.  Multibase prefixes follow the W3C Controlled Identifiers 1.0, section 2.4;
multihash is that of ``digestMultibase`` (W3C VC Data Model 2.0, section 5.3).

>>> Digest.of(b"porcelain").hex()[:8]
'aa150d30'
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Self, TypeVar

from provenance.errors import MalformedError

A = TypeVar("A")
T = TypeVar("T")

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_SYMBOLS = _BASE58.encode().ljust(256)
_58_TO_16 = 58**16
_NO_SYMBOL = 0xFF
_BASE58_VALUES = bytes(_BASE58.find(chr(byte)) & 0xFF for byte in range(256))  # 0xFF for what is no symbol.
_MAX_BASE58 = 256  # Keys and signatures are under 100 symbols; the conversion is quadratic.
_SHA2_256 = b"\x12\x20"  # multihash: sha2-256, 32 bytes


@dataclass(frozen=True, slots=True, order=True)
class FixedBytes:
    """A value of exactly ``LENGTH`` bytes; its text form is ``0x`` and lower-case hex."""

    value: bytes

    LENGTH: ClassVar[int] = 32

    def __post_init__(self) -> None:
        if type(self.value) is not bytes or len(self.value) != self.LENGTH:
            raise MalformedError(
                "wrong-length", "{kind} must be {length} bytes.", kind=type(self).__name__, length=self.LENGTH
            )

    def __bytes__(self) -> bytes:
        return self.value

    def __str__(self) -> str:
        return "0x" + self.value.hex()

    def hex(self) -> str:
        """Return the bytes in lower-case hex, without a prefix."""
        return self.value.hex()

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read ``0x`` and lower-case hex; raises `MalformedError` for anything else."""
        return cls(parse_hex(text))


class Digest(FixedBytes):
    """SHA-256 of exact bytes."""

    __slots__ = ()

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Return the SHA-256 digest of `data`."""
        return cls(hashlib.sha256(data).digest())

    def multibase(self) -> str:
        """Return the ``digestMultibase`` form: ``u``, then base64url of the sha2-256 multihash."""
        return "u" + to_base64url(_SHA2_256 + self.value)

    @classmethod
    def from_multibase(cls, text: object) -> Self:
        """Read what `multibase` writes; raises `MalformedError` for another base, hash or length."""
        if not isinstance(text, str) or not text.startswith("u"):
            raise MalformedError("bad-digest", "A digestMultibase must be in base64url (prefix 'u').")
        data = from_base64url(text[1:])
        if data[:2] != _SHA2_256 or len(data) != 34:
            raise MalformedError("bad-digest", "A digestMultibase must hold a sha2-256 multihash.")
        return cls(data[2:])


class KeyId(FixedBytes):
    """SHA-256 of a public key's Multikey bytes: the name of a key in the ledger's studio directory."""

    __slots__ = ()


class Root(FixedBytes):
    """RFC 6962 Merkle tree hash of a batch."""

    __slots__ = ()


class Hash32(FixedBytes):
    """A 32-byte hash that a chain computes: of a block, a transaction, or contract code; or a deployment id."""

    __slots__ = ()


class Address(FixedBytes):
    """An Ethereum address."""

    __slots__ = ()
    LENGTH: ClassVar[int] = 20


def read_at(field: str, read: Callable[[A], T], value: A) -> T:
    """Return ``read(value)``; a `MalformedError` that it raises names `field`."""
    try:
        return read(value)
    except MalformedError as error:
        raise MalformedError.like(error, field=field) from None


def parse_hex(text: object) -> bytes:
    """Read ``0x`` and lower-case hex of whole bytes; raises `MalformedError` for anything else."""
    try:
        data = bytes.fromhex(text[2:]) if isinstance(text, str) else b""
    except ValueError:
        data = b""
    if "0x" + data.hex() != text:  # Capitals and white space are read as well: other spellings of the same bytes.
        raise MalformedError("bad-hex", "Expected 0x and lower-case hexadecimal digits.")
    return data


def to_base64url(data: bytes) -> str:
    """Encode `data` in base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """Decode unpadded base64url; only the form that `to_base64url` writes is accepted, else `MalformedError`."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise MalformedError("bad-base64", "Expected base64url without padding.") from None
    if to_base64url(data) != text:  # Non-zero trailing bits or padding: a second spelling of the same bytes.
        raise MalformedError("bad-base64", "Expected base64url without padding.")
    return data


# Base58 by lanes: an integer is a row of digits in lanes of equal width, and one operation works on all of them.
# Lanes of 8 bits have room for digits of base 58, lanes of 16 bits for digits of base 58^2, and so on.


@lru_cache(maxsize=256)
def _lanes(bits: int, lane: int, used: int) -> int:
    """Return the mask of the lowest `used` bits of every lane in a row of `bits`."""
    return ((1 << bits) - 1) // ((1 << lane) - 1) * ((1 << used) - 1)


@lru_cache(maxsize=32)
def _splitting(bits: int) -> list[tuple[int, int, int, int]]:
    """Return the steps that halve the lanes of a row of `bits`, from 256 bits down: how to find all quotients at once.

    Dividing by a base is multiplying by its reciprocal, which at this precision is exact below the base's square.
    """
    steps = []
    for lane in (256, 128, 64, 32):
        base, shift = 58 ** (lane // 32), lane * 3 // 4
        steps.append(((1 << shift) // base + 1, shift, _lanes(bits, lane, lane // 4), (1 << lane // 2) - base))
    return steps


_JOINING = [(58 ** (lane // 8), lane, _lanes(8 * _MAX_BASE58, 2 * lane, lane)) for lane in (8 << i for i in range(8))]
"""The steps that join neighbours in a row of `_MAX_BASE58` lanes until it is one number."""


def to_base58(data: bytes) -> str:
    """Encode `data` in base58btc, without a multibase prefix."""
    zeros = len(data) - len(data.lstrip(b"\0"))
    number, row, bits = int.from_bytes(data, "big"), 0, 0
    while number:
        number, digit = divmod(number, _58_TO_16)
        row |= digit << bits
        bits += 256
    for reciprocal, shift, mask, step in _splitting(bits):
        row += (row * reciprocal >> shift & mask) * step  # The quotient moves up, the remainder stays.
    symbols = row.to_bytes(bits // 8, "big")[1::2].translate(_BASE58_SYMBOLS).decode("ascii")
    return "1" * zeros + symbols.lstrip("1")


def from_base58(text: str) -> bytes:
    """Decode base58btc; raises `MalformedError` for another symbol or for more than 256 symbols."""
    if len(text) > _MAX_BASE58:
        raise MalformedError("bad-base58", "A base58 text may have {limit} symbols at most.", limit=_MAX_BASE58)
    values = text.encode("ascii", "replace").translate(_BASE58_VALUES)
    if _NO_SYMBOL in values:
        raise MalformedError("bad-base58", "Expected base58btc.")
    number = int.from_bytes(values, "big")
    for base, lane, mask in _JOINING:
        if lane >= 8 * len(values):
            break
        number = (number & mask) + (number >> lane & mask) * base
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
