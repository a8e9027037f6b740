"""The pages beside the pieces' in a real browser: they fit every screen, load nothing from elsewhere, and lead on."""

from __future__ import annotations

import pytest

from provenance.media import prepare_photo
from provenance.piece import Photo
from tests.browser.conftest import Open
from tests.browser.test_page import HOSTILE_TITLES, OTHER_SCRIPT, overflow
from tests.support.photos import photo_bytes
from tests.support.registries import RunningRegistry, Studio

SLUG = "hung"
NAME = "<img src=x onerror=alert(1)> Kiln " + "W" * 60


@pytest.fixture(scope="module")
def maker(registry: RunningRegistry) -> Studio:
    """A studio with a hostile name, whose pieces have hostile titles, one of them a photo."""
    made = Studio(registry, SLUG, NAME)
    made.accredit()
    photo = prepare_photo(photo_bytes(seed=901))
    pieces = [made.sign(title) for title in HOSTILE_TITLES]
    pieces.append(made.sign("有照片的碗", photos=(Photo(photo.digest),)))
    made.submit(*pieces)
    registry.client.upload(photo.digest, photo.data)
    made.wait_anchored(*pieces)
    return made


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("phone", [True, False])
def test_pages_fit_and_load_nothing_from_elsewhere(
    registry: RunningRegistry, maker: Studio, open_page: Open, language: str, phone: bool
) -> None:
    page = open_page("about:blank", phone=phone, language=language)
    asked = list[str]()
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/studios", f"/studios/{SLUG}", "/studios/nobody", "/meaning"):
        page.goto(registry.base_url + path)
        assert page.get_attribute("html", "lang") == ("en" if language == "en-GB" else "zh-Hans")
        assert page.locator("h1").count() == 1
        assert overflow(page) <= 0, path
        assert page.locator(f"{OTHER_SCRIPT}, img[onerror], [style]").count() == 0
    assert asked
    assert [url for url in asked if not url.startswith((registry.base_url, "data:"))] == []


def test_a_gallery_shows_every_title_as_it_is_and_leads_to_the_piece(
    registry: RunningRegistry, maker: Studio, open_page: Open
) -> None:
    page = open_page(f"{registry.base_url}/studios", language="en")
    page.click(f"a[href^='/studios/{SLUG}']")
    page.wait_for_selector(".gallery")
    assert page.inner_text("h1") == NAME
    told = page.locator(".gallery b").evaluate_all("found => found.map(element => element.textContent)")
    assert sorted(told) == sorted([*HOSTILE_TITLES, "有照片的碗"])
    picture = page.locator(".gallery img")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    page.locator(".gallery a:has(img)").click()
    page.wait_for_selector("body[data-v=authentic]")
    assert page.inner_text("h2.piece") == "有照片的碗"
    page.click("dl a[href^='/studios/']")
    page.wait_for_selector(".gallery")


def test_a_shared_link_says_nothing_that_the_page_does_not(
    registry: RunningRegistry, maker: Studio, open_page: Open
) -> None:
    page = open_page(f"{registry.base_url}/studios/{SLUG}", language="en")
    for place in range(3):
        page.goto(f"{registry.base_url}/studios/{SLUG}?lang=en")
        title = page.locator(".gallery b").nth(place).text_content()
        page.locator(".gallery a").nth(place).click()
        page.wait_for_selector("h2.piece")
        assert page.get_attribute("meta[property='og:title']", "content") == title == page.inner_text("h2.piece")
        assert NAME in str(page.get_attribute("meta[property='og:description']", "content"))
