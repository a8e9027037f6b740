"""``kilnmark piece``: enter pieces, by hand or from a spreadsheet, and look at them."""

from __future__ import annotations

from typing import Any

import click

from provenance_cli.columns import cut, listing, pad
from provenance_cli.commands.amend import amend
from provenance_cli.commands.belonging import join, leave, remove
from provenance_cli.commands.importing import import_
from provenance_cli.commands.unsign import unsign
from provenance_cli.context import App, pass_app
from provenance_cli.fact_options import fact_options, given_facts
from provenance_cli.i18n import _, later, ngettext

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
for _command in (import_, join, leave, remove):
    piece.add_command(_command)


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
