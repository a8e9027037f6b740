"""Text in several languages, as a piece's facts are told, and what no text may hold.

Nothing here normalises what was signed: what people enter goes through `entered_text` once, a verifier takes the
text as it stands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from provenance.errors import MalformedError
from provenance.limits import LIMITS

Text: TypeAlias = Mapping[str, str]
"""Language tag (BCP 47: ``zh-Hans``, ``en``) to text in that language."""

_TRADITIONAL = {"hant", "tw", "hk", "mo"}
"""Scripts and regions of Chinese that read traditional characters."""
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?\Z")
# Controls can forge lines and terminal escapes; bidirectional overrides can make a title read as another.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff\ufffe\uffff]")


def entered_text(text: str, *, field: str, limit: int) -> str:
    """Return what a person or a spreadsheet gave as text fit for signing: NFC, trimmed, line ends as LF.

    Raises `MalformedError` for text longer than `limit` characters or with control characters.
    """
    if len(text) > 4 * limit + 1_000:  # Before NFC, which takes time in proportion.
        raise _too_long(field, limit)
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    check_plain(text, field, limit)
    return text


def text_in(text: Text, *languages: str) -> str:
    """Return `text` in the language that `language_in` chooses, or an empty string where it has none."""
    return text.get(language_in(text, *languages), "")


def language_in(text: Text, *languages: str) -> str:
    """Return the first of `languages` that `text` has, else its first language, else an empty string.

    Where a text has no zh-Hant, it has the language if it has zh-TW, or else zh-Hans: another script is better than
    none.

    >>> language_in({"en": "glaze", "zh-Hans": "釉", "zh-TW": "釉"}, "zh-Hant", "en")
    'zh-TW'
    """
    for language in languages:
        if language in text:
            return language
        primary = [tag for tag in text if tag.partition("-")[0] == language.partition("-")[0]]
        same_script = [tag for tag in primary if reads_traditional(tag) == reads_traditional(language)]
        if primary:
            return (same_script or primary)[0]
    return next(iter(text), "")


def reads_traditional(tag: str) -> bool:
    """Tell whether a language tag means traditional Chinese characters, by its script or else its region."""
    primary, *rest = tag.lower().split("-")
    return primary == "zh" and "hans" not in rest and not _TRADITIONAL.isdisjoint(rest)


def joined(texts: Iterable[Text]) -> Text:
    """Return several texts as one list of words, in every language that one of them has."""
    present = [text for text in texts if text]
    languages = dict.fromkeys(language for text in present for language in text)
    return {
        language: ("、" if language[:2] in ("zh", "ja") else ", ").join(text_in(text, language) for text in present)
        for language in languages
    }


def is_language(tag: str) -> bool:
    """Tell whether `tag` is a language tag in the one spelling that texts have: ``en``, ``zh-Hans``, ``pt-BR``."""
    return _LANGUAGE.match(tag) is not None


def check_text(text: Text, field: str, limit: int) -> None:
    """Raise `MalformedError` for too many languages, one that is mistagged, or words that `check_plain` refuses."""
    if not text:
        return
    if len(text) > LIMITS.languages:
        raise MalformedError(
            "too-many-languages", "A text has at most {limit} languages.", field=field, limit=LIMITS.languages
        )
    for language, words in text.items():
        if not is_language(language):
            raise MalformedError("bad-language", "A language is tagged like en or zh-Hans.", field=field)
        check_plain(words, field, limit)


def check_plain(words: object, field: str, limit: int) -> None:
    """Raise `MalformedError` for what is no text, empty, longer than `limit`, or more than it shows."""
    if not isinstance(words, str) or not words or words.isspace():
        raise MalformedError("empty-text", "A text must not be empty; leave the field out instead.", field=field)
    if len(words) > limit:
        raise _too_long(field, limit)
    if _FORBIDDEN.search(words):
        raise MalformedError(
            "bad-text",
            "The text holds control or direction-override characters.",
            field=field,
            hint="Type it again by hand; copying from some programs brings invisible characters along.",
        )


def _too_long(field: str, limit: int) -> MalformedError:
    return MalformedError("text-too-long", "The text is longer than {limit} characters.", field=field, limit=limit)
