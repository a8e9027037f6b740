"""The workshop's SQLite file: how it is opened and written, and how a piece stands in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provenance.canonical import canonicalize, parse_canonical
from provenance.certificate import MAX_CERTIFICATE_BYTES
from provenance.encoding import Digest
from provenance.piece import Photo, Piece, Resource, Scan, WorkFile
from provenance_cli.i18n import later

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pieces (
    id INTEGER PRIMARY KEY, serial TEXT NOT NULL UNIQUE, facts BLOB NOT NULL, photos TEXT NOT NULL, origin TEXT UNIQUE
);
CREATE TABLE IF NOT EXISTS certificates (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, serial TEXT NOT NULL UNIQUE REFERENCES pieces (serial),
    data BLOB NOT NULL, list_index INTEGER NOT NULL UNIQUE, state TEXT NOT NULL, error TEXT, bundle BLOB, reason TEXT
);
CREATE TABLE IF NOT EXISTS amendments (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, serial TEXT NOT NULL REFERENCES certificates (serial),
    data BLOB NOT NULL, state TEXT NOT NULL DEFAULT 'signed', error TEXT
);
CREATE TABLE IF NOT EXISTS photos_sent (digest BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS photos_prepared (source BLOB PRIMARY KEY, digest BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS originals (digest BLOB PRIMARY KEY, path TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sending (id INTEGER PRIMARY KEY, acknowledged INTEGER NOT NULL, digest BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS secret_codes (
    serial TEXT PRIMARY KEY, claim_key BLOB NOT NULL, nonce TEXT NOT NULL, signature BLOB NOT NULL, file TEXT NOT NULL,
    time INTEGER NOT NULL, printed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tag_events (
    id INTEGER PRIMARY KEY, serial TEXT NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL, time INTEGER NOT NULL,
    by TEXT NOT NULL, note TEXT NOT NULL, job INTEGER
);
CREATE INDEX IF NOT EXISTS tag_events_of ON tag_events (serial, number, id);
CREATE TABLE IF NOT EXISTS tag_voids (
    serial TEXT NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL, reason TEXT NOT NULL, replacement INTEGER,
    sent INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (serial, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS print_jobs (
    id INTEGER PRIMARY KEY, time INTEGER NOT NULL, by TEXT NOT NULL, kind TEXT NOT NULL, request TEXT NOT NULL,
    settings TEXT NOT NULL, total INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0, source INTEGER REFERENCES print_jobs (id)
);
CREATE TABLE IF NOT EXISTS print_labels (
    job INTEGER NOT NULL REFERENCES print_jobs (id), place INTEGER NOT NULL, serial TEXT NOT NULL,
    number INTEGER NOT NULL, spoiled INTEGER, reprinted INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (job, place)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS print_labels_of ON print_labels (serial, number);
"""
_ADDED = {
    "amendments": {"state": "TEXT NOT NULL DEFAULT 'signed'", "error": "TEXT"},
    "certificates": {"reason": "TEXT"},
}
"""Columns that folders of before have not."""

_SCAN, _FILE = "scan", "file"
"""What stands in the place of a photo's role for a resource of another kind."""
SIGNED, REFUSED = later("signed"), later("refused")
"""The workshop's own states."""
REGISTRY_STATES = (later("held"), later("waiting"), later("batched"), later("anchored"))
"""The states of a certificate that a registry tells."""
REGISTERED, RECORDED = later("registered"), later("recorded")
"""The states of an amendment that a registry tells: kept there, and named by the ledger."""


class Records:
    """The open file.  Every write is durable when it returns."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_SCHEMA)
        for table, columns in _ADDED.items():
            here = {row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")}
            for name, kind in columns.items():
                if name not in here:
                    self._connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def piece_columns(piece: Piece) -> tuple[bytes, str]:
    """Return facts and resources of a piece as they stand in the file."""
    resources: list[Resource] = [*piece.photos, *piece.scans, *piece.files]
    return canonicalize(piece.to_json()), json.dumps([_named(item) for item in resources])


def _named(item: Resource) -> list[str]:
    role = item.role if isinstance(item, Photo) else _SCAN if isinstance(item, Scan) else _FILE
    return [item.digest.hex(), item.media_type, role]


def piece_of(facts: bytes, resources: str) -> Piece:
    """Read what `piece_columns` gives."""
    photos, scans, files = list[Photo](), list[Scan](), list[WorkFile]()
    for name, media, role in json.loads(resources):
        digest = Digest(bytes.fromhex(name))
        if role == _SCAN:
            scans.append(Scan(digest, media))
        elif role == _FILE:
            files.append(WorkFile(digest, media))
        else:
            photos.append(Photo(digest, media, role))
    subject = parse_canonical(facts, limit=MAX_CERTIFICATE_BYTES)
    return Piece.from_json(subject, tuple(photos), tuple(scans), tuple(files))
