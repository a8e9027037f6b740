"""``kilnmark init``: a workshop folder with its keys."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance_cli.columns import fold, pad
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _

if TYPE_CHECKING:
    from provenance.encoding import Address
    from provenance_cli.workshop import Workshop


@click.command(help="Make a workshop folder with its keys.")
@click.argument("folder", type=click.Path(), default=".")
@click.option("--registry", help="Address of the registry, like https://registry.example.")
@click.option("--name", help="The studio's name, as buyers shall read it.")
@click.option("--slug", help="The studio's short name in addresses: lower-case letters, digits, hyphens.")
@click.option("--studio", help="Address of an accredited studio whose keys are lost, to be taken over by new ones.")
@pass_app
def init(app: App, folder: str, registry: str | None, name: str | None, slug: str | None, studio: str | None) -> None:
    """Make the folder, the keystore and the recovery phrase."""
    from provenance.certificate import Issuer
    from provenance.encoding import Address
    from provenance.tag import check_base_url
    from provenance_cli.launchers import leave_launcher
    from provenance_cli.portable_names import check_new_folder
    from provenance_cli.workshop import SETTINGS, Workshop

    taken_over = None if studio is None else Address.parse(studio.lower())
    target = Path(folder)
    if (target / SETTINGS).exists():
        workshop = Workshop.open(target)  # A first run that was interrupted goes on here.
        if workshop.keystore_path.exists():
            Workshop.create(target, workshop.issuer, workshop.language)
    else:
        check_new_folder(target, "folder")
        base_url = check_base_url(registry or app.ask(_("Address of the registry"), option="--registry"))
        called = name or app.ask(_("Name of the studio"), option="--name")
        short = slug or app.ask(_("Short name (letters, digits, hyphens)"), default=_suggest(called), option="--slug")
        issuer = Issuer(base_url, short, called)
        target.mkdir(parents=True, exist_ok=True)
        workshop = Workshop.create(target, issuer, app.lang)
    make_keystore(app, workshop, taken_over)
    app.say()
    app.say(_("The workshop is in {folder}.").format(folder=target.resolve()))
    launcher = leave_launcher(target, os.environ)
    if launcher is not None:
        app.say(_("Double-click {file} to begin.").format(file=launcher.name))
    app.say(_("Next: `kilnmark studio apply` writes the file that the guild needs."))
    keystore = workshop.keystore()
    app.data(
        {
            "folder": str(target.resolve()),
            "did": workshop.issuer.did,
            "publicKey": keystore.public_key.multikey,
            "account": str(keystore.account),
            "studio": str(keystore.studio),
            "statusList": workshop.list_id,
        }
    )


def make_keystore(app: App, workshop: Workshop, studio: Address | None) -> None:
    """Make the keystore and show its recovery phrase, which never goes where data go.

    `studio` is the one on the ledger that the new account is to sign for, where it is not to be one itself.
    """
    from provenance.evm.accounts import account_of
    from provenance.keystore import Keystore

    passphrase = app.passphrase(new=True)
    _keystore, phrase = Keystore.create(workshop.keystore_path, passphrase, app.lang, account_of, studio=studio)
    show_phrase(app, phrase)
    confirm_phrase(app, phrase)


def confirm_phrase(app: App, phrase: str) -> None:
    """Ask for two words of a phrase, to see that it stands on paper."""
    if app.yes:
        return
    words = phrase.split()
    for place in sorted(secrets.SystemRandom().sample(range(12), 2)):
        while app.ask(_("Word number {n}").format(n=place + 1), option="--yes") != words[place]:
            app.say(_("That is another word. Look at the paper again."))


def show_phrase(app: App, phrase: str) -> None:
    """Show a recovery phrase as twelve numbered words."""
    words = phrase.split()
    app.say()
    warning = _(
        "Recovery phrase: write these twelve words on paper, now. They bring your keys back when this computer is "
        "lost. Whoever reads them can sign in your name."
    )
    app.say("\n".join(fold(warning, 80)), bold=True)
    app.say()
    for row in range(0, 12, 4):
        app.say("   " + "".join(f"{row + i + 1:>3}. {pad(words[row + i], 12)}" for i in range(4)))
    app.say()


def _suggest(studio: str) -> str:
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in studio.lower()).strip("-")
    return "-".join(part for part in plain.split("-") if part) or "studio"
