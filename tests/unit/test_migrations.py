"""Migrations keep what is nowhere else, and make the tables that the code sees."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from provenance.certificate import StatusEntry
from provenance.encoding import Address, Digest, Hash32
from provenance.errors import StorageError
from provenance.issue import issue
from provenance.ledger import BlockRef
from provenance.piece import Photo, Scan
from provenance.status import Status
from provenance_registry.db.engine import migrate, open_engine
from provenance_registry.db.repository import SQLRepository
from provenance_registry.db.tables import metadata
from provenance_registry.records import Sending
from tests.support.pieces import digital_piece, full_piece
from tests.support.scene import ISSUER, LIST_ID, NOW, Scene

OUTBOX = (
    "INSERT INTO outbox (id, kind, account, nonce, raw, hash, sending) VALUES "
    "(1, 'status', :account, 0, :raw, :hash, 'final'), (2, 'anchor', :account, 1, :raw, :other, 'sent')"
)
ORDER = "INSERT INTO orders VALUES (:id, '4294967296', 2, :studio, '7', 1)"
LOT = "INSERT INTO lots VALUES (1, :studio, 1, 0, 1, :hash, 1, :hash, 5, :hash, 1800000000)"
INDEXED = "INSERT INTO indexed VALUES (1, 5, :hash, 1800000000)"
FACTS = {"account": b"\1" * 20, "studio": b"\2" * 20, "raw": b"raw", "hash": b"\3" * 32, "other": b"\4" * 32}
FACTS |= {"id": Digest.of(b"an order").hex()}  # type: ignore[dict-item]


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    made = sa.create_engine(f"sqlite:///{tmp_path / 'registry.db'}")
    migrate(made, "0001")
    with made.begin() as connection:
        for statement in (OUTBOX, ORDER, LOT, INDEXED):
            connection.execute(sa.text(statement), FACTS)
    return made


def rows(engine: sa.Engine, table: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(f"SELECT * FROM {table}"))]


def test_orders_of_the_first_version_are_relayed_messages_of_the_second(engine: sa.Engine, tmp_path: Path) -> None:
    orders = rows(engine, "orders")
    engine.dispose()
    repository = SQLRepository(tmp_path / "registry.db")
    stored = repository.relayed(str(FACTS["id"]))
    assert stored is not None
    assert (stored.message.kind, stored.message.facts) == ("status", {"status": "REVOKED"})
    assert stored.message.number == f"0x{'02' * 20}/7"
    assert (stored.message.token_id, stored.entry.sending) == (1 << 32, Sending.FINAL)
    assert (stored.entry.kind, [entry.kind for entry in repository.open_entries()]) == ("relay", ["anchor"])
    # The index is read anew from the ledger.
    assert repository.indexed_head() is None
    assert repository.lot(1) is None
    repository.close()

    again = sa.create_engine(f"sqlite:///{tmp_path / 'registry.db'}")
    migrate(again, "0001")
    assert rows(again, "orders") == orders
    assert [row[1] for row in rows(again, "outbox")] == ["status", "anchor"]
    again.dispose()


def test_what_events_said_apart_is_added_up(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'registry.db'}")
    migrate(engine, "0002")
    said: list[dict[str, object]] = [
        {"status": 1, "status_time": 5},
        {"digest": b"\5" * 32, "amended_time": 6, "amendments": 1},
        {"holder": b"\6" * 20, "nonce": "1"},
        {"lost_since": 7, "nonce": "2"},
        {"found_from": 8, "nonce": "3"},
        {"lost_since": 9, "nonce": "4"},
    ]
    table = metadata.tables["token_events"]
    with engine.begin() as connection:
        for token in (7, 8):
            for place, columns in enumerate(said[: 6 if token == 7 else 5]):
                at = {"block_number": place, "log_index": token, "block_hash": b"\7" * 32, "block_time": place}
                connection.execute(table.insert().values(**at, token_id=str(token), **columns))
    engine.dispose()
    repository = SQLRepository(tmp_path / "registry.db")
    lost, found = repository.token(7), repository.token(8)
    assert (lost.status, lost.holder, lost.nonce) == (Status.ON_HOLD, Address(b"\6" * 20), 4)
    assert lost.by_steward is None  # Nothing kept it.
    assert lost.amendment is not None
    assert (lost.amendment.digest, lost.amendment.count) == (Digest(b"\5" * 32), 1)
    assert [moment and moment.timestamp() for moment in (lost.lost_since, lost.found_from)] == [9, None]
    assert [moment and moment.timestamp() for moment in (found.lost_since, found.found_from)] == [7, 8]
    repository.write(lambda transaction: transaction.rewind(BlockRef(2, Hash32(b"\7" * 32), NOW)))
    before = repository.token(7)
    assert (before.status, before.nonce, before.lost_since) == (Status.ON_HOLD, 1, None)
    repository.close()


CERTIFICATE = (
    "INSERT INTO certificates (id, digest, serial, did, name, key_id, list_id, list_index, state, received, data) "
    "VALUES (:id, :digest, :id, 'x', 'x', :digest, 'x', :id, 'waiting', 0, :data)"
)


def test_what_certificates_name_is_read_anew_from_them(tmp_path: Path) -> None:
    scene, made = Scene(accredited=False), sa.create_engine(f"sqlite:///{tmp_path / 'registry.db'}")
    pieces = [full_piece(), digital_piece(), replace(full_piece(), photos=(), scans=())]
    entries = [StatusEntry(LIST_ID, number) for number in range(len(pieces))]
    signed = [
        issue(piece, ISSUER, scene.signer, status_entry=entry, now=NOW)
        for piece, entry in zip(pieces, entries, strict=True)
    ]
    migrate(made, "0002")
    with made.begin() as connection:
        for number, certificate in enumerate(signed, start=1):
            facts = {"id": number, "digest": certificate.digest.value, "data": certificate.data}
            connection.execute(sa.text(CERTIFICATE), facts)
        connection.execute(sa.text(CERTIFICATE), {"id": 9, "digest": b"9" * 32, "data": b"{}"})
        photos = [
            {"digest": photo.digest.value, "id": number}
            for number, piece in enumerate(pieces, start=1)
            for photo in piece.photos
        ]
        connection.execute(sa.text("INSERT INTO media VALUES (:digest, :id)"), photos)
    before = sorted(rows(made, "media"))
    migrate(made, "head")
    named = [
        (item.digest.value, number, kind, item.media_type)
        for number, piece in enumerate(pieces, start=1)
        for kind, items in (("photo", piece.photos), ("scan", piece.scans), ("file", piece.files))
        for item in items
    ]
    assert {kind for _, _, kind, _ in named} == {"photo", "scan", "file"}
    assert sorted(rows(made, "media")) == sorted(named)
    migrate(made, "0002")
    assert sorted(rows(made, "media")) == before
    made.dispose()


def test_all_the_way_down_and_up_again(engine: sa.Engine) -> None:
    for revision in ("base", "head", "base"):
        migrate(engine, revision)
    assert sa.inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_the_migrations_make_the_tables_that_the_code_sees(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "registry.db")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_database_of_a_newer_version_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    SQLRepository(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StorageError) as caught:
        SQLRepository(path)
    assert (caught.value.code, caught.value.facts["form"]) == ("database-newer", "9999")


def test_what_amendments_name_moves_under_them_and_back(tmp_path: Path) -> None:
    scene, made = Scene(accredited=False), sa.create_engine(f"sqlite:///{tmp_path / 'registry.db'}")
    photo, scan = Photo(Digest.of(b"photo")), Scan(Digest.of(b"scan"))
    first = scene.sign(photos=(photo,))
    piece = replace(first.piece, scans=(scan,))
    amendment = issue(
        piece, ISSUER, scene.signer, status_entry=first.status_entry, now=NOW, replaces=first.digest
    )  # fmt: skip
    migrate(made, "0004")
    before = [(photo.digest.value, 7, "photo", "image/jpeg"), (scan.digest.value, 7, "scan", "model/gltf-binary")]
    with made.begin() as connection:
        facts = {"id": 7, "digest": first.digest.value, "data": first.data}
        connection.execute(sa.text(CERTIFICATE), facts)
        facts = {"digest": amendment.digest.value, "first": first.digest.value, "data": amendment.data}
        statement = "INSERT INTO amendments VALUES (3, :digest, :first, :first, 1, :digest, 1800000000, :data)"
        connection.execute(sa.text(statement), facts)
        for digest, number, kind, media_type in before:
            row = {"digest": digest, "id": number, "kind": kind, "type": media_type}
            connection.execute(sa.text("INSERT INTO media VALUES (:digest, :id, :kind, :type)"), row)
    migrate(made, "0005")
    assert rows(made, "media") == before[:1]
    moved = [(digest, 3, kind, media_type) for digest, _, kind, media_type in before]
    assert sorted(rows(made, "amendment_media")) == sorted(moved)
    migrate(made, "0004")
    assert sorted(rows(made, "media")) == sorted(before)
    made.dispose()
