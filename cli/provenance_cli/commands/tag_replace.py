"""``kilnmark tag replace``: the newest tag of a piece is voided, and the next number printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from provenance_cli.commands.tag_life import actor, by_option, reason_option
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, ngettext
from provenance_cli.print_options import check_meaning, form_of, print_options, settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provenance.serial import Serial
    from provenance_cli.print_store import PrintJob
    from provenance_cli.tag_client import TagClient
    from provenance_cli.tag_store import KeptVoid, TagNumber
    from provenance_cli.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Step:
    """The replacement `new` of a tag `old`: `kept` is its void where it is signed, `void` whether one is needed."""

    old: TagNumber
    new: TagNumber
    kept: KeptVoid | None
    void: bool


@click.command(help="Void the newest tags of pieces and print the next numbers.")
@click.argument("serials", nargs=-1, required=True)
@reason_option
@print_options
@by_option
@pass_app
def replace(app: App, /, serials: tuple[str, ...], reason: str, by: str | None, **given: Any) -> None:
    """Void first and print then.  Broken off anywhere, the same command goes on with the same numbers."""
    from provenance_cli.print_store import REPLACE
    from provenance_cli.printable import check_host, named, require_good
    from provenance_cli.printing_run import printing_alone, require_own_files, run, tell_resumed
    from provenance_cli.tag_client import TagClient

    given["form"] = form_of(given["form"], given["out"]) or "pdf"
    check_meaning(given)
    workshop = app.workshop()
    who = actor(workshop, by)
    check_host(workshop)
    with printing_alone(workshop):
        store, settings = workshop.store, settings_of(workshop, app.lang, given, "replaced")
        wanted = named(app, store, serials)
        settings.require_a_file_each(len(wanted))
        request = settings.request(REPLACE, [serial.compact for serial in wanted])
        job = _unfinished(workshop, wanted, request)
        require_good(app, workshop, wanted)
        if job is None:
            require_own_files(store, settings)
            client = TagClient(workshop.issuer.base_url)
            with app.progress(len(wanted), _("Checking")) as advance:
                steps = [_step(workshop, client, serial) for serial in wanted if advance(1) is None]
            _void(app, workshop, client, steps, reason, who)
            tags = [step.new for step in steps]
            job = store.add_job(REPLACE, request, settings.to_json(), tags, app.clock(), who)
        else:
            tell_resumed(app, job)
        run(app, workshop, job)


def _unfinished(workshop: Workshop, wanted: Sequence[Serial], request: str) -> PrintJob | None:
    """Return the job of the same request that was broken off; raises `ConflictError` where another has its pieces."""
    from provenance.errors import ConflictError
    from provenance_cli.print_store import REPLACE

    store = workshop.store
    for job in store.unfinished_jobs():
        if job.kind != REPLACE:
            continue
        if job.request == request:
            return job
        for tag in store.job_tags(job):
            if tag.serial in wanted:
                raise ConflictError(
                    "replacement-unfinished",
                    "Job {job}, which replaces the tag of {serial}, was broken off.",
                    hint="Finish it first: `kilnmark tag print --resume`.",
                    job=job.id,
                    serial=tag.serial,
                )
    return None


def _step(workshop: Workshop, client: TagClient, serial: Serial) -> Step:
    """Return what is to be done for a piece: the next number, or the one that a run before gave and did not print."""
    from provenance.errors import ConflictError
    from provenance.tag import MAX_TAG_NUMBER
    from provenance_cli.tag_life import known_tags, note_voided
    from provenance_cli.tag_store import TagNumber

    store = workshop.store
    known = known_tags(store, client, serial)
    note_voided(store, serial, known.voided.values())
    newest = known.newest
    own = store.newest_tag(serial) == newest and store.tag_state(newest) is None and store.kept_void(newest) is None
    if newest.number > 1 and own and newest.number not in known.voided:
        old = TagNumber(serial, newest.number - 1)
        kept = store.kept_void(old)
        return Step(old, newest, kept, void=kept is not None and not kept.sent)
    if newest.number == MAX_TAG_NUMBER:
        raise ConflictError(
            "no-more-tags", "{serial} has had {n} tags: there are no more.", serial=serial, n=newest.number
        )
    new = TagNumber(serial, newest.number + 1)
    return Step(newest, new, store.kept_void(newest), void=newest.number not in known.voided)


def _void(app: App, workshop: Workshop, client: TagClient, steps: Sequence[Step], reason: str, who: str) -> None:
    """Void the old tags.  All are signed and kept, with the numbers that follow, before the first is sent."""
    from provenance_cli.tag_life import send_void, sign_void

    store = workshop.store
    fresh = [step for step in steps if step.void and step.kept is None]
    if fresh:
        question = ngettext(
            "Void the newest tag of {n} piece for ever, and print the next?",
            "Void the newest tags of {n} pieces for ever, and print the next?",
            len(fresh),
        )
        app.require(question.format(n=len(fresh)))
        signer = app.unlock(workshop.keystore()).signer
        for step in fresh:
            data = sign_void(workshop, signer, step.old, who, app.clock(), step.new.number)
            store.keep_void(step.old, data, reason, step.new.number)
    needed = [step for step in steps if step.void]
    with app.progress(len(needed), _("Voiding")) as advance:
        for step in needed:
            if (kept := store.kept_void(step.old)) is not None:
                send_void(store, client, kept)
            advance(1)
