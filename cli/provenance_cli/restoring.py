"""From a recovery phrase back to a workshop: what the registry knows is compared before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provenance.certificate import Issuer
from provenance.encoding import Address
from provenance.errors import ConfigurationError, KeystoreError, LedgerError, UnreachableError
from provenance.evm.accounts import account_of
from provenance.keystore import Keystore, check_passphrase
from provenance.phrase import Phrase, certificate_signer
from provenance_cli.client import RegistryClient
from provenance_cli.context import App
from provenance_cli.i18n import _, spoken
from provenance_cli.portable_names import check_new_folder
from provenance_cli.standing import Standing, standing_of
from provenance_cli.workshop import SETTINGS, Workshop


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of the studio beside its phrase."""

    base_url: str
    slug: str | None
    name: str | None
    key_number: int | None
    studio: Address | None


def restore_workshop(app: App, folder: Path, phrase: Phrase, given: Given) -> tuple[Workshop, Keystore]:
    """Make the workshop of `phrase` in `folder`, or put its keys back there, with a new status list."""
    path = folder / "keystore.json"
    if path.exists():
        raise KeystoreError(
            "keystore-exists", "There is a keystore at {path} already.", hint="Choose another folder.", path=path
        )
    if not folder.exists():
        check_new_folder(folder, "folder")
    seed = phrase.seed
    account = account_of(seed)
    try:
        standing = standing_of(RegistryClient(given.base_url), account, seed)
    except (UnreachableError, LedgerError) as error:
        standing = None
        words = _("What the registry knows of the studio was not compared: {why}")
        app.say(words.format(why=spoken(error.wording)), fg="yellow")
    else:
        if standing is None:
            app.say(_("The registry knows no studio of this phrase: the guild has not accredited it."), fg="yellow")
    issuer = agreed_issuer(app, given, standing)
    number = given.key_number or (standing and standing.newest_key(seed, app.clock())) or 1
    if standing is not None:
        _tell_key(app, standing, seed, number)
    text = app.passphrase(new=True)
    check_passphrase(text)
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / SETTINGS).exists():
        workshop = Workshop.open(folder).with_new_list().named(issuer)
    else:
        workshop = Workshop.create(folder, issuer, app.lang)
    studio = given.studio or (account if standing is None else standing.address)
    return workshop, Keystore.restore(path, phrase, text, account_of, key_number=number, studio=studio)


def agreed_issuer(app: App, given: Given, standing: Standing | None) -> Issuer:
    """Return who issues: as the registry knows the studio, where it does; asks where that is not what was given.

    Certificates that name the studio otherwise than the guild accredited it would be held.
    """
    if standing is None:
        slug = given.slug or app.ask(_("Short name (letters, digits, hyphens)"), option="--slug")
        return Issuer(given.base_url, slug, given.name or app.ask(_("Name of the studio"), option="--name"))
    known = standing.issuer
    app.say(
        _("The guild accredited the studio of this phrase as {name} ({slug}).").format(name=known.name, slug=known.slug)
    )
    if (given.slug or known.slug, given.name or known.name) != (known.slug, known.name):
        app.say(_("You gave {name} ({slug}).").format(name=given.name or known.name, slug=given.slug or known.slug))
        if not app.confirm(_("Take what the guild has?")):
            raise ConfigurationError(
                "other-studio",
                "Nothing was restored: a certificate that names the studio otherwise than the guild does is held.",
                hint="Ask the guild to accredit the studio under the other name first.",
            )
    return known


def _tell_key(app: App, standing: Standing, seed: bytes, number: int) -> None:
    multikey = certificate_signer(seed, number).public_key.multikey
    if multikey not in standing.keys:
        app.say(_("The guild has not added certificate key number {n}.").format(n=number), fg="yellow")
    elif not standing.is_open(multikey, app.clock()):
        app.say(
            _("The guild has ended certificate key number {n}: take the next with `kilnmark key rotate`.").format(
                n=number
            ),
            fg="yellow",
        )
