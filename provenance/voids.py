"""A tag that counts no more: the studio's signed word, so that whoever scans it is told.

A tag is voided for good.  The piece's record stays what it is, and so does every other tag of the piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from provenance.canonical import JSONObject, canonicalize, parse_canonical
from provenance.certificate import format_time, parse_time
from provenance.encoding import from_base64url, to_base64url
from provenance.errors import ConfigurationError, MalformedError
from provenance.keys import PublicKey, Signer
from provenance.serial import Serial
from provenance.signing import checked
from provenance.tag import MAX_TAG_NUMBER, check_base_url

VOID_TYPE = "KilnmarkTagVoid"
VOID_VERSION = 1
MAX_VOID_BYTES = 2_048
MAX_BY = 80
"""Characters of the name of who voided a tag."""


@dataclass(frozen=True, slots=True)
class TagVoid:
    """That tag `number` of a piece counts no more from `time` (aware, whole seconds) on, and who said so.

    `replacement` is the number of the tag that took its place, if any.
    """

    registry: str
    serial: Serial
    number: int
    time: datetime
    by: str = ""
    replacement: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.number <= MAX_TAG_NUMBER:
            raise _bad("number")
        if self.replacement is not None and not self.number < self.replacement <= MAX_TAG_NUMBER:
            raise _bad("replacement")
        if len(self.by) > MAX_BY or not self.by.isprintable():
            raise _bad("by")

    def to_json(self) -> JSONObject:
        """Return the JSON form."""
        members: JSONObject = {
            "type": VOID_TYPE,
            "version": VOID_VERSION,
            "registry": self.registry,
            "serial": self.serial.compact,
            "number": self.number,
            "time": format_time(self.time),
            "by": self.by,
        }
        return members if self.replacement is None else {**members, "replacement": self.replacement}


@dataclass(frozen=True, slots=True)
class SignedVoid:
    """A `TagVoid` with the certificate key that signed its canonical bytes (RFC 8785)."""

    void: TagVoid
    public_key: PublicKey
    signature: bytes

    @classmethod
    def sign(cls, void: TagVoid, signer: Signer) -> SignedVoid:
        """Return `void` signed; raises `KeystoreError`."""
        signer = checked(signer)
        return cls(void, signer.public_key, signer.sign(canonicalize(void.to_json())))

    def check_signature(self) -> None:
        """Return if the key named signed it; raise `VerificationError` otherwise."""
        self.public_key.verify(self.signature, canonicalize(self.void.to_json()))

    def to_bytes(self) -> bytes:
        """Return the bytes that are sent."""
        members = self.void.to_json()
        members["publicKey"] = self.public_key.multikey
        members["signature"] = to_base64url(self.signature)
        return canonicalize(members)

    @classmethod
    def from_bytes(cls, data: bytes) -> SignedVoid:
        """Read what `to_bytes` writes; raises `MalformedError`."""
        members = parse_canonical(data, limit=MAX_VOID_BYTES)
        texts = [members.get(name) for name in ("registry", "serial", "by", "signature")]
        registry, serial, by, signature = (text if isinstance(text, str) else "" for text in texts)
        number, replacement = members.get("number"), members.get("replacement")
        if type(number) is not int or type(replacement) not in (int, type(None)):
            raise _bad("number")
        try:
            void = TagVoid(
                check_base_url(registry),
                Serial.parse(serial),
                number,
                parse_time(members.get("time"), "time"),
                by,
                replacement if isinstance(replacement, int) else None,
            )
        except ConfigurationError as error:
            raise MalformedError.like(error, field="registry") from None
        signed = cls(void, PublicKey.parse(members.get("publicKey")), from_base64url(signature))
        if signed.to_bytes() != data:  # Other members, another version: not ours.
            raise _bad("type")
        return signed


def _bad(field: str) -> MalformedError:
    return MalformedError("not-a-void", "This does not void a tag.", field=field)
