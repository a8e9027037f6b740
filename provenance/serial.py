"""Serials: the public name of a piece, as printed on its tag.

Twelve Crockford base32 symbols from a CSPRNG (60 bits) and one check symbol of the same alphabet, shown as
``7K3M-9QX2-VD5T-6``.  Read as numbers of GF(32) = GF(2)[x]/(x^5+x^2+1), the symbols d1..d12 give the check symbol
``sum(d_i * x^i)``: the weights differ and none is zero, so that every single wrong symbol and every swap of two
symbols, neighbours or not, is found.

>>> str(Serial.parse("7k3m 9qx2 vd5t " + Serial.check_symbol("7K3M9QX2VD5T")))[:15]
'7K3M-9QX2-VD5T-'
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from provenance.errors import MalformedError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BODY_SYMBOLS = 12
_SYMBOLS = frozenset(ALPHABET)
_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}
_WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""Unicode's property White_Space, which no later version adds to: what `str.isspace` takes more is no white space."""
_LOOKALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", **dict.fromkeys("-\N{EN DASH}\N{MINUS SIGN}" + _WHITE_SPACE)})
_MAX_TYPED = 64


_TIMES_X = [value << 1 ^ (0b100101 if value & 16 else 0) for value in range(32)]


def _check_value(body: str) -> int:
    # Horner's rule from the last symbol: ((d12 x + d11) x + ...) x.
    total = 0
    for symbol in reversed(body):
        total = _TIMES_X[total ^ _VALUE[symbol]]
    return total


@dataclass(frozen=True, slots=True, order=True)
class Serial:
    """A serial with a right check symbol; `compact` holds its 13 symbols."""

    compact: str

    def __post_init__(self) -> None:
        symbols = self.compact
        if len(symbols) != BODY_SYMBOLS + 1 or not _SYMBOLS.issuperset(symbols):
            raise MalformedError(
                "bad-serial", "A serial has 13 letters and digits, like 7K3M-9QX2-VD5T-6.", field="serial"
            )
        if self.check_symbol(symbols[:-1]) != symbols[-1]:
            raise MalformedError(
                "bad-serial-check",
                "The serial's last symbol does not fit the others.",
                field="serial",
                hint="Compare each symbol with the tag; one of them is mistyped.",
            )

    @staticmethod
    def check_symbol(body: str) -> str:
        """Return the check symbol of twelve symbols."""
        return ALPHABET[_check_value(body)]

    @classmethod
    def random(cls) -> Serial:
        """Draw a serial from the operating system's randomness."""
        bits = secrets.randbits(5 * BODY_SYMBOLS)
        body = "".join(ALPHABET[bits >> (5 * place) & 31] for place in range(BODY_SYMBOLS))
        return cls(body + cls.check_symbol(body))

    @classmethod
    def parse(cls, text: str) -> Serial:
        """Read what a person typed: any case, hyphens, white space, O for 0, I and L for 1; raises `MalformedError`."""
        if len(text) > _MAX_TYPED:
            raise MalformedError("bad-serial", "A serial has 13 letters and digits.", field="serial")
        return cls(text.upper().translate(_LOOKALIKE))

    def __str__(self) -> str:
        symbols = self.compact
        return f"{symbols[:4]}-{symbols[4:8]}-{symbols[8:12]}-{symbols[12]}"
