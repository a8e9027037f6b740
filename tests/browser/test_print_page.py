"""The page by which shops print tags, in a real browser: at a phone's size and on a desk, with and without scripts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request

from provenance.encoding import Digest
from provenance.print_links import PrintLink, PrintLinkEnd, address_of, code_of, new_secret
from provenance.printing.readback import read_sheet
from provenance.serial import Serial
from provenance.signed_orders import SignedOrder
from provenance.tag import tag_url
from tests.browser.conftest import PHONE, Open, leave
from tests.browser.test_page import HOSTILE_TITLES, overflow
from tests.support.registries import RunningRegistry, Studio

TITLES = ("青花梅瓶", "Celadon bowl with a carved lotus", *HOSTILE_TITLES)


@dataclass
class Given:
    """A link that a shop has."""

    address: str
    code: str
    id: str
    serials: list[Serial]

    @property
    def secret(self) -> str:
        return self.code.partition(".")[2]


@pytest.fixture(scope="module")
def serials(studio: Studio) -> list[Serial]:
    made = [studio.sign(title) for title in TITLES]
    studio.submit(*made)
    studio.wait_anchored(*made)
    return [piece.piece.serial for piece in made]


@pytest.fixture
def given(registry: RunningRegistry, studio: Studio, serials: list[Serial]) -> Given:
    secret, now = new_secret(), datetime.now(UTC).replace(microsecond=0)
    tags = tuple((serial, 1) for serial in serials)
    link = PrintLink(
        registry.base_url, tags, '<b>"Tea shop"</b>', now, now + timedelta(days=9), Digest.of(secret), "en"
    )
    registry.client.hand_in("/api/v1/print-links", SignedOrder.sign(link, studio.signer).to_bytes())
    code = code_of(link.id, secret)
    return Given(address_of(registry.base_url, link.id, secret), code, link.id, serials)


def saved(page: Page, tmp_path: Path) -> list[str]:
    """Print what is chosen; return what the codes of the PDF say."""
    with page.expect_download() as download:
        page.click("#print")
    path = tmp_path / "saved.pdf"
    download.value.save_as(path)
    return read_sheet(path.read_bytes())


def kinds(page: Page) -> list[str | None]:
    return [row.get_attribute("data-k") for row in page.locator(".tags li").all()]


@pytest.mark.parametrize(
    ("language", "named", "chosen", "done"),
    [
        ("en-GB", 'For <b>"Tea shop"</b>, until', "9 chosen", "The PDF is saved."),
        ("zh-CN", '供 <b>"Tea shop"</b> 使用', "已选 9 张", "PDF 已保存"),
    ],
)
@pytest.mark.parametrize("phone", [True, False])
def test_a_shop_prints_and_prints_what_was_spoiled(
    registry: RunningRegistry,
    open_page: Open,
    given: Given,
    tmp_path: Path,
    language: str,
    named: str,
    chosen: str,
    done: str,
    phone: bool,
) -> None:
    page = open_page("about:blank", phone=phone, language=language)
    asked = list[Request]()
    page.on("request", lambda request: asked.append(request))
    page.goto(given.address)
    page.wait_for_selector("#tags")
    assert page.inner_text("h1") == "林家窑"
    assert named in page.inner_text(".say")
    assert page.inner_text("#chosen") == chosen
    assert [row.inner_text() for row in page.locator(".tags b").all()][2:4] == list(HOSTILE_TITLES[:2])
    assert page.locator("main script, main img, main svg").count() == 0
    assert overflow(page) <= 0

    page.click("button[value=none]")
    assert page.is_disabled("#print")
    for place in (0, 1, 2):
        page.check(f"#t{place}")
    page.fill("#start", "20")
    wanted = [tag_url(registry.base_url, serial) for serial in given.serials]
    assert sorted(saved(page, tmp_path)) == sorted(wanted[:3])
    page.locator("[data-k=printed]").nth(2).wait_for()
    assert done in page.inner_text("#status")
    assert page.input_value("#start") == "2"
    page.click("#s1")
    page.wait_for_selector("[data-k=spoiled]")
    assert page.is_checked("#t1")
    assert page.evaluate("document.activeElement.id") == "s1"
    page.click("button[value=spoiled]")
    page.select_option("#layout", "roll-50x30")
    page.fill("#start", "1")
    assert saved(page, tmp_path) == [wanted[1]]
    page.wait_for_selector("[data-k=spoiled]", state="detached")

    page.reload()
    page.wait_for_selector("#tags")
    assert kinds(page)[:4] == ["printed"] * 3 + ["new"]
    page.click("nav.lang summary")
    page.click("nav.lang a")
    page.wait_for_selector(f"html:not([lang={'en' if 'en' in language else 'zh-Hans'}]) #tags")
    # The secret is in bodies alone; the fragment that Playwright shows of a page's own address goes to no server.
    sent = [request for request in asked if not request.is_navigation_request()]
    assert not [request.url for request in sent if given.secret in request.url]
    assert not [request.url for request in asked if given.secret in request.url.partition("#")[0]]
    assert not [request for request in asked if given.secret in str(request.all_headers())]
    assert [request for request in sent if given.secret in (request.post_data or "")]
    assert {request.url.partition("/print")[0].partition("/static")[0] for request in asked} <= {
        registry.base_url, "data:,",
    }  # fmt: skip


def test_it_works_without_scripts(registry: RunningRegistry, open_page: Open, given: Given, tmp_path: Path) -> None:
    page = open_page(given.address, scripts=False, language="en")
    assert page.locator("#tags").count() == 0
    page.fill("#code", given.address)
    page.click("#open button")
    page.click("button[value=none]")
    page.wait_for_selector("#chosen:text-is('0 chosen')")
    page.check("#t4")
    assert saved(page, tmp_path) == [tag_url(registry.base_url, given.serials[4])]
    page.click("button[value=new]")
    page.wait_for_selector("[data-k=printed]")
    assert kinds(page)[4] == "printed"
    page.click("#s4")
    page.wait_for_selector("[data-k=spoiled]")
    assert kinds(page)[4] == "spoiled"
    assert page.inner_text("#chosen") == "9 chosen"
    assert given.secret not in page.url


def test_a_link_that_opens_nothing_says_so(
    registry: RunningRegistry, studio: Studio, open_page: Open, given: Given
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    end = SignedOrder.sign(PrintLinkEnd(registry.base_url, given.id, now), studio.signer)
    page = open_page(given.address, language="en")
    page.wait_for_selector("#tags")
    registry.client.hand_in("/api/v1/print-links:cancel", end.to_bytes())
    page.click("#print")
    page.wait_for_selector("[role=alert]")
    assert "This link opens nothing." in page.inner_text("[role=alert]")
    page.goto("about:blank")
    page.goto(f"{registry.base_url}/print#nonsense")
    assert page.locator("[role=alert]").count() == 0
    page.fill("#code", "nonsense")
    page.click("#open button")
    page.wait_for_selector("[role=alert]")


def test_what_is_lost_on_the_way_is_said(browser: Browser, given: Given, tmp_path: Path) -> None:
    context = browser.new_context(viewport=PHONE, locale="en")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(given.address)
    page.wait_for_selector("#tags")
    page.route("**/print/tags*", lambda route: route.fulfill(status=302, headers={"location": "/print"}))
    page.click("#print")
    page.wait_for_selector("[role=alert]")
    assert "does not answer" in page.inner_text("[role=alert]")
    page.unroute("**/print/tags*")
    page.click("button[value=none]")
    page.check("#t0")
    assert len(saved(page, tmp_path)) == 1
    leave(context)


def test_inside_wechat_a_file_is_sent_and_the_way_out_is_told(
    browser: Browser, registry: RunningRegistry, given: Given, tmp_path: Path
) -> None:
    context = browser.new_context(viewport=PHONE, locale="zh-CN", user_agent="x MicroMessenger/8.0")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(given.address)
    page.wait_for_selector("#tags")
    assert "在浏览器打开" in page.inner_text("#in-app")
    page.click("button[value=none]")
    page.check("#t0")
    assert saved(page, tmp_path) == [tag_url(registry.base_url, given.serials[0])]
    assert given.secret not in page.url.partition("#")[0]
    context.close()
