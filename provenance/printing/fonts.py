"""The typeface of tags: Noto Sans SC and Noto Serif SC (SIL Open Font License), from a package that carries them.

Every character of a text is looked up before it is drawn: what the face lacks is replaced by a visible mark and
reported by name, never printed as an empty box.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont

SUBSTITUTE = "〓"
"""The geta mark: what East Asian printers set where a sort is missing."""

_MARKED = re.compile("[^\\W\\d_][\u0300-\u036f]+")
"""A letter with marks.  Nothing else is composed: it would change the forms of Chinese characters in names."""
_SELECTORS = frozenset(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
"""Variation selectors."""


@contextmanager
def fonts_of(pdf: Any) -> Iterator[None]:
    """Close the font files that a document of fpdf2 has opened; it leaves them to the garbage collector."""
    try:
        yield
    finally:
        for font in pdf.fonts.values():
            font.ttfont.close()


@lru_cache(maxsize=2)
def font_path(serif: bool = False) -> Path:
    """Return the font's file."""
    name = "NotoSerifSC-Regular.otf" if serif else "NotoSansSC-Regular.otf"
    return Path(str(resources.files("pylopdf_fonts_zh_cn").joinpath(name)))


@lru_cache(maxsize=2)
def characters(serif: bool = False) -> frozenset[int]:
    """Return the code points that the face has glyphs for."""
    with TTFont(font_path(serif), lazy=True) as font:
        return frozenset(font.getBestCmap() or ())


def drawable(text: str, missing: set[str], serif: bool = False) -> str:
    """Return `text` on one line with what cannot be drawn replaced; what that was is added to `missing`.

    Marks join their letter where there is one character for both.  Controls, direction overrides and variation
    selectors vanish: they have no shape of their own.  A mark that the face lacks is named, and its letter stays.
    """
    known, result = characters(serif), []
    for character in _MARKED.sub(lambda found: unicodedata.normalize("NFC", found[0]), " ".join(text.split())):
        category = unicodedata.category(character)
        if category in ("Cc", "Cf") or character in _SELECTORS:
            continue
        if ord(character) in known:
            result.append(character)
            continue
        missing.add(character)
        if category not in ("Mn", "Me"):
            plain = unicodedata.normalize("NFC", character)  # The same character, where it was encoded for its form.
            result.append(plain if len(plain) == 1 and ord(plain) in known else SUBSTITUTE)
    return "".join(result)


def name_of(character: str) -> str:
    """Return a character's code point and name, like ``U+AC00 HANGUL SYLLABLE GA``."""
    return f"U+{ord(character):04X} {unicodedata.name(character, 'unnamed')}"
