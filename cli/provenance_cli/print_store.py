"""The workshop's records of print jobs: what is on which label, how far each has come, and what was spoiled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from provenance.errors import NotFoundError
from provenance.serial import Serial
from provenance_cli.i18n import later
from provenance_cli.tag_store import DEAD, PRINTED, REPLACED, SPOILED, VOIDED, TagEvent, TagNumber, TagStore

PRINT, REPLACE, REPRINT = "print", "replace", "reprint"
"""What a job was asked for."""
UNFINISHED, FINISHED, DROPPED = later("unfinished"), later("finished"), later("dropped")


@dataclass(frozen=True, slots=True)
class PrintJob:
    """A job: `request` is what was asked for, `settings` how it is printed; `done` of its `total` labels are in files
    that are finished."""

    id: int
    time: datetime
    by: str
    kind: str
    request: str
    settings: dict[str, Any]
    total: int
    done: int
    dropped: bool
    source: int | None

    @property
    def state(self) -> str:
        """How it stands."""
        return FINISHED if self.done == self.total else DROPPED if self.dropped else UNFINISHED


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A spoiled label: its place in the job, and whether it was printed once more."""

    place: int
    tag: TagNumber
    reprinted: bool


class PrintStore(TagStore):
    """The records of print jobs."""

    def add_job(
        self,
        kind: str,
        request: str,
        settings: dict[str, Any],
        tags: Iterable[TagNumber],
        time: datetime,
        by: str,
        source: int | None = None,
    ) -> PrintJob:
        """Keep a job with its labels in their order."""
        with self._write() as connection:
            cursor = connection.execute(
                "INSERT INTO print_jobs (time, by, kind, request, settings, total, source) VALUES (?,?,?,?,?,0,?)",
                (int(time.timestamp()), by, kind, request, json.dumps(settings, ensure_ascii=False), source),
            )
            number = int(cursor.lastrowid or 0)
            added = connection.executemany(
                "INSERT INTO print_labels (job, place, serial, number) VALUES (?,?,?,?)",
                ((number, place, tag.serial.compact, tag.number) for place, tag in enumerate(tags)),
            )
            connection.execute("UPDATE print_jobs SET total=? WHERE id=?", (added.rowcount, number))
        return self.job(number)

    def job(self, number: int) -> PrintJob:
        """Return a job; raises `NotFoundError`."""
        for job in self._jobs("WHERE id=?", number):
            return job
        raise NotFoundError(
            "unknown-job", "There is no print job {number}.", hint="See them with `kilnmark tag jobs`.", number=number
        )

    def jobs(self) -> list[PrintJob]:
        """Return all jobs, oldest first."""
        return list(self._jobs(""))

    def unfinished_jobs(self) -> list[PrintJob]:
        """Return the jobs that were broken off, the newest first."""
        return list(self._jobs("WHERE done < total AND NOT dropped", order="DESC"))

    def _jobs(self, where: str, *values: object, order: str = "ASC") -> Iterator[PrintJob]:
        columns = "id, time, by, kind, request, settings, total, done, dropped, source"
        query = f"SELECT {columns} FROM print_jobs {where} ORDER BY id {order}"  # noqa: S608
        for row in self._connection.execute(query, values).fetchall():
            number, time, by, kind, request, settings, total, done, dropped, source = row
            moment = datetime.fromtimestamp(time, UTC)
            yield PrintJob(
                number, moment, by, kind, request, json.loads(settings), total, done, bool(dropped), source
            )  # fmt: skip

    def drop_job(self, job: PrintJob) -> None:
        """Record that a job will not be finished."""
        with self._write() as connection:
            connection.execute("UPDATE print_jobs SET dropped=1 WHERE id=?", (job.id,))

    def give_up_job(self, job: PrintJob) -> None:
        """Forget a job of which nothing was printed; one that gave tags their numbers is kept, as dropped."""
        if job.kind == REPLACE:
            self.drop_job(job)
            return
        with self._write() as connection:
            connection.execute("DELETE FROM print_labels WHERE job=?", (job.id,))
            connection.execute("DELETE FROM print_jobs WHERE id=?", (job.id,))

    def job_tags(self, job: PrintJob, first: int = 0, last: int | None = None) -> list[TagNumber]:
        """Return the tags of a job from place `first` to before `last`."""
        query = "SELECT serial, number FROM print_labels WHERE job=? AND place>=? AND place<? ORDER BY place"
        rows = self._connection.execute(query, (job.id, first, job.total if last is None else last))
        return [TagNumber(Serial(serial), number) for serial, number in rows]

    def finish_labels(self, job: PrintJob, first: int, last: int, time: datetime) -> None:
        """Record in one step that labels from `first` to before `last`, void ones left out, are in a finished file."""
        with self._write() as connection:
            tags = [tag for tag in self.job_tags(job, first, last) if not self.is_void(tag)]
            self._add_events(TagEvent(tag, PRINTED, time, job.by, job=job.id) for tag in tags)
            before = [TagNumber(tag.serial, tag.number - 1) for tag in tags if tag.number > 1]
            replaced = [tag for tag in before if self.tag_state(tag) == VOIDED]
            self._add_events(TagEvent(tag, REPLACED, time, job.by, job=job.id) for tag in replaced)
            connection.execute("UPDATE print_jobs SET done=? WHERE id=?", (last, job.id))
            if job.source is not None:
                connection.executemany(
                    "UPDATE print_labels SET reprinted=1 WHERE job=? AND serial=? AND number=? AND spoiled IS NOT NULL",
                    [(job.source, tag.serial.compact, tag.number) for tag in tags],
                )

    def spoil(self, job: PrintJob, places: Sequence[int], time: datetime, by: str) -> list[Spoiled]:
        """Record that labels were spoiled; return them."""
        with self._write() as connection:
            connection.executemany(
                "UPDATE print_labels SET spoiled=?, reprinted=0 WHERE job=? AND place=?",
                [(int(time.timestamp()), job.id, place) for place in places],
            )
            wanted = set(places)
            found = [item for item in self.spoiled(job) if item.place in wanted]
            alive = [item.tag for item in found if self.tag_state(item.tag) not in DEAD]
            self._add_events(TagEvent(tag, SPOILED, time, by, job=job.id) for tag in alive)
        return found

    def spoiled(self, job: PrintJob) -> list[Spoiled]:
        """Return the spoiled labels of a job, by their places."""
        query = "SELECT place, serial, number, reprinted FROM print_labels WHERE job=? AND spoiled IS NOT NULL"
        rows = self._connection.execute(query + " ORDER BY place", (job.id,))
        return [Spoiled(place, TagNumber(Serial(serial), number), bool(again)) for place, serial, number, again in rows]

    def spoiled_counts(self) -> dict[int, tuple[int, int]]:
        """Return how many labels were spoiled, and how many of them were printed once more, by job."""
        query = "SELECT job, count(*), sum(reprinted) FROM print_labels WHERE spoiled IS NOT NULL GROUP BY job"
        return {job: (count, again) for job, count, again in self._connection.execute(query)}
