"""Inside WeChat and other apps: nothing that cannot be done there is offered, and the way out is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from provenance.media import prepare_photo
from provenance.piece import Photo
from provenance.serial import Serial
from provenance.tag import tag_url
from tests.browser.conftest import PHONE, Open
from tests.support.photos import photo_bytes
from tests.support.registries import RunningRegistry, Studio

WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "MicroMessenger/8.0.49(0x18003130) NetType/4G Language/zh_CN"
)
OTHERS = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/122.0 Mobile Safari/537.36 Instagram 320.0.0.34.109",
    "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Chrome/122.0 Mobile AlipayClient/10.5.80",
)
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile Safari/604.1"


class Shown(NamedTuple):
    url: str
    photo: str


@pytest.fixture(scope="module")
def piece(registry: RunningRegistry, studio: Studio) -> Shown:
    prepared = prepare_photo(photo_bytes(seed=821))
    certificate = studio.sign("青花碗", photos=(Photo(prepared.digest),))
    studio.submit(certificate)
    registry.client.upload(prepared.digest, prepared.data)
    studio.wait_anchored(certificate)
    return Shown(tag_url(registry.base_url, certificate.piece.serial), prepared.digest.hex())


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    contexts = []

    def go(url: str, agent: str) -> Page:
        context = browser.new_context(viewport=PHONE, locale="zh-CN", user_agent=agent)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.goto(url)
        return page

    yield go
    for context in contexts:
        context.close()


@pytest.mark.parametrize("agent", [WECHAT, *OTHERS])
def test_a_piece_offers_no_download_and_tells_the_way_out(visit: Open, piece: Shown, agent: str) -> None:
    page = visit(piece.url, agent)
    assert page.inner_text("h1") == "证书属实"
    page.wait_for_selector("#phone:has-text('您的手机也已核实')")
    assert page.locator("a[download], a[href*='/bundle'], a[href*='.pdf'], a[href*='/certificate']").count() == 0
    assert "在浏览器打开" in page.inner_text("main")
    assert "长按照片" in page.inner_text("main")
    assert page.inner_text("footer strong") == piece.url.split("/")[2]
    picture = page.locator(".pics img")
    assert picture.evaluate("image => getComputedStyle(image).pointerEvents") == "auto"
    assert picture.evaluate("image => getComputedStyle(image).userSelect") != "none"


def test_a_browser_of_its_own_is_offered_what_it_can_do(visit: Open, piece: Shown) -> None:
    page = visit(piece.url, SAFARI)
    assert page.locator("a[href*='/bundle']").count() == 1
    assert "在浏览器打开" not in page.inner_text("main")


def test_nobody_is_sent_to_an_address_bar_that_is_not_there(visit: Open, registry: RunningRegistry) -> None:
    unknown = visit(tag_url(registry.base_url, Serial.random()), WECHAT)
    assert "屏幕顶部的网址" not in unknown.inner_text("main")
    assert "在浏览器打开" in unknown.inner_text("main")
    meaning = visit(f"{registry.base_url}/meaning", WECHAT)
    assert "在浏览器打开" in meaning.inner_text("main")
    assert meaning.locator("a[href*='verify.html']").count() == 0


def test_a_damaged_number_is_worked_out_or_its_lack_told(visit: Open, piece: Shown, registry: RunningRegistry) -> None:
    serial = Serial(piece.url.rpartition("/")[2])
    page = visit(registry.base_url, WECHAT)
    page.fill("input[name=serial]", f"?{serial.compact[1:].lower()}")
    page.click("button")
    page.wait_for_selector("body[data-v=authentic]")
    assert page.inner_text(".id") == str(serial)
    page.goto(registry.base_url)
    page.fill("input[name=serial]", f"??{serial.compact[2:]}")
    page.click("button")
    page.wait_for_selector("[role=alert]")
    assert page.locator(".pics, h2.piece").count() == 0
    page.click("main summary")
    assert "不按残缺的编号查找" in page.inner_text("main")
