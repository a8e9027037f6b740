"""The catalogues of words are whole in every language, every page finds its words in them, and none is left over."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date
from pathlib import Path

import catalogues
import pytest
from babel.messages.catalog import Catalog
from hypothesis import given
from hypothesis import strategies as st

from provenance.catalogs import LANGUAGES, match, nearest
from provenance.multilingual import language_in, text_in
from provenance.piece import Piece
from provenance.texts import english, headlines, sentence
from provenance_registry.http.page_formats import amount, day, measure
from provenance_registry.http.page_texts import PAGE_TEXTS
from provenance_registry.http.rendering import negotiate

HTTP = catalogues.ROOT / "registry" / "provenance_registry" / "http"

EXAMPLE = "7K3M-9QX2-VD5T-6"
PHYSICAL = re.compile(
    r"(?:margin|padding|border|inset)-(?:left|right)\b|[;{](?:left|right|float)\s*:|text-align:\s*(?:left|right)"
)


def keys(path: Path) -> set[str]:
    return {str(message.id) for message in catalogues.catalogues()[path] if message.id}


def of_language(language: str) -> list[tuple[str, dict[str, str]]]:
    """Return what each domain says in a language, by its keys."""
    found = catalogues.catalogues()
    return [
        (domain, {str(message.id): str(message.string) for message in found[path] if message.id})
        for folder, domain in ((catalogues.PAGES, "pages"), (catalogues.VERDICTS, "verdicts"))
        if (path := catalogues._path(folder, domain, language)) in found
    ]


ONLY = {"zh-Hans": set("证书记录账签扫网页码别钥节"), "zh-Hant": set("證記錄帳簽掃網頁碼鑰節")}
"""Characters of which each is written in one of two scripts alone."""
PAGES = keys(catalogues._path(catalogues.PAGES, "pages", "en"))


def test_the_catalogues_are_complete_and_compiled() -> None:
    for path, catalog in catalogues.catalogues().items():
        assert catalogues.faults(catalog) == []
        written = path.read_bytes(), path.with_suffix(".mo").read_bytes()
        assert catalogues.written(catalog) == written, "run `make messages`"
        assert b"#~" not in written[0]
    assert {*PAGE_TEXTS} == {*LANGUAGES}
    for words in PAGE_TEXTS.values():
        assert all(words[key] for key in PAGES)


def test_faults_of_words_are_found() -> None:
    before = Catalog(locale="zh_Hans")
    rows = ("a", "{n}", "{n} pots"), ("b", "壶", "a pot"), ("c", "{m}", "{n}"), ("old", "旧", "old")
    for key, said, comment in rows:
        before.add(key, said, auto_comments=[comment])
    source = {"a": "{n} pots", "b": "a jug", "c": "{n}", "d": "new"}
    catalog = catalogues._updated(before, "zh-Hans", source)
    assert [fault.partition(": ")[2] for fault in catalogues.faults(catalog)] == [
        "b: look whether it still says what the English does, and take `fuzzy` away",
        "c: names other facts than the English",
        "d: not translated",
    ]


def test_every_word_of_a_template_stands_in_the_catalogue_and_none_is_left_over() -> None:
    templates = "".join(path.read_text("utf-8") for path in (HTTP / "templates").glob("*.html"))
    code = "".join(path.read_text("utf-8") for path in HTTP.glob("*.py"))
    named = set(re.findall(r"\bt\.(\w+)", templates)) | set(re.findall(r"\bt\[[\"'](\w+)[\"']\]", templates))
    assert named <= PAGES, named - PAGES
    begun = (*re.findall(r't\["(\w+_)" ~', templates), *re.findall(r'f"(\w+_)\{', code), "size_")
    ends = (*re.findall(r'f"\{\w+\}(_\w+)"', code), *re.findall(r'~ "(_\w+)"', templates))
    whole = named | set(re.findall(r"[\"']([\w-]+)[\"']", code)) | {field.name for field in fields(Piece)}
    assert {key for key in PAGES - whole if not key.startswith(begun) and not key.endswith(ends)} == set()


@pytest.mark.parametrize("path", sorted((HTTP / "templates").glob("*.html")), ids=lambda path: path.name)
def test_templates_hold_no_words(path: Path) -> None:
    text = re.sub(r"(?s)\{% block style %\}.*?\{% endblock %\}", "", path.read_text("utf-8"))
    text = re.sub(r"(?s)\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<script.*?</script>|<style.*?</style>", "", text)
    told = re.findall(r'\b(?:alt|title|aria-label)="([^"]*)"', text)
    plain = re.sub(r"(?s)<[^>]*>", " ", re.sub(r'[\w-]+="[^"]*"', "", text))
    told.append(plain.replace(EXAMPLE, ""))
    assert [words for words in told if re.search(r"[^\W\d_]{2,}", words)] == []


def test_words_of_a_language_are_spelt_as_its_printers_do() -> None:
    for _, catalog in of_language("fr"):
        for key, said in catalog.items():
            assert "'" not in said, key
            typed = re.sub("(?:saisissez|seul)\u00a0[?]", "", said)  # What somebody is to type is no punctuation.
            assert not re.search("(?<!\u202f)[;:!?»%]|«(?!\u202f)", typed), (key, said)
    for language, foreign in (("zh-Hant", "zh-Hans"), ("zh-Hans", "zh-Hant")):
        for domain, catalog in of_language(language):
            other = "".join(dict(of_language(foreign))[domain].values())
            for key, said in catalog.items():
                assert not ONLY[foreign].intersection(said), key
            assert ONLY[foreign].intersection(other), domain


def test_style_sheets_know_no_left_and_right() -> None:
    for path in (HTTP / "static").glob("*.css"):
        assert PHYSICAL.findall(path.read_text("utf-8")) == [], path.name


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        (None, "", "en"),
        (None, "zh-CN,en;q=0.5", "zh-Hans"),
        (None, "zh;q=0.3, en;q=0.8", "en"),
        (None, "tlh, zh-SG;q=0.2", "zh-Hans"),
        (None, "zh;q=0, en;q=0.1", "en"),
        (None, "*;q=0.5, zh;q=bad, zh-Hans;q=0.1", "zh-Hans"),
        (None, "zh-TW,zh;q=0.9,en-US;q=0.8", "zh-Hant"),
        (None, "zh-HK", "zh-Hant"),
        (None, "zh-Hant-MO", "zh-Hant"),
        (None, "zh-Hans-TW", "zh-Hans"),
        (None, "fr-CA, en;q=0.9", "fr"),
        (None, "FR_ca", "en"),
        (None, "en;q=0.999, fr;q=1.000", "fr"),
        (None, "de, " * 200 + "fr", "en"),
        ("zh-Hans", "en", "zh-Hans"),
        ("zh_tw", "fr", "zh-Hant"),
        ("fr-CA", "zh", "fr"),
        ("fr" + "-CA" * 50, "zh", "fr"),
        ("tlh", "zh", "zh-Hans"),
        ("../etc", "", "en"),
    ],
)
def test_a_language_is_chosen(query: str | None, header: str, language: str) -> None:
    assert negotiate(query, header) == language


@given(st.none() | st.text(), st.text() | st.from_regex(r"[a-zA-Z;,=*. 0-9-]{0,600}"))
def test_any_header_has_a_language(query: str | None, header: str) -> None:
    assert negotiate(query, header) in LANGUAGES


def test_every_language_is_its_own_nearest() -> None:
    assert all(match(language) == language for language in LANGUAGES)
    assert (nearest("zh_HANS"), nearest("de"), match("de")) == ("zh-Hans", "en", None)


def test_verdicts_are_told_in_every_language() -> None:
    assert len({headlines(language)["AUTHENTIC"] for language in LANGUAGES}) == len(LANGUAGES)
    assert len({sentence("revoked", language) for language in LANGUAGES}) == len(LANGUAGES)
    assert english()["headline.authentic"] == headlines("en")["AUTHENTIC"]


def test_a_text_in_the_very_script_is_preferred() -> None:
    text = {"zh-Hant": "釉", "zh-Hans": "釉 (simplified)", "fr": "émail"}
    assert text_in(text, "zh-Hans", "en") == "釉 (simplified)"
    assert text_in({"fr": "émail", "zh-Hans": "釉"}, "zh-Hant", "en") == "釉"
    assert text_in({"fr": "émail", "en": "glaze"}, "ja", "en") == "glaze"
    assert text_in({"fr": "émail"}, "ja", "en") == "émail"
    assert text_in({}, "ja", "en") == ""


@pytest.mark.parametrize(
    ("tags", "wanted", "chosen"),
    [
        ("fr zh-Hans zh-Hant", "zh-Hant", "zh-Hant"),
        ("fr zh-Hans zh-TW", "zh-Hant", "zh-TW"),
        ("en zh-Hans", "zh-Hant", "zh-Hans"),
        ("en zh", "zh-Hant", "zh"),
        ("fr en", "zh-Hant", "en"),
        ("fr ja", "zh-Hant", "fr"),
        ("zh-TW zh", "zh-Hans", "zh"),
        ("zh-Hant en", "zh-Hans", "zh-Hant"),
        ("fr-CA en", "fr", "fr-CA"),
        ("", "fr", ""),
    ],
)
def test_texts_fall_back_by_language(tags: str, wanted: str, chosen: str) -> None:
    assert language_in({tag: tag for tag in tags.split()}, wanted, "en") == chosen


def test_dates_and_numbers_are_written_as_readers_do() -> None:
    then = date(2026, 11, 27)
    days = ["November 27, 2026", "2026年11月27日", "2026年11月27日", "27 novembre 2026"]
    assert [day(then, language) for language in ("en", "zh-Hans", "zh-Hant", "fr")] == days
    assert (amount(1310.5, "en"), amount(1310.5, "fr")) == ("1,310.5", "1\u202f310,5")
    assert measure(31.2, "cm", "fr") == "31,2\u202fcm"
    assert measure(31.2, "cm", "zh-Hant") == "31.2\u00a0公分"
    assert measure(31.2, "cm", "en") == "31.2\u00a0cm"
    assert measure(1310, "g", "zh-Hans") == "1,310\u00a0克"
