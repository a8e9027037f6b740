"""Photos on a piece's page: the phone finds those of no certificate, and shows whole ones only where they are right."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import pytest
from playwright.sync_api import Page

from provenance.media import prepare_photo
from provenance.piece import Photo
from provenance.tag import tag_url
from tests.browser.conftest import Open
from tests.browser.test_page import METERED, shown
from tests.browser.test_phone_check import lying, settled
from tests.support.photos import photo_bytes
from tests.support.registries import RunningRegistry, Studio


class Shown(NamedTuple):
    """A piece with a photo: its page's address, and the photo's digest in hex."""

    url: str
    photo: str


@pytest.fixture(scope="module")
def pieces(registry: RunningRegistry, studio: Studio) -> tuple[Shown, Shown]:
    """Two pieces, each with a photo of its own."""

    def one(seed: int) -> Shown:
        prepared = prepare_photo(photo_bytes(seed=seed))
        certificate = studio.sign(f"瓶{seed}", photos=(Photo(prepared.digest),))
        studio.submit(certificate)
        registry.client.upload(prepared.digest, prepared.data)
        studio.wait_anchored(certificate)
        return Shown(tag_url(registry.base_url, certificate.piece.serial), prepared.digest.hex())

    return one(311), one(312)


@pytest.fixture
def phone(open_page: Open) -> Page:
    return open_page("about:blank", language="en")


def other_bytes(phone: Page, piece: Shown) -> None:
    phone.route(
        f"**/media/{piece.photo}", lambda route: route.fulfill(content_type="image/jpeg", body=photo_bytes(seed=5))
    )


def test_the_whole_photo_is_fetched_and_found_right(phone: Page, pieces: tuple[Shown, Shown]) -> None:
    phone.goto(pieces[0].url)
    assert "has checked this too" in settled(phone)
    phone.wait_for_selector(".pics .compared")
    assert phone.inner_text(".pics .compared") == "Compared: this is the photo that was signed"
    assert phone.evaluate("document.querySelector('.pics img').currentSrc").startswith("blob:")
    assert phone.evaluate("document.querySelector('.pics img').naturalWidth") > 0
    assert shown(phone)[1] == "authentic"


def test_other_bytes_than_the_signed_ones_contradict_the_page(phone: Page, pieces: tuple[Shown, Shown]) -> None:
    other_bytes(phone, pieces[0])
    phone.goto(pieces[0].url)
    phone.wait_for_selector("body[data-v=altered]")
    assert "The registry says: Genuine record" in phone.inner_text("#phone")
    assert "photo" in phone.inner_text(".say")
    assert phone.locator("img").count() == 0


def test_where_data_costs_the_whole_photo_is_fetched_when_it_is_tapped(
    phone: Page, pieces: tuple[Shown, Shown]
) -> None:
    phone.add_init_script(METERED)
    asked = list[str]()
    phone.on("request", lambda request: asked.append(request.url) if request.resource_type == "fetch" else None)
    phone.goto(pieces[0].url)
    assert "has checked this too" in settled(phone)
    assert "Small views" in phone.inner_text(".pics + .lead")
    assert phone.locator(".compared").count() == 0
    assert not any(url.endswith(pieces[0].photo) for url in asked)
    phone.click(".pics a")
    phone.wait_for_selector("dialog.large img")
    assert asked[-1].endswith(pieces[0].photo)
    assert phone.evaluate("document.querySelector('dialog img').currentSrc").startswith("blob:")
    phone.keyboard.press("Escape")
    phone.wait_for_selector("dialog", state="detached")


def test_a_tapped_photo_that_is_another_contradicts_the_page(phone: Page, pieces: tuple[Shown, Shown]) -> None:
    phone.add_init_script(METERED)
    other_bytes(phone, pieces[0])
    phone.goto(pieces[0].url)
    assert "has checked this too" in settled(phone)
    phone.click(".pics a")
    phone.wait_for_selector("body[data-v=altered]")
    assert phone.locator("img, dialog").count() == 0


def test_a_whole_photo_that_does_not_come_accuses_nobody(phone: Page, pieces: tuple[Shown, Shown]) -> None:
    phone.add_init_script(METERED)
    phone.goto(pieces[0].url)
    assert "has checked this too" in settled(phone)
    phone.route(f"**/media/{pieces[0].photo}", lambda route: route.fulfill(status=206, body=b"x"))
    phone.click(".pics a")
    phone.wait_for_selector(".pics .compared")
    assert "did not come" in phone.inner_text(".pics .compared")
    assert shown(phone)[1] == "authentic"


LIES: dict[str, Callable[[str, Shown, Shown], str]] = {
    "another piece's photo": lambda page, mine, other: page.replace(mine.photo, other.photo),
    "another piece's photo behind the small view": lambda page, mine, other: page.replace(
        f'href="/media/{mine.photo}"', f'href="/media/{other.photo}"'
    ),
    "a picture within the page": lambda page, mine, other: page.replace(
        f'src="/media/{mine.photo}"', 'src="data:image/gif;base64,R0lGODlhAQABAAAAACw="'
    ),
    "one more picture": lambda page, mine, other: page.replace("<dl>", f'<img alt="" src="/media/{other.photo}"><dl>'),
    "an address that is none": lambda page, mine, other: page.replace("<dl>", '<img alt="" src="http://[/"><dl>'),
    "a long way round": lambda page, mine, other: page.replace(
        f'src="/media/{mine.photo}"', f'src="/media/{mine.photo}/../{other.photo}"'
    ),
    "another title": lambda page, mine, other: re.sub('(<h2 class="piece">(<[^>]*>)?)瓶', r"\1官窑瓶", page),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_pictures_and_titles_that_are_not_the_certificates_contradict_the_page(
    phone: Page, pieces: tuple[Shown, Shown], lie: str
) -> None:
    mine, other = pieces
    lying(phone, mine.url, {"/P/": lambda page: _changed(page, LIES[lie](page, mine, other))})
    assert "The registry says: Genuine record" in settled(phone)
    assert shown(phone)[1] == "altered"
    assert phone.inner_text(".say") == "This page shows a title or photos that are not those of the certificate."


def _changed(page: str, lie: str) -> str:
    assert lie != page
    return lie
