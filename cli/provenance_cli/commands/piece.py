"""``kilnmark piece``: enter pieces, by hand or from a spreadsheet, and look at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance_cli.columns import cut, listing, pad
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, later, ngettext
from provenance_cli.report import words
from provenance_cli.spreadsheet import ENCODINGS

if TYPE_CHECKING:
    from provenance.piece import Piece
    from provenance_cli.intake import Fault, Intake
    from provenance_cli.mapping import Columns
    from provenance_cli.spreadsheet import Sheet
    from provenance_cli.workshop import Workshop


DRAFT = later("draft")
"""The state of a piece without a certificate."""


@click.group(help="Enter pieces by hand or from a spreadsheet.")
def piece() -> None:
    """The workshop's pieces."""


@piece.command(help="Enter one piece; asks for what is missing.")
@click.option("--title", help="What the piece is called.")
@click.option("--description", help="A few sentences about it.")
@click.option("--maker", help="Who made it.")
@click.option("--form", help="Its form: vase, bowl, cup.")
@click.option("--technique", help="How it was made.")
@click.option("--clay-body", help="The clay.")
@click.option("--glaze", help="The glaze.")
@click.option("--decoration", help="The decoration.")
@click.option("--base-mark", help="The mark on its base.")
@click.option("--height", help="Height in mm.")
@click.option("--width", help="Width in mm.")
@click.option("--depth", help="Depth in mm.")
@click.option("--diameter", help="Diameter in mm.")
@click.option("--weight", help="Weight in g.")
@click.option("--kiln", help="The kiln.")
@click.option("--fired", help="Day of the firing, like 2026-11-02.")
@click.option("--peak", help="Highest temperature in °C.")
@click.option("--edition", help="Number and size of an edition, like 3/10.")
@click.option("--accession-number", help="Your own number for it.")
@click.option("--photo", "photos", multiple=True, type=click.Path(), help="A photo; may be given several times.")
@click.option("--text-language", help="Language of the texts (default: that of the workshop).")
@pass_app
def add(app: App, /, photos: tuple[str, ...], text_language: str | None, **given: str | None) -> None:
    """Enter one piece."""
    from provenance_cli.darkroom import WorkshopDarkroom
    from provenance_cli.intake import to_piece
    from provenance_cli.mapping import Columns
    from provenance_cli.spreadsheet import Row
    from provenance_cli.store import Entry

    workshop = app.workshop()
    values = {name: text for name, text in given.items() if text}
    if "title" not in values:
        values["title"] = app.ask(_("Title"))
        for name, question in (("maker", _("Maker")), ("height", _("Height in mm")), ("glaze", _("Glaze"))):
            if name not in values and (answer := app.ask(question, default="")):
                values[name] = answer
    if photos:
        values["photos"] = ";".join(str(Path(photo).resolve()) for photo in photos)
    language = text_language or workshop.language
    mapping = Columns({name: name for name in values}, "mm", language)
    new = to_piece(Row(1, values), mapping, language, None, WorkshopDarkroom(workshop))
    workshop.store.add_pieces([Entry(new)])
    app.say(_("Entered as {serial}.").format(serial=new.serial))
    app.say(_("Next: `kilnmark sign`."))
    app.data(_members(new, None))


@piece.command(name="import", help="Enter pieces from a spreadsheet: .xlsx or CSV.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--map", "map_file", type=click.Path(exists=True, dir_okay=False), help="A mapping file of columns.")
@click.option("--unit", type=click.Choice(["mm", "cm", "in"]), default="mm", help="Unit of measures without one.")
@click.option("--encoding", type=click.Choice(ENCODINGS), help="Encoding of a CSV file (default: found out).")
@click.option("--text-language", help="Language of the texts (default: that of the workshop).")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@pass_app
def import_(
    app: App,
    file: str,
    map_file: str | None,
    unit: str,
    encoding: str | None,
    text_language: str | None,
    dry_run: bool,
) -> None:
    """Read a spreadsheet, show what was understood, and enter the good rows."""
    from provenance_cli import exits
    from provenance_cli.files import write_file
    from provenance_cli.mapping import LABELS
    from provenance_cli.spreadsheet import read_sheet

    workshop = app.workshop()
    path = Path(file)
    beside = path.with_name(path.name + ".map.toml")
    sheet = read_sheet(path, encoding)
    columns = columns_of(sheet, Path(map_file) if map_file else beside, unit, text_language)
    intake = read_pieces(workshop, path, sheet, columns, text_language, keep=not dry_run)
    text = _("{name}: {rows:,} rows, read as {encoding}.")
    app.say(text.format(name=path.name, rows=len(sheet.rows), encoding=sheet.encoding))
    named = [f"{heading} → {_(LABELS[field])}" for field, heading in columns.headings.items()]
    app.say(_("Columns: {columns}").format(columns=_(", ").join(named)))
    unread = [heading for heading in sheet.headings if heading and heading not in columns.headings.values()]
    if unread:
        app.say(_("Not read: {columns}").format(columns=_(", ").join(unread)), fg="yellow")
    for number, entry in enumerate(intake.entries[:5], start=1):
        app.say(f"  {number}. {_line(entry.piece)}")
    for fault in intake.faults:
        tell_fault(app, fault)
    added = corrected = 0
    if (intake.entries or intake.corrected) and not dry_run:
        count = len(intake.entries) + len(intake.corrected)
        if not app.confirm(ngettext("Enter {n} piece?", "Enter {n} pieces?", count).format(n=count)):
            raise click.Abort
        added = workshop.store.add_pieces(intake.entries)
        corrected = workshop.store.correct_pieces(intake.corrected)
        if not map_file and not beside.exists():
            write_file(beside, columns.to_toml().encode())
            app.say(_("How the columns are read is kept in {file}: change it there.").format(file=beside.name))
    text = _("{added} entered, {corrected} corrected, {known} known already, {faults} with faults.")
    app.say(text.format(added=added, corrected=corrected, known=intake.known, faults=len(intake.faults)))
    if added or corrected:
        app.say(_("Next: `kilnmark sign`."))
    app.data(
        {
            "added": added,
            "corrected": corrected,
            "known": intake.known,
            "faults": [fault.to_json() for fault in intake.faults],
            "dryRun": dry_run,
        }
    )
    if intake.faults:
        click.get_current_context().exit(exits.MALFORMED)


