"""The words of the pages, by language and key; they stand in the catalogues ``pages`` under ``locale``."""

from __future__ import annotations

from provenance.catalogs import LANGUAGES, words_of

PAGE_TEXTS = {language: words_of("provenance_registry", "pages", language) for language in LANGUAGES}

PHONE_WORDS = (
    "checking", "own", "independent", "same", "unreached", "unable", "malformed", "foreign", "right", "absent",
    "registry", "phone", "contradicted",
)  # fmt: skip
"""What a page says of the phone's own check, whose words are the page's with `phone_` before."""
