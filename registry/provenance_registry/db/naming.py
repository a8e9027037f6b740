"""The photos, scans and files that certificates name, in SQL."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from provenance.encoding import Digest
from provenance_registry.db.reading import Reader
from provenance_registry.db.tables import VOUCHED, certificates, media
from provenance_registry.records import FileKind, NamedFile


def name_files(connection: sa.Connection, certificate_id: int, named: Iterable[NamedFile]) -> None:
    """Record what a certificate, or an amendment of it, names; what it named before stays."""
    known = _named_by(connection, certificate_id)
    values = [
        {
            "digest": item.digest.value,
            "certificate_id": certificate_id,
            "kind": item.kind.value,
            "media_type": item.media_type,
        }
        for item in dict.fromkeys(named)
        if item not in known
    ]
    if values:
        connection.execute(media.insert(), values)


def _named_by(connection: sa.Connection, certificate_id: int) -> set[NamedFile]:
    statement = sa.select(media.c.digest, media.c.kind, media.c.media_type)
    found = connection.execute(statement.where(media.c.certificate_id == certificate_id)).all()
    return {NamedFile(Digest(row.digest), FileKind(row.kind), row.media_type) for row in found}


class NamingReads(Reader):
    """The reads of named files; see `provenance_registry.repository.Repository`."""

    def named(self, digest: Digest) -> list[NamedFile]:
        statement = (
            sa.select(media.c.kind, media.c.media_type)
            .join(certificates, certificates.c.id == media.c.certificate_id)
            .where(media.c.digest == digest.value, VOUCHED)
            .distinct()
            .order_by(media.c.kind, media.c.media_type)
        )
        return [NamedFile(digest, FileKind(row.kind), row.media_type) for row in self._rows(statement)]
