"""``kilnmark piece join``, ``leave`` and ``remove``: what pieces say of one another, while none of them is signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, ngettext

if TYPE_CHECKING:
    from provenance.serial import Serial
    from provenance_cli.store import Store


@click.command(help="Say that pieces are a set or a pair; they must not be signed.")
@click.argument("serials", nargs=-1, required=True)
@click.option("--pair", is_flag=True, help="They are a pair.")
@click.option("--name", help="What the set is called.")
@click.option("--text-language", help="Language of the texts (default: that of the workshop).")
@pass_app
def join(app: App, serials: tuple[str, ...], pair: bool, name: str | None, text_language: str | None) -> None:
    """Have every piece of a set name all of them."""
    from dataclasses import replace

    from provenance.errors import ConflictError
    from provenance.limits import LIMITS
    from provenance.piece import PieceSet, entered_text
    from provenance.serial import Serial
    from provenance_cli.store import Entry

    workshop = app.workshop()
    store = workshop.store
    pieces = [store.piece(Serial.parse(serial)) for serial in serials]
    text = {}
    if name:
        text[text_language or workshop.language] = entered_text(name, field="set.name", limit=LIMITS.name)
    members = tuple(item.serial for item in pieces)
    of_set = PieceSet(members, len(members), "pair" if pair else "set", text)
    for member in members:
        _require_draft(store, member)
        left = [one.serial for one in store.naming(member) if one.part_of is None or one.part_of.serial != member]
        if outside := [serial for serial in left if serial not in members]:
            raise ConflictError(
                "piece-named",
                "{serial} is of another set already: {others} would still name it.",
                hint="Take it out of that set first: `kilnmark piece leave {serial}`.",
                serial=member,
                others=", ".join(map(str, outside)),
            )
    store.correct_pieces(Entry(replace(item, set=of_set)) for item in pieces)
    app.say(ngettext("{n} piece joined.", "{n} pieces joined.", len(pieces)).format(n=len(pieces)))
    app.data({"set": of_set.to_json()})


@click.command(help="Take a piece out of its set or pair, and from what it is part of; none of them may be signed.")
@click.argument("serial")
@pass_app
def leave(app: App, serial: str) -> None:
    """Have the other pieces of the set name it no more; a set of one is none."""
    from dataclasses import replace

    from provenance.errors import ConflictError
    from provenance.serial import Serial
    from provenance_cli.store import Entry

    store, wanted = app.workshop().store, Serial.parse(serial)
    leaving = store.piece(wanted)
    if leaving.set is None and leaving.part_of is None:
        raise ConflictError("belongs-nowhere", "{serial} is in no set, and no part of another piece.", serial=wanted)
    others = [one for one in store.naming(wanted) if one.set is not None and wanted in one.set.pieces]
    _require_draft(store, wanted)
    for other in others:
        _require_draft(store, other.serial)
    changed = [replace(leaving, set=None, part_of=None)]
    for other in others:
        rest = tuple(one for one in other.set.pieces if one != wanted) if other.set else ()
        smaller = replace(other.set, pieces=rest, size=len(rest)) if other.set and len(rest) > 1 else None
        changed.append(replace(other, set=smaller))
    store.correct_pieces(map(Entry, changed))
    app.say(_("{serial} belongs to no other piece any more.").format(serial=wanted))
    if others:
        named = _(", ").join(str(other.serial) for other in others)
        app.say(_("No more names it: {serials}.").format(serials=named))
    app.data({"left": str(wanted), "changed": [str(other.serial) for other in others]})


@click.command(help="Remove a piece that is not signed.")
@click.argument("serial")
@pass_app
def remove(app: App, serial: str) -> None:
    """Remove one draft that no other piece names."""
    from provenance.errors import ConflictError
    from provenance.serial import Serial

    store, wanted = app.workshop().store, Serial.parse(serial)
    store.piece(wanted)
    _require_draft(store, wanted)
    states = store.states()
    naming = store.naming(wanted)
    named = ", ".join(str(one.serial) for one in naming)
    if any(one.serial.compact in states for one in naming):
        raise ConflictError(
            "piece-named",
            "{serial} stands in what was signed: {others} name it.",
            hint="What names it must be no certificate any more: `kilnmark piece unsign {others}`, where it is not on "
            "the ledger.",
            serial=wanted,
            others=named,
        )
    if any(one.set is not None and wanted in one.set.pieces for one in naming):
        raise ConflictError(
            "piece-named",
            "{serial} is of a set: {others} name it.",
            hint="Take it out of the set first: `kilnmark piece leave {serial}`.",
            serial=wanted,
            others=named,
        )
    if naming:
        raise ConflictError(
            "piece-named",
            "{serial} has parts that are pieces: {others} name it.",
            hint="Take each from it with `kilnmark piece leave`, or remove it first.",
            serial=wanted,
            others=named,
        )
    store.remove_piece(wanted)
    app.say(_("{serial} is removed.").format(serial=wanted))
    app.data({"removed": str(wanted)})


def _require_draft(store: Store, serial: Serial) -> None:
    from provenance_cli.store import signed_already

    if serial.compact in store.states():
        raise signed_already(serial)
