"""The buyer's page in a real browser, at a phone's size, in Chinese and English, with and without scripts."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page

from provenance.catalogs import LANGUAGES
from provenance.certificate import StatusEntry
from provenance.encoding import Digest
from provenance.issue import issue
from provenance.media import prepare_photo
from provenance.piece import Edition, Firing, Maker, Part, Photo, Whole
from provenance.serial import Serial
from provenance.status import Status, StatusOrder
from provenance.tag import tag_url
from tests.browser.conftest import Open
from tests.support.photos import photo_bytes
from tests.support.pieces import full_piece
from tests.support.registries import RunningRegistry, Studio


def anchored(studio: Studio, title: str = "青花梅瓶", photos: tuple[Photo, ...] = ()) -> Serial:
    certificate = studio.sign(title, photos=photos)
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    return certificate.piece.serial


def revoke(registry: RunningRegistry, studio: Studio, serial: Serial) -> None:
    """Let a studio revoke a piece, and wait until the ledger has it."""
    ledger = registry.ledger()
    token = int(str(registry.client.verdict(serial)["tokenId"]))
    order = StatusOrder(token, Status.REVOKED, studio.account.address, ledger.order_nonce(studio.account.address), 0)
    answer = registry.client.relay(order, studio.account.sign_message(ledger.identity, order))
    deadline = time.monotonic() + 60
    while registry.client.order(str(answer["id"]))["state"] != "final":
        assert time.monotonic() < deadline, registry.log
        time.sleep(0.05)


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the screen."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def shown(page: Page) -> tuple[str, str | None]:
    """Return headline and look of the verdict."""
    return page.inner_text("h1"), page.get_attribute("body", "data-v")


@pytest.mark.parametrize(("language", "headline"), [("zh-CN", "证书属实"), ("en-GB", "Genuine record")])
@pytest.mark.parametrize("phone", [True, False])
@pytest.mark.parametrize("scripts", [True, False])
def test_a_genuine_record(
    registry: RunningRegistry, studio: Studio, open_page: Open, language: str, headline: str, phone: bool, scripts: bool
) -> None:
    serial = anchored(studio)
    page = open_page(tag_url(registry.base_url, serial), phone=phone, scripts=scripts, language=language)
    assert shown(page) == (headline, "authentic")
    assert page.inner_text(".id") == str(serial)
    assert "青花梅瓶" in page.inner_text("main")
    assert page.locator("h1").bounding_box()["y"] < 500  # type: ignore[index]
    assert page.inner_text("footer strong") == registry.base_url.removeprefix("http://")
    if scripts:
        assert overflow(page) <= 0


def test_the_photo_that_was_signed_is_shown(registry: RunningRegistry, studio: Studio, open_page: Open) -> None:
    prepared = prepare_photo(photo_bytes(seed=87))
    certificate = studio.sign("有照片的瓶", photos=(Photo(prepared.digest),))
    studio.submit(certificate)
    registry.client.upload(prepared.digest, prepared.data)
    studio.wait_anchored(certificate)
    page = open_page("about:blank")
    page.add_init_script(METERED)  # Else the whole photo takes the small view's place a moment later.
    page.goto(tag_url(registry.base_url, certificate.piece.serial))
    at, deadline = f"/media/{Digest.of(prepared.data).hex()}", time.monotonic() + 120
    while not page.locator(".pics source").count():  # The photo itself is shown until a smaller one of it is drawn.
        assert time.monotonic() < deadline, registry.log
        assert page.evaluate("document.querySelector('.pics img').naturalWidth") == prepared.width
        page.wait_for_timeout(100)
        page.reload()
    page.wait_for_function("document.querySelector('.pics img').naturalWidth > 0")
    assert page.evaluate("document.querySelector('.pics img').currentSrc").endswith(".avif")
    assert page.get_attribute(".pics img", "src") == page.get_attribute(".pics a", "href") == at


METERED = "Object.defineProperty(navigator, 'connection', {value: {effectiveType: '4g', saveData: true}});"
"""What tells a page that data costs its reader something."""

OTHER_SCRIPT = "script:not([type=module][src^='/static/'])"
"""What selects scripts that are not the page's own."""

HOSTILE_TITLES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)//",
    "</title><svg onload=alert(1)>",
    "𠮷野家の茶碗 👨‍👩‍👧‍👦 " + "長" * 250,
    "W" * 300,
)


@pytest.mark.parametrize("title", HOSTILE_TITLES)
def test_a_title_can_hold_anything(registry: RunningRegistry, studio: Studio, open_page: Open, title: str) -> None:
    page = open_page(tag_url(registry.base_url, anchored(studio, title)))
    assert page.inner_text("h2.piece") == title
    assert page.locator(f"{OTHER_SCRIPT}, svg[onload], img[onerror]").count() == 0
    assert overflow(page) <= 0


def test_a_revoked_record(registry: RunningRegistry, studio: Studio, open_page: Open) -> None:
    serial = anchored(studio)
    page = open_page(tag_url(registry.base_url, serial))
    revoke(registry, studio, serial)
    page.reload()
    page.wait_for_selector("body[data-v=revoked]")
    assert shown(page)[0] == "已作废"


