"""``kilnmark tag jobs`` and ``spoiled``: what was printed, how far, and which labels the printer spoiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from provenance_cli.commands.tag_life import actor, by_option
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from provenance_cli.print_store import PrintJob


@click.command(help="List print jobs, and how far each has come.")
@pass_app
def jobs(app: App) -> None:
    """Show all print jobs of the folder."""
    store = app.workshop().store
    found, spoiled = store.jobs(), store.spoiled_counts()
    if not found:
        app.say(_("No tag was printed in this folder yet."))
    rows = [_members(job, *spoiled.get(job.id, (0, 0))) for job in found]
    app.data(rows, _table(found, rows) if found else None)


def _members(job: PrintJob, spoiled: int, reprinted: int) -> dict[str, Any]:
    from provenance.certificate import format_time
    from provenance_cli.print_options import Settings

    settings = Settings.from_json(job.settings)
    division = settings.division(job.total)
    left = {volume.number for volume in division.volumes(job.done)}
    files = [settings.file(division, number) for number in range(1, division.count + 1) if number not in left]
    return {
        "job": job.id,
        "time": format_time(job.time),
        "by": job.by,
        "kind": job.kind,
        "state": job.state,
        "format": settings.form,
        "layout": settings.layout.name,
        "tags": job.total,
        "done": job.done,
        "spoiled": spoiled,
        "reprinted": reprinted,
        "source": job.source,
        "files": [str(path) for path in dict.fromkeys(files)],
    }


def _table(found: Sequence[PrintJob], rows: Sequence[dict[str, Any]]) -> str:
    from provenance_cli.moments import shown_moment

    head = [_("Job"), _("Time"), _("State"), _("Tags"), _("Spoiled"), _("Layout"), _("File")]
    lines = [
        [
            str(job.id),
            shown_moment(job.time)[:16],
            _(job.state),
            f"{job.done}/{job.total}" if job.done < job.total else str(job.total),
            f"{row['spoiled']}" if row["spoiled"] else "",
            row["layout"],
            job.settings["path"].replace("\\", "/").rpartition("/")[2],
        ]
        for job, row in zip(found, rows, strict=True)
    ]
    return columns([head, *lines], (4, 16, 10, 11, 7, 10, 10))


def columns(rows: Iterable[Sequence[str]], cells: Sequence[int]) -> str:
    """Return rows as lines, each text in its column of so many cells."""
    from provenance_cli.columns import cut, pad

    return "\n".join(
        "  ".join(pad(cut(text, room), room) for text, room in zip(row, cells, strict=True)).rstrip() for row in rows
    )


@click.command(help="Keep which labels of a job were spoiled, like 2.5, 1.3-1.7 or a whole page 2.")
@click.argument("job", type=int)
@click.argument("labels", nargs=-1, required=True)
@by_option
@pass_app
def spoiled(app: App, job: int, labels: tuple[str, ...], by: str | None) -> None:
    """Record spoiled labels: they never left the shop, so the same numbers are printed once more."""
    from provenance.errors import NotFoundError
    from provenance_cli.label_places import places_of
    from provenance_cli.print_options import Settings

    workshop = app.workshop()
    store, who = workshop.store, actor(workshop, by)
    known = store.job(job)
    division = Settings.from_json(known.settings).division(known.total)
    places = places_of(labels, division)
    if places[-1] >= known.done:
        raise NotFoundError(
            "not-printed-yet",
            "Job {job} is printed up to tag {done:,} only.",
            hint="Finish it first: `kilnmark tag print --resume`.",
            job=job,
            done=known.done,
        )
    found = store.spoil(known, places, app.clock(), who)
    text = ngettext("{n} label of job {job} is spoiled.", "{n} labels of job {job} are spoiled.", len(found))
    app.say(text.format(n=len(found), job=job))
    app.say(_("Next: `kilnmark tag print --spoiled {job} --start LABEL` prints them once more.").format(job=job))
    told = [
        {
            "label": "{}.{}".format(*division.position(item.place)),
            "serial": str(item.tag.serial),
            "number": item.tag.number,
        }
        for item in found
    ]
    app.data({"job": job, "spoiled": told, "by": who})
