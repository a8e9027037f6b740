"""Relayed messages and kept releases in SQL."""

from __future__ import annotations

import json
from math import inf

import sqlalchemy as sa

from provenance.encoding import Address
from provenance.errors import ConflictError
from provenance.handover import Release
from provenance_registry.db import rows
from provenance_registry.db.anchoring import ENDED
from provenance_registry.db.reading import Reader
from provenance_registry.db.tables import outbox, relayed, releases
from provenance_registry.records import Keeping, RelayedMessage, SignedRelease, StoredMessage


def add_relayed(connection: sa.Connection, message: RelayedMessage, entry_id: int) -> None:
    """Add a message, or give it its new transaction; raises `ConflictError` while another uses up its number."""
    same_number = relayed.c.number == message.number
    under_way = sa.select(relayed.c.id).join(outbox, outbox.c.id == relayed.c.outbox_id).where(same_number, ~ENDED)
    if connection.execute(under_way).first() is not None:
        number = message.number.rpartition("/")[2]
        if message.owner == str(message.token_id):
            raise ConflictError(
                "hand-over-under-way",
                "Another claim or order about this piece with number {nonce} is under way.",
                hint="Wait until it is on the ledger, and look who holds the piece then.",
                nonce=number,
            )
        raise ConflictError(
            "order-under-way",
            "Another order of this studio with number {nonce} is under way.",
            hint="Wait until it is on the ledger, then sign the next number.",
            nonce=number,
        )
    connection.execute(relayed.delete().where(relayed.c.id == message.message_id))
    connection.execute(
        relayed.insert().values(
            id=message.message_id,
            kind=message.kind,
            token_id=str(message.token_id),
            number=message.number,
            facts=json.dumps(message.facts),
            outbox_id=entry_id,
        )
    )


def forget(connection: sa.Connection) -> None:
    """Forget what was signed for another ledger: it counts at no other."""
    connection.execute(relayed.delete())
    connection.execute(releases.delete())


def keep_release(connection: sa.Connection, signed: SignedRelease, now: int, limit: int) -> Keeping:
    """Keep a release, forgetting those of the piece that are void.

    Of two for one claim key the one that counts longer is kept, of two that count as long the later one.  Raises
    `ConflictError` where the piece has `limit`.  Those of a later number stay: a former holder must not remove them
    while the index is behind.
    """
    release, live = signed.release, 0
    of_the_piece = releases.c.token_id == str(release.token_id)
    known: SignedRelease | None = None
    for row in connection.execute(releases.select().where(of_the_piece)).all():
        kept = _signed(row)
        if kept.release.nonce < release.nonce or kept.has_expired(now):
            connection.execute(releases.delete().where(_is(kept.release)))
        elif kept.release.nonce > release.nonce:
            continue
        elif kept.release.claim_key == release.claim_key:
            known = kept
        else:
            live += 1
    if known is not None:
        until, before = release.deadline or inf, known.release.deadline or inf
        if until >= before and signed != known:  # As long, and by another: whoever signed the former may sign no more.
            values = {"deadline": str(release.deadline), "signature": signed.signature}
            connection.execute(releases.update().where(_is(release)).values(**values))
        return Keeping(False, live)
    if live >= limit:
        raise ConflictError(
            "too-many-releases",
            "The piece has {limit} releases already.",
            hint="Cancel its releases first, then sign those that shall count.",
            limit=limit,
        )
    connection.execute(
        releases.insert().values(
            token_id=str(release.token_id),
            claim_key=release.claim_key.value,
            nonce=str(release.nonce),
            deadline=str(release.deadline),
            signature=signed.signature,
        )
    )
    return Keeping(True, live)


def _is(release: Release) -> sa.ColumnElement[bool]:
    return sa.and_(
        releases.c.token_id == str(release.token_id),
        releases.c.claim_key == release.claim_key.value,
        releases.c.nonce == str(release.nonce),
    )


def _signed(row: sa.Row[tuple[object, ...]]) -> SignedRelease:
    release = Release(int(row.token_id), Address(row.claim_key), int(row.nonce), int(row.deadline))
    return SignedRelease(release, row.signature)


class RelayingReads(Reader):
    """The reads of messages and releases; see `provenance_registry.repository.Repository`."""

    def relayed(self, message_id: str) -> StoredMessage | None:
        found = self._rows(relayed.select().where(relayed.c.id == message_id))
        if not found:
            return None
        row = found[0]
        entry = rows.entry_of(self._rows(outbox.select().where(outbox.c.id == row.outbox_id))[0])
        message = RelayedMessage(row.id, row.kind, int(row.token_id), row.number, json.loads(row.facts))
        return StoredMessage(message, entry)

    def amendment_under_way(self, token_id: int) -> bool:
        of_the_piece = sa.and_(relayed.c.token_id == str(token_id), relayed.c.kind == "amendment", ~ENDED)
        joined = relayed.join(outbox, outbox.c.id == relayed.c.outbox_id)
        return bool(self._rows(sa.select(relayed.c.id).select_from(joined).where(of_the_piece).limit(1)))

    def release(self, token_id: int, claim_key: Address, nonce: int) -> SignedRelease | None:
        found = self._rows(releases.select().where(_is(Release(token_id, claim_key, nonce))))
        return _signed(found[0]) if found else None

    def last_release_nonce(self, token_id: int) -> int | None:
        found = self._rows(sa.select(releases.c.nonce).where(releases.c.token_id == str(token_id)))
        return max((int(row.nonce) for row in found), default=None)
