"""``kilnmark key``: show, seal anew, exchange, and restore from the recovery phrase."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance_cli.columns import listing
from provenance_cli.context import App, one_source, pass_app
from provenance_cli.i18n import _, ngettext
from provenance_cli.report import words
from provenance_cli.secret_input import first_line

if TYPE_CHECKING:
    from provenance.keystore import Keystore
    from provenance.phrase import Phrase
    from provenance_cli.workshop import Workshop

UNDER_WAY = ("signed", "held", "waiting", "batched")
"""States of certificates that the ledger has not yet: they count only while their key does."""


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
        "keyNumber": keystore.key_number,
        "account": str(keystore.account),
        "studio": str(keystore.studio),
    }
    names = (_("Key"), _("Key id"), _("Number of the key"), _("Account"), _("Studio on the ledger"))
    app.data(facts, listing(zip(names, facts.values(), strict=True)))


@key.command(help="Change the passphrase.")
@click.option(
    "--new-passphrase-file", type=click.Path(exists=True, dir_okay=False), help="Read the new one from a file."
)
@click.option("--new-passphrase-fd", type=click.IntRange(0), help="Read the new one from an open descriptor.")
@pass_app
def passphrase(app: App, new_passphrase_file: str | None, new_passphrase_fd: int | None) -> None:
    """Seal the same keys under a new passphrase."""
    from provenance.errors import ConfigurationError

    source = one_source(new_passphrase_file, new_passphrase_fd)
    if source is None and not sys.stdin.isatty():
        raise ConfigurationError(
            "no-terminal",
            "There is nobody to ask for the new passphrase.",
            hint="Give --new-passphrase-file FILE or --new-passphrase-fd N.",
        )
    keystore = app.workshop().keystore()
    old = app.passphrase(question=_("Old passphrase"))
    new = App(passphrase_source=source).passphrase(new=True)
    keystore.change_passphrase(old, new)
    app.say(_("The passphrase is changed. Copies of the folder still open with the old one: replace them."))
    app.data({"changed": True})


@key.command(help="Show the recovery phrase again.")
@pass_app
def phrase(app: App) -> None:
    """Show the twelve words to whoever has the passphrase."""
    from provenance_cli.commands.init import show_phrase

    words = str(app.unlock(app.workshop().keystore()).phrase)
    if app.json:
        app.data({"phrase": words})
    else:
        show_phrase(app, words)


@key.command(help="Take the next certificate key of the same phrase, and write the application for it.")
@pass_app
def rotate(app: App) -> None:
    """Exchange the certificate key; the account and the recovery phrase stay."""
    notice = _("What you sign with the new key is held until the guild has added it.")
    exchange = Exchange.begin(app, notice, _("Take a new certificate key?"))
    exchange.end(exchange.old.rotate)


@key.command(help="Take a new recovery phrase, where the old one may have been read by others.")
@pass_app
def renew(app: App) -> None:
    """Exchange phrase, account and certificate key; the studio on the ledger stays."""
    from provenance.evm.accounts import account_of
    from provenance.phrase import Phrase
    from provenance_cli.commands.init import confirm_phrase, show_phrase

    notice = _("Telephone the guild first: only they can end the old key and let another account sign for the studio.")
    exchange = Exchange.begin(app, notice, _("Take a new recovery phrase?"))
    new = Phrase.random(app.lang)
    show_phrase(app, str(new))
    confirm_phrase(app, str(new))
    kept = exchange.workshop.kept_keystore(exchange.old.account)
    exchange.end(lambda passphrase: exchange.old.renew(passphrase, new, account_of, kept), kept=str(kept))
    app.say(_("The old keys are kept in {path} until the guild has done its part.").format(path=kept))
    app.say(_("If others may know the passphrase, change it now: `kilnmark key passphrase`."))


@dataclass(frozen=True, slots=True)
class Exchange:
    """A workshop whose keys are exchanged: the `old` keystore and the passphrase that opens it."""

    app: App
    workshop: Workshop
    old: Keystore
    passphrase: str

    @classmethod
    def begin(cls, app: App, notice: str, question: str) -> Exchange:
        """Warn, ask, and try the passphrase: a mistyped one is found before anybody writes twelve words."""
        workshop = app.workshop()
        keystore = workshop.keystore()
        _warn_of_unfinished(app, workshop)
        app.say(notice)
        app.require(question)
        text = app.passphrase()
        keystore.unlock(text)
        return cls(app, workshop, keystore, text)

    def end(self, take: Callable[[str], Keystore], **more: str) -> None:
        """Take the new keys with the passphrase, write their application, and tell what the guild does with the old."""
        from provenance_cli.commands.studio import write_application

        self.workshop.with_new_list()  # Whoever copied the folder counts on in the old one.
        new = take(self.passphrase)
        members = write_application(self.app, self.workshop, new, new.unlock(self.passphrase), None)
        self.app.say(_("The guild then ends the old key: {key}").format(key=self.old.public_key.multikey))
        exchanged = {
            "oldKey": self.old.public_key.multikey,
            "publicKey": new.public_key.multikey,
            "keyNumber": new.key_number,
            "account": str(new.account),
            "studio": str(new.studio),
        }
        self.app.data({**members, **exchanged, **more})


def _warn_of_unfinished(app: App, workshop: Workshop) -> None:
    count = len(workshop.store.certificates(UNDER_WAY))
    if count:
        warning = ngettext(
            "{n} certificate under the old key is not on the ledger yet: it counts only if it gets there before the "
            "guild ends that key.",
            "{n} certificates under the old key are not on the ledger yet: they count only if they get there before "
            "the guild ends that key.",
            count,
        )
        app.say(warning.format(n=count), fg="yellow")


def asked_phrase(app: App) -> Phrase:
    """Ask for the phrase until it is one: whoever mistyped a word need not begin the command anew."""
    from provenance.errors import KeystoreError
    from provenance.phrase import Phrase, strange_words

    while True:
        text = app.ask(_("The twelve words"), option="--phrase-file")
        try:
            return Phrase.read(text)
        except KeystoreError as error:
            for line in words(error):
                app.say(line, fg="yellow")
            for place, near in strange_words(text).items():
                if near:
                    told = _("Word number {n}: is it one of {words}?")
                    app.say(told.format(n=place, words=_(", ").join(near)))


@key.command(help="Make a workshop folder from the recovery phrase.")
@click.argument("folder", type=click.Path())
@click.option("--registry", help="Address of the registry.")
@click.option("--name", help="The studio's name (default: as the registry knows it).")
@click.option("--slug", help="The studio's short name (default: as the registry knows it).")
@click.option("--key-number", type=click.IntRange(1), help="Number of the certificate key (default: as it knows).")
@click.option("--studio", help="Address of the studio on the ledger (default: as it knows).")
@click.option("--phrase-file", type=click.Path(exists=True, dir_okay=False), help="Read the phrase from a file.")
@click.option("--phrase-fd", type=click.IntRange(0), help="Read the phrase from an open descriptor.")
@pass_app
def restore(
    app: App,
    folder: str,
    registry: str | None,
    name: str | None,
    slug: str | None,
    key_number: int | None,
    studio: str | None,
    phrase_file: str | None,
    phrase_fd: int | None,
) -> None:
    """Restore the keys into a new folder, with a new status list, and compare with what the registry knows."""
    from provenance.encoding import Address
    from provenance.phrase import Phrase
    from provenance.tag import check_base_url
    from provenance_cli.restoring import Given, restore_workshop
    from provenance_cli.workshop import SETTINGS, Workshop

    target, source = Path(folder), one_source(phrase_file, phrase_fd)
    there = Workshop.open(target) if (target / SETTINGS).exists() else None
    if there is not None:
        base_url, slug, name = there.issuer.base_url, slug or there.issuer.slug, name or there.issuer.name
    else:
        base_url = check_base_url(registry or app.ask(_("Address of the registry"), option="--registry"))
    phrase = asked_phrase(app) if source is None else Phrase.read(first_line(source))
    address = None if studio is None else Address.parse(studio.lower())
    given = Given(base_url, slug, name, key_number, address)
    workshop, keystore = restore_workshop(app, target, phrase, given)
    app.say(_("The keys are back, in {folder}.").format(folder=target.resolve()))
    app.say(_("Next: `kilnmark piece fetch` brings the list of pieces back."))
    app.data(
        {
            "did": workshop.issuer.did,
            "publicKey": keystore.public_key.multikey,
            "keyNumber": keystore.key_number,
            "account": str(keystore.account),
            "studio": str(keystore.studio),
            "statusList": workshop.list_id,
        }
    )
