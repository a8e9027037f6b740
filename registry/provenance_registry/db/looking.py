"""All that is kept of one piece in one statement, on a connection of its own.

A scan asks for this and nothing else.  The statement is compiled once, goes to the driver as it is, and reads one state
of the database: what it tells of certificate, lot and newest event belongs together.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler

from provenance.serial import Serial
from provenance_registry.db.engine import unusable, where_of
from provenance_registry.db.tables import VOUCHED, batches, certificates, leaves, lots, token_events
from provenance_registry.records import PieceFacts


def _statement() -> sa.Select[Any]:
    first = lots.alias("first")
    first_lot = sa.select(sa.func.min(first.c.lot_id)).where(first.c.root == batches.c.root).scalar_subquery()
    lot_id = sa.cast(certificates.c.token_id, sa.BigInteger).op(">>")(sa.literal_column("32"))
    joined = (
        certificates.outerjoin(batches, batches.c.id == certificates.c.batch_id)
        .outerjoin(lots, lots.c.lot_id == lot_id)
        .outerjoin(token_events, token_events.c.token_id == certificates.c.token_id)
    )
    said, lot = token_events.c, lots.c
    return (
        sa.select(
            certificates.c.digest, certificates.c.state, certificates.c.batch_id, certificates.c.leaf,
            certificates.c.token_id, batches.c.root.label("batch_root"),
            said.holder, said.status, said.status_time, said.amendments, said.lost_since, said.found_from,
            lot.lot_id, first_lot.label("first_lot"), lot.studio, lot.count, lot.offset, lot.anchor_id, lot.root,
            lot.leaf_count, lot.anchored_time, lot.anchored_block, lot.transaction_hash, lot.block_number,
            lot.block_hash, lot.block_time,
        )
        .select_from(joined)
        .where(certificates.c.serial == sa.bindparam("serial"), VOUCHED)
        .order_by(said.block_number.desc(), said.log_index.desc())
        .limit(sa.literal_column("1"))
    )  # fmt: skip


class Prepared:
    """A statement in the driver's own words."""

    def __init__(self, engine: sa.Engine, statement: sa.Select[Any]) -> None:
        compiled = statement.compile(dialect=engine.dialect)
        self.sql = str(compiled)
        self._places = compiled.positiontup if isinstance(compiled, SQLCompiler) and compiled.positional else None
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}

    def given(self, name: str, value: object) -> object:
        """Return the parameters with one filled in."""
        named = {**self._fixed, name: value}
        return named if self._places is None else [named[place] for place in self._places]


class Looking:
    """The reads of what answers scans; see `provenance_registry.repository.Repository`."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine, self._where = engine, where_of(engine)
        self._errors = engine.dialect.loaded_dbapi.Error, sa.exc.DBAPIError, sa.exc.TimeoutError
        self._look = Prepared(engine, _statement())
        data = sa.select(certificates.c.data).where(certificates.c.digest == sa.bindparam("digest"))
        self._data = Prepared(engine, data)
        self._lock = Lock()
        self._connection: Any = None

    def look(self, serial: Serial) -> PieceFacts | None:
        """Return what is kept of the piece with that serial; raises `StorageError`."""
        found = self._rows(self._look, "serial", serial.compact)
        return PieceFacts._make(found[0]) if found else None

    def data(self, digest: bytes) -> bytes | None:
        """Return the bytes kept of the certificate with that digest; raises `StorageError`."""
        found = self._rows(self._data, "digest", digest)
        return found[0][0] if found else None

    def _rows(self, prepared: Prepared, name: str, value: object) -> Sequence[Any]:
        given = prepared.given(name, value)
        with self._lock:
            try:
                return self._told(prepared.sql, given)
            except self._errors:
                self._let_go()  # A server that was away is asked once more, on another connection.
            try:
                return self._told(prepared.sql, given)
            except self._errors as error:
                self._let_go()
                raise unusable(self._where, error) from None

    def _told(self, sql: str, given: object) -> Sequence[Any]:
        if self._connection is None:
            self._connection = self._open()
        # All of it is read, or the database would keep this state of it alive.
        rows: Sequence[Any] = self._connection.execute(sql, given).fetchall()
        return rows

    def leaf_digests(self, batch_id: int) -> Sequence[bytes]:
        """Return the digests that a batch was sealed with, in order."""
        statement = sa.select(leaves.c.digest).where(leaves.c.batch_id == batch_id).order_by(leaves.c.leaf)
        try:
            with self._engine.execution_options(reading=True).connect() as connection:
                return connection.execute(statement).scalars().all()
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            raise unusable(self._where, error) from None

    def _open(self) -> Any:
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        if self._engine.dialect.name != "sqlite":  # There each statement is by itself already.
            connection.autocommit = True
        return connection

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Close the connection; the next look opens another."""
        with self._lock:
            self._let_go()
