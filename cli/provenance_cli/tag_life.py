"""The life of tags: which number is a piece's newest, and how one is voided so that a kill loses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance_cli.i18n import later
from provenance_cli.tag_store import DEAD, VOIDED, TagEvent, TagNumber

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from provenance.keys import Signer
    from provenance.serial import Serial
    from provenance_cli.store import Store
    from provenance_cli.tag_client import TagClient, Voided
    from provenance_cli.tag_store import KeptVoid
    from provenance_cli.workshop import Workshop

REASONS = (later("damaged"), later("lost"), later("copied"), later("mistaken"), later("other"))
"""Why a tag is voided.  The workshop keeps it; the registry is told when and by whom."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a piece's tags: the newest that was given, and those that count no more, by number."""

    newest: TagNumber
    voided: dict[int, Voided]


def known_tags(store: Store, client: TagClient, serial: Serial) -> Known:
    """Return what this folder and the registry know of a piece's tags; raises `UnreachableError`, `NotFoundError`.

    Another folder of the same studio may have voided and replaced some.
    """
    voided = {item.number: item for item in client.voided_tags(serial)}
    numbers = [store.newest_tag(serial).number]
    numbers += [item.replacement or item.number for item in voided.values()]
    return Known(TagNumber(serial, max(numbers)), voided)


def sign_void(
    workshop: Workshop, signer: Signer, tag: TagNumber, by: str, now: datetime, replacement: int | None
) -> bytes:
    """Return the studio's word that a tag counts no more, as it is sent."""
    from provenance.voids import SignedVoid, TagVoid

    void = TagVoid(
        workshop.issuer.base_url, tag.serial, tag.number, now.replace(microsecond=0), by, replacement
    )  # fmt: skip
    return SignedVoid.sign(void, signer).to_bytes()


def send_void(store: Store, client: TagClient, kept: KeptVoid) -> Voided:
    """Hand in a void that is kept, and record what counts from then on.

    The same bytes go out however often it is tried.  One that the registry refuses for good is forgotten.
    """
    from provenance.errors import MalformedError, NotFoundError, VerificationError

    try:
        counts = client.void_tag(kept.data)
    except (MalformedError, NotFoundError, VerificationError):
        store.forget_void(kept)
        raise
    if counts.number != kept.tag.number:
        raise client.nonsense()
    store.mark_void_sent(kept, TagEvent(kept.tag, VOIDED, counts.time, counts.by, kept.reason))
    return counts


def note_voided(store: Store, serial: Serial, voided: Iterable[Voided]) -> None:
    """Record tags that the registry calls voided, where this folder does not know it yet."""
    for item in voided:
        tag = TagNumber(serial, item.number)
        kept = store.kept_void(tag)
        event = TagEvent(tag, VOIDED, item.time, item.by, kept.reason if kept else "")
        if kept is not None:
            store.mark_void_sent(kept, event)
        if store.tag_state(tag) not in DEAD:
            store.add_tag_events([event])
