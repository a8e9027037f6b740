"""The workshop's records of secret codes: everything about them but the secrets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from provenance.encoding import Address
from provenance.errors import ConflictError
from provenance.serial import Serial
from provenance_cli.amendment_store import AmendmentStore


@dataclass(frozen=True, slots=True)
class DrawnCode:
    """A secret code that was drawn: the address of its claim key, and the release that was signed for it.

    `printed` is false from the moment before the release is handed out until the whole `file` is written, and again
    from the moment before the code is cancelled.
    """

    serial: Serial
    claim_key: Address
    nonce: int
    signature: bytes
    file: str
    time: datetime
    printed: bool = False


class SecretStore(AmendmentStore):
    """The records of secret codes, one a piece: an earlier one is cancelled before the next is drawn."""

    def drawn_codes(self) -> dict[Serial, DrawnCode]:
        """Return what was drawn, by serial."""
        rows = self._connection.execute(
            "SELECT serial, claim_key, nonce, signature, file, time, printed FROM secret_codes"
        )
        codes = (
            DrawnCode(
                Serial(serial), Address(key), int(nonce), sig, file, datetime.fromtimestamp(time, UTC), bool(done)
            )
            for serial, key, nonce, sig, file, time, done in rows
        )
        return {code.serial: code for code in codes}

    def add_drawn(self, codes: Sequence[DrawnCode], before: dict[Serial, DrawnCode]) -> None:
        """Record codes in the place of those `before`.

        Raises `ConflictError` where others stand there now: another program drew some.
        """
        with self._write() as connection:
            now = self.drawn_codes()
            if any(now.get(code.serial) != before.get(code.serial) for code in codes):
                raise _overtaken()
            connection.executemany(
                "INSERT OR REPLACE INTO secret_codes VALUES (?,?,?,?,?,?,?)",
                [
                    (c.serial.compact, c.claim_key.value, str(c.nonce), c.signature, c.file,
                     int(c.time.timestamp()), c.printed)
                    for c in codes
                ],
            )  # fmt: skip

    def mark_unfinished(self, codes: Iterable[DrawnCode]) -> None:
        """Record that codes on paper are about to be cancelled: a run that is killed then left nothing that counts."""
        with self._write() as connection:
            connection.executemany(
                "UPDATE secret_codes SET printed=0 WHERE serial=? AND claim_key=?",
                [(code.serial.compact, code.claim_key.value) for code in codes],
            )

    def forget_drawn(self, codes: Iterable[DrawnCode]) -> None:
        """Forget codes that the registry refused: nobody can claim by them."""
        with self._write() as connection:
            connection.executemany(
                "DELETE FROM secret_codes WHERE serial=? AND claim_key=?",
                [(code.serial.compact, code.claim_key.value) for code in codes],
            )

    def sign_again(self, codes: Iterable[DrawnCode]) -> None:
        """Put releases for the same claim keys in the place of those that are recorded."""
        with self._write() as connection:
            connection.executemany(
                "UPDATE secret_codes SET signature=? WHERE serial=? AND claim_key=?",
                [(code.signature, code.serial.compact, code.claim_key.value) for code in codes],
            )

    def mark_printed(self, codes: Sequence[DrawnCode]) -> None:
        """Record that the file with the codes is written; raises `ConflictError` where others stand there now."""
        with self._write() as connection:
            changed = sum(
                connection.execute(
                    "UPDATE secret_codes SET printed=1 WHERE serial=? AND claim_key=?",
                    (code.serial.compact, code.claim_key.value),
                ).rowcount
                for code in codes
            )
            if changed != len(codes):
                raise _overtaken()


def _overtaken() -> ConflictError:
    return ConflictError(
        "codes-drawn-elsewhere",
        "Another program drew secret codes in this folder at the same time.",
        hint="Use no sheet of this run. Run the command again: it cancels what may count.",
    )
