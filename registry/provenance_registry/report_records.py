"""What the registry keeps of reports, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from provenance.serial import Serial


class Side(Enum):
    """To whom reports go: each has an inbox of its own, so that none can put away what the other has not seen."""

    STUDIO = "studio"
    STEWARD = "steward"


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody reports of the tag `number` of a piece; `did` is that of the studio that certified it.

    `reason` is one of `provenance.reports.REASONS`, `language` that of the page, and nothing tells who it was but what
    they wrote.
    """

    serial: Serial
    number: int
    did: str
    reason: str
    text: str
    contact: str
    language: str
    received: datetime


@dataclass(frozen=True, slots=True)
class ReportEnd:
    """That one side has closed a report, and its note."""

    closed: datetime
    note: str


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report by its number; so many `more` came after it about the piece whose words were not kept."""

    id: int
    report: Report
    more: int
    ends: Mapping[Side, ReportEnd]
