"""The ledger that a database belongs to, in SQL: one row, written at its first start."""

from __future__ import annotations

import sqlalchemy as sa

from provenance.encoding import Address, Hash32
from provenance.ledger import LedgerIdentity
from provenance_registry.db.reading import Reader
from provenance_registry.db.tables import certificates, own_ledger


def tie(connection: sa.Connection, ledger: LedgerIdentity) -> LedgerIdentity:
    """Tie the database to a ledger where it belongs to none; return the one that it belongs to."""
    found = connection.execute(own_ledger.select()).first()
    if found is not None:
        return _ledger_of(found)
    values = {
        "chain_id": str(ledger.chain_id),
        "genesis": ledger.genesis.value,
        "contract": ledger.contract.value,
        "code_hash": ledger.code_hash.value,
        "deployment_id": ledger.deployment_id.value,
    }
    connection.execute(own_ledger.insert().values(id=1, **values))
    return ledger


def untie(connection: sa.Connection) -> None:
    """Let the database belong to none."""
    connection.execute(own_ledger.delete())


def _ledger_of(row: sa.Row[tuple[object, ...]]) -> LedgerIdentity:
    return LedgerIdentity(
        int(row.chain_id),
        Hash32(row.genesis),
        Address(row.contract),
        Hash32(row.code_hash),
        Hash32(row.deployment_id),
    )


class BelongingReads(Reader):
    """The reads of whose the database is; see `provenance_registry.repository.Repository`."""

    def own_ledger(self) -> LedgerIdentity | None:
        found = self._rows(own_ledger.select())
        return _ledger_of(found[0]) if found else None

    def first_issuer(self) -> str | None:
        found = self._rows(sa.select(certificates.c.did).order_by(certificates.c.id).limit(1))
        return str(found[0].did) if found else None
