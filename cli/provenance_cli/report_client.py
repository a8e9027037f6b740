"""The registry's inbox of reports, as a client: orders go out signed, and what comes back is checked and cleaned."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from provenance.canonical import JSONObject
from provenance.certificate import parse_time
from provenance.errors import ConflictError, MalformedError
from provenance.report_orders import ReportClosed, ReportsAsked, TagDoubt
from provenance.reports import MAX_TEXT, cleaned, cleaned_line
from provenance.serial import Serial
from provenance_cli.client import RegistryClient

Sign = Callable[[ReportsAsked | ReportClosed | TagDoubt], bytes]
"""Returns an order as it is sent, signed by a studio or by a steward."""


@dataclass(frozen=True, slots=True)
class Closed:
    """When one side closed a report, and its note."""

    side: str
    time: datetime
    note: str


@dataclass(frozen=True, slots=True)
class ToldDoubt:
    """That a tag may have been copied, and whose word that is; `tag` 0 is every tag of the piece."""

    serial: Serial
    tag: int
    by: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Inbox:
    """Reports, the number before which there may be more, and the doubts about one's pieces."""

    reports: list[ToldReport]
    following: int | None
    doubts: list[ToldDoubt]


@dataclass(frozen=True, slots=True)
class ToldReport:
    """A report as the registry tells it: the words are anybody's."""

    id: int
    serial: Serial
    tag: int
    studio: str
    reason: str
    text: str
    contact: str
    language: str
    received: datetime
    more: int
    closed: tuple[Closed, ...]
    members: dict[str, Any]
    """All of it, cleaned, for programs."""


class ReportClient(RegistryClient):
    """One registry's inbox, opened by `sign`."""

    def __init__(self, base_url: str, sign: Sign) -> None:
        super().__init__(base_url)
        self._sign = sign

    def inbox(self, asked: ReportsAsked) -> Inbox:
        """Return the reports that are asked for, and the doubts about one's pieces."""
        answer = self.hand_in("/api/v1/reports:list", self._sign(asked))
        found, following = answer.get("reports"), answer.get("following")
        if not isinstance(found, list) or type(following) not in (int, type(None)):
            raise self.nonsense()
        following = following if isinstance(following, int) else None
        return Inbox([self._report(item) for item in found], following, self._doubts(answer))

    def report(self, asked: ReportsAsked) -> ToldReport:
        """Return the one report that is asked for; raises `NotFoundError`."""
        found = self.inbox(asked).reports
        if len(found) != 1:
            raise self.nonsense()
        return found[0]

    def close_report(self, closed: ReportClosed) -> tuple[ToldReport, bool]:
        """Close a report; return it as it stands, and whether it was open until now."""
        answer = self.hand_in("/api/v1/reports:close", self._sign(closed))
        return self._report(answer), answer.get("new") is True

    def doubt(self, order: TagDoubt) -> tuple[int, list[ToldDoubt]]:
        """Raise a doubt about a tag or end those about a piece; return how many, and which there are.

        Orders count by the second, and one must be later than the last about the piece: in the same second the next is
        waited for.  Raises `ConflictError` for an order that was overtaken all the same.
        """
        try:
            answer = self.hand_in("/api/v1/doubts", self._sign(order))
        except ConflictError as error:
            if error.code != "order-overtaken":
                raise
            time.sleep(1)
            answer = self.hand_in("/api/v1/doubts", self._sign(replace(order, time=order.time + timedelta(seconds=1))))
        changed = answer.get("changed")
        if not isinstance(changed, int):
            raise self.nonsense()
        return changed, self._doubts(answer)

    def _doubts(self, answer: dict[str, Any]) -> list[ToldDoubt]:
        found = answer.get("doubts")
        if not isinstance(found, list):
            raise self.nonsense()
        return [self._doubt(item) for item in found]

    def _doubt(self, item: Any) -> ToldDoubt:
        members: dict[str, Any] = _cleaned("", item) if isinstance(item, dict) else {}
        tag = members.get("tag")
        if type(tag) is not int:
            raise self.nonsense()
        try:
            since = parse_time(members.get("since"), "since")
            return ToldDoubt(Serial.parse(str(members.get("serial"))), tag, str(members.get("by")), since)
        except MalformedError:
            raise self.nonsense() from None

    def _report(self, item: Any) -> ToldReport:
        if not isinstance(item, dict):
            raise self.nonsense()
        members: dict[str, Any] = _cleaned("", item)
        texts = [members.get(name) for name in ("serial", "studio", "reason", "text", "contact", "language")]
        numbers, closed = [members.get(name) for name in ("report", "tag", "more")], members.get("closed")
        if not (all(isinstance(text, str) for text in texts) and all(type(number) is int for number in numbers)):
            raise self.nonsense()
        if not isinstance(closed, dict):
            raise self.nonsense()
        try:
            return ToldReport(
                id=int(members["report"]),
                serial=Serial.parse(str(members["serial"])),
                tag=int(members["tag"]),
                studio=str(members["studio"]),
                reason=str(members["reason"]),
                text=str(members["text"]),
                contact=str(members["contact"]),
                language=str(members["language"]),
                received=parse_time(members.get("received"), "received"),
                more=int(members["more"]),
                closed=tuple(_closed(side, end) for side, end in closed.items()),
                members=members,
            )
        except MalformedError:
            raise self.nonsense() from None


def _closed(side: str, end: object) -> Closed:
    members: JSONObject = end if isinstance(end, dict) else {}
    return Closed(side, parse_time(members.get("time"), "time"), str(members.get("note") or ""))


def _cleaned(name: str, value: Any) -> Any:
    """Return a member with all its texts freed of what does more than show: a registry may be anybody's, too.

    Texts that are longer than any of a report are left out before they are read: composing and wrapping megabytes takes
    hours.
    """
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            return None
        return cleaned(value) if name == "text" else cleaned_line(value)
    if isinstance(value, dict):
        return {cleaned_line(key): _cleaned(key, item) for key, item in value.items() if len(key) <= MAX_TEXT}
    return value if isinstance(value, int | None) else None
