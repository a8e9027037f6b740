"""A tag that counts no more: the studio's signed word, so that whoever scans it is told.

A tag is voided for good.  The piece's record stays what it is, and so does every other tag of the piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from provenance.canonical import JSONObject
from provenance.certificate import format_time, parse_time
from provenance.errors import MalformedError
from provenance.serial import Serial
from provenance.signed_orders import registry_of, text_of
from provenance.tag import MAX_TAG_NUMBER

VOID_TYPE = "KilnmarkTagVoid"
VOID_VERSION = 1
MAX_VOID_BYTES = 2_048
MAX_BY = 80
"""Characters of the name of who voided a tag."""
MAX_ASKED = 1_000
"""Pieces whose voided tags are asked for at once."""
MAX_ASKED_BYTES = 65_536
"""Bytes of such a question."""


@dataclass(frozen=True, slots=True)
class TagVoid:
    """That tag `number` of a piece counts no more from `time` (aware, whole seconds) on, and who said so.

    `replacement` is the number of the tag that took its place, if any.
    """

    LIMIT: ClassVar[int] = MAX_VOID_BYTES

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

    @classmethod
    def from_json(cls, members: JSONObject) -> TagVoid:
        """Read the JSON form; raises `MalformedError`."""
        number, replacement = members.get("number"), members.get("replacement")
        if type(number) is not int or not (replacement is None or type(replacement) is int):
            raise _bad("number")
        return cls(
            registry_of(members),
            Serial.parse(text_of(members, "serial")),
            number,
            parse_time(members.get("time"), "time"),
            text_of(members, "by"),
            replacement,
        )

    @staticmethod
    def refusal(field: str) -> MalformedError:
        """Return the error for what voids no tag."""
        return _bad(field)


def _bad(field: str) -> MalformedError:
    return MalformedError("not-a-void", "This does not void a tag.", field=field)
