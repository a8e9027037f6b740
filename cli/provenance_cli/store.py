"""The workshop's records: pieces, certificates and how far each has come, in one SQLite file.

A certificate and its place in the status list are written in one transaction: a kill between any two lines loses
nothing and signs nothing twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.bundle import Bundle
from provenance.certificate import STATUS_LIST_BITS, Certificate
from provenance.encoding import Digest
from provenance.errors import ConfigurationError, ConflictError, NotFoundError
from provenance.piece import Piece
from provenance.serial import Serial
from provenance_cli.print_store import PrintStore
from provenance_cli.records import RECORDED, REFUSED, SIGNED, piece_columns, piece_of


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


class Store(PrintStore):
    """The records.  Every write is durable when it returns."""

    # --- pieces -----------------------------------------------------------------------------------------------------

    def add_pieces(self, entries: Iterable[Entry]) -> int:
        """Add pieces, and return how many were new; one whose origin is here already is left as it is."""
        with self._write() as connection:
            return sum(
                connection.execute(
                    "INSERT OR IGNORE INTO pieces (serial, facts, photos, origin) VALUES (?,?,?,?)",
                    (entry.piece.serial.compact, *piece_columns(entry.piece), entry.origin),
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
                connection.execute(statement, (*piece_columns(entry.piece), entry.piece.serial.compact)).rowcount
                for entry in entries
            )

    def remove_piece(self, serial: Serial) -> None:
        """Remove a piece; raises `NotFoundError` for none, `ConflictError` for one that is signed."""
        self.piece(serial)
        with self._write() as connection:
            query = "DELETE FROM pieces WHERE serial=? AND serial NOT IN (SELECT serial FROM certificates)"
            removed = connection.execute(query, (serial.compact,)).rowcount
        if not removed:
            raise signed_already(serial)

    def known(self) -> dict[str, Known]:
        """Return what is here, by origin."""
        query = (
            "SELECT origin, facts, photos, certificates.serial IS NOT NULL FROM pieces"
            " LEFT JOIN certificates ON certificates.serial = pieces.serial WHERE origin IS NOT NULL"
        )
        rows = self._connection.execute(query)
        return {origin: Known(piece_of(facts, photos), bool(signed)) for origin, facts, photos, signed in rows}

    def pieces(self, *, unsigned: bool = False) -> list[Piece]:
        """Return the pieces in the order of their entry; only those without a certificate where asked."""
        where = "WHERE serial NOT IN (SELECT serial FROM certificates)" if unsigned else ""
        query = f"SELECT facts, photos FROM pieces {where} ORDER BY id"  # noqa: S608
        return [piece_of(*row) for row in self._connection.execute(query)]

    def piece(self, serial: Serial) -> Piece:
        """Return one piece; raises `NotFoundError`."""
        row = self._connection.execute("SELECT facts, photos FROM pieces WHERE serial=?", (serial.compact,)).fetchone()
        if row is None:
            raise NotFoundError("unknown-piece", "This workshop has no piece {serial}.", serial=serial)
        return piece_of(*row)

    def naming(self, serial: Serial) -> list[Piece]:
        """Return the other pieces that name a piece: those of its set, and its parts."""
        query = "SELECT facts, photos FROM pieces WHERE serial != ? AND instr(facts, ?) ORDER BY id"
        rows = self._connection.execute(query, (serial.compact, str(serial).encode("ascii")))
        return [piece for piece in (piece_of(*row) for row in rows) if _names(piece, serial)]

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

    def remove_certificates(self, digests: Iterable[Digest]) -> None:
        """Forget certificates, and the amendments of their pieces, which are drafts with their newest facts then."""
        with self._write() as connection:
            for digest in digests:
                of = "(SELECT serial FROM certificates WHERE digest=?)"
                connection.execute(f"DELETE FROM amendments WHERE serial={of}", (digest.value,))  # noqa: S608
                connection.execute("DELETE FROM certificates WHERE digest=?", (digest.value,))

    def add_fetched(self, bundles: Iterable[tuple[Bundle, bytes]]) -> int:
        """Add certificates that were anchored before this folder was made, with their pieces, their amendments and the
        bytes of their bundles; return how many were new.

        They count in another status list: their places here are negative, so that none of this list's is taken.
        """
        added = 0
        with self._write() as connection:
            for bundle, data in bundles:
                certificate = bundle.certificate
                serial = certificate.piece.serial.compact
                connection.execute(
                    "INSERT OR IGNORE INTO pieces (serial, facts, photos) VALUES (?,?,?)",
                    (serial, *piece_columns(bundle.newest.piece)),
                )
                new = connection.execute(
                    "INSERT OR IGNORE INTO certificates (digest, serial, data, list_index, state, bundle)"
                    " SELECT ?, ?, ?, min(coalesce(min(list_index), 0), 0) - 1, 'anchored', ? FROM certificates",
                    (certificate.digest.value, serial, certificate.data, data),
                ).rowcount
                if new:
                    self._insert(bundle.amendments, RECORDED)
                added += new
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
            self.piece(serial)
            raise NotFoundError(
                "not-signed",
                "{serial} has no certificate yet.",
                hint="Sign first: `kilnmark sign`, then `kilnmark submit --wait`.",
                serial=serial,
            )
        return Signed(Certificate.from_bytes(row[0]), row[1], row[2], row[3])

    def serials(self, state: str) -> list[Serial]:
        """Return the pieces whose certificates are in a state, in the order of signing."""
        query = "SELECT serial FROM certificates WHERE state=? ORDER BY id"
        return [Serial(serial) for (serial,) in self._connection.execute(query, (state,))]

    def states(self) -> dict[str, str]:
        """Return the state of every certificate by compact serial."""
        return dict(self._connection.execute("SELECT serial, state FROM certificates"))

    def reasons(self) -> dict[str, str]:
        """Return the registry's code for each certificate that does not go on or does not count, by compact serial."""
        query = "SELECT serial, reason FROM certificates WHERE reason IS NOT NULL"
        return dict(self._connection.execute(query))

    def mark(self, changes: Iterable[tuple[Digest, str, str | None, str | None]]) -> None:
        """Record states, errors and the registry's codes for them by digest."""
        with self._write() as connection:
            connection.executemany(
                "UPDATE certificates SET state=?, error=?, reason=? WHERE digest=?",
                [(state, error, reason, digest.value) for digest, state, error, reason in changes],
            )

    def mark_answered(self, changes: Sequence[tuple[Digest, str, str | None, str | None]]) -> None:
        """Record what a registry answered to certificates, as `mark` does, and how far a run has come with them."""
        acknowledged = [digest for digest, state, *_ in changes if state != REFUSED]
        with self._write() as connection:
            connection.executemany(
                "UPDATE certificates SET state=?, error=?, reason=? WHERE digest=?",
                [(state, error, reason, digest.value) for digest, state, error, reason in changes],
            )
            if acknowledged:
                connection.execute(
                    "INSERT INTO sending VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE"
                    " SET acknowledged = acknowledged + excluded.acknowledged, digest = excluded.digest",
                    (len(acknowledged), acknowledged[-1].value),
                )

    def sending(self) -> tuple[int, Digest] | None:
        """Return how many certificates a run that did not end had acknowledged, and the last; ``None`` for none."""
        row = self._connection.execute("SELECT acknowledged, digest FROM sending").fetchone()
        return None if row is None else (int(row[0]), Digest(row[1]))

    def end_sending(self) -> None:
        """Record that a run has ended: all its certificates are answered."""
        with self._write() as connection:
            connection.execute("DELETE FROM sending")

    def keep_bundles(self, bundles: Iterable[tuple[Digest, bytes]]) -> None:
        """Keep the bundles of anchored certificates."""
        with self._write() as connection:
            connection.executemany(
                "UPDATE certificates SET bundle=? WHERE digest=?", [(data, digest.value) for digest, data in bundles]
            )

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

    def mark_photos_lost(self, digests: Iterable[Digest]) -> None:
        """Record that the registry has photos, scans or files no more: they are sent again."""
        with self._write() as connection:
            connection.executemany("DELETE FROM photos_sent WHERE digest=?", [(digest.value,) for digest in digests])

    # --- scans and files --------------------------------------------------------------------------------------------

    def keep_original(self, digest: Digest, path: Path) -> None:
        """Record where a scan or a file lies, by its digest."""
        with self._write() as connection:
            connection.execute("INSERT OR REPLACE INTO originals VALUES (?,?)", (digest.value, str(path)))

    def original(self, digest: Digest) -> Path | None:
        """Return where a scan or a file was when it was entered."""
        row = self._connection.execute("SELECT path FROM originals WHERE digest=?", (digest.value,)).fetchone()
        return None if row is None else Path(row[0])


def _names(piece: Piece, serial: Serial) -> bool:
    in_set = piece.set is not None and serial in piece.set.pieces
    return in_set or (piece.part_of is not None and piece.part_of.serial == serial)


def signed_already(serial: Serial) -> ConflictError:
    """Return the error for a piece that is no draft."""
    return ConflictError(
        "piece-signed",
        "{serial} is signed already.",
        hint="Where it is not on the ledger and not on its way, `kilnmark piece unsign {serial}` makes it a "
        "draft again. Once it is there, `kilnmark piece amend {serial}` corrects it.",
        serial=serial,
    )
