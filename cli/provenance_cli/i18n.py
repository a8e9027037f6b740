"""Messages in the user's language: English in the source, Chinese in the catalogue.

Only the standard library's gettext is used at run time, and the catalogue is opened only where it is needed, so that
``kilnmark --help`` stays quick.  ``cli/messages.py`` collects the messages and compiles the catalogue.
"""

from __future__ import annotations

import gettext
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from provenance.errors import Wording

DOMAIN = "provenance_cli"
LOCALES = Path(__file__).parent / "locale"
LANGUAGES = ("en", "zh-Hans")

_translations: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def detect(env: Mapping[str, str]) -> str:
    """Return the language that the system asks for."""
    for name in ("KILNMARK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = env.get(name, "")
        if value and value not in ("C", "POSIX", "C.UTF-8"):
            return named(value) or "en"
    return "zh-Hans" if sys.platform == "win32" and _windows_is_chinese() else "en"


def named(tag: str) -> str | None:
    """Return which of the two languages a tag asks for, like ``zh-CN`` or ``en_GB.UTF-8``; ``None`` for neither."""
    primary = tag.replace("_", "-").partition("-")[0].partition(".")[0].lower()
    return {"en": "en", "zh": "zh-Hans"}.get(primary)


def _windows_is_chinese() -> bool:
    if sys.platform != "win32":
        return False
    import ctypes

    return (ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF) == 0x04


def use(language: str) -> None:
    """Speak `language` from now on; click's own words follow."""
    global _translations, _language
    _language = language
    if language == "zh-Hans":
        _translations = gettext.translation(DOMAIN, LOCALES, languages=["zh_Hans"], fallback=True)
        # click asks gettext's default domain; its words stand in the same catalogue.
        os.environ["LANGUAGE"] = "zh_Hans"
        gettext.bindtextdomain(DOMAIN, str(LOCALES))
        gettext.textdomain(DOMAIN)
    else:
        _translations = gettext.NullTranslations()
        os.environ["LANGUAGE"] = "en"


def current() -> str:
    """Return the language spoken now."""
    return _language


def _(message: str) -> str:
    """Return `message` in the language spoken now."""
    return _translations.gettext(message) if message else ""  # gettext answers an empty text with its header.


def ngettext(one: str, many: str, number: int) -> str:
    """Return `one` or `many`, by `number`, in the language spoken now."""
    return _translations.ngettext(one, many, number)


def in_language(message: str, language: str) -> str:
    """Return `message` in `language`, English or Chinese, whatever is spoken now: paper may speak both."""
    if not message or not language.startswith("zh"):
        return message
    return gettext.translation(DOMAIN, LOCALES, languages=["zh_Hans"], fallback=True).gettext(message)


def later(message: str) -> str:
    """Return `message` as it is: it stands in a table, and is translated where it is shown."""
    return message


def spoken(wording: Wording) -> str:
    """Return a wording, and the wordings among its facts, in the language spoken now."""
    facts = {name: spoken(fact) if isinstance(fact, Wording) else fact for name, fact in wording.facts.items()}
    return str(Wording(_(wording.template), facts))


def is_known(message: str) -> bool:
    """Tell whether `message` is one that the catalogue of the language spoken now has."""
    return _(message) != message
