"""What verdicts say, in every language of the pages.

English stands here and in ``codes``, the others in the catalogue ``verdicts`` under the same keys.
"""

from __future__ import annotations

import re
from functools import cache

from provenance.catalogs import DEFAULT, Words, nearest, words_of
from provenance.credit import CREDIT_WORDS
from provenance.verdict import ADVISORIES, CODES, QUESTIONS, REASONS, Check, Outcome, Question, Verdict

_DETAILS = {
    "leaf": (r"leaf ([0-9]+) of ([0-9]+)", "leaf {0} of {1}"),
    "block": (r"block ([0-9]+)", "block {0}"),
    "token": (r"token ([0-9]+)", "token {0}"),
    "chain": (r"chain ([0-9]+)", "chain {0}"),
    "batch": (r"batch of ([0-9]+)", "batch of {0}"),
    "of": (r"(-?[0-9]+) of ([0-9]+)", "{0} of {1}"),
    "bad-token": (r"bad token id", "bad token id"),
}
"""What a finding's detail may say in words: its key to a pattern, and how it is said."""
_CHECKS = ("Form", "Signature", "Batch", "Anchor", "Studio", "Token", "Status", "Photos", "Tag")
_HEADLINES = {
    "authentic": "Genuine record",
    "altered": "Altered",
    "revoked": "Revoked",
    "on-hold": "On hold",
    "held-by-guild": "On hold",
    "nodes-disagree": "Warning: the nodes disagree",
    "not-anchored": "Not yet anchored",
    "unknown": "Not found",
    "pending": "Not yet anchored",
    "inconclusive": "Could not check now",
    "not-authentic": "Not genuine",
}
"""The verdict in a word or three: by reason where there is one, else by outcome."""

_POSTER = {
    "head": "Scan before you pay",
    "address": "This registry's only address",
    "scan": "Scan the code on the piece's tag: is its record genuine?",
    "hold": "The page must name the address above, letter for letter.",
    "compare": "Compare the piece with the photos, its base mark above all.",
}
"""What a poster for the stall says."""


def english() -> dict[str, str]:
    """Return every key of the catalogue, and what stands for it in English."""
    sentences = {name: code.message for name, code in CODES.items()} | ADVISORIES | dict(REASONS.values())
    return {
        **{f"sentence.{name}": said for name, said in sentences.items()},
        **{f"advice.{name}": code.hint for name, code in CODES.items() if code.hint},
        **{f"asks.{check.name.lower()}": question.asks for check, question in QUESTIONS.items()},
        **{f"against.{check.name.lower()}": question.against for check, question in QUESTIONS.items()},
        **{f"check.{check.name.lower()}": _CHECKS[check] for check in Check},
        **{f"headline.{name}": said for name, said in _HEADLINES.items()},
        **{f"detail.{name}": said for name, (_, said) in _DETAILS.items()},
        **{f"poster.{name}": said for name, said in _POSTER.items()},
        **CREDIT_WORDS,
    }


@cache
def _words(language: str) -> Words | dict[str, str]:
    known = nearest(language)
    return english() if known == DEFAULT else words_of("provenance", "verdicts", known)


def sentence(code: str, language: str) -> str:
    """Return the sentence of a finding, an advisory or a reason."""
    return _words(language)[f"sentence.{code}"]


def advice(code: str, language: str) -> str:
    """Return what a person should do, or an empty string."""
    return _words(language)[f"advice.{code}"] if code in CODES and CODES[code].hint else ""


def detail(text: str, language: str) -> str:
    """Return the detail of a finding; names, addresses and digests stay as they are."""
    for name, (pattern, _) in _DETAILS.items():
        if found := re.fullmatch(pattern, text):
            return _words(language)[f"detail.{name}"].format(*found.groups())
    return text


def check_name(check: int, language: str) -> str:
    """Return the short name of a check."""
    return _words(language)[f"check.{Check(check).name.lower()}"]


def question(check: Check, language: str) -> Question:
    """Return what a check asks, and against what it is held."""
    words = _words(language)
    return Question(words[f"asks.{check.name.lower()}"], words[f"against.{check.name.lower()}"])


def headline(verdict: Verdict, language: str) -> str:
    """Return the verdict in a word or three."""
    outcome = verdict.outcome.value.lower().replace("_", "-")
    return _words(language)[f"headline.{verdict.reason if verdict.reason in _HEADLINES else outcome}"]


def headlines(language: str) -> dict[str, str]:
    """Return the verdicts in a word or three, by their reasons, and by their outcomes where a reason has none."""
    words = {name: _words(language)[f"headline.{name}"] for name in _HEADLINES}
    by_outcome = {outcome.value: words[outcome.value.lower().replace("_", "-")] for outcome in Outcome}
    return {**words, **by_outcome}


def poster_word(name: str, language: str) -> str:
    """Return what a poster for the stall says under a name: head, address, scan, hold or compare."""
    return _words(language)[f"poster.{name}"]
