"""``kilnmark piece``: enter pieces, by hand or from a spreadsheet, and look at them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance_cli.columns import cut, listing, pad
from provenance_cli.commands.amend import amend
from provenance_cli.commands.belonging import join, leave, remove
from provenance_cli.commands.unsign import unsign
from provenance_cli.context import App, pass_app
from provenance_cli.fact_options import fact_options, given_facts
from provenance_cli.i18n import _, later, ngettext
from provenance_cli.spreadsheet import ENCODINGS

if TYPE_CHECKING:
    from provenance_cli.intake import Intake
    from provenance_cli.mapping import Columns
    from provenance_cli.spreadsheet import Sheet
    from provenance_cli.workshop import Workshop


DRAFT = later("draft")
"""The state of a piece without a certificate."""
LISTED = (DRAFT, "signed", "refused", "held", "waiting", "batched", "anchored", "void", "revoked", "on-hold", "retired")
"""States, and the standings of anchored pieces, that a list can be limited to."""


@click.group(help="Enter pieces by hand or from a spreadsheet.")
def piece() -> None:
    """The workshop's pieces."""


@piece.command(help="Enter one piece; asks for what is missing.")
@fact_options
@pass_app
def add(
    app: App,
    /,
    photos: tuple[str, ...],
    mark_photos: tuple[str, ...],
    scans: tuple[str, ...],
    files: tuple[str, ...],
    text_language: str | None,
    **given: str | None,
) -> None:
    """Enter one piece."""
    from provenance.errors import MalformedError
    from provenance.piece import Piece
    from provenance.serial import Serial
    from provenance_cli.store import Entry
    from provenance_cli.telling import members_of

    workshop = app.workshop()
    values = {name: text for name, text in given.items() if text}
    if given["title"] is not None and not given["title"].strip():
        raise MalformedError("missing-title", "The title is missing.", field="title", hint="Name the piece.")
    if "title" not in values:
        values["title"] = app.ask(_("Title"), option="--title")
        body = () if files else (("height", _("Height in mm")), ("glaze", _("Glaze")))
        makers = () if values.keys() & {"master", "visitor"} else (("maker", _("Maker")),)
        for name, question in (*makers, *body):
            if name not in values and (answer := app.ask(question, default="", option=f"--{name}")):
                values[name] = answer
    paths = {"photos": photos, "mark_photos": mark_photos, "scan": scans, "files": files}
    facts = given_facts(app, workshop, values, paths, text_language or workshop.language)
    new = Piece(Serial.random(), **{"title": {}, **facts})
    workshop.store.add_pieces([Entry(new)])
    app.say(_("Entered as {serial}.").format(serial=new.serial))
    if scans or files:
        app.say(_("Keep the files as they are: `kilnmark submit` sends them, and the certificate names their digests."))
    app.say(_("Next: `kilnmark sign`."))
    app.data(members_of(new, DRAFT))


piece.add_command(amend)
piece.add_command(unsign)
for _command in (join, leave, remove):
    piece.add_command(_command)


@piece.command(name="import", help="Enter pieces from a spreadsheet: .xlsx or CSV.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--map", "map_file", type=click.Path(exists=True, dir_okay=False), help="A mapping file of columns.")
@click.option("--unit", type=click.Choice(["mm", "cm", "in"]), help="Unit of measures without one (default: mm).")
@click.option("--encoding", type=click.Choice(ENCODINGS), help="Encoding of a CSV file (default: found out).")
@click.option("--text-language", help="Language of the texts (default: that of the workshop).")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@pass_app
def import_(
    app: App,
    file: str,
    map_file: str | None,
    unit: str | None,
    encoding: str | None,
    text_language: str | None,
    dry_run: bool,
) -> None:
    """Read a spreadsheet, show what was understood, and enter the good rows."""
    from provenance_cli import exits
    from provenance_cli.files import write_file
    from provenance_cli.intake_report import roundings, tell_faults, tell_roundings
    from provenance_cli.mapping import LABELS
    from provenance_cli.spreadsheet import read_sheet
    from provenance_cli.telling import line_of

    workshop = app.workshop()
    path = Path(file)
    beside = path.with_name(path.name + ".map.toml")
    sheet = read_sheet(path, encoding)
    columns = columns_of(sheet, Path(map_file) if map_file else beside, unit, text_language)
    intake = read_pieces(workshop, path, sheet, columns, text_language, keep=not dry_run)
    text = _("{name}: {rows:,} rows, read as {encoding}.")
    app.say(text.format(name=path.name, rows=len(sheet.rows), encoding=sheet.encoding))
    named = [f"{heading} → {_(LABELS[field])}" for heading, field in columns.read]
    app.say(_("Columns: {columns}").format(columns=_(", ").join(named)))
    understood = {heading for heading, _field in columns.read}
    unread = [heading for heading in sheet.headings if heading and heading not in understood]
    if unread:
        app.say(_("Not read: {columns}").format(columns=_(", ").join(unread)), fg="yellow")
    for number, entry in enumerate(intake.entries[:5], start=1):
        app.say(f"  {number}. {line_of(entry.piece)}")
    faulty = {fault.line for fault in intake.faults}
    rounded = list(roundings(sheet, columns, faulty))
    tell_roundings(app, rounded)
    tell_faults(app, intake.faults)
    added, corrected = len(intake.entries), len(intake.corrected)
    if (added or corrected) and not dry_run:
        count = added + corrected
        app.require(ngettext("Enter {n} piece?", "Enter {n} pieces?", count).format(n=count), default=True)
        added = workshop.store.add_pieces(intake.entries)
        corrected = workshop.store.correct_pieces(intake.corrected)
        if not map_file and not beside.exists():
            write_file(beside, columns.to_toml().encode())
            app.say(_("How the columns are read is kept in {file}: change it there.").format(file=beside.name))
    text = _("{added} entered, {corrected} corrected, {known} known already, {faults} with faults.")
    if dry_run:
        text = _("{added} would be entered, {corrected} corrected; {known} known already, {faults} with faults.")
    app.say(text.format(added=added, corrected=corrected, known=intake.known, faults=len(intake.faults)))
    if dry_run:
        app.say(_("Nothing was entered: this was a dry run."))
    elif added or corrected:
        app.say(_("Next: `kilnmark sign`."))
    app.data(
        {
            "added": added,
            "corrected": corrected,
            "known": intake.known,
            "faults": [fault.to_json() for fault in intake.faults],
            "roundings": [item.to_json() for item in rounded],
            "dryRun": dry_run,
        }
    )
    if intake.faults:
        click.get_current_context().exit(exits.MALFORMED)


