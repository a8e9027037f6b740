"""Tags that were found on photos, ticked off against the workshop's pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from provenance.corners import Sight
from provenance.errors import MalformedError, NotFoundError
from provenance.serial import Serial
from provenance.tag import TagAddress, parse_tag_url
from provenance_cli.i18n import later
from provenance_cli.photo_rows import rows_of
from provenance_cli.store import Store
from provenance_cli.tag_store import SPOILED, TagNumber

FOUND, TWICE, OTHER_PIECE, OTHER_JOB, VOIDED = "found", "twice", "other-piece", "other-job", "void"
UNKNOWN, OTHER_REGISTRY, UNREAD, NO_TAG = "unknown", "other-registry", "not-read", "no-tag"
WRONG = (TWICE, OTHER_PIECE, OTHER_JOB, VOIDED, UNKNOWN, OTHER_REGISTRY)
"""What must not be on a pot."""
WORDS = {
    FOUND: later("found"),
    TWICE: later("more than once on the photo"),
    OTHER_PIECE: later("the tag of another piece"),
    OTHER_JOB: later("not of this print job"),
    VOIDED: later("counts no more"),
    UNKNOWN: later("this workshop has no such tag"),
    OTHER_REGISTRY: later("the tag of another registry"),
    UNREAD: later("a code that cannot be read"),
    NO_TAG: later("not a tag"),
}


@dataclass(frozen=True, slots=True)
class Ticked:
    """A code on a photo: what it is, and where it stands, counted from 1."""

    state: str
    row: int
    place: int
    serial: Serial | None = None
    number: int = 1
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a photo is held against: the workshop's pieces, and the `only` ones that may be on it, if that is said.

    The tag of any other is a `stranger`.
    """

    store: Store
    registry: str
    language: str
    only: frozenset[Serial] | None = None
    stranger: str = OTHER_PIECE

    def tick(self, sights: Iterable[Sight]) -> list[Ticked]:
        """Return the codes of one photo row by row."""
        tags = {sight: _tag_of(sight.text) for sight in sights}
        often = Counter(tag for tag in tags.values() if tag is not None)
        return [
            self._ticked(sight, tags[sight], often, row, place)
            for row, codes in enumerate(rows_of(list(tags)), 1)
            for place, sight in enumerate(codes, 1)
        ]

    def _ticked(self, sight: Sight, tag: TagAddress | None, often: Counter[TagAddress], row: int, place: int) -> Ticked:
        if tag is None:
            return Ticked(NO_TAG if sight.text else UNREAD, row, place, text=sight.text)
        state, title = self._state(tag)
        if state == FOUND and often[tag] > 1:
            state = TWICE
        return Ticked(state, row, place, tag.serial, tag.number, title, sight.text)

    def _state(self, tag: TagAddress) -> tuple[str, str]:
        if tag.base_url != self.registry:
            return OTHER_REGISTRY, ""
        try:
            piece = self.store.form(tag.serial).piece
        except NotFoundError:
            return UNKNOWN, ""
        title, number = piece.title_in(self.language, "zh-Hans", "en"), TagNumber(tag.serial, tag.number)
        if tag.number > self.store.newest_tag(tag.serial).number:
            return UNKNOWN, title
        if self.store.is_void(number) or self.store.tag_state(number) == SPOILED:
            return VOIDED, title
        return (FOUND if self.only is None or tag.serial in self.only else self.stranger), title


def _tag_of(text: str) -> TagAddress | None:
    try:
        return parse_tag_url(text) if text else None
    except MalformedError:
        return None
