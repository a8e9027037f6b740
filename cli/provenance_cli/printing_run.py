"""A print job, from what was asked for to finished files: a kill at any moment loses no label and prints none twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigurationError, ConflictError, VerificationError
from provenance_cli.i18n import _, ngettext
from provenance_cli.print_options import Settings
from provenance_cli.tag_formats import FORMATS

if TYPE_CHECKING:
    from provenance.printing.label import Label
    from provenance.serial import Serial
    from provenance_cli.context import Advance, App
    from provenance_cli.print_store import PrintJob, PrintStore
    from provenance_cli.store import Store
    from provenance_cli.tag_store import TagNumber
    from provenance_cli.workshop import Workshop


@contextmanager
def printing_alone(workshop: Workshop) -> Iterator[None]:
    """Keep other programs from printing tags of the same folder; raises `ConflictError` where one does."""
    lock = sqlite3.connect(workshop.path / "tags.lock", isolation_level=None, timeout=0)
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise ConflictError(
                "tags-being-printed", "Another program prints tags of this folder.", hint="Wait until it is done."
            ) from None
        yield
    finally:
        lock.close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run printed: labels, pages, files, and the names of characters that the typeface lacks."""

    labels: int
    pages: int
    files: tuple[Path, ...]
    missing: tuple[str, ...]


def print_job(
    store: PrintStore,
    job: PrintJob,
    label: Callable[[TagNumber], Label],
    now: Callable[[], datetime],
    advance: Advance = lambda number: None,
) -> Outcome:
    """Print what is not printed yet of a job, one volume after the other.

    Each is read back and written whole before its labels count as printed.  The same volume has the same bytes in every
    run, so that one which was written, and not counted yet when the run was killed, is only written once more.
    """
    settings = Settings.from_json(job.settings)
    form, division = FORMATS[settings.form], settings.division(job.total)
    labels, pages, files, missing = 0, 0, dict[Path, None](), dict[str, None]()
    for volume in division.volumes(job.done):
        path = settings.file(division, volume.number)
        drawn = [label(tag) for tag in store.job_tags(job, volume.first, volume.last)]
        try:
            printed = form.write(settings.part(drawn, volume, job.time), path, advance)
        except (ConfigurationError, VerificationError):
            if job.done == 0 and not files:  # It can be asked for in another way: nothing of it is there.
                store.drop_job(job)
            raise
        store.finish_labels(job, volume.first, volume.last, now())
        labels, pages = labels + len(drawn), pages + printed.pages
        files[path] = None
        missing |= dict.fromkeys(printed.missing)
    return Outcome(labels, pages, tuple(files), tuple(missing))


def is_void(store: Store, tag: TagNumber) -> bool:
    """Tell whether a tag counts no more, or will not once the registry has heard of it."""
    from provenance_cli.tag_store import DEAD

    return store.tag_state(tag) in DEAD or store.kept_void(tag) is not None


def counting_tag(store: Store, serial: Serial) -> TagNumber:
    """Return a piece's newest tag; raises `ConflictError` where that is void."""
    tag = store.newest_tag(serial)
    if is_void(store, tag):
        raise ConflictError(
            "tag-void",
            "Tag {number} of {serial} is voided: it is not printed again.",
            hint="Print its replacement: `kilnmark tag replace {serial}`.",
            serial=serial,
            number=tag.number,
        )
    return tag


def require_good(app: App, workshop: Workshop, serials: Sequence[Serial]) -> None:
    """Require of each piece, one after the other, that the pinned ledger shows its record to be genuine."""
    from provenance.verify import Verifier
    from provenance_cli.commands.tag import require_authentic
    from provenance_cli.ledgers import load_policy, open_pinned

    store, policy = workshop.store, load_policy(app)
    verifier = Verifier(policy, open_pinned(policy))
    with app.progress(len(serials), _("Checking")) as advance:
        for serial in serials:
            require_authentic(verifier, store.certificate(serial), app.lang)
            advance(1)


def run(app: App, workshop: Workshop, job: PrintJob) -> None:
    """Print what is left of a job, and tell of it."""
    from provenance_cli.commands.tag import label_of

    store = workshop.store
    lang = str(job.settings["lang"])

    def label(tag: TagNumber) -> Label:
        return label_of(store.certificate(tag.serial), lang, number=tag.number)

    with app.progress(job.total - job.done, _("Printing")) as advance:
        outcome = print_job(store, job, label, app.clock, advance)
    _tell(app, job, outcome)


def tell_resumed(app: App, job: PrintJob) -> None:
    """Say that a job which was broken off goes on."""
    from provenance_cli.moments import shown_moment

    text = _("Going on with job {job} of {time}: {done:,} of {total:,} tags are in finished files.")
    app.say(text.format(job=job.id, time=shown_moment(job.time), done=job.done, total=job.total))


def _tell(app: App, job: PrintJob, outcome: Outcome) -> None:
    form, count = FORMATS[job.settings["form"]], outcome.labels
    told = {"n": count, "pages": outcome.pages, "path": outcome.files[0], "files": len(outcome.files),
            "last": outcome.files[-1].name}  # fmt: skip
    if len(outcome.files) > 1:
        text = _("{n:,} tags in {files} files, {path} to {last}, every code read back.")
    elif job.settings["form"] == "pdf":
        text = _("{n} tags on {pages} pages in {path}, every code read back.")
    else:
        text = ngettext("{n} tag in {path}, its code read back.", "{n} tags in {path}, every code read back.", count)
    app.say(text.format(**told))
    for name in outcome.missing:
        app.say("  " + _("The typeface lacks {name}.").format(name=name), fg="yellow")
    if job.settings["form"] == "pdf":
        app.say(_("Labels that spoil in the printer: `kilnmark tag spoiled {job} PAGE.LABEL`.").format(job=job.id))
    files = [str(path) for path in outcome.files]
    place = {"folder": files[0]} if form.folder else {"pages": outcome.pages, "file": files[0], "files": files}
    app.data({"tags": count, **place, "missing": list(outcome.missing), "job": job.id})
