"""Reading an anchor's refusal: whether certificates are to blame, and what to tell their studios."""

from __future__ import annotations

from provenance.errors import LedgerError

_NO_ROLE = "AccessControl"
_EVERYTHING = (_NO_ROLE, "UnexpectedLot")
"""Refusals that meet every batch: the registry's account lacks its role, or the node is behind its own chain."""
_REASONS = {"StudioNotInGoodStanding": "suspended", "RootAlreadyAnchored": "already-anchored"}


def _says(error: LedgerError) -> str:
    return str(error.facts.get("reason", ""))


def refuses_the_anchorer(error: LedgerError) -> bool:
    """Tell whether the registry's own account may not anchor."""
    return _says(error).startswith(_NO_ROLE)


def refuses_everything(error: LedgerError) -> bool:
    """Tell whether any other batch would be refused as well."""
    return _says(error).startswith(_EVERYTHING)


def refuses_as_known(error: LedgerError) -> bool:
    """Tell whether the ledger has exactly this batch: a part of it under another root would be anchored twice."""
    return _says(error).startswith("RootAlreadyAnchored")


def hold_reason(error: LedgerError) -> str:
    """Return the reason that holds a certificate which is refused alone."""
    return _REASONS.get(_says(error).partition("(")[0], "refused")
