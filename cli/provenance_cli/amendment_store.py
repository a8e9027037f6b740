"""The workshop's amendments: a chain for each piece, and how far each of them has come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from provenance.bundle import MAX_AMENDMENTS
from provenance.certificate import Certificate
from provenance.encoding import Digest
from provenance.errors import ConflictError, NotFoundError
from provenance.serial import Serial
from provenance_cli.records import RECORDED, Records, piece_columns


@dataclass(frozen=True, slots=True)
class Amendment:
    """An amendment of the workshop; `error` says why the registry refused it."""

    certificate: Certificate
    state: str
    error: str | None


class AmendmentStore(Records):
    """The records of amendments."""

    def amendments(self, serial: Serial) -> list[Certificate]:
        """Return the amendments of a piece's certificate, oldest first."""
        return [amendment.certificate for amendment in self.amendments_kept(serial)]

    def amendments_kept(self, serial: Serial) -> list[Amendment]:
        """Return the amendments of a piece's certificate with their states, oldest first."""
        query = "SELECT data, state, error FROM amendments WHERE serial=? ORDER BY id"
        found = self._connection.execute(query, (serial.compact,))
        return [Amendment(Certificate.from_bytes(data), state, error) for data, state, error in found]

    def form(self, serial: Serial) -> Certificate:
        """Return a piece's newest certificate that the ledger names: an amendment once it is recorded.

        Raises `NotFoundError` where there is no certificate.
        """
        recorded = [item.certificate for item in self.amendments_kept(serial) if item.state == RECORDED]
        return recorded[-1] if recorded else self._first(serial)

    def amended(self) -> set[Serial]:
        """Return the pieces with amendments."""
        found = self._connection.execute("SELECT DISTINCT serial FROM amendments")
        return {Serial(serial) for (serial,) in found}

    def amending(self) -> list[Serial]:
        """Return the pieces with an amendment that is not on the ledger yet."""
        query = "SELECT serial FROM amendments WHERE state <> ? GROUP BY serial ORDER BY min(id)"
        return [Serial(serial) for (serial,) in self._connection.execute(query, (RECORDED,))]

    def add_amendment(self, amendment: Certificate) -> None:
        """Keep an amendment, and its facts for the piece.

        Raises `NotFoundError` where there is no certificate, `ConflictError` where it replaces another than the newest,
        or where there are too many.
        """
        serial = amendment.piece.serial
        with self._write():
            before = self.amendments(serial)
            newest = before[-1] if before else self._first(serial)
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
            self._insert([amendment], "signed")
            self._set_facts(amendment)

    def mark_amendments(self, changes: Iterable[tuple[Digest, str, str | None]]) -> None:
        """Record states and errors by digest."""
        with self._write() as connection:
            connection.executemany(
                "UPDATE amendments SET state=?, error=? WHERE digest=?",
                [(state, error, digest.value) for digest, state, error in changes],
            )

    def discard_amendments(self, serial: Serial, keeping: Sequence[str] = (RECORDED,)) -> int:
        """Forget the amendments of a piece but those in the states `keeping`, and return how many.

        Its facts are those of the newest that is left.
        """
        with self._write() as connection:
            query = f"DELETE FROM amendments WHERE serial=? AND state NOT IN ({','.join('?' * len(keeping))})"  # noqa: S608
            removed = connection.execute(query, (serial.compact, *keeping)).rowcount
            left = self.amendments(serial)
            self._set_facts(left[-1] if left else self._first(serial))
        return removed

    def adopt_amendments(self, serial: Serial, chain: Sequence[Certificate]) -> None:
        """Put amendments that the ledger names in the place of all that are here, which are forgotten."""
        with self._write() as connection:
            connection.execute("DELETE FROM amendments WHERE serial=?", (serial.compact,))
            self._insert(chain, RECORDED)
            self._set_facts(chain[-1] if chain else self._first(serial))

    def _insert(self, amendments: Sequence[Certificate], state: str) -> None:
        self._connection.executemany(
            "INSERT INTO amendments (digest, serial, data, state) VALUES (?,?,?,?)",
            [(item.digest.value, item.piece.serial.compact, item.data, state) for item in amendments],
        )

    def _set_facts(self, newest: Certificate) -> None:
        facts = (*piece_columns(newest.piece), newest.piece.serial.compact)
        self._connection.execute("UPDATE pieces SET facts=?, photos=? WHERE serial=?", facts)

    def _first(self, serial: Serial) -> Certificate:
        row = self._connection.execute("SELECT data FROM certificates WHERE serial=?", (serial.compact,)).fetchone()
        if row is None:
            raise NotFoundError("unknown-piece", "This workshop has no certificate for {serial}.", serial=serial)
        return Certificate.from_bytes(row[0])
