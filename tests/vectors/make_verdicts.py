"""Writes ``verdicts.json``: bundles, what a ledger answers about them, and the verdict, for every verifier to agree on.

The ledgers are the project's contract on the embedded chain, and each answer is one that it gave; keys, times and what
is random elsewhere are fixed, so that the file is the same each time.  ``README.md`` here says how to read it.
Run ``python -m tests.vectors.make_verdicts`` where a verdict, the contract or the form of bundles changes on purpose.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.stories import Numbers, Story
from tests.vectors.bundle_cases import altered, asked, photos, places, valid
from tests.vectors.casebook import Casebook
from tests.vectors.form_cases import forms
from tests.vectors.ledger_cases import amendments, anchors, standing, status, times
from tests.vectors.malformed_cases import malformed
from tests.vectors.move_cases import move
from tests.vectors.order_cases import order
from tests.vectors.told_cases import agreeing, status_lists, testimony

FILE = Path(__file__).with_name("verdicts.json")


def casebook() -> Casebook:
    book, numbers = Casebook(), Numbers()
    story, forger = Story("the guild's ledger", numbers), Story("a forger's ledger", numbers)
    for scene in (
        valid,
        altered,
        places,
        asked,
        photos,
        times,
        standing,
        status,
        amendments,
        testimony,
        status_lists,
        agreeing,
    ):
        scene(book, story)
    anchors(book, story, forger)
    move(book, numbers)
    malformed(book, story)
    order(book, numbers)
    forms(book, numbers)
    return book


def document() -> dict[str, Any]:
    book = casebook()
    return {
        "origin": "Made by tests/vectors/make_verdicts.py of Kilnmark; README.md beside it says how to read it.",
        "version": 1,
        "openings": book.openings,
        "vectors": book.vectors,
    }


def text() -> str:
    """Return the file's text: a vector a line, so that a difference names the vectors that it is in."""
    members = document()
    vectors = ",\n".join(
        json.dumps(vector, ensure_ascii=False, separators=(",", ":")) for vector in members.pop("vectors")
    )
    head = json.dumps(members, ensure_ascii=False, indent=1).removesuffix("\n}")
    return f'{head},\n "vectors": [\n{vectors}\n]\n}}\n'


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
