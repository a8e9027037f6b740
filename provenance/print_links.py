"""A link by which a shop prints tags: what the studio signs, and the code that only the shop has.

The studio's word names the tags, for whom and until when, and the SHA-256 of a random secret.  Whoever shows the secret
may print those public tags, and nothing else.  The secret stands in the link's fragment, which browsers keep to
themselves: ``https://registry.example/print#ID.SECRET``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from provenance.canonical import JSONObject, canonicalize
from provenance.certificate import format_time, parse_time
from provenance.encoding import Digest
from provenance.errors import MalformedError
from provenance.serial import ALPHABET, Serial
from provenance.signed_orders import registry_of, text_of
from provenance.tag import MAX_TAG_NUMBER

PRINT_LINK_VERSION = 1
MAX_TAGS = 5_000
"""Tags of one link: a whole season of a large studio."""
MAX_DAYS = 90
"""Days that a link lasts at most: a shop that is trusted for longer asks again."""
MAX_PRINT_LINK_BYTES = 131_072
"""Bytes of a studio's word on a link: 5,000 tags with their numbers are 95,000."""
MAX_ORDER_BYTES = 1_024
"""Bytes of a word that withdraws a link or asks for a list."""
MAX_FOR = 80
"""Characters of the name of whom a link is for."""
SECRET_BYTES = 16
_ID_BITS, _SECRET_BITS = 80, 8 * SECRET_BYTES
_SYMBOLS = ALPHABET.lower()
_CODE = re.compile(rf"([{_SYMBOLS}]{{16}})\.([{_SYMBOLS}]{{26}})\Z")
_TAG = re.compile(r"([0-9A-Z]{13})(?:/([1-9][0-9]?))?\Z")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}\Z")
_MAX_TYPED = 400


class _AboutLinks:
    """What these orders have in common."""

    __slots__ = ()

    @staticmethod
    def refusal(field: str) -> MalformedError:
        """Return the error for what is no such order."""
        return _bad(field)


@dataclass(frozen=True, slots=True)
class PrintLink(_AboutLinks):
    """That whoever shows the secret of that `digest` may print `tags` until `expires` (aware, whole seconds).

    Each of `tags` is a piece and the number of its tag; `language` is that of the words on them.
    """

    LIMIT: ClassVar[int] = MAX_PRINT_LINK_BYTES
    TYPE: ClassVar[str] = "KilnmarkPrintLink"

    registry: str
    tags: tuple[tuple[Serial, int], ...]
    made_for: str
    time: datetime
    expires: datetime
    digest: Digest
    language: str = "en"

    def __post_init__(self) -> None:
        if not 1 <= len(self.tags) <= MAX_TAGS or len({serial for serial, _ in self.tags}) != len(self.tags):
            raise _bad("tags")
        if not all(1 <= number <= MAX_TAG_NUMBER for _, number in self.tags):
            raise _bad("tags")
        if not 1 <= len(self.made_for) <= MAX_FOR or not self.made_for.isprintable():
            raise _bad("for")
        if not timedelta(0) < self.expires - self.time <= timedelta(days=MAX_DAYS):
            raise _bad("expires")
        if not _LANGUAGE.match(self.language):
            raise _bad("language")

    @property
    def id(self) -> str:
        """The name of the link, which it has from what it says: 80 bits of the digest, in 16 symbols."""
        return _spell(hashlib.sha256(canonicalize(self.to_json())).digest(), _ID_BITS)

    def opens(self, secret: bytes) -> bool:
        """Tell whether `secret` is that of the link, in the same time for every wrong one."""
        return hmac.compare_digest(hashlib.sha256(secret).digest(), self.digest.value)

    def to_json(self) -> JSONObject:
        """Return the JSON form."""
        tags = [serial.compact + (f"/{number}" if number > 1 else "") for serial, number in self.tags]
        return {
            "type": self.TYPE,
            "version": PRINT_LINK_VERSION,
            "registry": self.registry,
            "tags": [*tags],
            "for": self.made_for,
            "time": format_time(self.time),
            "expires": format_time(self.expires),
            "digest": str(self.digest),
            "language": self.language,
        }

    @classmethod
    def from_json(cls, members: JSONObject) -> PrintLink:
        """Read the JSON form; raises `MalformedError`."""
        tags = members.get("tags")
        if not isinstance(tags, list) or len(tags) > MAX_TAGS:
            raise _bad("tags")
        return cls(
            registry_of(members),
            tuple(parse_tag(tag) for tag in tags),
            text_of(members, "for"),
            parse_time(members.get("time"), "time"),
            parse_time(members.get("expires"), "expires"),
            Digest.parse(text_of(members, "digest")),
            text_of(members, "language"),
        )


