"""A broken rule of the tables has the same name on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from provenance.certificate import StatusEntry
from provenance.encoding import Address, Hash32
from provenance.errors import ConflictError
from provenance.issue import issue
from provenance_registry.db import conflicts
from provenance_registry.db.engine import open_engine
from provenance_registry.db.tables import batches, certificates, outbox
from provenance_registry.repository import Transaction
from tests.support import databases
from tests.support.pipeline import Pipeline
from tests.support.scene import ISSUER, LIST_ID, NOW

pytestmark = pytest.mark.usefixtures("either_database")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    made = open_engine(databases.where(tmp_path))
    yield made
    made.dispose()


def broken(engine: sa.Engine, table: sa.Table, *rows: dict[str, Any]) -> str:
    with engine.connect() as connection:
        for row in rows[:-1]:
            connection.execute(table.insert().values(row))
        with pytest.raises(sa.exc.IntegrityError) as caught:
            connection.execute(table.insert().values(rows[-1]))
    return conflicts.broken(caught.value)


def test_each_rule_is_told_by_its_name(engine: sa.Engine) -> None:
    sent = {"kind": "relay", "account": b"\1" * 20, "nonce": 1, "raw": b"", "hash": b"\1" * 32, "sending": "sent"}
    same = {"did": "", "name": "", "key_id": b"", "list_id": "a", "list_index": 1, "received": 0, "data": b""}
    first = {"digest": b"\1" * 32, "serial": "1", "state": "waiting", **same}
    assert broken(engine, outbox, sent, sent | {"hash": b"\2" * 32}) == conflicts.NONCE
    assert broken(engine, outbox, sent, sent | {"nonce": 2}) == conflicts.TRANSACTION
    assert broken(engine, certificates, first, first | {"digest": b"\2" * 32, "list_index": 2}) == conflicts.SERIAL
    assert broken(engine, certificates, first, first | {"digest": b"\2" * 32, "serial": "2"}) == conflicts.PLACE
    assert broken(engine, certificates, first, first | {"serial": "2", "list_index": 2}) == "certificates_digest_key"
    assert broken(engine, outbox, sent | {"id": 7}, sent | {"id": 7, "nonce": 2, "hash": b""}) == "outbox_pkey"


def test_what_is_no_unique_rule_has_no_name(engine: sa.Engine) -> None:
    orphan = {"root": b"", "first_lot": 1, "outbox_id": 99, "open": 1, "examined": 0}
    assert broken(engine, batches, orphan) == ""
    assert broken(engine, batches, orphan | {"root": None, "outbox_id": None}) == ""


def test_the_names_are_those_that_postgresql_gives(engine: sa.Engine, either_database: str) -> None:
    if either_database == "sqlite":
        pytest.skip("SQLite has no names for its rules")
    statement = sa.text(
        "SELECT c.relname FROM pg_index i "
        "JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND i.indisunique AND t.relname <> 'alembic_version'"
    )
    with engine.connect() as connection:
        assert sorted(connection.execute(statement).scalars()) == sorted(conflicts._NAMES.values())


def test_one_answer_for_a_certificate_with_serial_and_place_of_another(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path)
    certificate = pipeline.submit()
    piece = replace(certificate.piece, title={"en": "Another"})
    for number, code in ((certificate.status_entry.index, "serial-taken"), (9_999, "serial-taken")):
        other = issue(piece, ISSUER, pipeline.scene.signer, status_entry=StatusEntry(LIST_ID, number), now=NOW)
        with pytest.raises(ConflictError) as caught:
            pipeline.submit(other)
        assert caught.value.code == code
    other = pipeline.scene.sign()
    other = issue(other.piece, ISSUER, pipeline.scene.signer, status_entry=certificate.status_entry, now=NOW)
    with pytest.raises(ConflictError) as caught:
        pipeline.submit(other)
    assert caught.value.code == "status-entry-taken"
    pipeline.repository.close()


def test_a_transaction_twice_takes_a_number_twice(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path)

    def work(transaction: Transaction) -> None:
        for _ in range(2):
            transaction.prepare("relay", Address(b"\1" * 20), 3, b"raw", Hash32(b"\2" * 32))

    with pytest.raises(ConflictError) as caught:
        pipeline.repository.write(work)
    assert caught.value.code == "nonce-taken"
    assert pipeline.repository.last_nonce(Address(b"\1" * 20)) is None
    pipeline.repository.close()