def columns_of(sheet: Sheet, map_path: Path, unit: str = "mm", text_language: str | None = None) -> Columns:
    """Return how a spreadsheet's columns are read: as the mapping file says, where there is one, else by guess."""
    from provenance_cli.mapping import guess, read_mapping

    if map_path.exists():
        return read_mapping(map_path, sheet.headings)
    return guess(sheet.headings, unit, text_language)


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
    darkroom = WorkshopDarkroom(workshop, dry=not keep)
    return take_in(sheet.rows, columns, language, path.parent, workshop.store.known(), darkroom)


def tell_fault(app: App, fault: Fault) -> None:
    """Say what is wrong with a row, and what to do."""
    message, remedy = words(fault.error)
    where = _("line {line}").format(line=fault.line) + (_(", ") + fault.column if fault.column else "")
    app.say(_("  {place}: {fault}").format(place=where, fault=message), fg="yellow")
    app.say(f"      → {remedy}")


def _line(item: Piece) -> str:
    from provenance.piece import text_in

    sizes = [f"{mm / 10:g}" for mm in (item.height_mm, item.width_mm, item.depth_mm, item.diameter_mm) if mm]
    parts = [
        item.title_in("zh-Hans", "en"),
        text_in(item.maker, "zh-Hans", "en"),
        " × ".join(sizes) + " cm" if sizes else "",
    ]
    return " · ".join(part for part in parts if part)[:100]


@piece.command(name="list", help="List the pieces and how far each has come.")
@pass_app
def list_(app: App) -> None:
    """List pieces with their states."""
    store = app.workshop().store
    states = store.states()
    pieces = store.pieces()
    rows = [
        f"{item.serial}  {pad(_(states.get(item.serial.compact, DRAFT)), 9)} {cut(_line(item), 51)}" for item in pieces
    ]
    app.data(
        [_members(item, states.get(item.serial.compact)) for item in pieces], "\n".join(rows) or _("No pieces yet.")
    )


@piece.command(help="Remove a piece that is not signed.")
@click.argument("serial")
@pass_app
def remove(app: App, serial: str) -> None:
    """Remove one draft."""
    from provenance.serial import Serial

    wanted = Serial.parse(serial)
    app.workshop().store.remove_piece(wanted)
    app.say(_("{serial} is removed.").format(serial=wanted))
    app.data({"removed": str(wanted)})


@piece.command(help="Show one piece.")
@click.argument("serial")
@pass_app
def show(app: App, serial: str) -> None:
    """Show all facts of one piece."""
    from provenance.serial import Serial

    store = app.workshop().store
    item = store.piece(Serial.parse(serial))
    state = store.states().get(item.serial.compact, DRAFT)
    app.data(_members(item, state), listing([*_facts(item), (_("State"), _(state))]))


def _facts(item: Piece) -> Iterator[tuple[str, str]]:
    """Yield what is known of a piece, each fact with its label."""
    from provenance.piece import MEASURES, PLAIN_FIELDS, TEXT_FIELDS, Firing
    from provenance_cli.mapping import LABELS

    firing = item.firing or Firing()
    known: dict[str, Any] = {"serial": str(item.serial)}
    known |= {name: getattr(item, name) for name in (*TEXT_FIELDS, *PLAIN_FIELDS, "country")}
    for name in MEASURES:
        field, _underscore, unit = name.rpartition("_")
        value = getattr(item, name)
        known[field] = value and f"{value:,} {unit}"
    known |= {"kiln": firing.kiln, "fuel": firing.fuel, "atmosphere": firing.atmosphere, "fired": firing.date}
    known["peak"] = firing.peak_celsius and f"{firing.peak_celsius:,} °C"
    known["edition"] = item.edition and f"{item.edition.number}/{item.edition.of}"
    known["photos"] = str(len(item.photos)) if item.photos else None
    for field, label in LABELS.items():
        value = known[field]
        if isinstance(value, Mapping):
            value = "  ".join(f"{language}: {text}" for language, text in value.items())
        if value:
            yield _(label), " ".join(value.split())


def _members(item: Piece, state: str | None) -> dict[str, Any]:
    photos = [str(photo.digest) for photo in item.photos]
    return {**item.to_json(), "state": state or DRAFT, **({"photos": photos} if photos else {})}


@piece.command(help="Bring the studio's pieces on the ledger back from the registry.")
@pass_app
def fetch(app: App) -> None:
    """Fetch what the registry has of this studio and this folder has not."""
    from provenance_cli.client import RegistryClient
    from provenance_cli.fetching import fetch_photos, fetch_pieces

    workshop = app.workshop()
    client = RegistryClient(workshop.issuer.base_url)
    added = fetch_pieces(workshop, client, app)
    photos = fetch_photos(workshop, client, app)
    app.say(ngettext("{n} piece fetched.", "{n} pieces fetched.", added).format(n=added))
    app.say(ngettext("{n} photo fetched.", "{n} photos fetched.", photos).format(n=photos))
    app.data({"pieces": added, "photos": photos})
