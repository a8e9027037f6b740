"""Reports of pieces: what is kept of one, how much of many, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import LimitError, NotFoundError
from provenance.reports import MAX_TEXT, cleaned, cleaned_line
from provenance.serial import Serial
from provenance_cli.columns import shown
from provenance_registry.db.repository import SQLRepository
from provenance_registry.http.print_form import FormError
from provenance_registry.http.report_form import MAX_REPORT_FORM, Reported
from provenance_registry.report_records import Report, Side
from provenance_registry.service.limits import LINE_FACTOR
from provenance_registry.service.reports import (
    CLIENT_BURST,
    PIECE_SECONDS,
    SAME_BURST,
    SAME_SECONDS,
    TIDY_SECONDS,
    ReportLimits,
    Reports,
)
from tests.support import databases
from tests.support.pipeline import Pipeline, Ticking

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
REPORT = Report(Serial.random(), 1, "did:web:x", "copy", "印章不同", "tea@example.org", "zh-Hans", NOON)


@pytest.fixture
def repository(tmp_path: Path, either_database: None) -> Iterator[SQLRepository]:
    made = SQLRepository(databases.where(tmp_path))
    yield made
    made.close()


def add(repository: SQLRepository, report: Report = REPORT, most_open: int = 3, most: int = 100) -> bool:
    return repository.write(lambda transaction: transaction.add_report(report, most_open, most))


def texts(repository: SQLRepository) -> list[tuple[str, int]]:
    return [(stored.report.text, stored.more) for stored in repository.reports(None, Side.STEWARD, 100)]


# --- what somebody writes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  a\r\nb\rc\u2028d  ", "a\nb\nc\nd"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("\x1b[2J\x1b]0;owned\x07red\x9b31m", "[2J]0;ownedred31m"),
        ("abc\u202edcb\u2066x\u2069\ufeff", "abcdcbx"),
        ("a\tb\u3000c\xa0d\x00", "a b c d"),
        ("e\u0301 \ud800\udfff", "é"),
        ("👩\u200d🎨", "👩\u200d🎨"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_words_are_text_and_nothing_else(typed: str, kept: str) -> None:
    assert cleaned(typed) == kept
    assert "\n" not in cleaned_line(typed)


@given(st.text(max_size=300))
def test_whatever_is_kept_shows_and_does_no_more(typed: str) -> None:
    kept = cleaned(typed)
    assert shown(kept) == kept == cleaned(kept)
    assert kept.encode() is not None
    assert cleaned_line(typed) == " ".join(kept.split())


@given(st.binary(max_size=400))
def test_any_bytes_are_a_form(body: bytes) -> None:
    form = Reported.of(body)
    assert 1 <= form.number <= 99


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"reason": "copy"}, ""),
        ({"reason": "copy", "text": "x" * MAX_TEXT, "contact": "y" * 120}, ""),
        ({"reason": "copy", "text": "𠮷" * MAX_TEXT}, ""),
        ({}, "report_choose"),
        ({"reason": "nonsense"}, "report_choose"),
        ({"reason": "copy", "text": "x" * (MAX_TEXT + 1)}, "report_long"),
        ({"reason": "copy", "contact": "y" * 121}, "report_long_contact"),
        ({"reason": "copy", "leave": "http://buy.example"}, "report_trap"),
        ({"reason": "copy", **{str(number): "x" for number in range(12)}}, "report_choose"),
    ],
)
def test_a_form_is_checked(fields: dict[str, str], wrong: str) -> None:
    body = urlencode(fields).encode()
    assert len(body) < MAX_REPORT_FORM
    form = Reported.of(body)
    if not wrong:
        form.check()
        return
    with pytest.raises(FormError) as caught:
        form.check()
    assert caught.value.text == wrong


@pytest.mark.parametrize(
    ("typed", "number"), [("7", 7), ("99", 99), ("100", 1), ("0", 1), ("-1", 1), ("²", 1), ("x", 1)]
)
def test_the_tag_of_a_form_is_one_that_there_may_be(typed: str, number: int) -> None:
    assert Reported.of(urlencode({"tag": typed}).encode()).number == number


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_a_report_is_kept_once_with_all_that_it_says(repository: SQLRepository) -> None:
    assert add(repository)
    assert add(repository, replace(REPORT, received=NOON + timedelta(hours=1)))  # Pressed twice.
    (stored,) = repository.reports(REPORT.did, Side.STUDIO, 10, only_open=True)
    assert (stored.report, stored.more, stored.ends) == (REPORT, 0, {})
    assert repository.report(stored.id) == stored
    assert repository.report(stored.id + 1) is None
    assert repository.reports("did:web:y", Side.STUDIO, 10) == []


def test_a_flood_of_one_piece_is_counted_and_spares_the_others(repository: SQLRepository) -> None:
    for number in range(5):
        assert add(repository, replace(REPORT, text=str(number))) == (number < 3)
    assert add(repository, replace(REPORT, serial=Serial.random(), text="other"))
    assert texts(repository) == [("other", 0), ("2", 2), ("1", 0), ("0", 0)]
    with pytest.raises(LimitError, match="as many reports as it can"):
        add(repository, replace(REPORT, serial=Serial.random()), most=4)
    assert len(texts(repository)) == 4
    assert not add(repository, replace(REPORT, text="6"), most=4)  # Counting takes no room.


def test_pages_of_the_list_follow_each_other(repository: SQLRepository) -> None:
    for number in range(7):
        add(repository, replace(REPORT, text=str(number)), most_open=9)
    first = repository.reports(None, Side.STEWARD, 4)
    rest = repository.reports(None, Side.STEWARD, 4, before=first[-1].id)
    assert [stored.report.text for stored in (*first, *rest)] == list("6543210")


def test_what_is_too_old_is_forgotten_and_its_number_is_no_other_s(repository: SQLRepository) -> None:
    add(repository)
    (old,) = repository.reports(None, Side.STUDIO, 9)
    assert repository.write(lambda transaction: transaction.forget_reports(NOON)) == 0
    assert repository.write(lambda transaction: transaction.forget_reports(NOON + timedelta(seconds=1))) == 1
    add(repository)
    (new,) = repository.reports(None, Side.STUDIO, 9)
    assert new.id > old.id


# --- the use cases ----------------------------------------------------------------------------------------------------


def test_the_words_of_a_passer_by_change_no_verdict(tmp_path: Path) -> None:
    pipeline, tick = Pipeline(tmp_path), Ticking()
    certificate = pipeline.anchored()
    serial, before = certificate.piece.serial, pipeline.verdict(certificate)
    reports = Reports(pipeline.repository, lambda: NOON, ReportLimits(4, 100, 30), tick)
    kept = [reports.take(serial, 1, "copy", f"copy {number}", "", "en", f"192.0.2.{number}") for number in range(9)]
    assert kept == [True] * 4 + [False] * 5
    pipeline.turn(2)
    assert replace(pipeline.verdict(certificate), block=before.block) == before
    assert pipeline.repository.doubts() == []
    (newest, *_) = pipeline.repository.reports(None, Side.STEWARD, 9)
    assert (newest.report.did, newest.more) == (pipeline.stored(certificate).did, 5)
    with pytest.raises(NotFoundError, match="No certificate has this number"):
        reports.take(Serial.random(), 1, "copy", "", "", "en", "192.0.2.1")
    pipeline.repository.close()


def test_a_piece_whose_reports_are_closed_cannot_be_flooded_anew_at_once(tmp_path: Path) -> None:
    pipeline, tick = Pipeline(tmp_path), Ticking()
    serial = pipeline.anchored().piece.serial
    reports = Reports(pipeline.repository, lambda: NOON, ReportLimits(2, 100, 30), tick)

    def take(text: str) -> bool:
        return reports.take(serial, 1, "copy", text, "", "en", f"192.0.2.{text}")

    assert [take("1"), take("2"), take("3")] == [True, True, False]
    pipeline.repository.write(lambda transaction: transaction.forget_reports(NOON + timedelta(days=1)))
    assert not take("4")
    tick.now += PIECE_SECONDS
    assert take("5")
    pipeline.repository.close()


@pytest.mark.parametrize("is_same", [True, False])
def test_one_line_uses_up_no_room_of_others(tmp_path: Path, is_same: bool) -> None:
    pipeline, tick = Pipeline(tmp_path), Ticking()
    serial = pipeline.anchored().piece.serial
    reports = Reports(pipeline.repository, lambda: NOON, ReportLimits(9, 100, 30), tick)

    def take(text: str, client: str) -> bool:
        return reports.take(serial, 1, "copy", text, "", "en", client)

    for number in range(200):  # From networks of their own, all within what one home is given.
        take("x" if is_same else f"x {number}", f"2001:db8:77:{number:x}::1")
    assert len(texts(pipeline.repository)) == (1 if is_same else SAME_BURST)
    assert [take(f"honest {number}", f"192.0.2.{number}") for number in range(5)] == [True] * 5
    tick.now += SAME_SECONDS
    assert [take(f"later {number}", "2001:db8:77::1") for number in range(2)] == [True, False]
    pipeline.repository.close()


def test_one_line_with_many_networks_is_held_back(repository: SQLRepository) -> None:
    reports = Reports(repository, lambda: NOON, ReportLimits(4, 100, 30), Ticking())
    for number in range(CLIENT_BURST * LINE_FACTOR):
        reports.admit(f"2001:db8:77:{number:x}::1")
    with pytest.raises(LimitError):
        reports.admit("2001:db8:77:ffff::1")
    reports.admit("2001:db8:78::1")


def test_a_client_is_held_back_and_its_neighbours_are_not(repository: SQLRepository) -> None:
    tick = Ticking()
    reports = Reports(repository, lambda: NOON, ReportLimits(4, 100, 30), tick)
    for _ in range(CLIENT_BURST):
        reports.admit("2001:db8::1")
    with pytest.raises(LimitError) as caught:
        reports.admit("2001:db8::2")
    assert caught.value.retry_after == 120
    reports.admit("2001:db8:0:1::1")


def test_old_reports_are_looked_for_from_time_to_time(repository: SQLRepository) -> None:
    tick, moment = Ticking(), [NOON]
    reports = Reports(repository, lambda: moment[0], ReportLimits(4, 100, 30), tick)
    add(repository)
    moment[0] += timedelta(days=31)
    reports.step()
    assert texts(repository) == []
    add(repository)
    reports.step()
    assert len(texts(repository)) == 1
    tick.now += TIDY_SECONDS
    reports.step()
    assert texts(repository) == []


def test_one_report_sent_many_times_at_once_is_one(repository: SQLRepository) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: add(repository), range(16)))
    assert len(texts(repository)) == 1