def columns_of(sheet: Sheet, map_path: Path, unit: str | None = None, text_language: str | None = None) -> Columns:
    """Return how a spreadsheet's columns are read: as the mapping file says, where there is one, else by guess.

    A `unit` that is given counts before the file's.
    """
    from dataclasses import replace

    from provenance_cli.mapping import guess, read_mapping

    if map_path.exists():
        columns = read_mapping(map_path, sheet.headings)
        return replace(columns, unit=unit) if unit else columns
    return guess(sheet.headings, unit or "mm", text_language)


def read_pieces(
    workshop: Workshop,
    path: Path,
    sheet: Sheet,
    columns: Columns,
    text_language: str | None = None,
    *,
    keep: bool = True,
) -> Intake:
    """Read a spreadsheet's rows into pieces that are not entered yet; their photos are kept where asked."""
    from provenance_cli.darkroom import WorkshopDarkroom
    from provenance_cli.intake import take_in

    language = text_language or columns.language or workshop.language
    with WorkshopDarkroom(workshop, dry=not keep) as darkroom:
        return take_in(sheet.rows, columns, language, path.parent, workshop.store.known(), darkroom)


@piece.command(name="list", help="List the pieces and how far each has come.")
@click.option("--state", "wanted", type=click.Choice(LISTED), metavar="STATE", help="Only those in this state.")
@pass_app
def list_(app: App, wanted: str | None) -> None:
    """List pieces with their states; an anchored one that does not plainly count with its standing."""
    from provenance_cli.standings import WORDS, standing_of
    from provenance_cli.telling import line_of, members_of

    store = app.workshop().store
    states, reasons = store.states(), store.reasons()
    rows, listed = list[str](), list[dict[str, Any]]()
    for item in store.pieces():
        state = states.get(item.serial.compact, DRAFT)
        standing = standing_of(state, reasons.get(item.serial.compact))
        if wanted in (None, standing or state):
            word = _(WORDS[standing] if standing else state)
            rows.append(f"{item.serial}  {pad(word, 9)} {cut(line_of(item), 51)}")
            listed.append(members_of(item, state, standing))
    app.data(listed, "\n".join(rows) or (_("No pieces are so.") if wanted else _("No pieces yet.")))


@piece.command(help="Show one piece.")
@click.argument("serial")
@pass_app
def show(app: App, serial: str) -> None:
    """Show all facts of one piece."""
    from provenance.serial import Serial
    from provenance_cli.standings import WORDS, standing_of
    from provenance_cli.telling import facts_of, members_of

    store = app.workshop().store
    item = store.piece(Serial.parse(serial))
    state = store.states().get(item.serial.compact, DRAFT)
    standing = standing_of(state, store.reasons().get(item.serial.compact))
    amendments = store.amendments_kept(item.serial)
    word = _(WORDS[standing] if standing else state)
    rows, members = [*facts_of(item), (_("State"), word)], members_of(item, state, standing)
    for number, amendment in enumerate(amendments, start=1):
        told = _(amendment.state) + (f": {_(amendment.error)}" if amendment.error else "")
        rows.append((_("Amendment {n}").format(n=number), told))
    if amendments:
        members["amendments"] = [str(amendment.certificate.digest) for amendment in amendments]
        members["amendmentStates"] = [amendment.state for amendment in amendments]
    app.data(members, listing(rows))


@piece.command(help="Bring the studio's pieces on the ledger back from the registry.")
@pass_app
def fetch(app: App) -> None:
    """Fetch what the registry has of this studio and this folder has not."""
    from provenance_cli.client import RegistryClient
    from provenance_cli.fetching import fetch_photos, fetch_pieces
    from provenance_cli.named_files import fetch_files

    workshop = app.workshop()
    client = RegistryClient(workshop.issuer.base_url)
    added = fetch_pieces(workshop, client, app)
    photos = fetch_photos(workshop, client, app)
    files = fetch_files(workshop, client, app)
    app.say(ngettext("{n} piece fetched.", "{n} pieces fetched.", added).format(n=added))
    app.say(ngettext("{n} photo fetched.", "{n} photos fetched.", photos).format(n=photos))
    if files:
        app.say(ngettext("{n} scan or file fetched.", "{n} scans and files fetched.", files).format(n=files))
    app.data({"pieces": added, "photos": photos, "files": files})
