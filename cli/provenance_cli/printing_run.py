"""A print job, from what was asked for to finished files: a kill at any moment loses no label and prints none twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.errors import ConfigurationError, ConflictError, VerificationError
from provenance_cli.alone import alone_at
from provenance_cli.i18n import _, ngettext
from provenance_cli.paper import say_missing
from provenance_cli.print_options import Settings
from provenance_cli.tag_formats import FORMATS

if TYPE_CHECKING:
    from provenance.printing.label import Label
    from provenance_cli.context import Advance, App
    from provenance_cli.print_store import PrintJob, PrintStore
    from provenance_cli.tag_store import TagNumber
    from provenance_cli.workshop import Workshop


@contextmanager
def printing_alone(workshop: Workshop) -> Iterator[None]:
    """Keep other programs from printing tags of the same folder; raises `ConflictError` where one does."""
    taken = ConflictError(
        "tags-being-printed", "Another program prints tags of this folder.", hint="Wait until it is done."
    )
    with alone_at(workshop.path / "tags.lock", taken):
        yield


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
    run, so that one which was written, and not counted yet when the run was killed, is only written once more.  The
    places of tags that were voided meanwhile stay empty.
    """
    settings = Settings.from_json(job.settings)
    form, division = FORMATS[settings.form], settings.division(job.total)
    labels, pages, files, missing = 0, 0, dict[Path, None](), dict[str, None]()
    for volume in division.volumes(job.done):
        path = settings.file(division, volume.number)
        tags = store.job_tags(job, volume.first, volume.last)
        drawn = [None if store.is_void(tag) else label(tag) for tag in tags]
        count = sum(item is not None for item in drawn)
        if not count:
            store.finish_labels(job, volume.first, volume.last, now())
            continue
        try:
            printed = form.write(settings.part(drawn, volume, job.time), path, advance)
        except (ConfigurationError, VerificationError):
            if job.done == 0 and not files:  # It can be asked for in another way: nothing of it is there.
                store.give_up_job(job)
            raise
        store.finish_labels(job, volume.first, volume.last, now())
        labels, pages = labels + count, pages + printed.pages
        files[path] = None
        missing |= dict.fromkeys(printed.missing)
    return Outcome(labels, pages, tuple(files), tuple(missing))


def require_own_files(store: PrintStore, settings: Settings) -> None:
    """Return if a new job writes over no file of one that was broken off; raise `ConflictError` otherwise.

    What counts as printed there would be nowhere: the rest of that job prints none of it again.
    """
    if FORMATS[settings.form].folder:
        return
    for job in store.unfinished_jobs():
        if job.done and job.settings["path"] == settings.path:
            raise ConflictError(
                "job-unfinished",
                "Job {job} was broken off, and its first files are at {path} too.",
                hint="Finish it first: `kilnmark tag print --resume`. Or name another file with --out.",
                job=job.id,
                path=Path(settings.path),
            )


def run(app: App, workshop: Workshop, job: PrintJob) -> None:
    """Print what is left of a job, and tell of it."""
    from provenance_cli.cards import label_of

    store = workshop.store
    tell_void(app, [tag for tag in store.job_tags(job, job.done) if store.is_void(tag)])
    lang = str(job.settings["lang"])

    def label(tag: TagNumber) -> Label:
        return label_of(store.form(tag.serial), lang, number=tag.number)

    with app.progress(job.total - job.done, _("Printing")) as advance:
        outcome = print_job(store, job, label, app.clock, advance)
    tell(app, job, outcome)


def tell_void(app: App, tags: Sequence[TagNumber]) -> None:
    """Say that void tags are left out, where there are any."""
    text = ngettext(
        "{n} piece is left out: its tag is voided, and `kilnmark tag replace` prints another.",
        "{n} pieces are left out: their tags are voided, and `kilnmark tag replace` prints others.",
        len(tags),
    )
    if tags:
        app.say(text.format(n=len(tags)), fg="yellow")


def tell_nothing(app: App, job: int) -> None:
    """Say that a job has no label to print."""
    app.say(_("No label of job {job} waits to be printed.").format(job=job))
    app.data({"tags": 0, "pages": 0, "file": None, "files": [], "missing": [], "job": None})


def tell_resumed(app: App, job: PrintJob) -> None:
    """Say that a job which was broken off goes on."""
    from provenance_cli.moments import shown_moment

    text = _("Going on with job {job} of {time}: {done:,} of {total:,} tags are in finished files.")
    app.say(text.format(job=job.id, time=shown_moment(job.time), done=job.done, total=job.total))


def tell(app: App, job: PrintJob, outcome: Outcome) -> None:
    """Tell what a run printed."""
    form, count, settings = FORMATS[job.settings["form"]], outcome.labels, Settings.from_json(job.settings)
    if not outcome.files:
        tell_nothing(app, job.id)
        return
    told = {"n": count, "pages": outcome.pages, "path": outcome.files[0], "files": len(outcome.files),
            "last": outcome.files[-1].name}  # fmt: skip
    if len(outcome.files) > 1:
        text = _("{n:,} tags in {files} files, {path} to {last}, every code read back.")
    elif settings.form == "pdf" and count > 1:
        text = ngettext(
            "{n} tags on {pages} page in {path}, every code read back.",
            "{n} tags on {pages} pages in {path}, every code read back.",
            outcome.pages,
        )
    else:
        text = ngettext("{n} tag in {path}, its code read back.", "{n} tags in {path}, every code read back.", count)
    app.say(text.format(**told))
    say_missing(app, outcome.missing)
    if settings.form == "pdf":
        app.say(_("Print at 100 %: “fit to page” moves labels off their paper."))
        app.say(_("Labels that spoil in the printer: `kilnmark tag spoiled {job} PAGE.LABEL`.").format(job=job.id))
    files = [str(path) for path in outcome.files]
    place: dict[str, Any] = {"folder": files[0]} if settings.is_folder else {"file": files[0]}
    if not form.folder:
        place |= {"pages": outcome.pages, "files": files}
    app.data({"tags": count, **place, "missing": list(outcome.missing), "job": job.id})
