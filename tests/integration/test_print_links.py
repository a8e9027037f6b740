"""Print links: who gives them out and withdraws them, what a shop gets by one, and what nobody gets without."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx
import pytest

from provenance.canonical import canonicalize
from provenance.certificate import Certificate
from provenance.encoding import Digest
from provenance.keys import P256Signer
from provenance.print_links import (
    MAX_TAGS,
    PrintLink,
    PrintLinkEnd,
    PrintLinksAsked,
    code_of,
    new_secret,
    parse_code,
)
from provenance.printing.readback import read_sheet
from provenance.serial import Serial
from provenance.signed_orders import SignedOrder
from provenance.status import Status, StatusOrder
from provenance.tag import tag_url
from provenance.voids import TagVoid
from provenance_registry.http.page_formats import day
from provenance_registry.service.print_links import MAX_OPEN, PRINT_BURST, PRINT_SECONDS
from tests.support.registries import RunningRegistry, Studio

LINKS = "/api/v1/print-links"
NOTHING = "This link opens nothing."


@dataclass
class Given:
    """A link as it was given out."""

    link: PrintLink
    secret: bytes
    data: bytes

    @property
    def code(self) -> str:
        return code_of(self.link.id, self.secret)


_ADDRESSES = iter(range(2, 250))
"""A registry counts what each address asks for: every test has its own."""


@pytest.fixture
def http(registry: RunningRegistry) -> Iterator[httpx.Client]:
    headers, transport = {"accept-language": "en"}, httpx.HTTPTransport(local_address=f"127.0.0.{next(_ADDRESSES)}")
    with httpx.Client(base_url=registry.base_url, timeout=60, transport=transport, headers=headers) as client:
        yield client


@pytest.fixture(scope="module")
def pieces(studio: Studio) -> list[Certificate]:
    titles = ["青花梅瓶", "Blue and white vase", "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>']
    made = [studio.sign(title) for title in titles]
    studio.submit(*made)
    studio.wait_anchored(*made)
    return made


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def link_of(registry: RunningRegistry, *tags: Serial | tuple[Serial, int], days: float = 14) -> tuple[PrintLink, bytes]:
    secret, moment = new_secret(), now()
    named = tuple(tag if isinstance(tag, tuple) else (tag, 1) for tag in tags)
    expires = moment + timedelta(seconds=int(days * 86_400))
    return PrintLink(registry.base_url, named, "Tea shop 茶庄", moment, expires, Digest.of(secret), "zh-Hans"), secret


def give(http: httpx.Client, studio: Studio, *tags: Serial | tuple[Serial, int], days: float = 14) -> Given:
    link, secret = link_of(studio.registry, *tags, days=days)
    given = Given(link, secret, SignedOrder.sign(link, studio.signer).to_bytes())
    answer = http.post(LINKS, content=given.data)
    assert answer.status_code == 201, answer.text
    assert answer.json()["link"] == link.id
    return given


def serials(pieces: list[Certificate]) -> list[Serial]:
    return [piece.piece.serial for piece in pieces]


def opened(http: httpx.Client, code: str, **fields: str) -> httpx.Response:
    return http.post("/print", data={"code": code, **fields})


def printed(http: httpx.Client, code: str, places: list[int], **fields: str) -> httpx.Response:
    form = {"code": code, "tag": [str(place) for place in places], "layout": "L7160", "start": "1", **fields}
    return http.post("/print/tags", data=form)


def kinds(page: str) -> list[tuple[str, bool]]:
    """Return of each tag what the page says of it, and whether it is ticked."""
    found = re.findall(r'<li data-k="(\w+)"><input ([^>]*)>', page)
    return [(kind, "checked" in attributes) for kind, attributes in found]


def said(page: str) -> list[str]:
    return [unescape(text) for text in re.findall(r'role="alert">([^<]*)<', page)]


def test_a_shop_prints_what_the_link_names_and_what_came_out_spoiled_once_more(
    registry: RunningRegistry, studio: Studio, pieces: list[Certificate], http: httpx.Client
) -> None:
    given = give(http, studio, *serials(pieces))
    page = opened(http, given.code)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "script-src 'self'; connect-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "For Tea shop 茶庄, until" in page.text
    assert "林家窑" in page.text
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert kinds(page.text) == [("new", True)] * 4

    pdf = printed(http, given.code, [0, 1, 2], start="20")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.headers["cache-control"] == "no-store"
    wanted = [tag_url(registry.base_url, serial) for serial in serials(pieces)]
    assert sorted(read_sheet(pdf.content)) == sorted(wanted[:3])
    assert kinds(opened(http, given.code).text) == [("printed", False)] * 3 + [("new", True)]

    spoiled = http.post("/print/spoiled", data={"code": given.code, "spoil": "1", "again": "1", "tag": "3"})
    assert kinds(spoiled.text) == [("printed", False), ("spoiled", True), ("printed", False), ("new", True)]
    taken = http.post("/print/spoiled", data={"code": given.code, "unspoil": "1", "again": "1", "tag": "3"})
    assert kinds(taken.text)[1] == ("printed", False)
    http.post("/print/spoiled", data={"code": given.code, "spoil": "1"})
    assert kinds(opened(http, given.code, choose="spoiled").text)[1] == ("spoiled", True)
    again = printed(http, given.code, [1], layout="roll-50x30", cut="1", right="0,5", down="-1", dpi="300")
    assert read_sheet(again.content) == [wanted[1]]
    page_after = opened(http, given.code).text
    assert kinds(page_after)[1] == ("printed", False)
    assert "Printed 2 times, last on" in page_after

    asked = SignedOrder.sign(PrintLinksAsked(registry.base_url, now()), studio.signer).to_bytes()
    told = next(
        link for link in http.post(f"{LINKS}:list", content=asked).json()["links"] if link["link"] == given.link.id
    )
    assert (told["tags"], told["printed"], told["prints"], told["spoiled"]) == (4, 3, 4, 0)
    assert told["lastPrinted"].startswith("20")


def test_the_same_order_sent_again_is_one_and_revives_nothing(
    registry: RunningRegistry, studio: Studio, pieces: list[Certificate], http: httpx.Client
) -> None:
    given = give(http, studio, serials(pieces)[0])
    assert http.post(LINKS, content=given.data).status_code == 200
    end = PrintLinkEnd(registry.base_url, given.link.id, now())
    stranger = SignedOrder.sign(end, P256Signer.generate()).to_bytes()
    assert http.post(f"{LINKS}:cancel", content=stranger).json()["code"] == "unknown-print-link"
    assert opened(http, given.code).status_code == 200
    for _ in range(2):
        ended = http.post(f"{LINKS}:cancel", content=SignedOrder.sign(end, studio.signer).to_bytes())
        assert (ended.status_code, ended.json()) == (200, {"link": given.link.id})
    assert http.post(LINKS, content=given.data).status_code == 200
    assert opened(http, given.code).status_code == 404
    assert printed(http, given.code, [0]).status_code == 404


def test_what_is_wrong_withdrawn_or_unknown_is_answered_alike(
    registry: RunningRegistry, studio: Studio, pieces: list[Certificate], http: httpx.Client
) -> None:
    given, gone = (give(http, studio, serials(pieces)[0]) for _ in range(2))
    end = SignedOrder.sign(PrintLinkEnd(registry.base_url, gone.link.id, now()), studio.signer).to_bytes()
    http.post(f"{LINKS}:cancel", content=end)
    codes = [
        code_of(given.link.id, new_secret()), code_of("0" * 16, given.secret), gone.code,
        code_of(gone.link.id, new_secret()), "", "nonsense", given.code[:-1], given.code + "0", "z" * 5_000,
    ]  # fmt: skip
    answers = [opened(http, code) for code in codes]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert said(answers[0].text) == [f"{NOTHING} Open it whole, as it was sent, or ask the studio for another."]
    for path in ("/print/tags", "/print/spoiled"):
        assert {http.post(path, data={"code": code, "tag": "0"}).text for code in codes} == {answers[0].text}
    assert opened(http, f"  {registry.base_url}/print#{given.code.upper()} ").status_code == 200


def test_a_link_that_ran_out_tells_so_to_whoever_has_the_secret(
    studio: Studio, pieces: list[Certificate], http: httpx.Client
) -> None:
    given = give(http, studio, serials(pieces)[0], days=8 / 86_400)
    while now() < given.link.expires:
        opened(http, code_of(given.link.id, new_secret()))
        time.sleep(0.2)
    over = opened(http, given.code)
    assert over.status_code == 410
    assert said(over.text) == [
        f"This link ran out on {day(given.link.expires.date(), 'en')}. Ask the studio for another."
    ]
    assert opened(http, code_of(given.link.id, new_secret())).status_code == 404
    assert printed(http, given.code, [0]).status_code == 410
    again = http.post(LINKS, content=given.data)
    assert (again.status_code, again.json()["code"]) == (422, "print-link-expired")


def test_nobody_else_gives_out_links_and_none_for_others_pieces(
    registry: RunningRegistry, studio: Studio, pieces: list[Certificate], http: httpx.Client
) -> None:
    def code(data: bytes) -> tuple[int, str]:
        answer = http.post(LINKS, content=data)
        return answer.status_code, answer.json().get("code", "")

    other = Studio(registry, "lister", "别家")
    other.accredit()
    theirs = other.sign("别家的杯")
    other.submit(theirs)
    other.wait_anchored(theirs)
    mine, foreign = serials(pieces)[0], theirs.piece.serial
    link, _ = link_of(registry, mine)
    for signer in (P256Signer.generate(), other.signer):
        assert code(SignedOrder.sign(link, signer).to_bytes()) == (422, "not-the-studio")
    for both in (link_of(registry, mine, foreign)[0], link_of(registry, foreign)[0]):
        assert code(SignedOrder.sign(both, studio.signer).to_bytes()) == (422, "not-the-studio")
    unknown, _ = link_of(registry, mine, Serial.random())
    assert code(SignedOrder.sign(unknown, studio.signer).to_bytes()) == (404, "unknown-serial")
    signed = SignedOrder.sign(link, studio.signer)
    longer = replace(signed, order=replace(link, expires=link.expires + timedelta(days=30)))
    assert code(longer.to_bytes()) == (422, "bad-signature")
    more = replace(signed, order=replace(link, tags=((mine, 1), (serials(pieces)[1], 1))))
    assert code(more.to_bytes()) == (422, "bad-signature")
    elsewhere = replace(link, registry="https://other.example")
    assert code(SignedOrder.sign(elsewhere, studio.signer).to_bytes()) == (422, "other-registry")
    ahead = replace(link, time=link.time + timedelta(days=60), expires=link.expires + timedelta(days=100))
    assert code(SignedOrder.sign(ahead, studio.signer).to_bytes()) == (422, "print-link-expired")
    asked = PrintLinksAsked(registry.base_url, now())
    assert http.post(f"{LINKS}:list", content=SignedOrder.sign(asked, other.signer).to_bytes()).json() == {"links": []}
    late = SignedOrder.sign(replace(asked, time=now() - timedelta(hours=1)), studio.signer).to_bytes()
    assert http.post(f"{LINKS}:list", content=late).json()["code"] == "asked-at-another-time"
    foreign_end = SignedOrder.sign(PrintLinkEnd(registry.base_url, "0" * 16, now()), studio.signer).to_bytes()
    assert http.post(f"{LINKS}:cancel", content=foreign_end).status_code == 404


def test_what_is_no_order_is_refused(
    registry: RunningRegistry, studio: Studio, pieces: list[Certificate], http: httpx.Client
) -> None:
    link, _ = link_of(registry, serials(pieces)[0])
    signed = SignedOrder.sign(link, studio.signer)
    members = {**link.to_json(), "publicKey": signed.public_key.multikey, "signature": "AA"}
    serial = serials(pieces)[0].compact
    wrong: list[dict[str, object]] = [
        {"tags": []}, {"tags": serial}, {"tags": [serial, serial]}, {"tags": [serial, f"{serial}/2"]}, {"tags": [7]},
        {"tags": [f"{serial}/100"]}, {"tags": [f"{serial}/0"]}, {"tags": ["0000000000001"]}, {"for": ""},
        {"for": "x" * 81}, {"for": "two\nlines"}, {"for": 7}, {"expires": "tomorrow"}, {"expires": members["time"]},
        {"expires": "2099-01-01T00:00:00Z"}, {"digest": "0x00"}, {"language": "<b>"}, {"version": 2}, {"more": 1},
        {"type": "KilnmarkPrintLinkEnd"}, {"publicKey": "zzz"}, {"signature": 7}, {"registry": "ftp://x"},
    ]  # fmt: skip
    for change in wrong:
        answer = http.post(LINKS, content=canonicalize({**members, **change}))  # type: ignore[dict-item]
        assert answer.status_code == 422, (change, answer.text)
    for data in (b"", b"{}", b"[]", b"\xff", b"[" * 1_000, signed.to_bytes() + b" "):
        for path in (LINKS, f"{LINKS}:cancel", f"{LINKS}:list"):
            assert http.post(path, content=data).status_code == 422
    many = [Serial.random().compact for _ in range(MAX_TAGS + 1)]
    assert http.post(LINKS, content=canonicalize({**members, "tags": [*many]})).status_code == 422
    large = b'{"a":"' + b"x" * 200_000 + b'"}'
    assert httpx.post(f"{registry.base_url}{LINKS}", content=large, timeout=60, trust_env=False).status_code == 413


def test_a_form_may_say_anything(studio: Studio, pieces: list[Certificate], http: httpx.Client) -> None:
    given = give(http, studio, *serials(pieces))
    wrong = [
        ({"start": "22"}, "A page of L7160 has labels 1 to 21."),
        ({"start": "0"}, "A page of L7160 has labels 1 to 21."),
        ({"start": "x"}, "A page of L7160 has labels 1 to 21."),
        ({"layout": "L4731"}, "Choose one of the sheets and rolls."),
        ({"layout": "../x"}, "Choose one of the sheets and rolls."),
        ({"right": "11"}, "Give millimetres of 10 at most, like 0.5 or -1."),
        ({"down": "nan"}, "Give millimetres of 10 at most, like 0.5 or -1."),
        ({"tag": "4"}, "No tag is chosen."),
        ({"tag": "-1"}, "No tag is chosen."),
        ({"tag": "9" * 50}, "No tag is chosen."),
    ]
    for change, words in wrong:
        answer = http.post("/print/tags", data={"code": given.code, "tag": "0", "layout": "L7160", **change})
        assert (answer.status_code, said(answer.text)) == (422, [words]), change
        assert kinds(answer.text)[0][0] == "new"
    code = given.code.encode()
    assert http.post("/print/tags", content=b"code=" + code + b"&tag=0" * 2_000).status_code == 404
    assert http.post("/print", content=b"\xff\x00" * 100).status_code == 404
    assert opened(http, given.code, part="9999", layout="<script>", start="<i>", right='"><b>').status_code == 200
    assert '"><i>x' not in opened(http, given.code, right='"><i>x').text
    assert http.get("/print/tags").status_code == 405
    many = b"code=" + code + b"&tag=0" * 20_000
    assert (
        httpx.post(f"{studio.registry.base_url}/print/tags", content=many, timeout=60, trust_env=False).status_code
        == 413
    )


def test_revoked_and_held_pieces_are_shown_without_a_tag(
    registry: RunningRegistry, studio: Studio, http: httpx.Client
) -> None:
    made = [studio.sign(title) for title in ("好的瓶", "作废的瓶", "暂停的瓶", "未上链")]
    studio.submit(*made)
    studio.wait_anchored(*made)
    given = give(http, studio, *serials(made))
    ledger = registry.ledger()
    for piece, status in ((made[1], Status.REVOKED), (made[2], Status.ON_HOLD)):
        token = int(str(registry.client.verdict(piece.piece.serial)["tokenId"]))
        address = studio.account.address
        order = StatusOrder(token, status, address, ledger.order_nonce(address), 0)
        answer = registry.client.relay(order, studio.account.sign_message(ledger.identity, order))
        while registry.client.order(str(answer["id"]))["state"] != "final":
            pass
    deadline = now() + timedelta(seconds=60)
    while [kind for kind, _ in kinds(opened(http, given.code).text)] != ["new", "not", "not", "new"]:
        assert now() < deadline
    page = opened(http, given.code).text
    assert page.count("Not printed: ") == 2
    assert "作废的瓶" in page
    assert [ticked for _, ticked in kinds(page)] == [True, False, False, True]
    refused = printed(http, given.code, [0, 1])
    assert refused.status_code == 422
    assert said(refused.text) == [
        f"Meanwhile no tag may be printed for {made[1].piece.serial}. Look through the list again."
    ]
    assert [kind for kind, _ in kinds(opened(http, given.code).text)].count("printed") == 0


def test_voided_numbers_give_way_to_the_next_that_counts(
    registry: RunningRegistry, studio: Studio, http: httpx.Client
) -> None:
    made = [studio.sign("杯"), studio.sign("盏")]
    studio.submit(*made)
    studio.wait_anchored(*made)
    first, second = serials(made)
    given = give(http, studio, first, (second, 3))
    voids = [(first, number) for number in (1, 2)] + [(second, number) for number in range(3, 100)]
    for serial, number in voids:
        data = SignedOrder.sign(TagVoid(registry.base_url, serial, number, now()), studio.signer).to_bytes()
        assert http.post("/api/v1/tags:void", content=data).status_code == 201
    page = opened(http, given.code).text
    assert [kind for kind, _ in kinds(page)] == ["new", "not"]
    assert "All its tag numbers are voided." in page
    assert read_sheet(printed(http, given.code, [0]).content) == [tag_url(registry.base_url, first, 3)]


def test_of_many_who_print_at_once_some_are_told_to_come_again(
    studio: Studio, pieces: list[Certificate], http: httpx.Client
) -> None:
    links = [give(http, studio, *serials(pieces)) for _ in range(6)]
    with ThreadPoolExecutor(len(links)) as threads:
        answers = list(threads.map(lambda given: printed(http, given.code, [0, 1, 2, 3]), links))
    done = [given for given, answer in zip(links, answers, strict=True) if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(done) >= 2
    assert {answer.status_code for answer in refused} <= {429}
    assert all(said(answer.text) == ["The registry is busy printing. Try again in 15 seconds."] for answer in refused)
    assert all(answer.headers["retry-after"] == "15" for answer in refused)
    told = [{kind for kind, _ in kinds(opened(http, given.code).text)} for given in links]
    assert told.count({"printed"}) == len(done), "what was refused is not noted as printed"


def test_one_link_prints_so_often_and_a_studio_has_so_many(registry: RunningRegistry, http: httpx.Client) -> None:
    made = Studio(registry, "many-links", "多店窑")
    made.accredit()
    piece = made.sign()
    made.submit(piece)
    made.wait_anchored(piece)
    links = [give(http, made, piece.piece.serial) for _ in range(MAX_OPEN)]
    link, _ = link_of(registry, piece.piece.serial)
    order = SignedOrder.sign(link, made.signer).to_bytes()
    assert http.post(LINKS, content=order).json()["code"] == "too-many-print-links"
    end = SignedOrder.sign(PrintLinkEnd(registry.base_url, links[7].link.id, now()), made.signer).to_bytes()
    assert http.post(f"{LINKS}:cancel", content=end).status_code == 200
    assert http.post(LINKS, content=order).status_code == 201
    asked = SignedOrder.sign(PrintLinksAsked(registry.base_url, now()), made.signer).to_bytes()
    told = http.post(f"{LINKS}:list", content=asked).json()["links"]
    assert len(told) == MAX_OPEN + 1
    assert [item["link"] for item in told if "withdrawn" in item] == [links[7].link.id]
    for number in range(40):  # As many at once, and one more in some seconds: a slow machine gains a few meanwhile.
        answer = printed(http, links[0].code, [0])
        if answer.status_code != 200:
            break
        assert number < 39
    assert number >= PRINT_BURST
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) <= PRINT_SECONDS
    assert printed(http, links[1].code, [0]).status_code == 200


def test_the_secret_stands_in_no_log_and_in_no_database(
    registry: RunningRegistry, studio: Studio, pieces: list[Certificate], http: httpx.Client
) -> None:
    given = give(http, studio, serials(pieces)[0])
    printed(http, given.code, [0])
    opened(http, given.code[:-1])
    known = parse_code(given.code)
    assert known == (given.link.id, given.secret)
    spelled = given.code.partition(".")[2].encode()
    everything = b"".join(registry.written().values())
    assert given.link.id.encode() in everything
    for form in (spelled, spelled.upper(), given.secret, given.secret.hex().encode()):
        assert form not in everything


def test_a_studio_that_is_suspended_or_lost_its_key_has_no_open_links(
    registry: RunningRegistry, http: httpx.Client
) -> None:
    from provenance.ledger import SuspendCall

    made = Studio(registry, "suspended-printer", "停窑")
    made.accredit()
    piece = made.sign()
    made.submit(piece)
    made.wait_anchored(piece)
    given = give(http, made, piece.piece.serial)
    assert opened(http, given.code).status_code == 200
    registry.steward_does(SuspendCall(made.account.address))
    deadline = now() + timedelta(seconds=60)
    while opened(http, given.code).status_code != 404:
        assert now() < deadline
    assert NOTHING in opened(http, given.code).text
