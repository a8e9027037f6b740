"""The list of studios for people, a page at a time, in the order of their accreditation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provenance_registry.service.directory import SCOPE_MAKER, Directory, StudioEntry

ROLL_PAGE = 60
"""Studios on one page of the list: what a phone loads at once and a thumb scrolls through."""


@dataclass(frozen=True, slots=True)
class RollPage:
    """Studios in the order of their accreditation, and the place after which there are more, or ``None``."""

    entries: Sequence[StudioEntry]
    following: int | None


def makers(directory: Directory) -> list[StudioEntry]:
    """Return the studios that may make pieces, or might before they were suspended, the first accredited first."""
    return [entry for entry in directory.studios if entry.scopes & SCOPE_MAKER]


def roll_page(directory: Directory, after: int = 0) -> RollPage:
    """Return the makers after a place in the order of accreditation; from the first on where nobody is after it.

    Places are those among all studios: nobody leaves that order, so that none is shown twice or left out where others
    are accredited, suspended or given other scopes meanwhile.
    """
    studios = directory.studios
    placed = [(place, entry) for place, entry in enumerate(studios, start=1) if entry.scopes & SCOPE_MAKER]
    found = [item for item in placed if item[0] > after] or placed
    shown = found[:ROLL_PAGE]
    return RollPage([entry for _, entry in shown], shown[-1][0] if len(found) > ROLL_PAGE else None)
