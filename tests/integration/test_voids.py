"""Voided tags: who may void them, and what whoever scans one is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from provenance.canonical import canonicalize
from provenance.certificate import Certificate
from provenance.keys import P256Signer
from provenance.serial import Serial
from provenance.signed_orders import SignedOrder
from provenance.tag import tag_url
from provenance.voids import TagVoid
from tests.support.registries import RunningRegistry, Studio

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
SAID = "The studio has voided this tag"


@pytest.fixture(scope="module")
def http(registry: RunningRegistry) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=registry.base_url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def piece(studio: Studio) -> Certificate:
    certificate = studio.sign("杯")
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    return certificate


def void_of(registry: RunningRegistry, piece: Certificate, number: int = 1) -> TagVoid:
    return TagVoid(registry.base_url, piece.piece.serial, number, NOW, "Xiao Wang", number + 1)


def send(http: httpx.Client, data: bytes) -> tuple[int, str]:
    answer = http.post("/api/v1/tags:void", content=data)
    return answer.status_code, answer.json().get("code", "")


def scan(http: httpx.Client, serial: Serial, number: int = 1) -> tuple[str, list[str], str]:
    """Return outcome, advisories and page of a scan."""
    at = tag_url("", serial, number)
    verdict = http.get(at, headers={"accept": "application/json"}).json()
    page = http.get(at, headers={"accept": "text/html"}, params={"lang": "en"}).text
    return verdict["outcome"], [item["code"] for item in verdict["advisories"]], page


def test_a_voided_tag_always_carries_its_advisory_and_others_never(
    registry: RunningRegistry, studio: Studio, piece: Certificate, http: httpx.Client
) -> None:
    serial = piece.piece.serial
    data = SignedOrder.sign(void_of(registry, piece), studio.signer).to_bytes()
    assert scan(http, serial)[1] == []
    assert send(http, data) == (201, "")
    later = SignedOrder.sign(replace(void_of(registry, piece), by="another"), studio.signer).to_bytes()
    assert send(http, data) == send(http, later) == (200, "")
    for _ in range(2):
        outcome, advisories, page = scan(http, serial)
        assert (outcome, advisories) == ("AUTHENTIC", ["tag-voided"])
        assert SAID in page
        outcome, advisories, page = scan(http, serial, 2)
        assert (outcome, advisories) == ("AUTHENTIC", [])
        assert SAID not in page
    told = {"number": 1, "time": "2026-11-26T09:30:00Z", "by": "Xiao Wang", "replacement": 2}
    assert http.get(f"/api/v1/pieces/{serial.compact}/tags").json() == {"voided": [told]}
    asked = {"serials": [Serial.random().compact, serial.compact]}
    assert http.post("/api/v1/tags:voided", json=asked).json() == {"voided": {serial.compact: [told]}}
    page = http.get(tag_url("", serial), headers={"accept": "text/html"}, params={"lang": "zh-Hans"}).text
    assert "工作室已作废此标签" in page


@pytest.mark.parametrize("asked", [None, "", {}, [1], ["x"], [None], [Serial.random().compact] * 1_001])
def test_questions_that_name_no_pieces_are_refused(http: httpx.Client, asked: object) -> None:
    answer = http.post("/api/v1/tags:voided", json={"serials": asked})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_nobody_else_voids_a_tag(
    registry: RunningRegistry, studio: Studio, piece: Certificate, http: httpx.Client
) -> None:
    void = void_of(registry, piece, 3)
    stranger = SignedOrder.sign(void, P256Signer.generate())
    assert send(http, stranger.to_bytes()) == (422, "not-the-studio")
    other = Studio(registry, "voider", "别家")
    other.accredit()
    assert send(http, SignedOrder.sign(void, other.signer).to_bytes()) == (422, "not-the-studio")
    forged = replace(stranger, public_key=studio.signer.public_key)
    assert send(http, forged.to_bytes()) == (422, "bad-signature")
    signed = SignedOrder.sign(void, studio.signer)
    moved = replace(signed, order=replace(void, number=4, replacement=None))
    assert send(http, moved.to_bytes()) == (422, "bad-signature")
    elsewhere = SignedOrder.sign(replace(void, registry="https://other.example"), studio.signer)
    assert send(http, elsewhere.to_bytes()) == (422, "other-registry")
    unknown = SignedOrder.sign(replace(void, serial=Serial.random()), studio.signer)
    assert send(http, unknown.to_bytes()) == (404, "unknown-serial")
    assert http.get(f"/api/v1/pieces/{piece.piece.serial.compact}/tags").json() == {"voided": []}


def test_what_voids_nothing_is_refused(
    registry: RunningRegistry, studio: Studio, piece: Certificate, http: httpx.Client
) -> None:
    signed = SignedOrder.sign(void_of(registry, piece), studio.signer)
    members = {**signed.order.to_json(), "publicKey": signed.public_key.multikey, "signature": "AA"}
    wrong: list[dict[str, object]] = [
        {"number": 0}, {"number": 100}, {"number": "1"}, {"number": True}, {"replacement": 1}, {"by": "x" * 81},
        {"by": "two\nlines"}, {"time": "yesterday"}, {"version": 2}, {"type": "Other"}, {"more": 1}, {"signature": 7},
        {"publicKey": "zzz"}, {"serial": "0000000000001"}, {"registry": "ftp://x"},
    ]  # fmt: skip
    for change in wrong:
        status, code = send(http, canonicalize({**members, **change}))  # type: ignore[dict-item]
        assert status == 422, (change, code)
    for data in (b"", b"{}", b"[]", b"\xff", b"{" * 1_000, signed.to_bytes() + b" "):
        assert send(http, data)[0] == 422
    assert send(http, b'{"a":"' + b"x" * 5_000 + b'"}')[0] == 413
