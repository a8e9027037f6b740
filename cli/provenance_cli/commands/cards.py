"""``kilnmark tag hangtag`` and ``kilnmark tag boxcard``: folded tags on a string, and cards that lie in the box."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import click

from provenance_cli.context import Advance, App, pass_app
from provenance_cli.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from provenance.printing.cards import Card, CardReport


@click.command(help="Print folded hang-tags: an A4 page of outsides, and one of insides for the other side.")
@click.argument("serials", nargs=-1)
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False), help="The PDF (default: out/hangtags.pdf in the workshop)."
)
@pass_app
def hangtag(app: App, serials: tuple[str, ...], out: str | None) -> None:
    """Print hang-tags once each record was checked."""
    from provenance.printing.hangtags import print_hangtags

    count, path = _print(app, serials, out, "hangtags.pdf", print_hangtags)
    text = ngettext(
        "{n} hang-tag in {path}, its code read back.", "{n} hang-tags in {path}, every code read back.", count
    )
    app.say(text.format(n=count, path=path))
    app.say(_("Print both sides at 100 %, turned over the long edge; fold, and punch the hole."))


@click.command(help="Print cards for the box, with cut marks: all facts of a piece, and its code.")
@click.argument("serials", nargs=-1)
@click.option("--size", type=click.Choice(["A7", "85x55"]), default="A7", show_default=True, help="A7 is 105 by 74 mm.")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False), help="The PDF (default: out/boxcards.pdf in the workshop)."
)
@pass_app
def boxcard(app: App, serials: tuple[str, ...], size: str, out: str | None) -> None:
    """Print box cards once each record was checked."""
    from functools import partial

    from provenance.printing.cards import print_cards

    count, path = _print(app, serials, out, "boxcards.pdf", partial(print_cards, size=size))
    text = ngettext("{n} card in {path}, its code read back.", "{n} cards in {path}, every code read back.", count)
    app.say(text.format(n=count, path=path))
    app.say(_("Print at 100 %, and cut along the marks."))


def _print(
    app: App, serials: tuple[str, ...], out: str | None, name: str, printer: Callable[..., CardReport]
) -> tuple[int, Path]:
    """Print cards; return how many, and where they are."""
    from provenance_cli.cards import card_of
    from provenance_cli.paper import pdf_path, say_missing
    from provenance_cli.printable import printable

    workshop = app.workshop()
    path = pdf_path(out, workshop.out / name)
    forms = [(piece.form(), piece.number) for piece in printable(app, workshop, serials)]
    with app.progress(len(forms), _("Printing")) as advance:
        cards = [card_of(form, app.lang, number=number) for form, number in forms]
        report = write_cards(cards, path, app, advance, printer)
    say_missing(app, report.missing)
    app.data({"cards": report.cards, "pages": report.pages, "file": str(path), "missing": list(report.missing)})
    return report.cards, path


def write_cards(
    cards: list[Card], path: Path, app: App, advance: Advance, printer: Callable[..., CardReport]
) -> CardReport:
    """Write `cards` to `path` once every code was read back."""
    from provenance.printing.readback import check_sheet
    from provenance_cli.files import write_file

    out = io.BytesIO()
    report = printer(cards, out, created=app.clock(), progress=advance)
    check_sheet(out.getvalue(), [card.url for card in cards])
    write_file(path, out.getvalue(), public=True)
    return report
