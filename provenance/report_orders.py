"""What studios and stewards sign about reports: to read them, to close one, to doubt a tag and to trust it again."""

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

REPORT_ORDER_VERSION = 1
MAX_REPORT_ORDER = 4_096
"""Bytes of such an order with its signature: a note of the longest characters has 2,000."""
MAX_NOTE = 500
"""Characters of what is noted where a report is closed."""
MAX_ASKED = 100
"""Reports that are told at once."""
MAX_REPORT = 2**53 - 1
"""Largest number of a report: what JSON holds everywhere."""


class _AboutReports:
    """What these orders have in common."""

    __slots__ = ()

    LIMIT: ClassVar[int] = MAX_REPORT_ORDER

    @staticmethod
    def refusal(field: str) -> MalformedError:
        """Return the error for what is no such order."""
        return _bad(field)


@dataclass(frozen=True, slots=True)
class ReportsAsked(_AboutReports):
    """Asks at that time for reports, the newest first, `limit` of them at most and only those before number `before`.

    `report` asks for a single one; `only_open` leaves out what the asking side has closed.
    """

    TYPE: ClassVar[str] = "KilnmarkReportsAsked"

    registry: str
    time: datetime
    only_open: bool = True
    limit: int = 20
    before: int | None = None
    report: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAX_ASKED:
            raise _bad("limit")
        for name in ("before", "report"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= MAX_REPORT:
                raise _bad(name)

    def to_json(self) -> JSONObject:
        """Return the JSON form."""
        members = _head(self.TYPE, self.registry, self.time) | {"open": self.only_open, "limit": self.limit}
        given = {"before": self.before, "report": self.report}
        return members | {name: value for name, value in given.items() if value is not None}

    @classmethod
    def from_json(cls, members: JSONObject) -> ReportsAsked:
        """Read the JSON form; raises `MalformedError`."""
        return cls(
            registry_of(members),
            parse_time(members.get("time"), "time"),
            members.get("open") is True,
            _number(members, "limit"),
            _number(members, "before") if "before" in members else None,
            _number(members, "report") if "report" in members else None,
        )


@dataclass(frozen=True, slots=True)
class ReportClosed(_AboutReports):
    """That whoever signs is done with a report, and a note of one line why."""

    TYPE: ClassVar[str] = "KilnmarkReportClosed"

    registry: str
    time: datetime
    report: int
    note: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.report <= MAX_REPORT:
            raise _bad("report")
        if len(self.note) > MAX_NOTE or not self.note.isprintable():
            raise _bad("note")

    def to_json(self) -> JSONObject:
        """Return the JSON form."""
        return _head(self.TYPE, self.registry, self.time) | {"report": self.report, "note": self.note}

    @classmethod
    def from_json(cls, members: JSONObject) -> ReportClosed:
        """Read the JSON form; raises `MalformedError`."""
        when, note = parse_time(members.get("time"), "time"), text_of(members, "note")
        return cls(registry_of(members), when, _number(members, "report"), note)


@dataclass(frozen=True, slots=True)
class TagDoubt(_AboutReports):
    """That a tag may have been copied, or, where not `doubted`, that all is well with the piece again.

    `number` 0 is every tag of the piece; what is trusted again is the piece, and the number is 0.
    """

    TYPE: ClassVar[str] = "KilnmarkTagDoubt"

    registry: str
    time: datetime
    serial: Serial
    number: int
    doubted: bool

    def __post_init__(self) -> None:
        if not 0 <= self.number <= (MAX_TAG_NUMBER if self.doubted else 0):
            raise _bad("number")

    def to_json(self) -> JSONObject:
        """Return the JSON form."""
        what: JSONObject = {"serial": self.serial.compact, "number": self.number, "doubted": self.doubted}
        return _head(self.TYPE, self.registry, self.time) | what

    @classmethod
    def from_json(cls, members: JSONObject) -> TagDoubt:
        """Read the JSON form; raises `MalformedError`."""
        serial, when = Serial.parse(text_of(members, "serial")), parse_time(members.get("time"), "time")
        return cls(registry_of(members), when, serial, _number(members, "number"), members.get("doubted") is True)


def _head(kind: str, registry: str, time: datetime) -> JSONObject:
    return {"type": kind, "version": REPORT_ORDER_VERSION, "registry": registry, "time": format_time(time)}


def _number(members: JSONObject, name: str) -> int:
    value = members.get(name)
    if type(value) is not int:
        raise _bad(name)
    return value


def _bad(field: str) -> MalformedError:
    return MalformedError(
        "not-a-report-order",
        "This is no order about reports.",
        field=field,
        hint="Up to {asked} reports are asked for at once, a note has one line of up to {note} characters, and tags "
        "have numbers up to {last}.",
        asked=MAX_ASKED,
        note=MAX_NOTE,
        last=MAX_TAG_NUMBER,
    )
