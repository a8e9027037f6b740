"""Words in the languages of the pages: catalogues of gettext, each beside the package that owns its words.

A word has a key, like ``sentence.revoked``; what it says stands in ``locale/LANGUAGE/LC_MESSAGES/DOMAIN.po``, compiled.
Only the standard library is needed to read it, and only the package to find it.  ``cli/catalogues.py`` keeps the
catalogues whole.
"""

from __future__ import annotations

import gettext
from functools import cache
from importlib import resources

from provenance.multilingual import reads_traditional

LANGUAGES = {
    "en": "English",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
    "ja": "日本語",
    "ko": "한국어",
    "fr": "Français",
}
"""Language tag to the language's own name, in the order in which they are offered."""
DEFAULT = "en"


class Words:
    """The words of one domain in one language, by their keys."""

    def __init__(self, catalog: gettext.NullTranslations) -> None:
        self._catalog = catalog

    def __getitem__(self, key: str) -> str:
        """Return what stands under `key`; raise `KeyError` where nothing does."""
        said = self._catalog.gettext(key)
        if said == key or not key:
            raise KeyError(key)
        return said

    def get(self, key: str, otherwise: str) -> str:
        """Return what stands under `key`, or `otherwise` where nothing does."""
        try:
            return self[key]
        except KeyError:
            return otherwise


@cache
def words_of(package: str, domain: str, language: str) -> Words:
    """Return the words of a package in one of `LANGUAGES`."""
    folder = resources.files(package).joinpath("locale", language.replace("-", "_"), "LC_MESSAGES")
    with folder.joinpath(f"{domain}.mo").open("rb") as file:
        return Words(gettext.GNUTranslations(file))


def match(tag: str) -> str | None:
    """Return the language of `LANGUAGES` that readers of a language tag (BCP 47) read, or None.

    >>> match("zh-CN"), match("en-GB"), match("tlh")
    ('zh-Hans', 'en', None)
    """
    tag = tag.lower().replace("_", "-")
    if reads_traditional(tag) and "zh-Hant" in LANGUAGES:
        return "zh-Hant"
    primary = tag.partition("-")[0]
    return next((known for known in ("zh-Hans", *LANGUAGES) if known.partition("-")[0] == primary), None)


def nearest(tag: str) -> str:
    """Return what `match` does, or English where no language is matched."""
    return match(tag) or DEFAULT
