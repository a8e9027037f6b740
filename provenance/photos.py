"""Photos at hand, held against the digests that a certificate names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from provenance.encoding import Digest
from provenance.resources import Photo


class Photos(Protocol):
    """Photos at hand by the digests that they were served as: a dictionary, or what fetches each when it is asked."""

    def get(self, digest: Digest, /) -> bytes | None:
        """Return a photo's bytes, ``None`` where it is not at hand."""


def compared(signed: Sequence[Photo], at_hand: Photos | None) -> tuple[str, str]:
    """Return the finding on the photos that were signed, and its detail: one that was changed outweighs any missing."""
    if not signed:
        return "no-photos", ""
    if at_hand is None:
        return "photos-not-checked", str(len(signed))
    found = [_agrees(at_hand, photo.digest) for photo in signed]
    if False in found:
        return "photo-changed", ""
    return ("photos-not-checked", "") if None in found else ("photos-agree", str(len(signed)))


def _agrees(photos: Photos, digest: Digest) -> bool | None:
    """Tell whether a photo is the one that was signed, ``None`` where it is not at hand; none of them is kept."""
    data = photos.get(digest)
    return None if data is None else Digest.of(data) == digest
