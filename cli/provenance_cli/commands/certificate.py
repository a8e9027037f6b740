"""``kilnmark tag certificate``: certificates of authenticity, pages to frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, ngettext

if TYPE_CHECKING:
    from provenance.encoding import Digest


@click.command(help="Print certificates of authenticity: an A4 page a piece, with all evidence inside.")
@click.argument("serials", nargs=-1)
@click.option(
    "-o", "--out", type=click.Path(file_okay=False), help="Folder for the PDFs (default: out/ in the workshop)."
)
@pass_app
def certificate(app: App, serials: tuple[str, ...], out: str | None) -> None:
    """Print pages to frame, once each record was checked; every code is read back."""
    from provenance.decoding import Decoder
    from provenance_cli.authenticity import authenticity_page, write_page
    from provenance_cli.paper import say_missing
    from provenance_cli.printable import printable

    workshop = app.workshop()
    pieces = printable(app, workshop, serials)
    folder, missing = Path(out) if out else workshop.out, dict[str, None]()
    path = folder

    def photo(digest: Digest) -> bytes:
        return workshop.photo_path(digest).read_bytes()

    with app.progress(len(pieces), _("Printing")) as advance, Decoder() as decoder:
        for piece in pieces:
            bundle = piece.bundle()
            page = authenticity_page(bundle, piece.data, piece.verdict, app.lang, photo, decoder, number=piece.number)
            path = folder / f"{page.serial}.pdf"
            missing |= dict.fromkeys(write_page(page, path, app.clock()))
            advance(1)
    text = ngettext(
        "{n} certificate in {path}, its code read back.",
        "{n} certificates in {path}, every code read back.",
        len(pieces),
    )
    app.say(text.format(n=len(pieces), path=path if len(pieces) == 1 else folder))
    say_missing(app, missing)
    app.data({"certificates": len(pieces), "folder": str(folder), "missing": list(missing)})
