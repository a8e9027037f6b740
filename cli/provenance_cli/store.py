"""The workshop's records: pieces, certificates and how far each has come, in one SQLite file.

A certificate and its place in the status list are written in one transaction: a kill between any two lines loses
nothing and signs nothing twice.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provenance.bundle import MAX_AMENDMENTS
from provenance.canonical import canonicalize, parse_canonical
from provenance.certificate import MAX_CERTIFICATE_BYTES, STATUS_LIST_BITS, Certificate
from provenance.encoding import Digest
from provenance.errors import ConfigurationError, ConflictError, NotFoundError
from provenance.piece import Photo, Piece, Resource, Scan, WorkFile
from provenance.serial import Serial
from provenance_cli.i18n import later

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pieces (
    id INTEGER PRIMARY KEY, serial TEXT NOT NULL UNIQUE, facts BLOB NOT NULL, photos TEXT NOT NULL, origin TEXT UNIQUE
);
CREATE TABLE IF NOT EXISTS certificates (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, serial TEXT NOT NULL UNIQUE REFERENCES pieces (serial),
    data BLOB NOT NULL, list_index INTEGER NOT NULL UNIQUE, state TEXT NOT NULL, error TEXT, bundle BLOB
);
CREATE TABLE IF NOT EXISTS amendments (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, serial TEXT NOT NULL REFERENCES certificates (serial),
    data BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS photos_sent (digest BLOB PRIMARY KEY);
CREATE TABLE IF NOT EXISTS photos_prepared (source BLOB PRIMARY KEY, digest BLOB NOT NULL);
"""

_SCAN, _FILE = "scan", "file"
"""What stands in the place of a photo's role for a resource of another kind."""
SIGNED, REFUSED = later("signed"), later("refused")
"""The workshop's own states."""
REGISTRY_STATES = (later("held"), later("waiting"), later("batched"), later("anchored"))
"""The states that a registry tells."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A piece as entered; `origin` tells its row from the others of the spreadsheets."""

    piece: Piece
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the workshop has under an origin."""

    piece: Piece
    signed: bool


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate of the workshop; `bundle` are the bytes of its bundle once it is anchored."""

    certificate: Certificate
    state: str
    error: str | None
    bundle: bytes | None


