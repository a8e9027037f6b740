"""The workshop's records of tags: what became of each number of each piece, when, and who says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from provenance.serial import Serial
from provenance_cli.i18n import later
from provenance_cli.secret_store import SecretStore

PRINTED, SPOILED, APPLIED = later("printed"), later("spoiled"), later("applied")
VOIDED, REPLACED = later("voided"), later("replaced")
"""What may become of a tag.  Only the registry's word makes one voided, and only its replacement in print replaced."""
DEAD = (VOIDED, REPLACED)


@dataclass(frozen=True, slots=True, order=True)
class TagNumber:
    """A tag of a piece: 1 is the first, and each replacement has the next."""

    serial: Serial
    number: int = 1


@dataclass(frozen=True, slots=True)
class TagEvent:
    """That something became of a tag at `time`, as `by` says; `note` is the reason, `job` the print job."""

    tag: TagNumber
    state: str
    time: datetime
    by: str
    note: str = ""
    job: int | None = None


@dataclass(frozen=True, slots=True)
class KeptVoid:
    """A signed void as it is sent, and whether the registry has it."""

    tag: TagNumber
    data: bytes
    reason: str
    sent: bool


class TagStore(SecretStore):
    """The records of tags."""

    def tags(self, serials: Sequence[Serial] = ()) -> list[TagEvent]:
        """Return the last that became of each tag, of the pieces named or of all, by serial and number."""
        newest = "id IN (SELECT max(id) FROM tag_events GROUP BY serial, number)"
        query = f"SELECT serial, number, state, time, by, note, job FROM tag_events WHERE {newest}"  # noqa: S608
        found = (_event(row) for row in self._connection.execute(query + " ORDER BY serial, number"))
        wanted = set(serials)
        return [event for event in found if not wanted or event.tag.serial in wanted]

    def tag_history(self, serial: Serial) -> list[TagEvent]:
        """Return all that became of the tags of a piece, oldest first."""
        query = "SELECT serial, number, state, time, by, note, job FROM tag_events WHERE serial=? ORDER BY id"
        return [_event(row) for row in self._connection.execute(query, (serial.compact,))]

    def tag_state(self, tag: TagNumber) -> str | None:
        """Return what became of a tag last; ``None`` where nothing is known."""
        query = "SELECT state FROM tag_events WHERE serial=? AND number=? ORDER BY id DESC LIMIT 1"
        row = self._connection.execute(query, (tag.serial.compact, tag.number)).fetchone()
        return None if row is None else str(row[0])

    def is_void(self, tag: TagNumber) -> bool:
        """Tell whether a tag counts no more, or will not once the registry has heard of it."""
        return self.tag_state(tag) in DEAD or self.kept_void(tag) is not None

    def newest_tag(self, serial: Serial) -> TagNumber:
        """Return the tag of a piece with the highest number that this folder has given."""
        query = (
            "SELECT max(number) FROM (SELECT number FROM tag_events WHERE serial=:s"
            " UNION ALL SELECT coalesce(replacement, number) FROM tag_voids WHERE serial=:s"
            " UNION ALL SELECT number FROM print_labels WHERE serial=:s)"
        )
        row = self._connection.execute(query, {"s": serial.compact}).fetchone()
        return TagNumber(serial, int(row[0] or 1))

    def was_printed(self, tag: TagNumber) -> bool:
        """Tell whether this folder has printed a tag."""
        query = "SELECT 1 FROM tag_events WHERE serial=? AND number=? AND state=?"
        return self._connection.execute(query, (tag.serial.compact, tag.number, PRINTED)).fetchone() is not None

    def add_tag_events(self, events: Iterable[TagEvent]) -> None:
        """Record what became of tags."""
        with self._write():
            self._add_events(events)

    def _add_events(self, events: Iterable[TagEvent]) -> None:
        self._connection.executemany(
            "INSERT INTO tag_events (serial, number, state, time, by, note, job) VALUES (?,?,?,?,?,?,?)",
            (
                (e.tag.serial.compact, e.tag.number, e.state, int(e.time.timestamp()), e.by, e.note, e.job)
                for e in events
            ),
        )

    # --- voids ------------------------------------------------------------------------------------------------------

    def keep_void(self, tag: TagNumber, data: bytes, reason: str, replacement: int | None) -> KeptVoid:
        """Keep a signed void before it is sent; return it, or the one that was kept before."""
        with self._write() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO tag_voids (serial, number, data, reason, replacement) VALUES (?,?,?,?,?)",
                (tag.serial.compact, tag.number, data, reason, replacement),
            )
        return self.kept_void(tag) or KeptVoid(tag, data, reason, sent=False)

    def kept_void(self, tag: TagNumber) -> KeptVoid | None:
        """Return the void of a tag that this folder signed, if there is one."""
        query = "SELECT data, reason, sent FROM tag_voids WHERE serial=? AND number=?"
        row = self._connection.execute(query, (tag.serial.compact, tag.number)).fetchone()
        return None if row is None else KeptVoid(tag, row[0], row[1], bool(row[2]))

    def mark_void_sent(self, void: KeptVoid, event: TagEvent) -> None:
        """Record that the registry has a void, and since when the tag counts no more."""
        with self._write() as connection:
            where = (void.tag.serial.compact, void.tag.number)
            fresh = connection.execute("UPDATE tag_voids SET sent=1 WHERE serial=? AND number=? AND sent=0", where)
            if fresh.rowcount:
                self._add_events([event])

    def forget_void(self, void: KeptVoid) -> None:
        """Forget a void that the registry refused."""
        with self._write() as connection:
            where = (void.tag.serial.compact, void.tag.number)
            connection.execute("DELETE FROM tag_voids WHERE serial=? AND number=? AND sent=0", where)


def _event(row: tuple[str, int, str, int, str, str, int | None]) -> TagEvent:
    serial, number, state, time, by, note, job = row
    return TagEvent(TagNumber(Serial(serial), number), state, datetime.fromtimestamp(time, UTC), by, note, job)
