"""Migrations of filled tables, on both databases: nothing that is nowhere else is lost, up or down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import provenance_registry.db
from provenance.encoding import Address, Digest, Hash32
from provenance.issue import issue
from provenance.ledger import BlockRef
from provenance.piece import Photo, Scan
from provenance.testing.memory import MemoryLedger
from provenance_registry.db.engine import migrate
from provenance_registry.db.tables import WIDE, metadata
from provenance_registry.records import Sending
from provenance_registry.repository import Transaction
from tests.support import databases
from tests.support.pipeline import Pipeline
from tests.support.scene import ANCHORER, ISSUER, NOW, STEWARD, Scene

pytestmark = pytest.mark.usefixtures("either_database")

SCRIPTS = ScriptDirectory(str(Path(provenance_registry.db.__file__).parent / "migrations"))
REVISIONS = sorted(script.revision for script in SCRIPTS.walk_revisions())
INDEX = "lots", "token_events", "directory_events", "indexed"
"""What is read anew from the ledger where it has to be."""
FAR = datetime(2040, 2, 29, 12, tzinfo=UTC)

Rows = dict[str, list[dict[str, object]]]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    made = databases.empty(tmp_path)
    yield made
    made.dispose()


def written() -> Rows:
    """Return rows for each table of each revision, in an order that foreign keys allow."""
    scene, photo, scan = Scene(accredited=False), Photo(Digest.of(b"photo")), Scan(Digest.of(b"scan"))
    first, second = scene.sign(photos=(photo,)), scene.sign()
    amendment = issue(
        replace(first.piece, scans=(scan,)),
        ISSUER,
        scene.signer,
        status_entry=first.status_entry,
        now=NOW,
        replaces=first.digest,
    )
    entry = {"account": b"\1" * 20, "raw": b"raw"}
    block = {"block_number": 5, "block_hash": b"\5" * 32, "block_time": 1_800_000_000}
    common = {"did": ISSUER.did, "name": ISSUER.name, "key_id": b"\6" * 32, "list_id": "0123456789ab"}
    place = {"studio": b"\2" * 20, "token_id": str(1 << 32)}
    return {
        "outbox": [
            {"id": 1, "kind": "relay", "nonce": 0, "hash": b"\3" * 32, "sending": "final", **entry, **block},
            {"id": 2, "kind": "anchor", "nonce": 1, "hash": b"\4" * 32, "sending": "sent", "error": "late", **entry},
        ],
        "batches": [
            {"id": 1, "root": b"\7" * 32, "first_lot": 1, "outbox_id": 2, "open": 1, "examined": 0, "missing": 3}
        ],
        "certificates": [
            {
                "id": number,
                "digest": each.digest.value,
                "serial": each.piece.serial.compact,
                "list_index": number,
                "received": 1_700_000_000 + number,
                "data": each.data,
                **common,
                **where,
            }
            for number, each, where in (
                (1, first, {"state": "batched", "batch_id": 1, "leaf": 0, **place}),
                (2, second, {"state": "held", "reason": "not-accredited"}),
            )
        ],
        "status_lists": [{"list_id": "0123456789ab", "did": ISSUER.did}],
        "media": [
            {"digest": photo.digest.value, "certificate_id": 1, "kind": "photo", "media_type": photo.media_type},
        ],
        "amendments": [
            {
                "id": 1,
                "digest": amendment.digest.value,
                "first": first.digest.value,
                "replaces": first.digest.value,
                "number": 1,
                "key_id": b"\6" * 32,
                "received": 1_700_000_009,
                "data": amendment.data,
            }
        ],
        "amendment_media": [
            {"digest": item.digest.value, "amendment_id": 1, "kind": kind, "media_type": item.media_type}
            for kind, item in (("photo", photo), ("scan", scan))
        ],
        "orders": [
            {"id": "aa" * 32, "status": 2, "nonce": "7", "outbox_id": 1, **place},
        ],
        "relayed": [
            {
                "id": "aa" * 32,
                "kind": "status",
                "token_id": place["token_id"],
                "number": f"0x{'02' * 20}/7",
                "facts": json.dumps({"status": "REVOKED"}),
                "outbox_id": 1,
            }
        ],
        "releases": [
            {"token_id": "9", "claim_key": b"\x08" * 20, "nonce": "0", "deadline": "0", "signature": b"signed"}
        ],
        "former_bytes": [{"hash": b"\x09" * 32, "outbox_id": 2, "nonce": 0, "raw": b"former"}],
        "leaves": [{"batch_id": 1, "leaf": 0, "digest": first.digest.value, **place}],
        "indexed": [{"id": 1, **block}],
        "lots": [
            {
                "lot_id": 1,
                "studio": b"\2" * 20,
                "count": 1,
                "offset": 0,
                "anchor_id": 1,
                "root": b"\7" * 32,
                "leaf_count": 1,
                "anchored_time": 1_800_000_000,
                "anchored_block": 5,
                "transaction_hash": b"\4" * 32,
                **block,
            }
        ],
        "token_events": [
            {
                "log_index": 3,
                "token_id": place["token_id"],
                "status": 1,
                "status_time": 1_800_000_000,
                "by_steward": True,
                "nonce": "0",
                "amendments": 0,
                **block,
            }
        ],
        "directory_events": [
            {
                "log_index": 1,
                "transaction_hash": b"\4" * 32,
                "kind": "StudioSuspended",
                "studio": b"\2" * 20,
                "facts": "{}",
                **block,
            }
        ],
        "own_ledger": [
            {
                "id": 1,
                "chain_id": "31337",
                "genesis": b"\1" * 32,
                "contract": b"\2" * 20,
                "code_hash": b"\3" * 32,
                "deployment_id": b"\4" * 32,
            }
        ],
        "proof_nodes": [{"batch_id": 1, "level": 0, "place": 1, "hash": b"\x08" * 32}],
        "tag_voids": [{"id": 1, "serial": first.piece.serial.compact, "number": 1, "received": 5, "data": b"void"}],
        "print_links": [
            {
                "id": "0123456789abcdef",
                "studio": b"\2" * 20,
                "key_id": b"\6" * 32,
                "received": 1_700_000_000,
                "expires": 4_000_000_000,
                "ended": 1_700_000_001,
                "data": b"link",
            }
        ],
        "print_marks": [{"link": "0123456789abcdef", "place": 4, "prints": 2, "printed": 4_000_000_000, "spoiled": 5}],
        "scan_counts": [
            {"serial": first.piece.serial.compact, "number": 1, "day": 20_000, "region": "zh", "readers": 7}
        ],
        "doubts": [
            {
                "serial": first.piece.serial.compact,
                "number": 0,
                "cause": "studio",
                "since": 4_000_000_000,
                "ended": 5,
                "told": 4_000_000_000,
                "data": b"order",
            }
        ],
        "reports": [
            {
                "id": 7,
                "serial": first.piece.serial.compact,
                "number": 2,
                "did": ISSUER.did,
                "reason": "copy",
                "text": "印章不同",
                "contact": "tea@example.org",
                "language": "zh-Hans",
                "received": 4_000_000_000,
                "more": 3,
            }
        ],
        "report_ends": [{"report": 7, "side": "steward", "closed": 4_000_000_001, "note": "seen", "data": b"order"}],
        "leases": [{"name": "sender", "holder": "ab" * 16, "token": 7, "expires": 1_800_000_000_000}],
    }


def reflected(engine: sa.Engine) -> dict[str, sa.Table]:
    found = sa.MetaData()
    found.reflect(engine)
    return {name: table for name, table in found.tables.items() if name != "alembic_version"}


def fill(engine: sa.Engine, revision: str) -> None:
    """Write into all tables that there are what the version of that revision wrote there."""
    tables, rows = reflected(engine), written()
    if revision == "0001":
        rows["outbox"][0]["kind"] = "status"
    if revision == "0004":  # There, what amendments name stood under the certificate.
        rows["media"] += [
            {"certificate_id": 1, **{name: row[name] for name in ("digest", "kind", "media_type")}}
            for row in rows["amendment_media"]
            if row["kind"] == "scan"
        ]
    assert set(tables) <= set(rows)  # A new table needs rows here.
    with engine.begin() as connection:
        for name, values in rows.items():
            if name in tables:
                known = tables[name].columns.keys()
                for row in values:
                    connection.execute(tables[name].insert().values({key: row[key] for key in row.keys() & set(known)}))


def kept(engine: sa.Engine) -> dict[str, list[dict[str, object]]]:
    with engine.connect() as connection:
        return {
            name: sorted((dict(row) for row in connection.execute(table.select()).mappings()), key=repr)
            for name, table in reflected(engine).items()
        }


def lacking(before: Rows, after: Rows, table: str) -> list[dict[str, object]]:
    """Return the rows of a table that are not there any more, as far as both forms have their columns."""
    both = set(before[table][0]) & set(after[table][0] if after[table] else ())
    there = [{name: row[name] for name in both} for row in after[table]]
    return [row for row in before[table] if {name: row[name] for name in both} not in there]


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_tables_hold_is_there_after_the_way_up_and_the_way_down(engine: sa.Engine, revision: str) -> None:
    migrate(engine, revision)
    fill(engine, revision)
    before = kept(engine)
    assert all(before.values()), "each table has a row"
    migrate(engine)
    after = kept(engine)
    anew = {"orders", "media", *(INDEX if revision == "0001" else ())}
    for row in before["outbox"]:
        row["kind"] = {"status": "relay"}.get(str(row["kind"]), row["kind"])
    assert {name: lost for name in before if name not in anew and (lost := lacking(before, after, name))} == {}
    named = {row["digest"] for table in ("media", "amendment_media") for row in after[table]}
    assert {row["digest"] for row in before["media"]} <= named
    assert [(row["id"], row["number"], json.loads(str(row["facts"]))) for row in after["relayed"]] == [
        ("aa" * 32, f"0x{'02' * 20}/7", {"status": "REVOKED"})
    ]
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []

    migrate(engine, revision)
    again = kept(engine)
    assert set(again) == set(before)
    if revision == "0001":
        for row in before["outbox"]:
            row["kind"] = {"relay": "status"}.get(str(row["kind"]), row["kind"])
        before |= {name: [] for name in INDEX}
    assert again == before


def test_a_certificate_and_its_anchor_of_2040(tmp_path: Path) -> None:
    ledger = MemoryLedger(steward=STEWARD.address, anchorer=ANCHORER.address, now=FAR, is_signed=lambda *_: True)
    scene = Scene(ledger=ledger)
    pipeline = Pipeline(tmp_path, scene=scene)
    certificate = pipeline.submit(scene.sign(now=FAR))
    pipeline.turn(4)
    assert pipeline.state(certificate) == "anchored"
    assert pipeline.stored(certificate).received >= FAR
    entry = pipeline.repository.last_ended(ANCHORER.address)
    assert entry is not None
    assert entry.block is not None
    assert entry.block.time > FAR
    verdict = pipeline.verdict(certificate)
    assert verdict.outcome.value == "AUTHENTIC"
    reached = pipeline.repository.indexed_head()
    assert reached is not None
    assert reached.time > FAR
    pipeline.repository.close()


def test_numbers_of_a_chain_beyond_32_bits(tmp_path: Path) -> None:
    pipeline, large = Pipeline(tmp_path), 2**40
    block = BlockRef(large, Hash32(b"\7" * 32), FAR)
    account = Address(b"\1" * 20)

    def work(transaction: Transaction) -> None:
        entry_id = transaction.prepare("relay", account, large, b"raw", Hash32(b"\3" * 32))
        transaction.move(entry_id, Sending.FINAL, block)

    pipeline.repository.write(work)
    entry = pipeline.repository.last_ended(account)
    assert entry is not None
    assert (entry.nonce, entry.block) == (large, block)
    pipeline.repository.close()


def test_a_number_too_large_for_the_form_of_before_keeps_the_database_as_it_is(
    engine: sa.Engine, either_database: str
) -> None:
    migrate(engine)
    fill(engine, REVISIONS[-1])
    wide = [column for table in metadata.tables.values() for column in table.columns if column.type is WIDE]
    assert len(wide) > 10
    with engine.begin() as connection:
        connection.execute(metadata.tables["outbox"].update().values(block_time=int(FAR.timestamp())))
    before = kept(engine)
    if either_database == "sqlite":
        migrate(engine, "0006")
    else:
        with pytest.raises(sa.exc.DataError):
            migrate(engine, "0006")
    after = kept(engine)
    assert {name: lost for name in after if (lost := lacking(before, after, name))} == {}
    assert {name: len(rows) for name, rows in after.items()} == {name: len(before[name]) for name in after}