class Store:
    """The records.  Every write is durable when it returns."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_SCHEMA)

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

    # --- pieces -----------------------------------------------------------------------------------------------------

    def add_pieces(self, entries: Iterable[Entry]) -> int:
        """Add pieces, and return how many were new; one whose origin is here already is left as it is."""
        with self._write() as connection:
            return sum(
                connection.execute(
                    "INSERT OR IGNORE INTO pieces (serial, facts, photos, origin) VALUES (?,?,?,?)",
                    (entry.piece.serial.compact, *_columns(entry.piece), entry.origin),
                ).rowcount
                for entry in entries
            )

    def correct_pieces(self, entries: Iterable[Entry]) -> int:
        """Put other facts in the place of a piece's, by its serial, unless it is signed; return how many were."""
        statement = (
            "UPDATE pieces SET facts=?, photos=? WHERE serial=? AND serial NOT IN (SELECT serial FROM certificates)"
        )
        with self._write() as connection:
            return sum(
                connection.execute(statement, (*_columns(entry.piece), entry.piece.serial.compact)).rowcount
                for entry in entries
            )

    def remove_piece(self, serial: Serial) -> None:
        """Remove a piece; raises `NotFoundError` for none, `ConflictError` for one that is signed."""
        self.piece(serial)
        with self._write() as connection:
            query = "DELETE FROM pieces WHERE serial=? AND serial NOT IN (SELECT serial FROM certificates)"
            removed = connection.execute(query, (serial.compact,)).rowcount
        if not removed:
            raise ConflictError(
                "piece-signed",
                "{serial} is signed already.",
                hint="Do not submit it, or revoke it once it is on the ledger.",
                serial=serial,
            )

    def known(self) -> dict[str, Known]:
        """Return what is here, by origin."""
        query = (
            "SELECT origin, facts, photos, certificates.serial IS NOT NULL FROM pieces"
            " LEFT JOIN certificates ON certificates.serial = pieces.serial WHERE origin IS NOT NULL"
        )
        rows = self._connection.execute(query)
        return {origin: Known(_piece(facts, photos), bool(signed)) for origin, facts, photos, signed in rows}

    def pieces(self, *, unsigned: bool = False) -> list[Piece]:
        """Return the pieces in the order of their entry; only those without a certificate where asked."""
        where = "WHERE serial NOT IN (SELECT serial FROM certificates)" if unsigned else ""
        query = f"SELECT facts, photos FROM pieces {where} ORDER BY id"  # noqa: S608
        return [_piece(*row) for row in self._connection.execute(query)]

    def piece(self, serial: Serial) -> Piece:
        """Return one piece; raises `NotFoundError`."""
        row = self._connection.execute("SELECT facts, photos FROM pieces WHERE serial=?", (serial.compact,)).fetchone()
        if row is None:
            raise NotFoundError("unknown-piece", "This workshop has no piece {serial}.", serial=serial)
        return _piece(*row)

    # --- certificates -----------------------------------------------------------------------------------------------

    def next_index(self) -> int:
        """Return the next free place in the workshop's status list."""
        query = "SELECT coalesce(max(list_index) + 1, 0) FROM certificates WHERE list_index >= 0"
        number = self._connection.execute(query).fetchone()[0]
        if number >= STATUS_LIST_BITS:
            raise ConfigurationError(
                "status-list-full",
                "This workshop's status list is full.",
                hint="Make a new workshop folder with `kilnmark key restore`: it starts a new list.",
            )
        return int(number)

    def add_certificates(self, certificates: Sequence[Certificate]) -> None:
        """Keep newly signed certificates; raises `ConflictError` where one of the pieces has one already."""
        try:
            with self._write() as connection:
                connection.executemany(
                    "INSERT INTO certificates (digest, serial, data, list_index, state) VALUES (?,?,?,?,?)",
                    [
                        (c.digest.value, c.piece.serial.compact, c.data, c.status_entry.index, SIGNED)
                        for c in certificates
                    ],
                )
        except sqlite3.IntegrityError:
            raise ConflictError(
                "signed-already", "Another program signed in this folder at the same time.", hint="Run it again."
            ) from None

    def add_fetched(self, bundles: Iterable[tuple[Certificate, bytes]]) -> int:
        """Add certificates that were anchored before this folder was made, with their pieces and the bytes of their
        bundles; return how many were new.

        They count in another status list: their places here are negative, so that none of this list's is taken.
        """
        added = 0
        with self._write() as connection:
            for certificate, data in bundles:
                serial = certificate.piece.serial.compact
                connection.execute(
                    "INSERT OR IGNORE INTO pieces (serial, facts, photos) VALUES (?,?,?)",
                    (serial, *_columns(certificate.piece)),
                )
                added += connection.execute(
                    "INSERT OR IGNORE INTO certificates (digest, serial, data, list_index, state, bundle)"
                    " SELECT ?, ?, ?, min(coalesce(min(list_index), 0), 0) - 1, 'anchored', ? FROM certificates",
                    (certificate.digest.value, serial, certificate.data, data),
                ).rowcount
        return added

    def certificates(self, states: Sequence[str] = ()) -> list[Signed]:
        """Return certificates in the order of signing; only those in `states` where given."""
        where = f"WHERE state IN ({','.join('?' * len(states))})" if states else ""
        query = f"SELECT data, state, error, bundle FROM certificates {where} ORDER BY id"  # noqa: S608
        return [Signed(Certificate.from_bytes(d), s, e, b) for d, s, e, b in self._connection.execute(query, states)]

    def certificate(self, serial: Serial) -> Signed:
        """Return a piece's certificate; raises `NotFoundError`."""
        query = "SELECT data, state, error, bundle FROM certificates WHERE serial=?"
        row = self._connection.execute(query, (serial.compact,)).fetchone()
        if row is None:
            raise NotFoundError("unknown-piece", "This workshop has no certificate for {serial}.", serial=serial)
        return Signed(Certificate.from_bytes(row[0]), row[1], row[2], row[3])

    def states(self) -> dict[str, str]:
        """Return the state of every certificate by compact serial."""
        return dict(self._connection.execute("SELECT serial, state FROM certificates"))

    def mark(self, changes: Iterable[tuple[Digest, str, str | None]]) -> None:
        """Record states and errors by digest."""
        with self._write() as connection:
            connection.executemany(
                "UPDATE certificates SET state=?, error=? WHERE digest=?",
                [(state, error, digest.value) for digest, state, error in changes],
            )

    def keep_bundles(self, bundles: Iterable[tuple[Digest, bytes]]) -> None:
        """Keep the bundles of anchored certificates."""
        with self._write() as connection:
            connection.executemany(
                "UPDATE certificates SET bundle=? WHERE digest=?", [(data, digest.value) for digest, data in bundles]
            )

    # --- amendments -------------------------------------------------------------------------------------------------

    def amendments(self, serial: Serial) -> list[Certificate]:
        """Return the amendments of a piece's certificate, oldest first."""
        query = "SELECT data FROM amendments WHERE serial=? ORDER BY id"
        return [Certificate.from_bytes(data) for (data,) in self._connection.execute(query, (serial.compact,))]

    def add_amendment(self, amendment: Certificate) -> None:
        """Keep an amendment, and its facts for the piece.

        Raises `NotFoundError` where there is no certificate, `ConflictError` where it replaces another than the newest,
        or where there are too many.
        """
        serial, piece = amendment.piece.serial, amendment.piece
        with self._write() as connection:
            before = self.amendments(serial)
            newest = before[-1] if before else self.certificate(serial).certificate
            if newest.digest != amendment.replaces:
                raise ConflictError(
                    "amended-already", "Another program amended {serial} at the same time.", hint="Run it again.",
                    serial=serial,
                )  # fmt: skip
            if len(before) >= MAX_AMENDMENTS:
                raise ConflictError(
                    "too-many-amendments",
                    "{serial} has {limit} amendments, and cannot have more.",
                    hint="Revoke it, and enter the piece anew.",
                    serial=serial,
                    limit=MAX_AMENDMENTS,
                )
            connection.execute(
                "INSERT INTO amendments (digest, serial, data) VALUES (?,?,?)",
                (amendment.digest.value, serial.compact, amendment.data),
            )
            connection.execute("UPDATE pieces SET facts=?, photos=? WHERE serial=?", (*_columns(piece), serial.compact))

    # --- photos -----------------------------------------------------------------------------------------------------

    def prepared_photo(self, source: Digest) -> Digest | None:
        """Return the prepared photo of a file that was prepared before, by the digest of the file."""
        row = self._connection.execute("SELECT digest FROM photos_prepared WHERE source=?", (source.value,)).fetchone()
        return None if row is None else Digest(row[0])

    def keep_prepared(self, source: Digest, digest: Digest) -> None:
        """Record what a photo's file was prepared as."""
        with self._write() as connection:
            connection.execute("INSERT OR REPLACE INTO photos_prepared VALUES (?,?)", (source.value, digest.value))

    def photos_sent(self) -> set[Digest]:
        """Return the photos that the registry has."""
        return {Digest(row[0]) for row in self._connection.execute("SELECT digest FROM photos_sent")}

    def mark_photo_sent(self, digest: Digest) -> None:
        """Record that the registry has a photo."""
        with self._write() as connection:
            connection.execute("INSERT OR IGNORE INTO photos_sent VALUES (?)", (digest.value,))


def _columns(piece: Piece) -> tuple[bytes, str]:
    resources: list[Resource] = [*piece.photos, *piece.scans, *piece.files]
    return canonicalize(piece.to_json()), json.dumps([_named(item) for item in resources])


def _named(item: Resource) -> list[str]:
    role = item.role if isinstance(item, Photo) else _SCAN if isinstance(item, Scan) else _FILE
    return [item.digest.hex(), item.media_type, role]


def _piece(facts: bytes, resources: str) -> Piece:
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
