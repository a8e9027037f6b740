"""How an anchored piece stands, in a word: what the registry told when it was asked last."""

from __future__ import annotations

from provenance_cli.i18n import later

VOID = later("void")
"""Anchored, and the anchor does not count: the piece is entered anew."""
WORDS = {"revoked": later("revoked"), "on-hold": later("on hold"), "retired": later("retired"), "void": VOID}
"""Standing to the word for it."""


def standing_of(state: str, reason: str | None) -> str | None:
    """Return the standing of a certificate in `state` with the registry's `reason`, ``None`` where it counts."""
    if state != "anchored" or reason is None:
        return None
    return reason if reason in WORDS else "void"
