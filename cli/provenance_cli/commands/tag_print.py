"""``kilnmark tag print``: a job of tags, its rest where it was broken off, or its spoiled labels once more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from provenance_cli.commands.tag_life import actor, by_option
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _
from provenance_cli.print_options import check_meaning, form_of, print_options, settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provenance.serial import Serial
    from provenance_cli.print_options import Settings
    from provenance_cli.print_store import PrintJob
    from provenance_cli.tag_store import TagNumber
    from provenance_cli.workshop import Workshop


@click.command(name="print", help="Print the tags of anchored pieces: label sheets, pictures, or for a label printer.")
@click.argument("serials", nargs=-1)
@print_options
@click.option("--resume", is_flag=True, help="Go on with the newest job that was broken off.")
@click.option("--anew", is_flag=True, help="Print all anew, even where the same job was broken off.")
@click.option("--spoiled", type=int, metavar="JOB", help="Print the spoiled labels of a job once more.")
@by_option
@pass_app
def print_(
    app: App,
    /,
    serials: tuple[str, ...],
    resume: bool,
    anew: bool,
    spoiled: int | None,
    by: str | None,
    **given: Any,
) -> None:
    """Print tags, and read every code back before anything is handed over."""
    from provenance_cli.printable import check_host, named, require_good
    from provenance_cli.printing_run import printing_alone, run, tell_resumed
    from provenance_cli.tag_life import newest_tags

    _require_one_request(serials, resume=resume, spoiled=spoiled)
    form = form_of(given["form"], given["out"])
    if form is not None or spoiled is None:
        given["form"] = form or "pdf"
        check_meaning(given)
    workshop = app.workshop()
    who = actor(workshop, by)
    check_host(workshop)
    with printing_alone(workshop):
        store = workshop.store
        job: PrintJob | None
        settings: Settings | None
        wanted = named(app, store, serials)
        if resume:
            job, settings = _newest_unfinished(workshop), None
        elif spoiled is not None:
            job, settings = _unfinished_reprint(workshop, spoiled), _like(app, workshop, spoiled, given)
        else:
            settings = settings_of(workshop, app.lang, given)
            job = find_unfinished(app, workshop, _request(settings, wanted), anew=anew)
        if job is not None:
            tell_resumed(app, job)
            left = [tag.serial for tag in store.job_tags(job, job.done)]
            newest_tags(app, workshop, left)  # What was voided elsewhere meanwhile is left out.
            require_good(app, workshop, left)
        elif settings is not None:
            job = _begin(app, workshop, wanted, spoiled, settings, who)
        if job is not None:
            run(app, workshop, job)


def _require_one_request(serials: Sequence[str], *, resume: bool, spoiled: int | None) -> None:
    named = {name for name in click.get_current_context().params if is_given(name)} - {"resume"}
    if resume and named:
        raise click.UsageError(_("--resume goes on with what was asked for: name nothing else."))
    if spoiled is not None and serials:
        raise click.UsageError(_("--spoiled prints the spoiled labels of a job: name no pieces."))


def is_given(name: str) -> bool:
    """Tell whether a parameter of the command stands on its line."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def _begin(
    app: App, workshop: Workshop, wanted: Sequence[Serial], spoiled: int | None, settings: Settings, who: str
) -> PrintJob | None:
    from provenance_cli.print_store import PRINT, REPRINT
    from provenance_cli.printable import require_good
    from provenance_cli.printing_run import require_own_files, tell_nothing, tell_void
    from provenance_cli.tag_life import newest_tags

    store = workshop.store
    require_own_files(store, settings)
    if spoiled is None:
        tags, kind, request = _chosen(app, workshop, wanted), PRINT, _request(settings, wanted)
    else:
        waiting = [item.tag for item in store.spoiled(store.job(spoiled)) if not item.reprinted]
        newest_tags(app, workshop, [tag.serial for tag in waiting])
        tags = [tag for tag in waiting if not store.is_void(tag)]
        tell_void(app, [tag for tag in waiting if tag not in tags])
        kind, request = REPRINT, settings.request(REPRINT, [str(spoiled)])
        if not tags:
            tell_nothing(app, spoiled)
            return None
    settings.require_a_file_each(len(tags))
    require_good(app, workshop, [tag.serial for tag in tags])
    return store.add_job(kind, request, settings.to_json(), tags, app.clock(), who, spoiled)


def _request(settings: Settings, wanted: Sequence[Serial]) -> str:
    from provenance_cli.print_store import PRINT

    return settings.request(PRINT, [serial.compact for serial in wanted])


def _chosen(app: App, workshop: Workshop, wanted: Sequence[Serial]) -> list[TagNumber]:
    """Return the newest tags of the pieces named, or of all that are anchored but those whose newest is void."""
    from provenance_cli.printable import none_anchored, void_tag
    from provenance_cli.printing_run import tell_void
    from provenance_cli.tag_life import newest_tags

    store = workshop.store
    tags = list(newest_tags(app, workshop, wanted or store.serials("anchored")).values())
    if not tags:
        raise none_anchored(store)
    void = [tag for tag in tags if store.is_void(tag)]
    if void and (wanted or len(void) == len(tags)):
        raise void_tag(void[0])
    tell_void(app, void)
    return [tag for tag in tags if tag not in set(void)]


def find_unfinished(app: App, workshop: Workshop, request: str, *, anew: bool = False) -> PrintJob | None:
    """Return the job of the same request that was broken off; it is dropped where all is wanted `anew`."""
    store = workshop.store
    for job in store.unfinished_jobs():
        if job.request == request:
            if not anew:
                return job
            store.drop_job(job)
    return None


def _newest_unfinished(workshop: Workshop) -> PrintJob:
    from provenance.errors import NotFoundError

    for job in workshop.store.unfinished_jobs():
        return job
    raise NotFoundError(
        "no-unfinished-job", "No print job was broken off.", hint="See all jobs with `kilnmark tag jobs`."
    )


def _unfinished_reprint(workshop: Workshop, source: int) -> PrintJob | None:
    """Return the reprint of a job that was broken off: its labels may stand on two sheets else."""
    workshop.store.job(source)
    return next((job for job in workshop.store.unfinished_jobs() if job.source == source), None)


def _like(app: App, workshop: Workshop, source: int, given: dict[str, Any]) -> Settings:
    """Return settings like those of a job, but for what stands on the command line; its paper is begun already."""
    from provenance_cli.print_options import Settings

    before = Settings.from_json(workshop.store.job(source).settings)
    given = {**given, "form": given["form"] or before.form}
    same_form = given["form"] == before.form
    check_meaning(given)
    layout = before.layout if not (is_given("layout") or is_given("sheets")) else None
    settings = settings_of(workshop, app.lang, given, f"spoiled-{source}", layout)
    kept = [("level", "level"), ("module", "module")]
    kept += [("dpi", "dpi"), ("shift", "shift"), ("cut_marks", "cut_marks")] if same_form else []
    return replace(settings, **{name: getattr(before, name) for name, option in kept if not is_given(option)})
