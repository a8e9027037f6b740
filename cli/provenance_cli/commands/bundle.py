"""``kilnmark bundle``: save all evidence for a piece in one file."""

from __future__ import annotations

from pathlib import Path

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, ngettext


@click.command(help="Save all evidence for a piece in one file.")
@click.argument("serial", required=False)
@click.option("--all", "every", is_flag=True, help="Save the bundles of all anchored pieces.")
@click.option("--fresh", is_flag=True, help="Fetch it from the registry, though the workshop keeps one.")
@click.option("-o", "--out", type=click.Path(), help="File, or folder with --all (default: out/ in the workshop).")
@pass_app
def bundle(app: App, serial: str | None, every: bool, fresh: bool, out: str | None) -> None:
    """Write bundles that the workshop keeps, or fetch one from the registry."""
    from provenance.errors import NotFoundError
    from provenance.serial import Serial
    from provenance_cli.client import RegistryClient
    from provenance_cli.files import write_file

    workshop = app.workshop()
    client = RegistryClient(workshop.issuer.base_url)
    if every == bool(serial):
        raise click.UsageError(_("Name one serial, or give --all."))
    if every:
        items = workshop.store.certificates(("anchored",))
        folder = Path(out) if out else workshop.out
        for item in items:
            data = (None if fresh else item.bundle) or client.bundle(item.certificate.piece.serial)
            write_file(folder / f"{item.certificate.piece.serial}.kilnmark.json", data, public=True)
        app.say(ngettext("{n} bundle in {path}", "{n} bundles in {path}", len(items)).format(n=len(items), path=folder))
        app.data({"bundles": len(items), "folder": str(folder)})
        return
    wanted = Serial.parse(serial or "")
    try:
        kept = None if fresh else workshop.store.certificate(wanted).bundle
    except NotFoundError:
        kept = None
    path = Path(out) if out else workshop.out / f"{wanted}.kilnmark.json"
    write_file(path, kept or client.bundle(wanted), public=True)
    app.say(_("Saved in {path}. It can be checked without the registry: `kilnmark verify {path}`.").format(path=path))
    app.data({"file": str(path)})
