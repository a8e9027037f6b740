"""``kilnmark tag poster``: a page for the stall that names the registry's only address."""

from __future__ import annotations

import io

import click

from provenance.catalogs import LANGUAGES
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _


@click.command(help="Print an A4 poster for the stall: the registry's only address and its code.")
@click.option(
    "--language",
    "languages",
    type=click.Choice([*LANGUAGES]),
    metavar="LANG",
    multiple=True,
    default=("zh-Hans", "en"),
    help="What it is written in: en, zh-Hans, zh-Hant, ja, ko or fr; given twice, the second stands below in smaller "
    "letters (default: zh-Hans and en).",
)
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="The PDF (default: out/poster.pdf in the workshop).")
@pass_app
def poster(app: App, languages: tuple[str, ...], out: str | None) -> None:
    """Print the poster; its code is read back."""
    from provenance.printing.poster import Poster, print_poster
    from provenance.printing.readback import check_sheet
    from provenance_cli.files import write_file
    from provenance_cli.paper import pdf_path, say_missing
    from provenance_cli.printable import check_host

    workshop = app.workshop()
    path = pdf_path(out, workshop.out / "poster.pdf")
    check_host(workshop)
    spoken = tuple(dict.fromkeys(languages))
    if len(spoken) > 2:
        raise click.UsageError(_("A poster has room for two languages."))
    made, drawn = Poster(workshop.issuer.base_url, workshop.issuer.name, spoken), io.BytesIO()
    missing = print_poster(made, drawn, created=app.clock())
    check_sheet(drawn.getvalue(), [made.url])
    write_file(path, drawn.getvalue(), public=True)
    app.say(_("The poster is {path}, its code read back. Print it at 100 %.").format(path=path))
    say_missing(app, missing)
    app.data({"file": str(path), "url": made.url, "missing": list(missing)})
