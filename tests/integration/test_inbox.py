"""The inbox of reports at a running registry: who reads what, who closes it, and who puts a piece in doubt."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from provenance.evm.accounts import Account
from provenance.keys import P256Signer, Signer
from provenance.ledger import GrantRoleCall, ReinstateCall, RevokeRoleCall, Role, SuspendCall
from provenance.report_orders import ReportClosed, ReportsAsked, TagDoubt
from provenance.serial import Serial
from provenance.signed_orders import AccountOrder, SignedOrder
from provenance_cli.ledgers import send_and_wait
from tests.support.registries import RunningRegistry, Studio

Order = ReportsAsked | ReportClosed | TagDoubt
PATHS = {ReportsAsked: "reports:list", ReportClosed: "reports:close", TagDoubt: "doubts"}
_ADDRESSES = iter(range(2, 250))


@pytest.fixture(scope="module")
def other(registry: RunningRegistry) -> Studio:
    made = Studio(registry, "zhou", "周家窑")
    made.accredit()
    return made


@pytest.fixture
def http(registry: RunningRegistry) -> Iterator[httpx.Client]:
    transport = httpx.HTTPTransport(local_address=f"127.0.2.{next(_ADDRESSES)}")
    with httpx.Client(base_url=registry.base_url, timeout=60, transport=transport) as client:
        yield client


def piece_of(studio: Studio) -> Serial:
    piece = studio.sign()
    studio.submit(piece)
    studio.wait_anchored(piece)
    return piece.piece.serial


@pytest.fixture
def serial(studio: Studio) -> Serial:
    return piece_of(studio)


def now(seconds: int = 0) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


def report(http: httpx.Client, serial: Serial, text: str = "x", tag: int = 1) -> None:
    form = {"reason": "copy", "text": text, "contact": "tea@example.org", "tag": str(tag)}
    assert http.post(f"/P/{serial.compact}/report", data=form).status_code == 303


def send(http: httpx.Client, order: Order, by: Signer | Account) -> httpx.Response:
    signed = (
        AccountOrder.sign(order, by.sign_order).to_bytes()
        if isinstance(by, Account)
        else SignedOrder.sign(order, by).to_bytes()
    )
    return http.post(f"/api/v1/{PATHS[type(order)]}", content=signed)


def listed(
    http: httpx.Client, registry: RunningRegistry, by: Signer | Account, serial: Serial
) -> list[dict[str, object]]:
    answer = send(http, ReportsAsked(registry.base_url, now(), only_open=False, limit=100), by)
    assert answer.status_code == 200, answer.text
    return [item for item in answer.json()["reports"] if item["serial"] == serial.compact]


def advisories(http: httpx.Client, serial: Serial) -> list[str]:
    told = http.get(f"/api/v1/pieces/{serial.compact}").json()
    assert told["outcome"] == "AUTHENTIC"
    return [advisory["code"] for advisory in told["advisories"]]


def test_a_studio_reads_of_its_own_pieces_and_the_steward_of_all(
    registry: RunningRegistry, studio: Studio, other: Studio, http: httpx.Client, serial: Serial
) -> None:
    report(http, serial, "款识不同", 3)
    (told,) = listed(http, registry, studio.signer, serial)
    assert {name: told[name] for name in ("tag", "studio", "reason", "text", "contact", "more", "closed")} == {
        "tag": 3, "studio": "林家窑", "reason": "copy", "text": "款识不同", "contact": "tea@example.org", "more": 0,
        "closed": {},
    }  # fmt: skip
    assert listed(http, registry, registry.steward, serial) == [told]
    assert listed(http, registry, other.signer, serial) == []
    number = told["report"]
    assert isinstance(number, int)
    one = send(http, ReportsAsked(registry.base_url, now(), report=number), studio.signer)
    assert one.json()["reports"] == [told]
    for order in (
        ReportsAsked(registry.base_url, now(), report=number),
        ReportClosed(registry.base_url, now(), number, "mine"),
        ReportsAsked(registry.base_url, now(), report=2**40),
    ):
        answer = send(http, order, other.signer)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-report")


def test_nobody_else_reads_closes_or_doubts_anything(
    registry: RunningRegistry, studio: Studio, other: Studio, http: httpx.Client, serial: Serial
) -> None:
    report(http, serial)
    (told,) = listed(http, registry, studio.signer, serial)
    number, base = int(str(told["report"])), registry.base_url
    orders: list[Order] = [
        ReportsAsked(base, now()), ReportClosed(base, now(), number), TagDoubt(base, now(), serial, 0, doubted=True),
    ]  # fmt: skip
    for order in orders:
        for stranger, code in ((P256Signer.generate(), "not-a-studio"), (Account.generate()[0], "not-a-steward")):
            answer = send(http, order, stranger)
            assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert send(http, order, registry.admin).json()["code"] == "not-a-steward"
        assert send(http, order, studio.account).json()["code"] == "not-a-steward"
        assert send(http, replace(order, registry="https://other.example"), studio.signer).status_code == 422
        for seconds in (-700, 700):
            answer = send(http, replace(order, time=now(seconds)), studio.signer)
            assert answer.json()["code"] == "signed-at-another-time"
    # A studio that is accredited, or whoever has stolen its key, speaks of no other's pieces.
    answer = send(http, TagDoubt(base, now(), serial, 0, doubted=True), other.signer)
    assert (answer.status_code, answer.json()["code"]) == (422, "not-the-studio")
    assert send(http, TagDoubt(base, now(), Serial.random(), 0, doubted=True), other.signer).status_code == 404
    # Nor does another's signature under this studio's key name it.
    forged = replace(SignedOrder.sign(orders[2], other.signer), public_key=studio.signer.public_key)
    assert http.post("/api/v1/doubts", content=forged.to_bytes()).json()["code"] == "bad-signature"
    assert advisories(http, serial) == []
    assert listed(http, registry, studio.signer, serial) == [told]
    for body in (b"", b"{}", b"\xff", b'{"accountSignature":"0x"}', b"[" * 4_000, b"x" * 5_000):
        assert http.post("/api/v1/reports:list", content=body).status_code in (413, 422), body[:20]


def test_each_side_closes_for_itself(
    registry: RunningRegistry, studio: Studio, http: httpx.Client, serial: Serial
) -> None:
    report(http, serial)
    number, base = int(str(listed(http, registry, studio.signer, serial)[0]["report"])), registry.base_url
    with ThreadPoolExecutor(4) as pool:
        orders = [ReportClosed(base, now(), number, f"note {place}") for place in range(4)]
        answers = [*pool.map(lambda order: send(http, order, studio.signer), orders)]
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    (note,) = {answer.json()["closed"]["studio"]["note"] for answer in answers}
    (new,) = [answer.json() for answer in answers if answer.status_code == 201]
    assert new["new"]
    assert (new["closed"].keys(), new["closed"]["studio"]["note"]) == ({"studio"}, note)
    open_ = ReportsAsked(base, now(), limit=100)
    assert number not in [item["report"] for item in send(http, open_, studio.signer).json()["reports"]]
    (mine,) = [item for item in send(http, open_, registry.steward).json()["reports"] if item["report"] == number]
    assert mine["closed"]["studio"]["note"] == note
    assert send(http, ReportClosed(base, now(), number, "suspicious studio"), registry.steward).status_code == 201
    (told,) = listed(http, registry, studio.signer, serial)
    assert "suspicious" not in str(told)
    (told,) = listed(http, registry, registry.steward, serial)
    assert set(told["closed"]) == {"studio", "steward"}  # type: ignore[call-overload]


def test_a_doubt_is_shown_with_whose_word_it_is_until_it_is_taken_back(
    registry: RunningRegistry, studio: Studio, http: httpx.Client, serial: Serial
) -> None:
    base = registry.base_url
    html = {"accept": "text/html", "accept-language": "en"}
    raised = TagDoubt(base, now(-100), serial, 2, doubted=True)
    answer = send(http, raised, studio.signer).json()
    assert (answer["changed"], [item["by"] for item in answer["doubts"]]) == (1, ["studio"])
    page = http.get(f"/P/{serial.compact}/2", headers=html).text
    assert "Possible copy" in page
    assert f"{now():%Y} the studio 林家窑 says that this tag may have been copied." in page
    assert "Possible copy" not in http.get(f"/P/{serial.compact}", headers=html).text

    send(http, TagDoubt(base, now(-100), serial, 0, doubted=True), registry.steward)
    page = http.get(f"/P/{serial.compact}", headers=html).text
    assert "the guild says that this tag may have been copied." in page
    assert advisories(http, serial) == ["possible-copy"]
    (mine,) = [
        [
            item
            for item in send(http, ReportsAsked(base, now()), by).json()["doubts"]
            if item["serial"] == serial.compact
        ]
        for by in (studio.signer,)
    ]
    assert sorted(item["by"] for item in mine) == ["steward", "studio"]

    ended = send(http, TagDoubt(base, now(-50), serial, 0, doubted=False), studio.signer).json()
    assert (ended["changed"], [item["by"] for item in ended["doubts"]]) == (1, ["steward"])
    assert advisories(http, serial) == ["possible-copy"]
    again = send(http, raised, studio.signer)  # Somebody kept it, and sends it again.
    assert (again.status_code, again.json()["code"]) == (409, "order-overtaken")
    assert send(http, TagDoubt(base, now(-50), serial, 0, doubted=False), registry.steward).json()["doubts"] == []
    assert advisories(http, serial) == []
    assert "Possible copy" not in http.get(f"/P/{serial.compact}/2", headers=html).text


def test_a_suspended_studio_and_a_former_steward_have_no_word(registry: RunningRegistry, http: httpx.Client) -> None:
    made = Studio(registry, "wu", "吴家窑")
    made.accredit()
    serial, base = piece_of(made), registry.base_url
    report(http, serial)
    registry.steward_does(SuspendCall(made.account.address))
    deadline = now(60)
    while (answer := send(http, ReportsAsked(base, now()), made.signer)).status_code != 422:
        assert now() < deadline, answer.text
        time.sleep(0.5)  # More often would be too often.
    assert answer.json()["code"] == "not-a-studio"
    assert send(http, TagDoubt(base, now(), serial, 0, doubted=True), made.signer).status_code == 422
    assert len(listed(http, registry, registry.steward, serial)) == 1
    registry.steward_does(ReinstateCall(made.account.address))

    guest = Account.generate()[0]
    grant, revoke = GrantRoleCall(Role.STEWARD, guest.address), RevokeRoleCall(Role.STEWARD, guest.address)
    for call, status in ((None, 422), (grant, 200), (revoke, 422)):
        if call is not None:
            send_and_wait(registry.ledger(), call, registry.admin)
        assert send(http, ReportsAsked(base, now()), guest).status_code == status
