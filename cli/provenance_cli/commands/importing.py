"""``kilnmark piece import``: pieces from a spreadsheet, one's own or one that others made."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance_cli.context import Advance, App, pass_app
from provenance_cli.encodings import ENCODINGS
from provenance_cli.i18n import _, ngettext
from provenance_cli.spreadsheet import MAX_HEADING_ROW

if TYPE_CHECKING:
    from provenance_cli.intake import Intake
    from provenance_cli.mapping import Columns
    from provenance_cli.spreadsheet import Reading, Sheet
    from provenance_cli.workshop import Workshop

UNITS = ("mm", "cm", "in")


@click.command(name="import", help="Enter pieces from a spreadsheet: .xlsx or CSV.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--map", "map_file", type=click.Path(exists=True, dir_okay=False), help="A mapping file of columns.")
@click.option("--unit", type=click.Choice(UNITS), help="Unit of measures without one (default: mm).")
@click.option(
    "--encoding", type=click.Choice(ENCODINGS), metavar="NAME", help="Encoding of a CSV file (default: found out)."
)
@click.option("--sheet", "sheet_name", metavar="NAME", help="The sheet of a workbook (default: the first).")
@click.option("--header-row", type=click.IntRange(1, MAX_HEADING_ROW), help="Row of the headings (default: found out).")
@click.option("--text-language", help="Language of the texts (default: that of the workshop).")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@pass_app
def import_(
    app: App,
    file: str,
    map_file: str | None,
    unit: str | None,
    encoding: str | None,
    sheet_name: str | None,
    header_row: int | None,
    text_language: str | None,
    dry_run: bool,
) -> None:
    """Read a spreadsheet, show what was understood, and enter the good rows."""
    from provenance_cli import exits
    from provenance_cli.firing.record import keep
    from provenance_cli.intake_report import roundings, tell_corrections, tell_faults, tell_roundings
    from provenance_cli.rejects import write_rejects
    from provenance_cli.spreadsheet import Reading
    from provenance_cli.telling import line_of

    workshop = app.workshop()
    path = Path(file)
    beside = path.with_name(path.name + ".map.toml")
    mapping = Path(map_file) if map_file else beside
    reading, sheet = read_foreign(path, mapping, Reading(encoding, None, sheet_name, header_row))
    _tell_sheet(app, path, sheet)
    columns = columns_of(sheet, mapping, unit, text_language)
    _tell_columns(app, sheet, columns)
    if not columns.is_unit_told:
        columns = _with_unit(app, sheet, columns)
    with app.progress(len(sheet.rows), _("Reading rows")) as advance:
        intake = read_pieces(workshop, path, sheet, columns, text_language, keep=not dry_run, advance=advance)
    for number, entry in enumerate(intake.entries[:5], start=1):
        app.say(f"  {number}. {line_of(entry.piece)}")
    rounded = list(roundings(sheet, columns, {fault.line for fault in intake.faults}))
    tell_roundings(app, rounded)
    tell_corrections(app, intake, workshop.store.known())
    tell_faults(app, intake.faults)
    rejects = None if dry_run else write_rejects(sheet, intake.faults, path)
    if rejects is not None:
        app.say(_("The rows with faults are in {file}, each with what to do.").format(file=rejects.name))
    if not dry_run and not map_file and not beside.exists():
        keep(beside, columns.to_toml(sheet.headings, reading).encode())
        app.say(_("How the columns are read is kept in {file}: change it there.").format(file=beside.name))
    added, corrected = len(intake.entries), len(intake.corrected)
    if (added or corrected) and not dry_run:
        count = added + corrected
        app.require(ngettext("Enter {n} piece?", "Enter {n} pieces?", count).format(n=count), default=True)
        added = workshop.store.add_pieces(intake.entries)
        corrected = workshop.store.correct_pieces(intake.corrected)
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
            "rejects": None if rejects is None else str(rejects),
            "sheet": sheet.name or None,
            "otherSheets": list(sheet.others),
            "headerRow": sheet.header_row,
            "dryRun": dry_run,
        }
    )
    if intake.faults:
        click.get_current_context().exit(exits.MALFORMED)


def read_foreign(path: Path, map_path: Path, given: Reading) -> tuple[Reading, Sheet]:
    """Read a spreadsheet as was said now, else as its mapping file says, else as it looks.

    Returns how it is to be read the next time: what was said, and a row of headings that is not the first.
    """
    from dataclasses import replace

    from provenance_cli.mapping import known_headings, read_reading
    from provenance_cli.spreadsheet import Reading, read_sheet

    kept, score = read_reading(map_path) if map_path.exists() else (Reading(), known_headings)
    reading = Reading(
        given.encoding, kept.kept_encoding, given.sheet or kept.sheet, given.header_row or kept.header_row
    )
    sheet = read_sheet(path, reading, score)
    return replace(reading, header_row=sheet.header_row if sheet.header_row > 1 else None), sheet


def columns_of(sheet: Sheet, map_path: Path, unit: str | None = None, text_language: str | None = None) -> Columns:
    """Return how a spreadsheet's columns are read: as the mapping file says, where there is one, else by guess.

    A `unit` that is given counts before the file's.
    """
    from dataclasses import replace

    from provenance.errors import MalformedError
    from provenance_cli.mapping import guess, read_mapping

    try:
        if map_path.exists():
            columns = read_mapping(map_path, sheet.headings)
            return replace(columns, unit=unit, is_unit_told=True) if unit else columns
        return guess(sheet.headings, unit, text_language)
    except MalformedError as error:
        raise MalformedError.like(error, field=error.field, line=error.line and sheet.header_row) from None


def read_pieces(
    workshop: Workshop,
    path: Path,
    sheet: Sheet,
    columns: Columns,
    text_language: str | None = None,
    *,
    keep: bool = True,
    advance: Advance = lambda _: None,
) -> Intake:
    """Read a spreadsheet's rows into pieces that are not entered yet; their photos are kept where asked."""
    from provenance_cli.darkroom import WorkshopDarkroom
    from provenance_cli.intake import take_in

    language = text_language or columns.language or workshop.language
    with WorkshopDarkroom(workshop, dry=not keep) as darkroom:
        return take_in(sheet.rows, columns, language, path.parent, workshop.store.known(), darkroom, advance)


