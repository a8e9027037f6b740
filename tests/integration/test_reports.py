"""Reporting a piece at a running registry: the form, the answers, and what is never told."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import httpx
import pytest

from provenance.serial import Serial
from provenance_registry.service.reports import CLIENT_BURST, SAME_BURST
from tests.support.registries import RunningRegistry, Studio

_ADDRESSES = iter(range(2, 250))
"""A registry counts what each address sends: every test has its own."""
HOSTILE = '</textarea><script>alert(20261127)</script>"><img src=x onerror=alert(20261127)>\x1b[31m\u202e'


@pytest.fixture
def http(registry: RunningRegistry) -> Iterator[httpx.Client]:
    transport = httpx.HTTPTransport(local_address=f"127.0.1.{next(_ADDRESSES)}")
    headers = {"accept-language": "en", "accept": "text/html"}
    with httpx.Client(base_url=registry.base_url, timeout=60, transport=transport, headers=headers) as client:
        yield client


@pytest.fixture
def serial(studio: Studio) -> Serial:
    piece = studio.sign()
    studio.submit(piece)
    studio.wait_anchored(piece)
    return piece.piece.serial


def kept(registry: RunningRegistry, serial: Serial) -> list[tuple[object, ...]]:
    columns = "number, reason, text, contact, language, more"
    connection = sqlite3.connect(f"file:{registry.folder / 'registry.db'}?mode=ro", uri=True)
    rows = connection.execute(f"SELECT {columns} FROM reports WHERE serial = ? ORDER BY id", (serial.compact,))
    found = rows.fetchall()
    connection.close()
    return found


def test_a_report_is_sent_and_thanked_for_and_shown_to_nobody(
    registry: RunningRegistry, http: httpx.Client, serial: Serial
) -> None:
    page = f"/P/{serial.compact}"
    before = http.get(page).text
    form = {"tag": "2", "reason": "copy", "text": HOSTILE, "contact": "tea@example.org", "leave": ""}
    answer = http.post(f"{page}/report?lang=zh-Hans", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{page}/reported?lang=zh-Hans")
    thanks = http.get(answer.headers["location"])
    assert "谢谢您" in thanks.text
    assert thanks.headers["cache-control"] == "no-store"
    words = '</textarea><script>alert(20261127)</script>"><img src=x onerror=alert(20261127)>[31m'
    assert kept(registry, serial) == [(2, "copy", words, "tea@example.org", "zh-Hans", 0)]

    told = [http.get(path).text for path in (page, f"{page}/report", f"{page}/reported", f"{page}/2", "/studios/lin")]
    told += [http.get(f"/api/v1/pieces/{serial.compact}{path}").text for path in ("", "/bundle", "/tags")]
    assert not [text for text in told if "tea@example.org" in text or "alert(20261127)" in text or "[31m" in text]
    assert http.get(page).text == before
    assert http.get(f"/api/v1/pieces/{serial.compact}").json()["outcome"] == "AUTHENTIC"


def test_what_cannot_be_taken_is_said_with_what_was_typed(
    registry: RunningRegistry, http: httpx.Client, serial: Serial
) -> None:
    path = f"/P/{serial.compact}/report"
    for form, status, words in (
        ({"text": HOSTILE}, 422, "Choose what is wrong."),
        ({"reason": "copy", "text": "x" * 1_001}, 422, "1001 characters, and 1000 fit"),
        ({"reason": "copy", "contact": "x" * 121}, 422, "121 characters, and 120 fit"),
        ({"reason": "copy", "text": "y", "leave": "me"}, 422, "must stay empty"),
    ):
        answer = http.post(path, data=form)
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (status, "text/html")
        assert words in answer.text
        assert 'role="alert"' in answer.text
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
    assert "&lt;/textarea&gt;&lt;script&gt;" in http.post(path, data={"text": HOSTILE}).text
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 303), ("none", 303)):
        answer = http.post(path, data={"reason": "other", "text": site}, headers={"sec-fetch-site": site})
        assert answer.status_code == status, site
    assert [row[2] for row in kept(registry, serial)] == ["same-origin", "none"]
    assert http.post(path, content=b"x" * 20_000).status_code == 413
    assert http.post(path, content=b"\xff" * 5_000).status_code == 422
    assert http.get(path).status_code == 200
    assert len(kept(registry, serial)) == 2


def test_pieces_that_there_are_not_are_all_answered_alike(http: httpx.Client, studio: Studio) -> None:
    stranger = Studio(studio.registry, "stranger", "无名窑").sign()
    studio.registry.client.submit([stranger.data])  # Held: it claims nothing.
    form = {"reason": "copy", "text": "x"}
    for method in ("GET", "POST"):
        told = set()
        for serial in (Serial.random(), stranger.piece.serial):
            answer = http.request(method, f"/P/{serial.compact}/report", data=form if method == "POST" else None)
            told.add((answer.status_code, answer.headers["location"].replace(serial.compact, "X")))
        assert told == {(303, "/P/X?lang=en")}
        nonsense = http.request(method, "/P/nonsense%22%3E/report", data=form if method == "POST" else None)
        assert nonsense.headers["location"] == "/look?serial=nonsense%22%3E&lang=en"
    # Of a word of thanks nothing is looked up.
    assert http.get(f"/P/{Serial.random().compact}/reported").status_code == 200
    assert http.get("/P/nonsense/reported").status_code == 303


def test_whoever_sends_too_much_waits_and_loses_no_word(
    registry: RunningRegistry, http: httpx.Client, serial: Serial
) -> None:
    path = f"/P/{serial.compact}/report"
    sent = [http.post(path, data={"reason": "copy", "text": f"word {number}"}) for number in range(CLIENT_BURST + 1)]
    assert [answer.status_code for answer in sent] == [303] * CLIENT_BURST + [429]
    assert 60 < int(sent[-1].headers["retry-after"]) <= 120
    assert "send again in 2 min" in sent[-1].text
    assert f"word {CLIENT_BURST}" in sent[-1].text
    told = kept(registry, serial)
    assert (len(told), told[-1][-1]) == (SAME_BURST, CLIENT_BURST - SAME_BURST)
    assert "word" not in registry.log


def test_the_form_needs_no_script_and_names_its_fields(http: httpx.Client, serial: Serial) -> None:
    page = http.get(f"/P/{serial.compact}/3").text
    (form,) = re.findall(r'<form class="report".*?</form>', page, re.DOTALL)
    assert f'action="/P/{serial.compact}/report?lang=en"' in form
    assert 'name="tag" value="3"' in form
    assert "form-action 'self'" in http.get(f"/P/{serial.compact}").headers["content-security-policy"]
    names = set(re.findall(r'<(?:input|textarea)[^>]* id="([a-z]+)"', form))
    assert names == set(re.findall(r'<label for="([a-z]+)"', form))
    assert http.get(f"/P/{Serial.random().compact}").text.count('class="report"') == 0
