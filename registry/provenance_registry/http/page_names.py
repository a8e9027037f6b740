"""Names come without a language: an East Asian script tells theirs, so that they are read aloud rightly."""

from __future__ import annotations

import re

_SCRIPTS = {
    "ko": re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]"),
    "ja": re.compile("[\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff]"),
    "zh": re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"),
}
"""Hangul, kana and Chinese characters: the first that a name has decides, for Japanese has the last as well."""


def language_of_name(name: str, language: str) -> str:
    """Return the tag of a name's language on a page in `language`: nothing where that is the page's, or is not told.

    Letters beside East Asian ones tell nothing: such a name is of two languages.  Chinese characters alone stay the
    page's in Japanese too, whose names are written with them.
    """
    found = next((tag for tag, script in _SCRIPTS.items() if script.search(name)), "")
    if any(sign.isalpha() and not any(script.match(sign) for script in _SCRIPTS.values()) for sign in name):
        return ""
    return "" if language.startswith(found) or (found, language) == ("zh", "ja") else found
