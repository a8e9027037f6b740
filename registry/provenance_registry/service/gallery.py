"""A studio's pieces for its gallery: only those whose records are genuine, each in the words that count now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provenance.certificate import Certificate
from provenance.encoding import Address
from provenance.errors import MalformedError
from provenance.verdict import Outcome
from provenance_registry.repository import Repository
from provenance_registry.service.verdicts import Verdicts

GALLERY_PAGE = 24
"""Pieces looked at for one page of a gallery: each costs what a scan does."""
NEWEST = 2**64 - 1
"""Comes after every token."""


@dataclass(frozen=True, slots=True)
class GalleryPage:
    """Certificates that may be shown, the newest first, and the token before which there may be more, or ``None``."""

    forms: Sequence[Certificate]
    following: int | None


class Gallery:
    """The use case of looking at a studio's work."""

    def __init__(self, repository: Repository, verdicts: Verdicts) -> None:
        self._repository = repository
        self._verdicts = verdicts

    def page(self, studio: Address, before: int = NEWEST) -> GalleryPage:
        """Return the pieces of a studio before a token: what the verifier does not call genuine never appears."""
        listed, forms = self._repository.newest_of(studio, before, GALLERY_PAGE), list[Certificate]()
        for piece in listed.pieces:
            try:
                verdict, stored = self._verdicts.verdict(piece.serial)
            except MalformedError:  # The bytes kept of it are no certificate any more.
                continue
            if stored is not None and verdict.outcome is Outcome.AUTHENTIC:
                forms.append(self._verdicts.bundle(stored).form(verdict.shown))
        return GalleryPage(forms, listed.following)
