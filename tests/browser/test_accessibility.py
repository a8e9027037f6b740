"""Every state of a piece's page, and every other page, in every language by axe-core's rules, and all words fit."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from provenance.catalogs import LANGUAGES
from tests.browser.conftest import DESKTOP, PHONE, leave
from tests.browser.test_page import overflow
from tests.support.page_states import OTHERS, STATES, PageStates
from tests.support.registries import RunningRegistry, Studio

AXE = Path(__file__).resolve().parents[1] / "interop/node_modules/axe-core/axe.min.js"

LOOKS = {
    "pending": "pending", "altered": "altered", "revoked": "revoked", "on-hold": "unsure", "unknown": "unknown",
    "lost": "lost", "voided-tag": "suspicious", "copied": "suspicious",
    "not-checked": "unsure", **dict.fromkeys((*OTHERS, "report"), "entry"),
    **dict.fromkeys(("reported", "missing", "no-studio", "busy"), "unsure"),
}  # fmt: skip
NARROWEST: Any = {"width": 320, "height": 640}

RUN = """async () => {
  for(const one of document.querySelectorAll('main details')) one.open = true;
  scrollTo(0, document.body.scrollHeight);  // Then a bar that sticks to the screen's edge lies on nothing.
  const decided = node => !document.querySelector(node.target[0]).closest('header.v, .compared, select');
  const found = await axe.run({resultTypes: ['violations', 'incomplete'], preload: false});
  const open = found.incomplete.map(one => ({...one, nodes: one.nodes.filter(decided)}));
  return [...found.violations, ...open.filter(one => one.nodes.length)]
    .map(one => [one.id, one.nodes.map(node => node.html)]);
}"""
"""Returns the rules that a page breaks, or may break, and where, with all that opens on it open.

What axe cannot decide is the contrast of words on patterns and pictures: of those in the head, pixels tell; a select
has its arrow as a picture, beside its words.
"""

WORDS_ON_THE_HEAD = """() => {
  const words = [...document.querySelectorAll('header.v :is(h1, p, code, a, summary)')];
  const told = words.filter(one => !one.closest('ul')).map(one => {
    const {x, y, width, height} = one.getBoundingClientRect();
    return [one.tagName, getComputedStyle(one).color.match(/[0-9.]+/g).map(Number), [x, y, x + width, y + height]];
  });
  for(const one of document.querySelectorAll('header.v *')) one.style.setProperty('color', 'transparent');
  return told;
}"""
"""Returns the words of a page's head with their colours and places, and takes them away from before their ground."""

pytestmark = pytest.mark.skipif(not AXE.is_file(), reason="no axe-core: run `make tools` where there is npm")


@pytest.fixture(scope="module")
def states(registry: RunningRegistry, studio: Studio) -> PageStates:
    return PageStates(registry, studio)


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """One page that all tests use in turn: axe-core comes with whatever it shows."""
    context = browser.new_context(reduced_motion="reduce")
    context.add_init_script(path=AXE)
    yield context.new_page()
    leave(context)


@pytest.mark.parametrize("state", STATES)
def test_no_rule_is_broken_and_all_words_fit(page: Page, states: PageStates, state: str) -> None:
    for language in LANGUAGES:
        page.set_viewport_size(NARROWEST)
        states.show(page, state, language)
        assert page.get_attribute("html", "lang") == language
        assert page.get_attribute("body", "data-v") == LOOKS.get(state, "authentic")
        assert overflow(page) <= 0, language
        for size in (PHONE, DESKTOP):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            assert overflow(page) <= 0, (language, size)
            assert page.evaluate(RUN) == [], (language, size)


def test_the_menu_of_languages_breaks_no_rule(page: Page, states: PageStates) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for language in LANGUAGES:
        states.show(page, "entry", language)
        page.click("nav.lang summary")
        assert page.evaluate("async () => (await axe.run('nav.lang', {preload: false})).violations") == [], language
        assert overflow(page) <= 0, language


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desk"])
def test_words_on_the_patterns_of_heads_stand_out(page: Page, states: PageStates, size: Any) -> None:
    page.set_viewport_size(size)
    for state in ("authentic", *{look: state for state, look in LOOKS.items()}.values()):  # Each look once.
        states.show(page, state, "en")
        told = page.evaluate(WORDS_ON_THE_HEAD)
        ground = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        assert len(told) > 2
        for name, colour, box in told:
            beside: Any = ground.crop(box).getcolors(2**24)
            worst = min(contrast(tuple(colour[:3]), other) for _, other in beside)
            assert worst >= 4.5, (state, name)  # WCAG 2.2, 1.4.3


def test_what_breaks_a_rule_is_found(page: Page, states: PageStates) -> None:
    states.show(page, "entry", "en")
    page.evaluate("document.querySelector('.hint').style.color = '#999'")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert sorted(rule for rule, _ in page.evaluate(RUN)) == ["color-contrast", "image-alt"]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the contrast of two colours (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: tuple[float, ...]) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (v / 255 for v in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
