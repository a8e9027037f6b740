"""The typefaces of tags: Noto Sans and Noto Serif (SIL Open Font License), from packages that carry them.

One character has other forms in China, Taiwan, Japan and Korea, and no face holds them all.  A line is therefore split
into runs: every character is set in the first face that has it, and the text's language says which face comes first.
What no face has is replaced by a visible mark and reported by name, never printed as an empty box.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont

from provenance.multilingual import reads_traditional

SUBSTITUTE = "〓"
"""The geta mark: what East Asian printers set where a sort is missing."""
DEFAULT_LANGUAGE = "zh-Hans"
_POINT = 25.4 / 72

_PACKAGES = {
    "SC": "pylopdf_fonts_zh_cn", "TC": "pylopdf_fonts_zh_tw", "JP": "pylopdf_fonts_jp", "KR": "pylopdf_fonts_ko",
}  # fmt: skip
"""The package of each region's faces."""
_ORDERS: dict[str, tuple[str, ...]] = {
    "zh": ("SC", "TC", "JP", "KR"),
    "ja": ("JP", "TC", "SC", "KR"),
    "ko": ("KR", "TC", "JP", "SC"),
}
"""Regions by language, the first that has a character being asked first; Korean and Japanese keep older forms."""
_TRADITIONAL = "TC", "SC", "JP", "KR"
_NARROW = "JP"
"""The region whose quotation marks and dots are as narrow as texts in Latin letters want them; letters are alike."""
_EAST = "\u2e80"
"""From here on characters are of East Asia."""

_COMPOSED = re.compile(
    "[^\\W\\d_][\u0300-\u036f\u3099\u309a]+|[\u1100-\u115f\ua960-\ua97c\uac00-\ud7a3][\u1160-\u11ff\ud7b0-\ud7fb]+"
)
"""A letter or kana with marks, and a Hangul syllable in parts.  Nothing else is composed: it would change the forms of
Chinese characters in names."""
_SELECTORS = frozenset(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
"""Variation selectors."""


@dataclass(frozen=True, slots=True)
class Face:
    """One typeface: the forms of a region (``SC``, ``TC``, ``JP`` or ``KR``), with serifs or without."""

    region: str
    serif: bool = False

    @property
    def name(self) -> str:
        """The family's name within a document."""
        return f"noto-{'serif' if self.serif else 'sans'}-{self.region.lower()}"

    @property
    def path(self) -> Path:
        """The font's file."""
        name = f"Noto{'Serif' if self.serif else 'Sans'}{self.region}-Regular.otf"
        return Path(str(resources.files(_PACKAGES[self.region]).joinpath(name)))


@lru_cache(maxsize=128)
def faces(language: str, serif: bool = False, east: bool = True) -> tuple[Face, ...]:
    """Return the faces that characters of a text of `language` (BCP 47) are looked for in, one after the other.

    `east` tells of characters of East Asia.  In a text of another part of the world those are Chinese, and all others
    come from the face that is made for them.
    """
    primary = language.partition("-")[0]
    order = _TRADITIONAL if reads_traditional(language) else _ORDERS.get(primary, _ORDERS["zh"])
    if not east and primary not in _ORDERS:
        order = _NARROW, *(region for region in order if region != _NARROW)
    return tuple(Face(region, serif) for region in order)


@lru_cache(maxsize=8)
def advances(face: Face) -> Mapping[int, float]:
    """Return the width of every character of a face by its code point, in ems."""
    font: Any
    with TTFont(face.path, lazy=True) as font:
        em, widths = font["head"].unitsPerEm, font["hmtx"].metrics
        return {point: widths[glyph][0] / em for point, glyph in (font.getBestCmap() or {}).items()}


def runs(text: str, language: str = DEFAULT_LANGUAGE, serif: bool = False) -> list[tuple[Face, str]]:
    """Split what `drawable` gave into runs of one face each, in the order of the text.

    A space or a mark stays in the face before it, where that has it.
    """
    found = list[tuple[Face, str]]()
    east, other = faces(language, serif), faces(language, serif, east=False)
    if (east == other or max(text, default="") < _EAST) and _has_all(other[0], text):  # Most texts are of one run.
        return [(other[0], text)] if text else []
    for character in text:
        order = east if character >= _EAST else other
        if found and unicodedata.category(character)[0] in "ZM":
            order = found[-1][0], *order
        face = next((face for face in order if ord(character) in advances(face)), order[0])
        if found and found[-1][0] == face:
            found[-1] = face, found[-1][1] + character
        else:
            found.append((face, character))
    return found


def _has_all(face: Face, text: str) -> bool:
    return all(map(advances(face).__contains__, map(ord, text)))


def width(text: str, points: float, language: str = DEFAULT_LANGUAGE, serif: bool = False) -> float:
    """Return the width in mm of what `drawable` gave."""
    return sum(run_width(face, run, points) for face, run in runs(text, language, serif))


def run_width(face: Face, run: str, points: float) -> float:
    """Return the width in mm of a run in its face; raises `KeyError` for what it lacks."""
    return sum(map(advances(face).__getitem__, map(ord, run))) * points * _POINT


def drawable(text: str, missing: set[str], serif: bool = False) -> str:
    """Return `text` on one line with what cannot be drawn replaced; what that was is added to `missing`.

    Marks join their letter, and parts their syllable, where there is one character for all.  Controls, direction
    overrides and variation selectors vanish: they have no shape of their own.  A mark that no face has is named, and
    its letter stays.
    """
    result = []
    for character in _COMPOSED.sub(lambda found: unicodedata.normalize("NFC", found[0]), " ".join(text.split())):
        category = unicodedata.category(character)
        if category in ("Cc", "Cf") or character in _SELECTORS:
            continue
        if has(character, serif):
            result.append(character)
            continue
        missing.add(character)
        if category not in ("Mn", "Me"):
            plain = unicodedata.normalize("NFC", character)  # The same character, where it was encoded for its form.
            result.append(plain if len(plain) == 1 and has(plain, serif) else SUBSTITUTE)
    return "".join(result)


def has(character: str, serif: bool = False) -> bool:
    """Tell whether a face has a glyph of a character; those that are seldom needed are not opened before."""
    return any(ord(character) in advances(face) for face in faces(DEFAULT_LANGUAGE, serif))


def name_of(character: str) -> str:
    """Return a character's code point and name, like ``U+1F600 GRINNING FACE``."""
    return f"U+{ord(character):04X} {unicodedata.name(character, 'unnamed')}"
