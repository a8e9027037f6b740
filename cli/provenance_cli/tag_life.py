"""The life of tags: which number is a piece's newest, and how one is voided so that a kill loses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance_cli.i18n import _, later, spoken
from provenance_cli.tag_store import DEAD, VOIDED, TagEvent, TagNumber

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from provenance.keys import Signer
    from provenance.serial import Serial
    from provenance_cli.context import App
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
    return _known(store, serial, client.voided_tags(serial))


def _known(store: Store, serial: Serial, told: Iterable[Voided]) -> Known:
    voided = {item.number: item for item in told}
    numbers = [store.newest_tag(serial).number]
    numbers += [item.replacement or item.number for item in voided.values()]
    return Known(TagNumber(serial, max(numbers)), voided)


def newest_tags(app: App, workshop: Workshop, serials: Iterable[Serial]) -> dict[Serial, TagNumber]:
    """Return the newest tag of each piece, as this folder and the registry know it, and record which count no more.

    Another folder of the studio, or one that was lost, may have voided and replaced some.  Where the registry cannot be
    asked it is said, and what this folder knows counts.
    """
    from provenance.errors import LimitError, UnreachableError
    from provenance.voids import MAX_ASKED
    from provenance_cli.tag_client import TagClient

    store, client = workshop.store, TagClient(workshop.issuer.base_url)
    newest = {serial: store.newest_tag(serial) for serial in serials}
    with app.progress(len(newest), _("Checking")) as advance:
        asked = list(newest)
        for first in range(0, len(asked), MAX_ASKED):
            some = asked[first : first + MAX_ASKED]
            try:
                told = client.voided_among(some)
            except (UnreachableError, LimitError) as error:
                words = _("Whether tags were voided in another folder was not compared: {why}")
                app.say(words.format(why=spoken(error.wording)), fg="yellow")
                break
            for serial, items in told.items():
                known = _known(store, serial, items)
                note_voided(store, serial, known.voided.values())
                newest[serial] = known.newest
            advance(len(some))
    return newest


def sign_void(
    workshop: Workshop, signer: Signer, tag: TagNumber, by: str, now: datetime, replacement: int | None
) -> bytes:
    """Return the studio's word that a tag counts no more, as it is sent."""
    from provenance.signed_orders import SignedOrder
    from provenance.voids import TagVoid

    void = TagVoid(
        workshop.issuer.base_url, tag.serial, tag.number, now.replace(microsecond=0), by, replacement
    )  # fmt: skip
    return SignedOrder.sign(void, signer).to_bytes()


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
