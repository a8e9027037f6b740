"""What somebody reports of a piece: a reason of a fixed list, and words of their own that are text and nothing else."""

from __future__ import annotations

import re
import unicodedata

REASONS = ("photos", "copy", "other-piece", "other")
"""Photos that do not match, a tag that seems copied, another piece than was promised, anything else."""
MAX_TEXT = 1_000
"""Characters of what somebody writes: a page by hand, and nothing to fill a disk with."""
MAX_CONTACT = 120
"""Characters of how somebody can be reached: an address of e-mail has up to 254, and hardly ever more than 40."""
_BLANK_LINES = re.compile(r"\n{3,}")


def cleaned(text: str) -> str:
    """Return what somebody wrote as plain text: composed (NFC), its lines ended by ``\\n``, its ends trimmed.

    Controls, escapes, direction overrides and halves of characters are left out: they do more than show, on a page as
    in a terminal.
    """
    lines = ("".join(map(_kept, line)).rstrip() for line in unicodedata.normalize("NFC", text).splitlines())
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def cleaned_line(text: str) -> str:
    """Return the same on one line."""
    return " ".join(cleaned(text).split())


def _kept(character: str) -> str:
    if character.isprintable() or character == "\u200d":  # The joiner holds composed pictures and Indic words together.
        return character
    return " " if character.isspace() else ""
