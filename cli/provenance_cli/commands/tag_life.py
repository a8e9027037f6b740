"""``kilnmark tag void``, ``applied`` and ``list``: what became of each tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, later, ngettext
from provenance_cli.tag_life import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from provenance_cli.tag_store import TagEvent, TagNumber
    from provenance_cli.workshop import Workshop

BY = later("Who does this, where it is not the studio by its name.")


def by_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option that says who acts."""
    return click.option("--by", metavar="NAME", help=BY)(command)


def reason_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option that says why a tag is voided."""
    return click.option(
        "--reason",
        type=click.Choice(REASONS),
        metavar="WHY",
        default="other",
        help="Why: damaged, lost, copied, mistaken or other (default). It stays in the workshop.",
    )(command)


def actor(workshop: Workshop, by: str | None) -> str:
    """Return who acts: the name given, else the studio's; raises `click.BadParameter`."""
    from provenance.voids import MAX_BY

    if by is None:
        return workshop.issuer.name[:MAX_BY]
    name = by.strip()
    if not name or len(name) > MAX_BY or not name.isprintable():
        message = _("Give a name of 1 to {limit} characters.")
        raise click.BadParameter(message.format(limit=MAX_BY), param_hint="--by")
    return name


@click.command(help="Void a tag for good: whoever scans it is told so.")
@click.argument("serial")
@click.argument("number", type=click.IntRange(1, 99), required=False)
@reason_option
@by_option
@pass_app
def void(app: App, serial: str, number: int | None, reason: str, by: str | None) -> None:
    """Sign that a tag counts no more, keep that, and hand it to the registry."""
    from provenance.errors import NotFoundError
    from provenance.serial import Serial
    from provenance_cli.tag_client import TagClient
    from provenance_cli.tag_life import known_tags, note_voided, send_void, sign_void
    from provenance_cli.tag_store import TagNumber

    workshop = app.workshop()
    store, who = workshop.store, actor(workshop, by)
    wanted = store.certificate(Serial.parse(serial)).certificate.piece.serial
    client = TagClient(workshop.issuer.base_url)
    known = known_tags(store, client, wanted)
    tag = TagNumber(wanted, number or known.newest.number)
    if tag.number > known.newest.number:
        raise NotFoundError(
            "unknown-tag",
            "{serial} has no tag {number}.",
            hint="See its tags with `kilnmark tag list {serial}`.",
            serial=wanted,
            number=tag.number,
        )
    if tag.number not in known.voided:
        kept = store.kept_void(tag)
        if kept is None:
            question = _("Void tag {number} of {serial} for ever? Whoever scans it will read that it counts no more.")
            app.require(question.format(number=tag.number, serial=wanted))
            signer = app.unlock(workshop.keystore()).signer
            data = sign_void(workshop, signer, tag, who, app.clock(), None)
            kept = store.keep_void(tag, data, reason, None)
        counts = send_void(store, client, kept)
        app.say(_("Tag {number} of {serial} is voided. The piece's record stays what it is.").format(
            number=tag.number, serial=wanted))  # fmt: skip
        app.say(_("Next: `kilnmark tag replace {serial}` prints its replacement.").format(serial=wanted))
    else:
        counts = known.voided[tag.number]
        note_voided(store, wanted, known.voided.values())
        app.say(_("Tag {number} of {serial} was voided before.").format(number=tag.number, serial=wanted))
    app.data(_void_members(tag, counts, new=tag.number not in known.voided))


def _void_members(tag: TagNumber, counts: Any, *, new: bool) -> dict[str, Any]:
    from provenance.certificate import format_time

    told = {"serial": str(tag.serial), "number": tag.number, "time": format_time(counts.time), "by": counts.by}
    return {**told, "replacement": counts.replacement, "new": new}


@click.command(help="Record that tags are on their pieces.")
@click.argument("serials", nargs=-1)
@click.option("--job", type=int, help="All tags of a print job that are neither spoiled nor voided.")
@by_option
@pass_app
def applied(app: App, serials: tuple[str, ...], job: int | None, by: str | None) -> None:
    """Record that the newest tags of pieces were put on."""
    from provenance.errors import ConflictError
    from provenance.serial import Serial
    from provenance_cli.tag_store import APPLIED, DEAD, PRINTED, SPOILED, TagEvent

    workshop = app.workshop()
    store, who = workshop.store, actor(workshop, by)
    if (job is None) == (not serials):
        raise click.UsageError(_("Name the pieces whose tags were put on, or their print job."))
    if job is not None:
        printed = store.job_tags(known := store.job(job), 0, known.done)
        tags = [tag for tag in dict.fromkeys(printed) if store.tag_state(tag) == PRINTED]
    else:
        wanted = [store.certificate(Serial.parse(serial)).certificate.piece.serial for serial in serials]
        tags = [store.newest_tag(serial) for serial in dict.fromkeys(wanted)]
    for tag in tags:
        if store.tag_state(tag) in (*DEAD, SPOILED):
            raise ConflictError(
                "tag-unusable",
                "Tag {number} of {serial} is spoiled or voided: it goes on no piece.",
                hint="See its tags with `kilnmark tag list {serial}`.",
                serial=tag.serial,
                number=tag.number,
            )
    store.add_tag_events(TagEvent(tag, APPLIED, app.clock(), who) for tag in tags)
    text = ngettext("{n} tag is on its piece.", "{n} tags are on their pieces.", len(tags))
    app.say(text.format(n=len(tags)))
    app.data({"applied": [{"serial": str(tag.serial), "number": tag.number} for tag in tags], "by": who})


@click.command(name="list", help="List tags and what became of them.")
@click.argument("serials", nargs=-1)
@click.option("--history", is_flag=True, help="All that became of them, not only the last.")
@pass_app
def list_(app: App, serials: tuple[str, ...], history: bool) -> None:
    """Show the tags that this folder printed, voided or saw voided."""
    from provenance.serial import Serial

    workshop = app.workshop()
    store = workshop.store
    wanted = [store.certificate(Serial.parse(serial)).certificate.piece.serial for serial in serials]
    events = store.tags(wanted)
    if history:
        events = [
            event for serial in dict.fromkeys(e.tag.serial for e in events) for event in store.tag_history(serial)
        ]
    if not events:
        app.say(_("No tag was printed in this folder yet."))
    app.data([_members(event) for event in events], table(events) if events else None)


def table(events: list[TagEvent]) -> str:
    """Return tags as lines of at most 80 cells."""
    from provenance_cli.columns import cut, pad
    from provenance_cli.moments import shown_moment

    head = [_("Serial"), _("Tag"), _("State"), _("Time"), _("By")]
    rows = [
        [
            str(e.tag.serial),
            str(e.tag.number),
            _(e.state) + (f" ({_(e.note)})" if e.note else ""),
            shown_moment(e.time)[:16],
            cut(e.by, 16),
        ]
        for e in events
    ]
    cells = (16, 4, 18, 16, 16)
    return "\n".join(
        "  ".join(pad(cut(text, room), room) for text, room in zip(row, cells, strict=True)).rstrip()
        for row in [head, *rows]
    )


def _members(event: TagEvent) -> dict[str, Any]:
    from provenance.certificate import format_time

    return {
        "serial": str(event.tag.serial),
        "number": event.tag.number,
        "state": event.state,
        "time": format_time(event.time),
        "by": event.by,
        "reason": event.note or None,
        "job": event.job,
    }
