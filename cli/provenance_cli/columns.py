"""Text in the columns of a terminal: a Chinese character takes two cells, and foreign text moves no cursor."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from shutil import get_terminal_size
from unicodedata import combining, east_asian_width

# A line may end after a space or beside any Chinese character, but none starts with a comma or ends with an open quote,
# and a command in backticks is copied whole.
_UNIT = re.compile(
    r"\s+|[（“《]*(?:`[^`\n]+`[^\s`\u2e80-\uffff]*|[^\s“”\u2e80-\uffff]+|[\u2e80-\uffff])[，。、；：？！）”》]*|."
)
PAGE_WIDTH = 80
"""Cells of a line at the most: longer ones are hard to read."""


def width(text: str) -> int:
    """Return how many cells `text` takes."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, cells: int) -> str:
    """Return `text` with spaces after it, so that it takes `cells`."""
    return text + " " * (cells - width(text))


def cut(text: str, cells: int) -> str:
    """Return as much of `text` as fits in `cells` of one line, with an ellipsis where something is left out."""
    text = one_line(text)
    if width(text) <= cells:
        return text
    while width(text) >= cells:
        text = text[:-1]
    return text + "…"


def fold(text: str, cells: int) -> list[str]:
    """Return `text` in lines of at most `cells`, Chinese broken where Chinese is broken."""
    lines, line = list[str](), ""
    for unit in _units(text, cells):
        if line and width(line + unit.rstrip()) > cells:
            lines.append(line.rstrip())
            line = ""
        if line or not unit.isspace():
            line += unit
    return [*lines, line.rstrip()]


def _units(text: str, cells: int) -> Iterator[str]:
    """Yield what stays on one line: what fits on none is broken at its spaces and open brackets."""
    for unit in _UNIT.findall(text):
        if width(unit) > cells and not unit.isspace():
            yield from re.findall(r"\s+|[^\s(]+\(?|\(", unit)
        else:
            yield unit


def wrapped(text: str, cells: int = PAGE_WIDTH, hang: int = 0) -> str:
    """Return `text` with each line folded to `cells`, its rest under its first word or `hang` cells right of it."""
    lines = list[str]()
    for line in text.split("\n"):
        if width(line) <= cells:
            lines.append(line)
            continue
        words = line.lstrip(" ")
        indent = " " * (len(line) - len(words))
        first, *others = fold(words, max(cells - len(indent) - hang, 10))
        lines += [indent + first, *(indent + " " * hang + other for other in others)]
    return "\n".join(lines)


def terminal_width() -> int | None:
    """Return how many cells a line of conversation may take; ``None`` where it goes into a file or another program."""
    return min(PAGE_WIDTH, get_terminal_size((PAGE_WIDTH, 24)).columns) if sys.stderr.isatty() else None


def to_fit(text: str, hang: int = 0) -> str:
    """Return `text` as it is shown to a person: `wrapped` where standard error is a terminal."""
    cells = terminal_width()
    return text if cells is None else wrapped(text, cells, hang)


def shown(text: str) -> str:
    """Return `text` without what does more than show: escapes, controls, direction overrides."""
    return "".join(c for c in text if c.isprintable() or c in "\n\u200d")


def sentences(*texts: str) -> str:
    """Return sentences one after the other: no space stands behind a Chinese full stop."""
    told = ""
    for text in filter(None, texts):
        told += text if not told or east_asian_width(told[-1]) in "WF" else f" {text}"
    return told


def one_line(text: str) -> str:
    """Return foreign text, a name or a title, without line ends: what follows one could pass for our own words."""
    return " ".join(text.splitlines())


def listing(facts: Iterable[tuple[str, object]]) -> str:
    """Return labels and values, one pair a line, the values in one column, further lines of a value too."""
    rows = list(facts)
    widest = max((width(label) for label, _ in rows), default=0)
    under = "\n" + " " * (widest + 2)
    return "\n".join(f"{pad(label, widest)}  {under.join(str(value).splitlines())}" for label, value in rows)
