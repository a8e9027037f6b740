"""Dates, numbers and measures as readers of a language write them."""

from __future__ import annotations

from datetime import date
from functools import cache

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from provenance_registry.http.page_texts import PAGE_TEXTS


@cache
def locale_of(language: str) -> Locale:
    """Return what is known of the habits of one of `LANGUAGES`."""
    return Locale.parse(language, sep="-")


def day(moment: date, language: str) -> str:
    """Return a day with its month as a word: 27 novembre 2026, 2026年11月27日."""
    return format_date(moment, "long", locale=locale_of(language))


def amount(value: float, language: str) -> str:
    """Return a count or a measure: 1,310.5 in English, 1 310,5 in French with a narrow space that does not break."""
    return format_decimal(value, locale=locale_of(language))


def measure(value: float, unit: str, language: str) -> str:
    """Return a number with its unit, whose words stand under ``unit_`` and its name: cm, mm, g or celsius.

    A line never ends between the two.
    """
    return PAGE_TEXTS[language][f"unit_{unit}"].format(n=amount(value, language)).replace(" ", "\u00a0")
