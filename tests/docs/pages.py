"""The pages of the documentation, taken apart: blocks, commands, tables, links."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERIAL = "7K3M-9QX2-VD5T-6"
"""The serial that stands for the reader's own."""

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(?P<title>.+?) *$", re.MULTILINE)


def pages() -> list[Path]:
    """Return all pages of the project."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")]
    return sorted(found)


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@dataclass(frozen=True)
class Command:
    """A line that a reader types, and the lines that the page says come back."""

    line: int
    words: tuple[str, ...]
    answer: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """A fenced block: `language` is the first word after the fence, `info` the rest."""

    page: Path
    line: int
    language: str
    info: str
    text: str

    @property
    def commands(self) -> list[Command]:
        found: list[Command] = []
        for number, text in enumerate(self.text.splitlines(), start=self.line + 1):
            if text.startswith("$ "):
                words = tuple(shlex.split(text[2:], comments=True))
                found.append(Command(number, words, ()))
            elif found and text.strip():
                last = found[-1]
                found[-1] = Command(last.line, last.words, (*last.answer, text.strip()))
        return found


def blocks(page: Path) -> list[Block]:
    text, found = page.read_text("utf-8"), []
    for match in _FENCE.finditer(text):
        language, _, info = match["info"].partition(" ")
        found.append(Block(page, text.count("\n", 0, match.start()) + 1, language, info, match["text"]))
    return found


def blocks_of(name: str, language: str) -> list[Block]:
    return [block for block in blocks(ROOT / name) if block.language == language]


def prose(text: str) -> str:
    """Return a page without its fenced blocks and without code in its lines."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))


def links(page: Path) -> list[str]:
    return [match["target"] for match in _LINK.finditer(prose(page.read_text("utf-8")))]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found: set[str] = set()
    for match in _HEADING.finditer(_FENCE.sub("", page.read_text("utf-8"))):
        plain = re.sub(r"[^\w\- ]", "", match["title"].lower()).replace(" ", "-")
        name, number = plain, 0
        while name in found:
            number += 1
            name = f"{plain}-{number}"
        found.add(name)
    return found


def section(text: str, heading: str) -> str:
    """Return what stands under a heading, up to the next of its level or above; fails where there is none."""
    level = len(heading) - len(heading.lstrip("#"))
    match = re.search(rf"^{re.escape(heading)}(?=[ `\n]).*$", text, re.MULTILINE)
    assert match is not None, f"there is no heading {heading!r}"
    rest = text[match.end() :]
    end = re.search(rf"^#{{1,{level}}} ", _mask(rest), re.MULTILINE)
    return rest[: end.start()] if end else rest


def _mask(text: str) -> str:
    """Return `text` with its fenced blocks blanked, place for place."""
    return _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def rows(text: str) -> list[list[str]]:
    """Return the cells of all tables in `text`, without headings."""
    found: list[list[str]] = []
    lines = _mask(text).splitlines()
    for number, line in enumerate(lines):
        if not line.startswith("|") or set(line) <= set("|- :"):
            continue
        if number + 1 < len(lines) and lines[number + 1].startswith("| ---"):
            continue
        found.append([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


def quoted(text: str) -> list[str]:
    """Return what stands between backticks."""
    return re.findall(r"`([^`\n]+)`", text)
