"""``kilnmark tag hangtag`` and ``kilnmark tag boxcard``: folded tags on a string, and cards that lie in the box."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance_cli.context import Advance, App, pass_app
from provenance_cli.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable

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

    _print(app, serials, out, "hangtags.pdf", print_hangtags)
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

    _print(app, serials, out, "boxcards.pdf", partial(print_cards, size=size))


def _print(app: App, serials: tuple[str, ...], out: str | None, name: str, printer: Callable[..., CardReport]) -> None:
    from provenance.bundle import Bundle
    from provenance.serial import Serial
    from provenance_cli.cards import card_of
    from provenance_cli.commands.tag import check_anchored, check_host
    from provenance_cli.printing_run import counting_tag

    workshop = app.workshop()
    check_host(workshop)
    wanted = [workshop.store.certificate(Serial.parse(serial)) for serial in serials]
    chosen = wanted or workshop.store.certificates(("anchored",))
    numbers = [counting_tag(workshop.store, item.certificate.piece.serial).number for item in chosen]
    verdicts = check_anchored(app, workshop, chosen)
    forms = [
        Bundle.from_bytes(item.bundle or b"").form(verdict.shown)
        for item, verdict in zip(chosen, verdicts, strict=True)
    ]
    path = Path(out) if out else workshop.out / name
    with app.progress(len(forms), _("Printing")) as advance:
        cards = [card_of(form, app.lang, number=number) for form, number in zip(forms, numbers, strict=True)]
        report = write_cards(cards, path, app, advance, printer)
    text = ngettext("{n} card in {path}, its code read back.", "{n} cards in {path}, every code read back.", len(forms))
    app.say(text.format(n=len(forms), path=path))
    for character in report.missing:
        app.say("  " + _("The typeface lacks {name}.").format(name=character), fg="yellow")
    app.data({"cards": report.cards, "pages": report.pages, "file": str(path), "missing": list(report.missing)})


def write_cards(
    cards: list[Card], path: Path, app: App, advance: Advance, printer: Callable[..., CardReport]
) -> CardReport:
    """Write `cards` to `path` once every code was read back."""
    from provenance.printing.readback import check_sheet
    from provenance_cli.files import write_file

    out = io.BytesIO()
    report = printer(cards, out, created=app.clock(), progress=advance)
    check_sheet(out.getvalue(), [card.url for card in cards])
    write_file(path, out.getvalue())
    return report
