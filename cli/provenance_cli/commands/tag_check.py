"""``kilnmark tag check``: the tags on a photo, ticked off before they go on pots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance_cli import exits
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, ngettext

if TYPE_CHECKING:
    from provenance.serial import Serial
    from provenance_cli.ticking import Ticked
    from provenance_cli.workshop import Workshop


@click.command(help="Find all tags on photos of a sheet, or of pieces with their tags, and tick them off.")
@click.argument("photos", nargs=-1, required=True)
@click.option(
    "--expect", "expected", multiple=True, metavar="SERIAL", help="A piece whose tag must be there; repeat it."
)
@click.option("--all", "all_", is_flag=True, help="The tags of all anchored pieces must be there.")
@click.option("--job", type=int, help="The tags of this print job must be there, and no others.")
@click.option("--piece", metavar="SERIAL", help="This piece's tag must be there, and no other.")
@pass_app
def check(
    app: App, photos: tuple[str, ...], expected: tuple[str, ...], all_: bool, job: int | None, piece: str | None
) -> None:
    """Read photos and say what is on them; what is wrong or missing is the exit code."""
    from provenance.decoding import Decoder
    from provenance.errors import MalformedError
    from provenance.media import read_photo
    from provenance_cli.ticking import FOUND, OTHER_JOB, OTHER_PIECE, UNREAD, WRONG, Shelf

    if (piece is not None) + (job is not None) + bool(expected or all_) > 1:
        raise click.UsageError(
            _("Name one piece with --piece, a print job with --job, or several pieces with --expect or --all.")
        )
    workshop = app.workshop()
    if job is not None:
        wanted, stranger = _of_job(workshop, job), OTHER_JOB
    else:
        wanted, stranger = _wanted(workshop, (piece,) if piece else expected, all_), OTHER_PIECE
    only = None if piece is None and job is None else frozenset(wanted)
    shelf = Shelf(workshop.store, workshop.issuer.base_url, app.lang, only, stranger)
    told: list[dict[str, Any]] = []
    found: set[Serial] = set()
    seen: list[Ticked] = []
    with Decoder() as decoder, app.progress(len(photos), _("Reading")) as advance:
        for path in photos:
            if not Path(path).exists():
                raise MalformedError("no-photo", "There is no photo {name}.", name=path)
            ticked = shelf.tick(decoder.find_codes(read_photo(Path(path))))
            told.append({"file": path, "tags": [_data(item) for item in ticked]})
            seen += ticked
            found |= {item.serial for item in ticked if item.state == FOUND and item.serial is not None}
            advance(1)
    missing = [serial for serial in wanted if serial not in found]
    for photo in told:
        _show(app, photo)
    read = ngettext("{n} tag found.", "{n} tags found.", len(found))
    if wanted:
        read = ngettext("{n} of {all} tag found.", "{n} of {all} tags found.", len(wanted))
    app.say(read.format(n=len(found & {*wanted} if wanted else found), all=len(wanted)), bold=True)
    for serial in missing:
        title = workshop.store.form(serial).piece.title_in(app.lang, "zh-Hans", "en")
        app.say("  " + _("Not found: {serial} {title}").format(serial=serial, title=title), fg="yellow")
    unread = sum(item.state == UNREAD for item in seen)
    if missing or unread or not seen:
        app.say(_("Come closer, in even light, with the sheet flat; several photos may be given."))
    app.data({"photos": told, "found": len(found), "missing": [str(serial) for serial in missing]})
    if any(item.state in WRONG for item in seen):
        click.get_current_context().exit(exits.NOT_AUTHENTIC)
    if missing or unread or not found:
        click.get_current_context().exit(exits.INCONCLUSIVE)


def _wanted(workshop: Workshop, named: tuple[str, ...], all_: bool) -> list[Serial]:
    """Return the pieces whose tags must be there; raises `NotFoundError` for one that is not of this workshop."""
    from provenance.serial import Serial

    serials = [workshop.store.certificate(Serial.parse(text)).certificate.piece.serial for text in named]
    if all_:
        serials += [item.certificate.piece.serial for item in workshop.store.certificates(("anchored",))]
    return list(dict.fromkeys(serials))


def _of_job(workshop: Workshop, number: int) -> list[Serial]:
    """Return the pieces whose tags a job printed that still count; raises `NotFoundError`, and where none is left."""
    from provenance.errors import NotFoundError
    from provenance_cli.tag_store import SPOILED

    store = workshop.store
    job = store.job(number)
    tags = store.job_tags(job, 0, job.done)
    counting = [tag.serial for tag in tags if not store.is_void(tag) and store.tag_state(tag) != SPOILED]
    if not counting:
        raise NotFoundError(
            "no-tags-left",
            "No tag of job {job} counts: they are spoiled, voided, or not printed yet.",
            hint="See them with `kilnmark tag list --history`.",
            job=number,
        )
    return counting


def _data(item: Ticked) -> dict[str, Any]:
    from provenance_cli.ticking import UNREAD

    told: dict[str, Any] = {"state": item.state, "row": item.row, "place": item.place}
    if item.serial is not None:
        told |= {"serial": str(item.serial), "number": item.number, "title": item.title}
    return told if item.state == UNREAD else {**told, "text": item.text}


def _show(app: App, photo: dict[str, Any]) -> None:
    """Say what is on a photo, row by row."""
    from provenance_cli.columns import one_line
    from provenance_cli.ticking import FOUND, WORDS, WRONG

    app.say(photo["file"])
    for tag in photo["tags"]:
        place = _("row {row}, no. {place}").format(row=tag["row"], place=tag["place"])
        state, serial = tag["state"], tag.get("serial", "")
        name = f"{serial}/{tag['number']}" if tag.get("number", 1) > 1 else serial
        words = [name, tag.get("title", "")] if name else [one_line(tag.get("text", ""))[:60]]
        line = f"  {'✓' if state == FOUND else '✗'} {place}: " + " ".join(word for word in words if word)
        colour = "red" if state in WRONG else None if state == FOUND else "yellow"
        app.say(line.rstrip(": ") + ("" if state == FOUND else f" ({_(WORDS[state])})"), fg=colour)
