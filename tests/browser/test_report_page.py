"""Reporting a piece in a real browser, as on a phone, with scripts and without."""

from __future__ import annotations

import pytest

from provenance.serial import Serial
from tests.browser.conftest import Open
from tests.browser.test_page import overflow
from tests.support.registries import RunningRegistry, Studio


@pytest.fixture(scope="module")
def serial(studio: Studio) -> Serial:
    piece = studio.sign()
    studio.submit(piece)
    studio.wait_anchored(piece)
    return piece.piece.serial


@pytest.mark.parametrize(
    ("language", "thanks", "other"), [("en-GB", "Thank you", "简体中文"), ("zh-CN", "谢谢您", "English")]
)
@pytest.mark.parametrize("scripts", [True, False])
def test_a_buyer_reports_a_piece(
    registry: RunningRegistry, open_page: Open, serial: Serial, language: str, thanks: str, other: str, scripts: bool
) -> None:
    address = f"{registry.base_url}/P/{serial.compact}"
    page = open_page(address, scripts=scripts, language=language)
    assert not page.is_visible("#report form")
    page.click("#report summary")
    assert page.is_visible("#report form")
    assert overflow(page) <= 0 if scripts else True
    heights = [box["height"] for row in page.locator("#report fieldset label").all() if (box := row.bounding_box())]
    assert len(heights) == 4
    assert min(heights) >= 44
    (trap,) = [box for field in page.locator("#rl").all() if (box := field.bounding_box())]
    assert trap["width"] <= 400  # It is clipped away:
    assert page.locator(".trap").evaluate("one => one.offsetHeight") == 1 if scripts else True

    page.click("#report button")  # Nothing is chosen: the browser says so, and sends nothing.
    assert page.url == address
    page.check("#report input[value=other-piece]")
    page.fill("#rt", f"脚底款识不同\n{language} {scripts}")
    page.fill("#rc", "tea@example.org")
    page.keyboard.press("Tab")  # Past the field that stays empty, which no key leads to.
    assert page.locator("#report button:focus").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url("**/reported?lang=*")
    assert page.inner_text("h1") == thanks
    assert overflow(page) <= 0 if scripts else True
    page.click("nav.lang summary")
    page.click(f"nav.lang a:text-is('{other}')")
    page.wait_for_selector(f"h1:not(:text-is('{thanks}'))")
    assert page.url.startswith(f"{address}/reported?lang=")
    page.click(".links a")
    page.wait_for_selector("#report")
    assert "tea@example.org" not in page.content()


def test_what_was_typed_stays_where_it_cannot_be_taken(
    registry: RunningRegistry, open_page: Open, serial: Serial
) -> None:
    page = open_page(f"{registry.base_url}/P/{serial.compact}/report?lang=en", scripts=False)
    page.check("input[value=copy]")
    page.fill("#rt", "</textarea><b>x</b>")
    page.locator("#rl").fill("filled in by a program")
    page.click("form.report button")
    page.wait_for_selector("[role=alert]")
    assert "must stay empty" in page.inner_text("[role=alert]")
    assert page.input_value("#rt") == "</textarea><b>x</b>"
    assert page.is_checked("input[value=copy]")
    page.locator("#rl").fill("")
    page.click("form.report button")
    page.wait_for_url("**/reported?lang=en")
