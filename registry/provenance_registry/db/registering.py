"""Certificates on their way in: many at once are a few statements."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from provenance.encoding import Digest
from provenance.errors import ConflictError
from provenance_registry.db import conflicts, holding, naming, rows
from provenance_registry.db.tables import VOUCHED, certificates, media
from provenance_registry.records import Registration, State, StoredCertificate


def known(connection: sa.Connection, digests: Sequence[Digest]) -> dict[Digest, StoredCertificate]:
    """Return those of `digests` that are registered."""
    wanted = certificates.c.digest.in_([digest.value for digest in digests])
    found = connection.execute(certificates.select().where(wanted)).all()
    return {Digest(row.digest): rows.certificate_of(row) for row in found}


def add(connection: sa.Connection, items: Sequence[Registration]) -> list[ConflictError | None]:
    """Register certificates that are not known; return for each ``None``, or what another has taken of it."""
    owned, refused = dict[tuple[str, str], bool](), dict[int, ConflictError]()
    for place, item in enumerate(items):
        if item.certificate.state is not State.HELD:
            listed = item.entry.list_id, item.certificate.did
            if listed not in owned:
                owned[listed] = holding.claim_list(connection, *listed)
            if not owned[listed]:
                refused[place] = ConflictError("status-list-taken", "The status list belongs to another studio.")
    chosen = [place for place in range(len(items)) if place not in refused]
    try:
        with connection.begin_nested():
            _insert(connection, [items[place] for place in chosen])
    except sa.exc.IntegrityError:  # Some of them are to blame: the others must not suffer.
        for place in chosen:
            try:
                with connection.begin_nested():
                    _insert(connection, [items[place]])
            except sa.exc.IntegrityError as error:
                refused[place] = _conflict(connection, items[place], error)
    return [refused.get(place) for place in range(len(items))]


def _insert(connection: sa.Connection, items: Sequence[Registration]) -> None:
    if not items:
        return
    connection.execute(certificates.insert(), [_columns(item) for item in items])
    naming_ones = {item.certificate.digest.value: item.named for item in items if item.named}
    if naming_ones:
        wanted = certificates.c.digest.in_(list(naming_ones))
        for row in connection.execute(sa.select(certificates.c.id, certificates.c.digest).where(wanted)).all():
            naming.name_files(connection, media, row.id, naming_ones[row.digest])


def _columns(item: Registration) -> dict[str, object]:
    certificate = item.certificate
    return {
        "digest": certificate.digest.value,
        "serial": certificate.serial.compact,
        "data": certificate.data,
        "did": certificate.did,
        "name": certificate.name,
        "key_id": certificate.key_id.value,
        "list_id": item.entry.list_id,
        "list_index": item.entry.index,
        "state": certificate.state.value,
        "reason": certificate.reason,
        "received": rows.to_unix(certificate.received),
    }


def _conflict(connection: sa.Connection, item: Registration, error: sa.exc.IntegrityError) -> ConflictError:
    if conflicts.broken(error) not in (conflicts.SERIAL, conflicts.PLACE):
        raise error
    # Where both are taken, each database names another of them first.
    serial = item.certificate.serial
    same = sa.select(certificates.c.id).where(certificates.c.serial == serial.compact, VOUCHED)
    if connection.execute(same.limit(1)).first() is not None:
        return ConflictError("serial-taken", "Another certificate stands under serial {serial}.", serial=serial)
    return ConflictError("status-entry-taken", "Another certificate has the same place in the status list.")
