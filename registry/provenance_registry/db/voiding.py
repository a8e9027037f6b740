"""Voided tags in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from provenance.serial import Serial
from provenance.signed_orders import SignedOrder
from provenance.voids import TagVoid
from provenance_registry.db import rows
from provenance_registry.db.reading import Reader
from provenance_registry.db.tables import tag_voids


def void(connection: sa.Connection, voided: TagVoid, data: bytes, received: datetime) -> bool:
    """Keep the first word on a tag; tell whether this is it."""
    table = tag_voids.c
    known = sa.select(table.id).where(table.serial == voided.serial.compact, table.number == voided.number)
    if connection.execute(known).first() is not None:
        return False
    values = {"serial": voided.serial.compact, "number": voided.number, "received": rows.to_unix(received)}
    connection.execute(tag_voids.insert().values(**values, data=data))
    return True


class VoidingReads(Reader):
    """The reads of voided tags; see `provenance_registry.repository.Repository`."""

    def voids(self, serial: Serial) -> list[TagVoid]:
        statement = sa.select(tag_voids.c.data).where(tag_voids.c.serial == serial.compact).order_by(tag_voids.c.number)
        return [SignedOrder.from_bytes(TagVoid, row.data).order for row in self._rows(statement)]

    def voids_among(self, serials: Sequence[Serial]) -> list[TagVoid]:
        among = tag_voids.c.serial.in_([serial.compact for serial in serials])
        statement = sa.select(tag_voids.c.data).where(among).order_by(tag_voids.c.serial, tag_voids.c.number)
        return [SignedOrder.from_bytes(TagVoid, row.data).order for row in self._rows(statement)]
