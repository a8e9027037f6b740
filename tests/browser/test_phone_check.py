"""The phone's own check on the buyer's page: it agrees, contradicts a lying registry, and says when it cannot tell."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route

from provenance.canonical import canonicalize
from provenance.tag import tag_url
from tests.browser.conftest import Open, leave
from tests.browser.test_page import anchored, revoke, shown
from tests.support.registries import RunningRegistry, Studio


def settled(page: Page) -> str:
    """Wait until the phone has an answer, and return it."""
    page.wait_for_function(
        "() => { const line = document.getElementById('phone'); return line.textContent !== line.dataset.checking; }"
    )
    return page.inner_text("#phone")


def lying(page: Page, url: str, lies: dict[str, Callable[[Any], Any]]) -> None:
    """Open `url` with answers of the registry changed, by a part of their addresses: JSON, or a page's text."""

    def change(route: Route) -> None:
        for end, lie in lies.items():
            if end in route.request.url and not route.request.url.endswith(".js"):
                answer = httpx.get(route.request.url, headers={"accept": route.request.headers["accept"]}, timeout=60)
                is_page = answer.headers["content-type"].startswith("text/html")
                body = lie(answer.text) if is_page else canonicalize(lie(answer.json()))
                return route.fulfill(status=200, headers=dict(answer.headers), body=body)
        return route.continue_()

    page.route("**/*", change)
    page.goto(url)


@pytest.mark.parametrize(
    ("language", "words"), [("en", "on this registry’s own ledger"), ("zh-CN", "依据本登记处自有账本")]
)
def test_a_genuine_record_is_found_so(
    registry: RunningRegistry, studio: Studio, open_page: Open, language: str, words: str
) -> None:
    page = open_page(tag_url(registry.base_url, anchored(studio)), language=language)
    assert words in settled(page)
    assert shown(page)[1] == page.get_attribute("#phone", "data-found") == "authentic"


def test_without_scripts_only_the_registry_has_answered(
    registry: RunningRegistry, studio: Studio, open_page: Open
) -> None:
    page = open_page(tag_url(registry.base_url, anchored(studio)), language="en", scripts=False)
    assert page.inner_text("#phone") == "Only the registry has answered"


def test_a_registry_that_omits_the_revocation_is_contradicted(
    registry: RunningRegistry, studio: Studio, open_page: Open
) -> None:
    serial = anchored(studio)
    page = open_page("about:blank", language="en")
    page.goto(tag_url(registry.base_url, serial))
    genuine = page.content()
    revoke(registry, studio, serial)
    lying(page, tag_url(registry.base_url, serial), {"/P/": lambda _page: genuine_again(genuine)})
    assert "The registry says: Genuine record" in settled(page)
    assert shown(page) == ("Revoked", "revoked")
    assert page.locator("[role=alert]").is_visible()
    assert page.locator(".seal path.mark").get_attribute("d") == "M42 42l36 36M78 42L42 78"


def genuine_again(page: str) -> str:
    """Return a page as the server sent it, before its script changed anything."""
    return re.sub(r'(<p class="own"[^>]*)data-found="[a-z]+"', r"\1", page)


WITHOUT_ANCHOR = "type", "version", "certificate", "amendments"
LIES: dict[str, tuple[Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]], str]] = {
    "another piece's certificate": (lambda mine, other: other, "altered"),
    "an altered certificate": (
        lambda mine, other: {
            **mine,
            "certificate": _with(mine["certificate"], ["credentialSubject", "title", "en"], "x"),
        },
        "altered",
    ),
    "no certificate": (lambda mine, other: {"type": "nothing"}, "unsure"),
    "no anchor at all": (
        lambda mine, other: {**{name: mine[name] for name in WITHOUT_ANCHOR}, "receipts": []},
        "pending",
    ),
    "a receipt of a foreign ledger": (
        lambda mine, other: {**mine, "receipts": [_with(mine["receipts"][0], ["genesis"], "0x" + "22" * 32)]},
        "unsure",
    ),
    "another's receipt": (lambda mine, other: {**mine, "receipts": other["receipts"]}, "altered"),
    "a receipt of a block that is not": (
        lambda mine, other: {**mine, "receipts": [_with(mine["receipts"][0], ["block", "hash"], "0x" + "11" * 32)]},
        "unsure",
    ),
}


def _with(value: dict[str, Any], path: list[str], to: object) -> dict[str, Any]:
    first, *rest = path
    return {**value, first: _with(value[first], rest, to) if rest else to}


@pytest.mark.parametrize("lie", LIES)
def test_a_registry_that_vouches_for_something_else_is_contradicted(
    registry: RunningRegistry, studio: Studio, open_page: Open, lie: str
) -> None:
    mine, other = anchored(studio), anchored(studio)
    another = json.loads(registry.client.bundle(other))
    change, look = LIES[lie]
    page = open_page("about:blank", language="en")
    lying(page, tag_url(registry.base_url, mine), {"/bundle": lambda bundle: change(bundle, another)})
    assert "The registry says: Genuine record" in settled(page)
    assert shown(page)[1] == look
    assert ("青花梅瓶" in page.inner_text("main")) == (look != "altered")


def test_a_ledger_that_is_not_reached_accuses_nobody(
    registry: RunningRegistry, studio: Studio, browser: Browser
) -> None:
    context = browser.new_context(locale="en")
    page = context.new_page()
    page.route("**/rpc", lambda route: route.fulfill(status=503, body=""))
    page.goto(tag_url(registry.base_url, anchored(studio)))
    assert "could not reach the ledger" in settled(page)
    assert shown(page) == ("Genuine record", "authentic")
    page.route("**/bundle", lambda route: route.abort())
    page.reload()
    assert "could not check" in settled(page)
    assert shown(page) == ("Genuine record", "authentic")
    leave(context)