@dataclass(frozen=True, slots=True)
class PrintLinkEnd(_AboutLinks):
    """That the link of that id opens nothing any more."""

    LIMIT: ClassVar[int] = MAX_ORDER_BYTES
    TYPE: ClassVar[str] = "KilnmarkPrintLinkEnd"

    registry: str
    link: str
    time: datetime

    def to_json(self) -> JSONObject:
        """Return the JSON form."""
        return {
            "type": self.TYPE,
            "version": PRINT_LINK_VERSION,
            "registry": self.registry,
            "link": self.link,
            "time": format_time(self.time),
        }

    @classmethod
    def from_json(cls, members: JSONObject) -> PrintLinkEnd:
        """Read the JSON form; raises `MalformedError`."""
        return cls(registry_of(members), text_of(members, "link"), parse_time(members.get("time"), "time"))


@dataclass(frozen=True, slots=True)
class PrintLinksAsked(_AboutLinks):
    """That the studio asks at that time which links it has given out."""

    LIMIT: ClassVar[int] = MAX_ORDER_BYTES
    TYPE: ClassVar[str] = "KilnmarkPrintLinksAsked"

    registry: str
    time: datetime

    def to_json(self) -> JSONObject:
        """Return the JSON form."""
        return {
            "type": self.TYPE,
            "version": PRINT_LINK_VERSION,
            "registry": self.registry,
            "time": format_time(self.time),
        }

    @classmethod
    def from_json(cls, members: JSONObject) -> PrintLinksAsked:
        """Read the JSON form; raises `MalformedError`."""
        return cls(registry_of(members), parse_time(members.get("time"), "time"))


def parse_tag(value: object) -> tuple[Serial, int]:
    """Read a tag by serial and number, like ``7K3M9QX2VD5T6/2``; raises `MalformedError`."""
    match = _TAG.match(value) if isinstance(value, str) else None
    if match is None:
        raise _bad("tags")
    return Serial.parse(match[1]), int(match[2] or 1)


def new_secret() -> bytes:
    """Draw a secret from the operating system's randomness."""
    return secrets.token_bytes(SECRET_BYTES)


def code_of(link: str, secret: bytes) -> str:
    """Return what stands in a link's fragment: no symbol that a chat program takes for the end of an address."""
    return f"{link}.{_spell(secret, _SECRET_BITS)}"


def address_of(base_url: str, link: str, secret: bytes) -> str:
    """Return the link that a shop is given."""
    return f"{base_url}/print#{code_of(link, secret)}"


def parse_code(text: str) -> tuple[str, bytes] | None:
    """Return id and secret of a code, or of a whole link that was pasted, or ``None`` where it is neither."""
    match = _CODE.match(text[:_MAX_TYPED].strip().rpartition("#")[2].lower())
    value = 0
    for symbol in match[2] if match else "":
        value = value << 5 | _SYMBOLS.index(symbol)
    return (match[1], value.to_bytes(SECRET_BYTES, "big")) if match and value >> _SECRET_BITS == 0 else None


def _spell(data: bytes, bits: int) -> str:
    """Return the first `bits` of `data` in symbols of five bits."""
    number, count = int.from_bytes(data[: bits // 8], "big"), -(-bits // 5)
    return "".join(_SYMBOLS[number >> 5 * place & 31] for place in reversed(range(count)))


def _bad(field: str) -> MalformedError:
    return MalformedError(
        "not-a-print-link",
        "This is no order about print links.",
        field=field,
        hint="A link names 1 to {tags:,} tags, each piece once, for a name of up to {name} characters, and lasts up to "
        "{days} days.",
        tags=MAX_TAGS,
        name=MAX_FOR,
        days=MAX_DAYS,
    )
