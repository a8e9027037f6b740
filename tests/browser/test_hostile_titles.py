"""Titles of any kind on a piece's page: read back from it they are what was signed, and nothing of them runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from provenance.errors import MalformedError
from provenance.piece import Piece
from provenance.serial import Serial
from provenance.tag import tag_url
from tests.browser.test_page import HOSTILE_TITLES, OTHER_SCRIPT, shown
from tests.browser.test_phone_check import settled
from tests.support.registries import RunningRegistry, Studio

READ = """pages => pages.map(text => {
  const page = new DOMParser().parseFromString(text, 'text/html'), all = [...page.querySelectorAll('*')];
  const attributes = all.flatMap(one => [...one.attributes]);
  return {
    title: page.querySelector('h2.piece').textContent,
    scripts: page.querySelectorAll(OTHER).length,
    handlers: attributes.filter(({name}) => /^on/i.test(name)).length,
    links: attributes.filter(({name, value}) => ['href', 'src', 'action'].includes(name)
      && /^\\s*javascript/i.test(value)).length,
    names: [...new Set(all.map(one => one.localName))].sort(),
  };
})""".replace("OTHER", repr(OTHER_SCRIPT))
PIECES = 12


def is_a_title(text: str) -> bool:
    try:
        return Piece(Serial.random(), {"en": text}).title == {"en": text}
    except MalformedError:
        return False


FRAGMENTS = (
    "<", ">", '"', "'", "&", "&lt;", "&#x3c;", "</h2>", "</title>", "<script>", "</script>", "<!--", "-->", "]]>",
    "<svg onload=", "<img src=x onerror=", "javascript:", "{{", "}}", "{%", "\\u003c", "`",
    "${", "data:text/html,", "=", "/",
)  # fmt: skip
TITLES = (
    st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=5), min_size=1, max_size=12).map("".join).filter(is_a_title)
)


@pytest.fixture(scope="module")
def parser(browser: Browser) -> Iterator[Page]:
    """A page that parses others."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


# Each example is a batch on a ledger: what fails is not made smaller.
@settings(max_examples=4, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(titles=st.lists(TITLES, min_size=PIECES, max_size=PIECES))
def test_titles_are_read_back_as_they_were_signed(
    registry: RunningRegistry, studio: Studio, parser: Page, titles: list[str]
) -> None:
    plain = studio.sign("plain")
    certificates = [studio.sign(title) for title in titles]
    studio.submit(plain, *certificates)
    studio.wait_anchored(plain, *certificates)
    with httpx.Client(headers={"accept": "text/html"}, trust_env=False, timeout=60) as http:
        pages = [http.get(tag_url(registry.base_url, one.piece.serial)).text for one in (plain, *certificates)]
    first, *read = list[dict[str, Any]](parser.evaluate(READ, pages))
    assert [page["title"] for page in read] == titles
    for page in read:
        assert (page["scripts"], page["handlers"], page["links"]) == (0, 0, 0)
        assert page["names"] == first["names"]  # No element that other titles do not have.


def test_the_phone_finds_such_titles_as_signed(registry: RunningRegistry, studio: Studio, parser: Page) -> None:
    certificates = [studio.sign(title) for title in HOSTILE_TITLES]
    studio.submit(*certificates)
    studio.wait_anchored(*certificates)
    for certificate in certificates:
        parser.goto(tag_url(registry.base_url, certificate.piece.serial))
        settled(parser)
        assert shown(parser)[1] == parser.get_attribute("#phone", "data-found") == "authentic"
