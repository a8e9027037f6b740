"""``kilnmark key``: show, change the passphrase, restore from the recovery phrase."""

from __future__ import annotations

from pathlib import Path

import click

from provenance_cli.columns import listing
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _


@click.group(help="See, protect and restore the workshop's keys.")
def key() -> None:
    """The workshop's keys."""


@key.command(help="Show the public parts of the keys.")
@pass_app
def show(app: App) -> None:
    """Show key and account."""
    keystore = app.workshop().keystore()
    facts = {
        "publicKey": keystore.public_key.multikey,
        "keyId": str(keystore.public_key.key_id),
        "account": str(keystore.account),
    }
    app.data(facts, listing(zip((_("Key"), _("Key id"), _("Account")), facts.values(), strict=True)))


@key.command(help="Change the passphrase.")
@click.option(
    "--new-passphrase-file", type=click.Path(exists=True, dir_okay=False), help="Read the new one from a file."
)
@pass_app
def passphrase(app: App, new_passphrase_file: str | None) -> None:
    """Seal the same keys under a new passphrase."""
    keystore = app.workshop().keystore()
    old = app.passphrase(question=_("Old passphrase"))
    new = App(passphrase_file=new_passphrase_file).passphrase(new=True)
    keystore.change_passphrase(old, new)
    app.say(_("The passphrase is changed."))
    app.data({"changed": True})


@key.command(help="Show the recovery phrase again.")
@pass_app
def phrase(app: App) -> None:
    """Show the twelve words to whoever has the passphrase."""
    from provenance_cli.commands.init import show_phrase

    words = app.workshop().keystore().unlock(app.passphrase()).phrase
    if app.json:
        app.data({"phrase": words})
    else:
        show_phrase(app, words)


@key.command(help="Make a workshop folder from the recovery phrase.")
@click.argument("folder", type=click.Path())
@click.option("--registry", help="Address of the registry.")
@click.option("--name", help="The studio's name.")
@click.option("--slug", help="The studio's short name.")
@click.option("--phrase-file", type=click.Path(exists=True, dir_okay=False), help="Read the phrase from a file.")
@pass_app
def restore(
    app: App, folder: str, registry: str | None, name: str | None, slug: str | None, phrase_file: str | None
) -> None:
    """Restore the keys into a new folder, with a new status list."""
    from provenance.certificate import Issuer
    from provenance.evm.accounts import account_of
    from provenance.keystore import Keystore
    from provenance.tag import check_base_url
    from provenance_cli.workshop import SETTINGS, Workshop

    target = Path(folder)
    if (target / SETTINGS).exists():
        workshop = Workshop.open(target).with_new_list()
    else:
        base_url = check_base_url(registry or app.ask(_("Address of the registry")))
        issuer = Issuer(
            base_url,
            slug or app.ask(_("Short name (letters, digits, hyphens)")),
            name or app.ask(_("Name of the studio")),
        )
        target.mkdir(parents=True, exist_ok=True)
        workshop = Workshop.create(target, issuer, app.lang)
    words = Path(phrase_file).read_text("utf-8") if phrase_file else app.ask(_("The twelve words"))
    passphrase_text = app.passphrase(new=True)
    keystore = Keystore.restore(workshop.keystore_path, words, passphrase_text, account_of)
    app.say(_("The keys are back, in {folder}.").format(folder=target.resolve()))
    app.data(
        {
            "publicKey": keystore.public_key.multikey,
            "account": str(keystore.account),
            "statusList": workshop.list_id,
        }
    )
