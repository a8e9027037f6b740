"""The options that every fact of a piece has, for commands that take them, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance_cli.context import App
from provenance_cli.i18n import _, later

if TYPE_CHECKING:
    from provenance_cli.workshop import Workshop

FACTS = {
    "title": later("What the piece is called."),
    "description": later("A few sentences about it."),
    "maker": later("Who made it; several with semicolons."),
    "master": later("The master who guided a visitor."),
    "visitor": later("The visitor who made it, named by consent; “anonymous” for one who is not."),
    "consent": later("Day on which the visitor agreed to be named, like 2026-11-02."),
    "teacher": later("The maker's teacher: a claim."),
    "lineage": later("The maker's lineage: a claim."),
    "studio": later("The workshop where it was made."),
    "form": later("Its form: vase, bowl, cup."),
    "technique": later("How it was made."),
    "clay-body": later("The clay."),
    "glaze": later("The glaze."),
    "decoration": later("The decoration."),
    "base-mark": later("The mark on its base."),
    "credit-line": later("What must stand beside its photos: whose they are, and what others may do with them."),
    "height": later("Height in mm."),
    "width": later("Width in mm."),
    "depth": later("Depth in mm."),
    "diameter": later("Diameter in mm."),
    "weight": later("Weight in g."),
    "kiln": later("The kiln."),
    "fuel": later("The fuel."),
    "atmosphere": later("The kiln's atmosphere."),
    "fired": later("Day of the firing, like 2026-11-02."),
    "peak": later("Highest temperature in °C."),
    "edition": later("Number and size of an edition, like 3/10; AP 1/2 for an artist's proof."),
    "edition-name": later("Which edition."),
    "part-of": later("Serial of the piece that it belongs to: a lid's jar."),
    "parts": later("Its parts that can be taken off, like “lid”; several with semicolons."),
    "country": later("Two letters, like CN."),
    "accession-number": later("Your own number for it."),
}
"""Option to its help, for every fact that can be given in words."""
PHOTO = later("A photo; may be given several times.")
MARK_PHOTO = later("A photo of the mark on the base, which buyers are asked to compare; may be given several times.")
SCAN = later("A 3D scan, named by its digest; may be given several times.")
FILE = later("The file of a digital work, named by its digest; may be given several times.")
TEXT_LANGUAGE = later("Language of the texts (default: that of the workshop).")

_THERE = click.Path(exists=True, dir_okay=False)


def fact_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for every fact of a piece."""
    command = click.option("--text-language", help=TEXT_LANGUAGE)(command)
    command = click.option("--file", "files", multiple=True, type=_THERE, help=FILE)(command)
    command = click.option("--scan", "scans", multiple=True, type=_THERE, help=SCAN)(command)
    command = click.option("--mark-photo", "mark_photos", multiple=True, type=_THERE, help=MARK_PHOTO)(command)
    command = click.option("--photo", "photos", multiple=True, type=_THERE, help=PHOTO)(command)
    for name, text in reversed(FACTS.items()):
        command = click.option(f"--{name}", help=text)(command)
    return command


def given_facts(
    app: App, workshop: Workshop, values: Mapping[str, str | None], paths: Mapping[str, tuple[str, ...]], language: str
) -> dict[str, Any]:
    """Return what the options say, by the attributes of a piece; raises `MalformedError` where they cannot be."""
    from provenance.piece import Whole
    from provenance.serial import Serial
    from provenance_cli.darkroom import WorkshopDarkroom
    from provenance_cli.facts import UNNAMED, read_facts
    from provenance_cli.mapping import Columns
    from provenance_cli.measures import QUANTITIES, is_rounded
    from provenance_cli.measures import whole as measured
    from provenance_cli.spreadsheet import Row

    cells = {name: text for name, text in values.items() if text}
    if "visitor" in cells and "consent" not in cells and cells["visitor"].lower() not in UNNAMED:
        app.say(_("The visitor's name will stand in a public record that stays."))
        cells["consent"] = app.ask(_("Day on which the visitor agreed, like 2026-11-02"), option="--consent")
    for name, given in paths.items():
        if given:
            cells[name] = ";".join(str(Path(path).resolve()) for path in given)
    columns = Columns({name: name for name in cells if name != "part_of"}, "mm", language)
    for name in QUANTITIES.keys() & cells.keys():
        if is_rounded(cells[name], name, unit := columns.unit_of(name)):
            text = _("Of {measure}, {kept} is kept: records have whole mm, g and °C.")
            app.say(text.format(measure=cells[name], kept=measured(cells[name], name, unit)), fg="yellow")
    with WorkshopDarkroom(workshop) as darkroom:
        facts = read_facts(Row(1, cells), columns, language, None, darkroom)
    if "part_of" in cells:
        whole = workshop.store.piece(Serial.parse(cells["part_of"]))
        facts["part_of"] = Whole(whole.serial, facts.get("form", {}))
    return facts