def _tell_sheet(app: App, path: Path, sheet: Sheet) -> None:
    """Say what was read of the file, and what not."""
    text = _("{name}: {rows:,} rows, read as {encoding}.")
    app.say(text.format(name=path.name, rows=len(sheet.rows), encoding=sheet.encoding))
    if sheet.others:
        text = _("Only the sheet “{sheet}” is read. The workbook has others, which --sheet NAME reads: {others}")
        app.say(text.format(sheet=sheet.name, others=_(", ").join(sheet.others)), fg="yellow")
    if sheet.header_row > 1:
        app.say(_("The headings are those of row {row}; what stands above is not read.").format(row=sheet.header_row))


def _tell_columns(app: App, sheet: Sheet, columns: Columns) -> None:
    from provenance_cli.mapping import COLUMN_LABELS

    named = [f"{heading} → {_(COLUMN_LABELS[field])}" for heading, field in columns.read]
    app.say(_("Columns: {columns}").format(columns=_(", ").join(named)))
    if unread := columns.unread(sheet.headings):
        app.say(_("Not read: {columns}").format(columns=_(", ").join(unread)), fg="yellow")


def _with_unit(app: App, sheet: Sheet, columns: Columns) -> Columns:
    """Return the columns with the unit of their lengths, asked for where nothing tells it and they have fractions.

    Whole numbers are taken for millimetres.  Raises `MalformedError` where nobody can be asked.
    """
    from dataclasses import replace

    from provenance.errors import MalformedError
    from provenance_cli.dimensions import has_lengths_without_unit
    from provenance_cli.measures import LENGTH, QUANTITIES, has_no_unit

    unsure = [
        (name, heading)
        for name, heading in columns.headings.items()
        if (QUANTITIES.get(name) is LENGTH or name == "dimensions") and not columns.own_unit(name)
    ]
    for row in sheet.rows:
        for name, heading in unsure:
            cell = row.cells.get(heading, "")
            if not (has_no_unit(cell) if name != "dimensions" else cell and has_lengths_without_unit(cell, heading)):
                continue
            if app.yes or not sys.stdin.isatty():
                raise MalformedError(
                    "unit-unknown",
                    "“{text}” could be centimetres or inches: no unit is named.",
                    line=row.line,
                    field=heading,
                    hint="Name the unit of the file's lengths: --unit mm, --unit cm or --unit in.",
                    text=cell[:40],
                )
            question = _("“{text}” stands under {column}. In which unit are the lengths: mm, cm or in?")
            answer = ""
            while answer not in UNITS:
                answer = app.ask(question.format(text=cell[:40], column=heading), option="--unit").lower()
            return replace(columns, unit=answer, is_unit_told=True)
    return columns
