"""Every page in every language: its own words from the first to the last, and those of no other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape

import httpx
import pytest

from provenance.catalogs import LANGUAGES
from provenance.certificate import Certificate
from provenance.serial import Serial
from provenance_registry.http.page_texts import PAGE_TEXTS
from tests.integration.test_print_links import give
from tests.support.registries import RunningRegistry, Studio
from tests.unit.test_catalogues import PAGES

TITLE = "青花梅瓶"
LATIN = {"App", "DEMO", "DPI", "JSON", "JavaScript", "Kilnmark", "Letter", "PDF", "PNG", "Tea", "WeChat", "dpi"}
"""Words in Latin letters that pages in other scripts have too: names, and what stands on buttons of other programs."""


@pytest.fixture(scope="module")
def http(registry: RunningRegistry) -> Iterator[httpx.Client]:
    headers = {"accept": "text/html"}
    with httpx.Client(base_url=registry.base_url, timeout=60, trust_env=False, headers=headers) as client:
        yield client


@pytest.fixture(scope="module")
def piece(studio: Studio) -> Certificate:
    made = studio.sign(TITLE)
    studio.submit(made)
    studio.wait_anchored(made)
    return made


def seen(page: str) -> str:
    """Return what a page says, of which a reader sees or hears every word."""
    page = re.sub(r"(?s)<(script|style|code|template)\b.*?</\1>|<small>[^ <]*</small>", " ", page)
    page = re.sub(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b", " ", page)
    page = re.sub(r"(?s)<ul class=\"(?:studios|gallery)\">.*?</ul>", " ", page)  # Names and titles of any language.
    page = re.sub(r"(?s)<nav class=\"lang\".*?</nav>", " ", page)  # Every language under its own name.
    told = re.findall(r'(?:aria-label|alt|placeholder|data-(?!outcome|reason|words|[a-z]+-)[a-z]{2,})="([^"]*)"', page)
    told = [re.sub("[{](?:found|said|n)[}]", "", words) for words in told]  # The page's script fills those in.
    return unescape(" ".join([*told, re.sub(r"(?s)<[^>]*>", " ", page)]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_speaks_one_language(
    registry: RunningRegistry, studio: Studio, http: httpx.Client, piece: Certificate, language: str
) -> None:
    link = give(http, studio, piece.piece.serial)
    waiting = Studio(registry, "newcomer", "新窑").sign(TITLE)
    studio.submit(waiting)
    lang = {"lang": language}
    pages: dict[str, Callable[[], httpx.Response]] = {
        "a piece": lambda: http.get(f"/P/{piece.piece.serial.compact}", params=lang),
        "one that waits": lambda: http.get(f"/P/{waiting.piece.serial.compact}", params=lang),
        "none": lambda: http.get(f"/P/{Serial.random().compact}", params=lang),
        "a report": lambda: http.get(f"/P/{piece.piece.serial.compact}/report", params=lang),
        "what becomes of it": lambda: http.get(f"/P/{piece.piece.serial.compact}/reported", params=lang),
        "the form": lambda: http.get("/", params=lang),
        "a damaged number": lambda: http.get("/look", params={**lang, "serial": "7K3M"}),
        "too damaged": lambda: http.get("/look", params={**lang, "serial": "7K3M-9Q??-VD5T-6"}),
        "the studios": lambda: http.get("/studios", params=lang),
        "a studio": lambda: http.get("/studios/lin", params=lang),
        "no studio": lambda: http.get("/studios/nobody", params=lang),
        "the meaning": lambda: http.get("/meaning", params=lang),
        "the meaning in an app": lambda: http.get("/meaning", params=lang, headers={"user-agent": "MicroMessenger"}),
        "a link to print": lambda: http.get("/print", params=lang),
        "tags to print": lambda: http.post("/print", params=lang, data={"code": link.code}),
        "no link": lambda: http.post("/print", params=lang, data={"code": "nothing"}),
        "the checker": lambda: http.get("/verify.html", params=lang),
    }
    own, english = PAGE_TEXTS[language], PAGE_TEXTS["en"]
    remnants = [english[key] for key in PAGES if english[key] != own[key] and "{" not in english[key]]
    remnants = [words for words in remnants if len(words) > 12]
    for what, get in pages.items():
        answer = get()
        assert answer.headers["content-language"] == language, what
        assert f'<html lang="{language}"' in answer.text
        said = seen(answer.text)
        assert not re.search(r"[{}]", said), what
        assert not re.findall(r"\b(?:[a-z]+_)+[a-z0-9]+\b", said), what  # No key is shown.
        if language != "en":
            assert [words for words in remnants if words in said] == [], what
        if language.partition("-")[0] in ("zh", "ja", "ko"):
            said = said.replace("Tea shop", "")
            foreign = [word for word in re.findall(r"[A-Za-z]{3,}", said) if word not in LATIN]
            assert foreign == [], what


def test_a_chinese_title_on_another_page_is_set_as_chinese(http: httpx.Client, piece: Certificate) -> None:
    for language in LANGUAGES:
        page = http.get(f"/P/{piece.piece.serial.compact}", params={"lang": language}).text
        heading = re.search(r'<h2 class="piece">(.*?)</h2>', page)
        assert heading is not None
        marked = "" if language == "zh-Hans" else ' lang="zh-Hans"'
        assert (f'<span{marked} dir="auto">{TITLE}</span>' if marked else TITLE) == heading[1]


def test_a_preview_is_drawn_in_every_language(http: httpx.Client, piece: Certificate) -> None:
    drawn = set()
    for language in LANGUAGES:
        for serial in (piece.piece.serial.compact, "0" * 13):
            answer = http.get(f"/api/v1/pieces/{serial}/card.png", params={"lang": language})
            assert answer.headers["content-language"] == language
            drawn.add(answer.content)
    assert len(drawn) == 2 * len(LANGUAGES)
