"""Amendments in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from provenance.encoding import Digest, KeyId
from provenance.ledger import AmendmentRecord
from provenance_registry.db import naming, rows
from provenance_registry.db.reading import Reader
from provenance_registry.db.tables import amendment_media, amendments, token_events
from provenance_registry.records import NamedFile, StoredAmendment


def add(connection: sa.Connection, amendment: StoredAmendment, named: Iterable[NamedFile]) -> None:
    """Keep an amendment and what it names."""
    result = connection.execute(
        amendments.insert().values(
            digest=amendment.digest.value,
            first=amendment.first.value,
            replaces=amendment.replaces.value,
            number=amendment.number,
            key_id=amendment.key_id.value,
            received=rows.to_unix(amendment.received),
            data=amendment.data,
        )
    )
    naming.name_files(connection, amendment_media, result.inserted_primary_key[0], named)  # type: ignore[index]


def find(connection: sa.Connection, digest: Digest) -> StoredAmendment | None:
    """Return the amendment of that digest."""
    row = connection.execute(amendments.select().where(amendments.c.digest == digest.value)).first()
    return None if row is None else _amendment_of(row)


def count(connection: sa.Connection, first: Digest, key_id: KeyId) -> int:
    """Return how many amendments of a certificate a key signed."""
    signed = sa.and_(amendments.c.first == first.value, amendments.c.key_id == key_id.value)
    return int(connection.execute(sa.select(sa.func.count()).where(signed)).scalar_one())


def _amendment_of(row: Any) -> StoredAmendment:
    return StoredAmendment(
        digest=Digest(row.digest),
        first=Digest(row.first),
        replaces=Digest(row.replaces),
        number=row.number,
        key_id=KeyId(row.key_id),
        received=rows.from_unix(row.received),
        data=row.data,
    )


class AmendingReads(Reader):
    """The reads of amendments; see `provenance_registry.repository.Repository`."""

    def amendment(self, digest: Digest) -> StoredAmendment | None:
        found = self._rows(amendments.select().where(amendments.c.digest == digest.value))
        return _amendment_of(found[0]) if found else None

    def amendments(self, first: Digest) -> list[StoredAmendment]:
        statement = amendments.select().where(amendments.c.first == first.value).order_by(amendments.c.id)
        return [_amendment_of(row) for row in self._rows(statement)]

    def amended(self, token_id: int) -> list[AmendmentRecord]:
        table = token_events.c
        said = sa.and_(table.token_id == str(token_id), table.digest.is_not(None), table.amendments > 0)
        statement = (
            sa.select(table.digest, table.amended_time, table.amendments)
            .where(said)
            .order_by(table.block_number, table.log_index)
        )
        records = list[AmendmentRecord]()
        for row in self._rows(statement):
            if not records or row.amendments != records[-1].count:  # Other events may say again what stands.
                records.append(AmendmentRecord(Digest(row.digest), rows.from_unix(row.amended_time), row.amendments))
        return records
