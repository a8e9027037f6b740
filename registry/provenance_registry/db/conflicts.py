"""Which rule of the tables a write broke: its name, whatever the database says of it."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from provenance_registry.db.tables import metadata

SERIAL = "vouched_serials"
PLACE = "vouched_places"
NONCE = "outbox_account_nonce_key"
TRANSACTION = "outbox_hash_key"

_UNIQUE = "UNIQUE constraint failed: "


def broken(error: sa.exc.IntegrityError) -> str:
    """Return the name of the unique rule that a statement broke; empty for any other.

    PostgreSQL names it.  SQLite tells the columns, and the name is that under which PostgreSQL has them.
    """
    told = error.orig
    named = getattr(getattr(told, "diag", None), "constraint_name", None)
    if named is not None:
        return str(named) if named in _NAMES.values() else ""
    _, found, columns = str(told).partition(_UNIQUE)
    return _NAMES.get(columns, "") if found else ""


def _rules() -> Iterator[tuple[str, str]]:
    """Give each unique rule: its columns in the words of SQLite, and its name on PostgreSQL."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if index.unique:
                yield _columns(index.columns.values()), str(index.name)
        for constraint in table.constraints:
            if isinstance(constraint, sa.UniqueConstraint):
                columns = constraint.columns.values()
                yield _columns(columns), "_".join([table.name, *(column.name for column in columns), "key"])
            elif isinstance(constraint, sa.PrimaryKeyConstraint):
                yield _columns(constraint.columns.values()), f"{table.name}_pkey"


def _columns(columns: list[sa.Column[object]]) -> str:
    return ", ".join(f"{column.table.name}.{column.name}" for column in columns)


_NAMES = dict(_rules())
