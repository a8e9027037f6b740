"""The photos, scans and files that certificates and amendments name, in SQL."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from provenance.encoding import Digest
from provenance_registry.db.reading import Reader
from provenance_registry.db.tables import VOUCHED, amendment_media, amendments, certificates, media, token_events
from provenance_registry.records import FileKind, NamedFile


def name_files(connection: sa.Connection, table: sa.Table, namer: int, named: Iterable[NamedFile]) -> None:
    """Record in `table` what the certificate or the amendment of that row names."""
    column = "certificate_id" if table is media else "amendment_id"
    values = [
        {"digest": item.digest.value, column: namer, "kind": item.kind.value, "media_type": item.media_type}
        for item in dict.fromkeys(named)
    ]
    if values:
        connection.execute(table.insert(), values)


class NamingReads(Reader):
    """The reads of named files; see `provenance_registry.repository.Repository`."""

    def named(self, digest: Digest) -> list[NamedFile]:
        by_certificates = (
            sa.select(media.c.kind, media.c.media_type, sa.literal(1).label("counts"))
            .join(certificates, certificates.c.id == media.c.certificate_id)
            .where(media.c.digest == digest.value, VOUCHED)
        )
        events, table = token_events.c, amendment_media.c
        recorded = sa.exists().where(events.token_id == certificates.c.token_id, events.digest == amendments.c.digest)
        by_amendments = (
            sa.select(table.kind, table.media_type, sa.case((recorded, 1), else_=0))
            .join(amendments, amendments.c.id == table.amendment_id)
            .join(certificates, certificates.c.digest == amendments.c.first)
            .where(table.digest == digest.value, VOUCHED)
        )
        said = by_certificates.union_all(by_amendments).subquery()
        key = said.c.kind, said.c.media_type
        statement = sa.select(*key, sa.func.max(said.c.counts).label("counts")).group_by(*key).order_by(*key)
        return [
            NamedFile(digest, FileKind(row.kind), row.media_type, counts=bool(row.counts))
            for row in self._rows(statement)
        ]