def test_a_record_that_waits_for_the_ledger(registry: RunningRegistry, open_page: Open) -> None:
    unknown_studio = Studio(registry, "nobody", "无名窑")
    certificate = unknown_studio.sign()
    unknown_studio.submit(certificate)
    page = open_page(tag_url(registry.base_url, certificate.piece.serial))
    assert shown(page) == ("尚未上链", "pending")


def test_an_unknown_number_and_the_form(registry: RunningRegistry, studio: Studio, open_page: Open) -> None:
    page = open_page(tag_url(registry.base_url, Serial.random()))
    assert shown(page) == ("查无此证", "unknown")
    serial = anchored(studio)
    page.fill("input[name=serial]", str(serial).lower().replace("0", "o").replace("1", "l"))
    page.click("button")
    page.wait_for_selector("body[data-v=authentic]")
    page.goto(registry.base_url)
    page.fill("input[name=serial]", "7K3M-9QX2")
    page.click("button")
    page.wait_for_selector("[role=alert]")
    assert page.input_value("input[name=serial]") == "7K3M-9QX2"


def test_the_language_can_be_switched(registry: RunningRegistry, studio: Studio, open_page: Open) -> None:
    page = open_page(tag_url(registry.base_url, anchored(studio)))
    page.click("nav.lang summary")
    page.click("nav.lang a[hreflang=en]")
    page.wait_for_selector("html[lang=en]")
    assert shown(page) == ("Genuine record", "authentic")
    page.click("main summary")
    assert page.locator("ol.checks li").count() == 9
    assert page.locator("ol.checks li[data-r=passed]").count() >= 7


@pytest.mark.parametrize(("phone", "scripts"), [(True, False), (False, True)])
def test_the_menu_of_languages_needs_no_script_and_moves_nothing(
    registry: RunningRegistry, open_page: Open, phone: bool, scripts: bool
) -> None:
    page = open_page(registry.base_url, phone=phone, scripts=scripts)
    names, heading = page.locator("nav.lang a"), page.locator("h1")
    before = heading.bounding_box()
    assert not names.first.is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert names.first.is_visible()
    assert heading.bounding_box() == before
    assert [name.inner_text() for name in names.all()] == [LANGUAGES[code] for code in LANGUAGES if code != "zh-Hans"]
    for name in names.all():
        place = name.bounding_box()
        assert place is not None
        assert place["height"] >= 44
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= page.viewport_size["width"]  # type: ignore[index]
        assert name.get_attribute("lang") == name.get_attribute("hreflang")
    page.mouse.click(30, 600)  # Anywhere else closes it.
    assert not names.first.is_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("html[lang=en]")


def test_the_menu_of_languages_looks_alike_on_pages_with_sheets_of_their_own(
    registry: RunningRegistry, open_page: Open
) -> None:
    page = open_page(registry.base_url)
    looks = set()
    for path in ("", "meaning", "studios", "print"):
        page.goto(f"{registry.base_url}/{path}")
        looks.add(
            page.evaluate("""() => {
            const button = document.querySelector('nav.lang summary');
            const {color, padding, fontWeight} = getComputedStyle(button);
            return [color, padding, fontWeight, getComputedStyle(button, '::before').content].join();
        }""")
        )
    assert len(looks) == 1, looks


def test_words_in_another_language_than_the_page_say_so(
    registry: RunningRegistry, studio: Studio, open_page: Open
) -> None:
    address = tag_url(registry.base_url, anchored(studio))
    assert open_page(address, language="en").get_attribute("h2.piece span", "lang") == "zh-Hans"
    assert open_page(address, language="zh-CN").locator("h2.piece span").count() == 0


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_fact_of_a_hostile_piece_is_escaped(
    registry: RunningRegistry, studio: Studio, open_page: Open, language: str
) -> None:
    hostile = {"en": "<script>alert(1)</script>"}
    piece = full_piece()
    assert piece.set is not None
    assert piece.part_of is not None
    piece = replace(
        piece,
        studio=hostile,
        makers=(Maker(hostile, "master", hostile, hostile), Maker(role="visitor")),
        firing=Firing(hostile, hostile, hostile),
        edition=Edition(1, 2, hostile, artist_proof=True),
        set=replace(piece.set, name=hostile),
        part_of=Whole(piece.part_of.serial, hostile),
        parts=(Part(hostile, Serial.random()),),
    )
    studio.index += 1
    entry = StatusEntry(studio.list_id, studio.index)
    certificate = issue(piece, studio.issuer, studio.signer, status_entry=entry, now=datetime.now(UTC))
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    page = open_page(tag_url(registry.base_url, piece.serial), language=language)
    assert shown(page)[1] == "authentic"
    assert page.inner_text("main").count("<script>alert(1)</script>") == 13
    assert page.locator(OTHER_SCRIPT).count() == 0
    assert overflow(page) <= 0
    assert page.locator(f'dl a[href^="/P/{piece.part_of.serial.compact}"]').count() == 1  # type: ignore[union-attr]
