"""Counting readers without keeping who, and when counts put a tag in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import StorageError
from provenance.report_orders import TagDoubt
from provenance.serial import Serial
from provenance.verdict import Outcome, Verdict
from provenance_registry.db.repository import SQLRepository
from provenance_registry.http.page_seals import look_of
from provenance_registry.records import Cause, Doubt, ScanCount
from provenance_registry.report_records import Side
from provenance_registry.service import scans as limits
from provenance_registry.service.alarm import Thresholds, is_alarming
from provenance_registry.service.doubts import EVERY_TAG, Doubts
from provenance_registry.service.scans import FLUSH_SECONDS, KEPT_DAYS, Scans, day_of, region_of
from tests.support import databases
from tests.support.pipeline import Ticking

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
TODAY = day_of(NOON)
SERIAL, OTHER = Serial.random(), Serial.random()
RULE = Thresholds(100, 3.0, 7)


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def repository(tmp_path: Path, either_database: None) -> Iterator[SQLRepository]:
    made = SQLRepository(databases.where(tmp_path))
    yield made
    made.close()


def counted(repository: SQLRepository, serial: Serial = SERIAL, number: int = 1) -> dict[int, int]:
    return repository.daily_scans(serial, number, 0)


def test_readers_are_told_apart_and_nothing_of_them_is_kept(repository: SQLRepository, tmp_path: Path) -> None:
    clock = Clock()
    scans = Scans(repository, clock)
    for agent in ("Phone", "Phone", "Tablet"):
        scans.note(SERIAL, 1, "203.0.113.77", agent, "zh-CN,en;q=0.5")
    scans.note(SERIAL, 2, "203.0.113.77", "Phone", "fr")
    scans.note(SERIAL, 1, "2001:db8:0:1::1", "Phone", "")
    scans.note(SERIAL, 1, "2001:db8:0:1::ffff", "Phone", "")
    for nobody in ("", "Googlebot/2.1", "facebookexternalhit/1.1"):
        scans.note(SERIAL, 1, "198.51.100.1", nobody, "en")
    told = scans.flush(now=True)
    assert sorted((count.number, count.region, count.readers) for count in told) == [
        (1, "other", 1), (1, "zh", 2), (2, "fr", 1),
    ]  # fmt: skip
    assert counted(repository) == {TODAY: 3}
    assert scans.flush(now=True) == ()
    for path in tmp_path.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert not [word for word in (b"203.0.113", b"2001:db8", b"Tablet") if word in data]


def test_a_restart_counts_nobody_twice_and_the_next_day_everybody(repository: SQLRepository) -> None:
    clock = Clock()

    def seen(*addresses: str) -> None:
        scans = Scans(repository, clock)
        for address in addresses:
            scans.note(SERIAL, 1, address, "Phone", "en")
        scans.close()

    seen("192.0.2.1", "192.0.2.2", "192.0.2.3")
    seen("192.0.2.2", "192.0.2.3")
    assert counted(repository) == {TODAY: 3}
    seen("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")
    assert counted(repository) == {TODAY: 4}
    scans = Scans(repository, clock)
    scans.note(SERIAL, 1, "192.0.2.1", "Phone", "en")
    clock.now += timedelta(days=1)
    scans.note(SERIAL, 1, "192.0.2.1", "Phone", "en")
    scans.close()
    assert counted(repository) == {TODAY: 4, TODAY + 1: 1}
    clock.now += timedelta(days=KEPT_DAYS)
    seen("192.0.2.1")
    assert counted(repository) == {TODAY + 1: 1, TODAY + 1 + KEPT_DAYS: 1}


def test_memory_is_bounded_and_one_machine_is_not_a_crowd(
    repository: SQLRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = Scans(repository, Clock())
    for number in range(100):
        scans.note(SERIAL, 1, "192.0.2.1", f"Phone {number}", "en")
    assert scans.today(SERIAL, 1) == limits.MAX_TAG_NETWORK_READERS
    for number in range(1_000):  # A home may have 65,536 networks.
        scans.note(SERIAL, 2, f"2001:db8:77:{number:x}::1", f"Phone {number}", "en")
    assert scans.today(SERIAL, 2) == limits.MAX_TAG_SITE_READERS
    monkeypatch.setattr(limits, "MAX_SITE_READERS", 60)
    for number in range(100):
        scans.note(Serial.random(), 1, f"2001:db8:77:{number:x}::1", "Phone", "en")
    assert sum(count.readers for count in scans.flush(now=True)) == limits.MAX_TAG_NETWORK_READERS + 60
    scans = Scans(repository, Clock())
    for number in range(100):
        scans.note(SERIAL, 1, "192.0.2.1", f"Phone {number}", "en")
    monkeypatch.setattr(limits, "MAX_NETWORK_READERS", 20)
    for _ in range(100):
        scans.note(Serial.random(), 1, "192.0.2.1", "Phone", "en")
    assert sum(count.readers for count in scans.flush(now=True)) == 20
    monkeypatch.setattr(limits, "MAX_TAG_READERS", 30)
    for number in range(100):
        scans.note(OTHER, 1, f"198.51.100.{number}", "Phone", "en")
    assert scans.today(OTHER, 1) == 30
    monkeypatch.setattr(limits, "MAX_READERS", 60)
    for number in range(100):
        scans.note(Serial.random(), 1, f"203.0.113.{number}", "Phone", "en")
    assert len(scans.flush(now=True)) == 1 + 60 - 50


def test_what_could_not_be_written_is_written_later(repository: SQLRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    tick = Ticking()
    scans = Scans(repository, Clock(), tick)
    scans.note(SERIAL, 1, "192.0.2.1", "Phone", "en")
    assert scans.flush() == ()
    tick.now = FLUSH_SECONDS

    def fail(*_: object) -> None:
        raise StorageError("database-unusable", "X.")

    with monkeypatch.context() as patch:
        patch.setattr(repository, "write", fail)
        with pytest.raises(StorageError):
            scans.flush()
        scans.note(SERIAL, 1, "192.0.2.2", "Phone", "en")
        scans.close()
    scans.close()
    assert counted(repository) == {TODAY: 2}


@pytest.mark.parametrize(
    ("header", "region"),
    [
        ("zh-Hans-CN,en", "zh"), ("EN-us;q=0.9", "en"), (" ko", "ko"), ("de,fr", "other"), ("", "other"),
        ("\x00" * 900, "other"),
    ],
)  # fmt: skip
def test_a_region_is_one_of_few(header: str, region: str) -> None:
    assert region_of(header) == region


# --- the rule ---------------------------------------------------------------------------------------------------------


def week(readers: int, until: int = TODAY, days: int = 7) -> dict[int, int]:
    return dict.fromkeys(range(until - days + 1, until + 1), readers)


def test_days_in_a_row_far_above_the_own_history_are_alarming() -> None:
    begun = TODAY - 6
    assert is_alarming(week(101), TODAY, begun, RULE)
    assert not is_alarming(week(100), TODAY, begun, RULE)
    assert not is_alarming(week(101) | {TODAY - 3: 0}, TODAY, begun, RULE)
    assert not is_alarming(week(5_000), TODAY, begun + 1, RULE)  # Not a week since the claim.
    before = {begun - 1: 400}  # A stall, on the last day before the claim.
    assert not is_alarming(week(1_200) | before, TODAY, begun, RULE)
    assert is_alarming(week(1_201) | before, TODAY, begun, RULE)
    grown = week(60, TODAY - 7) | week(101)  # The copies' own beginning is no history,
    assert is_alarming(grown, TODAY, TODAY - 200, RULE)
    assert not is_alarming(grown | {TODAY - 14: 40}, TODAY, TODAY - 200, RULE)  # what is older is.


@given(st.dictionaries(st.integers(TODAY - 40, TODAY), st.integers(0, 10_000)), st.integers(TODAY - 50, TODAY))
def test_whatever_one_day_brings_is_not_alarming(daily: dict[int, int], begun: int) -> None:
    assert not is_alarming({**daily, TODAY - 2: 0}, TODAY, begun, RULE)
    assert not is_alarming(daily, TODAY, TODAY, RULE)
    if is_alarming(daily, TODAY, begun, RULE):
        assert not is_alarming(daily, TODAY, begun, Thresholds(max(daily.values()), 1.0, 7))


# --- doubts -----------------------------------------------------------------------------------------------------------


def test_doubts_are_told_of_the_tag_that_they_are_about_until_they_are_ended(repository: SQLRepository) -> None:
    clock = Clock()
    doubts = Doubts(repository, Scans(repository, clock), RULE, clock)
    verdict = Verdict(Outcome.AUTHENTIC, "authentic", serial=SERIAL)
    assert doubts.doubt(Doubt(SERIAL, 2, Cause.SCANS, NOON))
    assert not doubts.doubt(Doubt(SERIAL, 2, Cause.SCANS, NOON))
    assert doubts.advise(verdict, SERIAL, 1) is doubts.advise(verdict, OTHER, 2) is verdict
    told = doubts.advise(verdict, SERIAL, 2)
    assert (told.outcome, told.advisories, look_of(told)) == (Outcome.AUTHENTIC, ("possible-copy",), "suspicious")
    assert told.details == {"possible-copy": "scans 2026-11-26T12:00:00Z"}
    doubts.doubt(Doubt(SERIAL, EVERY_TAG, Cause.STEWARD, NOON + timedelta(hours=1)))
    assert [doubt.cause for doubt in doubts.about(SERIAL, 2)] == [Cause.STEWARD, Cause.SCANS]
    clock.now += timedelta(hours=2)
    assert doubts.tell(TagDoubt("https://x", clock.now, SERIAL, 0, doubted=False), Side.STUDIO, b"order") == 1
    assert [doubt.cause for doubt in doubts.about(SERIAL, 2)] == [Cause.STEWARD]
    assert repository.trusted_at(SERIAL) == NOON + timedelta(hours=2)
    assert doubts.doubt(Doubt(SERIAL, 2, Cause.SCANS, NOON + timedelta(days=9)))


def test_scans_of_a_piece_that_nobody_has_claimed_raise_nothing(repository: SQLRepository) -> None:
    clock = Clock()
    doubts = Doubts(repository, Scans(repository, clock), RULE, clock)
    told = [ScanCount(SERIAL, 1, day, "zh", 9_000) for day in range(TODAY - 90, TODAY + 1)]
    repository.write(lambda transaction: transaction.note_scans(told, 0))
    assert not doubts.judge(SERIAL, 1)
