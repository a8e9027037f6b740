"""Breaking text into lines, and cutting what is too much, whatever it is drawn with."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence

Measure = Callable[[str, float], float]
"""Gives the width of a text at a size; both in whatever unit the room is in."""

END = "…"
_OPENING = frozenset("([{“‘（［｛「『【〔〈《〖｢")
"""No line ends with one of these."""
_CLOSING = frozenset(
    ")]}”’）］｝」』】〕〉》〗｣、。，．・：；？！｡､･ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ々…%％,.:;!?"
)
"""No line begins with one of these."""


def broken(text: str, size: float, room: float, measure: Measure, most: int | None = None) -> list[str]:
    """Return the lines of a text within `room`; a word that is wider than that is broken anywhere.

    Where `most` is given no more than one line above it is looked for.
    """
    lines, line = list[str](), ""
    for token in _tokens(text):
        if line and measure((line + token).rstrip(), size) > room:
            lines.append(line.rstrip())
            line = ""
        line += token if line else token.lstrip()
        while (kept := line.rstrip()) and (cut := max(1, _fitting(kept, size, room, measure))) < len(kept):
            lines.append(line[:cut])
            line = line[cut:]
            if most is not None and len(lines) > most:
                return lines
        if most is not None and len(lines) > most:
            return lines
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def limited(text: str, size: float, room: float, measure: Measure, most: int) -> list[str]:
    """Return at most so many lines; the last has an end mark where there was more."""
    lines = broken(text, size, room, measure, most)
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], _cut(lines[most - 1], size, room, measure)]


def fitted(text: str, sizes: Sequence[tuple[float, int]], room: float, measure: Measure) -> tuple[list[str], float]:
    """Return lines and size: the first of `sizes`, each with its most lines, in which all of the text fits.

    Where none is small enough, the last one is cut.
    """
    for size, most in sizes:
        lines = broken(text, size, room, measure, most)
        if len(lines) <= most:
            return lines, size
    size, most = sizes[-1]
    return limited(text, size, room, measure, most), size


def clipped(text: str, size: float, room: float, measure: Measure) -> str:
    """Return a text on one line, with an end mark where it is too long."""
    return text if measure(text, size) <= room else _cut(text, size, room, measure)


def _cut(text: str, size: float, room: float, measure: Measure) -> str:
    return text[: _fitting(text, size, room, measure, END)].rstrip(f" {END}") + END


def _fitting(text: str, size: float, room: float, measure: Measure, end: str = "") -> int:
    """Return how many leading characters fit, with `end` behind them.

    What is far outside the room is not measured: a text may have thousands of characters, a label room for fifty.
    """
    some = 1
    while some < len(text) and measure(text[:some] + end, size) <= room:
        some *= 2
    lengths = range(min(some, len(text)) + 1)
    return max(0, bisect_right(lengths, room, key=lambda length: measure(text[:length] + end, size)) - 1)


def _tokens(text: str) -> list[str]:
    """Split where a line may break: after spaces, and between characters of Chinese and Japanese with their marks."""
    tokens: list[str] = []
    for character in text:
        before = tokens[-1][-1] if tokens else " "
        held = before in _OPENING or (before != " " and (character in _CLOSING or _is_mark(character)))
        if held or (_spaced(character) and _spaced(before)):
            tokens[-1] += character
        else:
            tokens.append(character)
    return tokens


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def _spaced(character: str) -> bool:
    """Tell whether a character, itself no space, is of a script that has spaces between words, as Hangul has."""
    point = ord(character)
    return character != " " and (point < 0x2E80 or 0x3130 <= point < 0x3190 or 0xAC00 <= point < 0xD800)
