"""Held certificates in SQL: which groups of them there are, and what becomes of them when they are judged anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from provenance.encoding import KeyId
from provenance_registry.db.reading import Reader
from provenance_registry.db.tables import HELD, VOUCHED, certificates, status_lists
from provenance_registry.records import HeldGroup, State

LASTING = "serial-taken", "status-entry-taken", "refused", "already-anchored"
"""Reasons that no change of the directory lifts."""


def claim_list(connection: sa.Connection, list_id: str, did: str) -> bool:
    """Make a status list the studio's where it is nobody's; tell whether it is the studio's."""
    listed = status_lists.c.list_id == list_id
    owner = connection.execute(sa.select(status_lists.c.did).where(listed)).scalar_one_or_none()
    if owner is None:
        connection.execute(status_lists.insert().values(list_id=list_id, did=did))
    return owner in (None, did)


def rejudge(connection: sa.Connection, changes: Sequence[tuple[HeldGroup, str | None]], limit: int) -> int:
    """Give groups another reason, or let them wait where it is ``None``; return how many, `limit` at most."""
    table, done = certificates.c, 0
    for group, reason in changes:
        if done >= limit:
            break
        signed = sa.and_(table.did == group.did, table.name == group.name, table.key_id == group.key_id.value)
        columns = table.id, table.serial, table.list_id, table.list_index
        statement = sa.select(*columns).where(HELD, signed, table.reason == group.reason).order_by(table.id)
        found = connection.execute(statement.limit(limit - done)).all()
        done += len(found)
        if found:
            reasons = [reason] * len(found) if reason is not None else _taken(connection, group.did, found)
            values = [
                {"which": row.id, "why": why, "now": (State.WAITING if why is None else State.HELD).value}
                for row, why in zip(found, reasons, strict=True)
            ]
            chosen = certificates.update().where(table.id == sa.bindparam("which"))
            connection.execute(chosen.values(state=sa.bindparam("now"), reason=sa.bindparam("why")), values)
    return done


def _taken(connection: sa.Connection, did: str, found: Sequence[Any]) -> list[str | None]:
    """Return for each certificate what another has taken of it, the first that came having the right."""
    table = certificates.c
    named = table.serial.in_([row.serial for row in found])
    serials = set(connection.execute(sa.select(table.serial).where(VOUCHED, named)).scalars())
    places, own = set[tuple[str, int]](), dict[str, bool]()
    for list_id in {row.list_id for row in found}:
        listed = table.list_index.in_([row.list_index for row in found if row.list_id == list_id])
        statement = sa.select(table.list_index).where(VOUCHED, table.list_id == list_id, listed)
        places |= {(list_id, index) for index in connection.execute(statement).scalars()}
    reasons = list[str | None]()
    for row in found:
        place = row.list_id, row.list_index
        if row.serial in serials:
            reasons.append("serial-taken")
        elif place in places or not own.setdefault(row.list_id, claim_list(connection, row.list_id, did)):
            reasons.append("status-entry-taken")
        else:
            serials.add(row.serial)
            places.add(place)
            reasons.append(None)
    return reasons


class HoldingReads(Reader):
    """The reads of held certificates; see `provenance_registry.repository.Repository`."""

    def last_held(self) -> int:
        found: Sequence[Any] = self._rows(sa.select(sa.func.max(certificates.c.id).label("last")).where(HELD))
        return found[0].last or 0

    def held_groups(self, after: int = 0) -> list[HeldGroup]:
        columns = certificates.c.did, certificates.c.name, certificates.c.key_id, certificates.c.reason
        statement = sa.select(*columns).where(HELD, certificates.c.reason.not_in(LASTING))
        if after:
            statement = statement.where(certificates.c.id > after)
        found = self._rows(statement.distinct())
        return [HeldGroup(row.did, row.name, KeyId(row.key_id), row.reason) for row in found]
