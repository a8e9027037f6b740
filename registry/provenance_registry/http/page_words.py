"""What is said first of a piece, on its page and wherever its address is shared."""

from __future__ import annotations

from provenance.texts import headline, sentence
from provenance.verdict import Outcome, Verdict
from provenance_registry.http.page_seals import look_of
from provenance_registry.http.page_texts import PAGE_TEXTS


def said_of(verdict: Verdict, language: str) -> tuple[str, str]:
    """Return headline and sentence: those of the verdict, or of what is to be seen before a genuine record."""
    words, look = PAGE_TEXTS[language], look_of(verdict)
    said = words["authentic"] if verdict.outcome is Outcome.AUTHENTIC else sentence(verdict.reason, language)
    return words.get(f"{look}_headline", headline(verdict, language)), words.get(f"{look}_sentence", said)
