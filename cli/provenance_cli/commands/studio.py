"""``kilnmark studio``: apply, show, and the steward's accredit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance_cli.columns import listing
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, later

if TYPE_CHECKING:
    from provenance.application import Application, Binding
    from provenance.evm.accounts import Account
    from provenance.evm.ledger import EVMLedger
    from provenance.keystore import Keystore, Unlocked
    from provenance_cli.workshop import Workshop

TAKEOVER = later(
    "New keys are to take over an accredited studio, and the old ones did not sign this. Ring the studio at the number "
    "that you know, and speak to somebody whose voice you know. Its account is to be {account}."
)


@click.group(help="Apply to the guild; see how the studio stands; accredit.")
def studio() -> None:
    """The studio's standing."""


@studio.command(help="Write the application file for the guild, and show its six words.")
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="Where to write it (default: application.json).")
@pass_app
def apply(app: App, out: str | None) -> None:
    """Sign the application with both keys."""
    workshop = app.workshop()
    keystore = workshop.keystore()
    app.data(write_application(app, workshop, keystore, app.unlock(keystore), out))


def write_application(
    app: App, workshop: Workshop, keystore: Keystore, unlocked: Unlocked, out: str | None
) -> dict[str, Any]:
    """Sign the application of open keys with both, write it, and show its six words; return what is said of it."""
    from provenance.application import Application, Binding
    from provenance.evm.accounts import Account
    from provenance_cli.files import write_file
    from provenance_cli.six_words import say_words

    account = Account.from_seed(unlocked.seed)
    controller = None if account.address == keystore.studio else account.address
    binding = Binding(workshop.issuer, unlocked.signer.public_key, keystore.studio, controller)
    application = Application.sign(binding, unlocked.signer, account.sign_binding)
    path = Path(out) if out else workshop.path / "application.json"
    write_file(path, application.to_bytes() + b"\n", public=True)
    app.say(_("Send {path} to the guild, and read these six words to them by telephone:").format(path=path))
    app.say()
    words = say_words(app, application.digest)
    app.say()
    return {"file": str(path), "words": words, "digest": str(application.digest)}


@studio.command(help="Show the studio, its keys and what the registry says of it.")
@pass_app
def show(app: App) -> None:
    """Show the workshop's own studio."""
    from provenance.errors import NotFoundError
    from provenance_cli.client import RegistryClient
    from provenance_cli.report import words
    from provenance_cli.standing import read_standing

    workshop = app.workshop()
    keystore = workshop.keystore()
    ended = None
    facts = {
        "name": workshop.issuer.name,
        "did": workshop.issuer.did,
        "publicKey": keystore.public_key.multikey,
        "account": str(keystore.account),
    }
    names = [_("Studio"), _("Issuer"), _("Key"), _("Account")]
    shown = list(facts.values())
    if keystore.studio != keystore.account:
        names.append(_("Studio on the ledger"))
        shown.append(str(keystore.studio))
    try:
        client = RegistryClient(workshop.issuer.base_url)
        entry = client.studio(keystore.studio)
        found = read_standing(client, entry)
        standing = _("suspended") if found.suspended else _("accredited")
        ended = found.key_ended(keystore.public_key.multikey, app.clock())
    except NotFoundError:
        entry, standing = None, _("not accredited yet: send the guild the file that `kilnmark studio apply` writes")
    members = {**facts, "studio": str(keystore.studio), "registry": entry}
    app.data(members, listing(zip((*names, _("Standing")), (*shown, standing), strict=True)))
    if ended is not None:
        for text in words(ended):
            app.say(text, fg="yellow")


@studio.command(help="Accredit a studio from its application file. For stewards.")
@click.argument("application", type=click.Path(exists=True, dir_okay=False))
@click.option("--key-file", required=True, type=click.Path(exists=True, dir_okay=False), help="The steward's key file.")
@click.option("--rpc", help="A node of the ledger (default: that of the pinned policy).")
@click.option("--policy", type=click.Path(exists=True, dir_okay=False), help="The trust policy that names the ledger.")
@pass_app
def accredit(app: App, application: str, key_file: str, rpc: str | None, policy: str | None) -> None:
    """Check the application, compare the words, and write the studio and its key on the ledger."""
    from provenance.errors import ConfigurationError
    from provenance_cli.ledgers import load_policy, open_pinned, read_key_file, words_differ
    from provenance_cli.six_words import say_words

    filed = read_application(Path(application), takeover=True)
    binding = filed.binding
    names = (_("Studio"), _("Issuer"), _("Account"))
    app.say(listing(zip(names, (binding.issuer.name, binding.issuer.did, binding.studio), strict=True)))
    words = say_words(app, filed.digest)
    pinned = load_policy(app, policy)
    if pinned.registry not in (None, binding.issuer.base_url):
        raise ConfigurationError(
            "other-registry",
            "The application is for the registry {theirs}, and the pinned one is {ours}.",
            hint="Ask the studio for an application to this registry.",
            theirs=binding.issuer.base_url,
            ours=pinned.registry,
        )
    if binding.controller is not None:
        app.say(_(TAKEOVER).format(account=binding.controller), fg="yellow")
    if not app.confirm(_("Did the studio read the same six words to you?"), default=False):
        raise words_differ()
    ledger = open_pinned(pinned, [rpc] if rpc else [])
    _refuse_an_ended_key(app, ledger, binding)
    added = accredit_on(ledger, filed, read_key_file(Path(key_file)))
    if not added:
        app.say(_("The key counts already: no key was added."))
    elif binding.controller is None:
        app.say(_("Accredited. Certificates that the registry holds will go on by themselves."))
    else:
        app.say(_("The key is added. Certificates that the registry holds will go on by themselves."))
    if binding.controller is not None:
        app.say(
            _("Next: `kilnmark ledger controller {studio} {account}`").format(
                studio=binding.studio, account=binding.controller
            )
        )
        app.say(_("and `kilnmark ledger key compromise {studio} OLD-KEY --since TIME`.").format(studio=binding.studio))
    app.data({"studio": str(binding.studio), "did": binding.issuer.did, "words": words})


def read_application(path: Path, *, takeover: bool = False) -> Application:
    """Read an application file and check both of its signatures.

    One by which another account is to sign for an accredited studio proves nothing of the studio itself, whose account
    does not sign it: it is refused unless the caller asks for `takeover`, and compares the words with special care.
    """
    from provenance.application import MAX_APPLICATION_BYTES, Application
    from provenance.errors import ConfigurationError
    from provenance.evm.accounts import recover_binding

    with path.open("rb") as file:
        filed = Application.from_bytes(file.read(MAX_APPLICATION_BYTES + 1))
    filed.check(recover_binding)
    if filed.binding.controller is not None and not takeover:
        raise ConfigurationError(
            "takeover",
            "By this application another account would sign for {studio}.",
            hint="Use `kilnmark studio accredit`, which says what that means.",
            studio=filed.binding.studio,
        )
    return filed


def _refuse_an_ended_key(app: App, ledger: EVMLedger, binding: Binding) -> None:
    """Raise `ConflictError` for a key whose window on the ledger ended: it cannot be added again."""
    from provenance.errors import ConflictError
    from provenance_cli.history import tally_of
    from provenance_cli.moments import shown_moment

    tally, head = tally_of(app, ledger)
    studio = tally.studios.get(binding.studio)
    known = None if studio is None else studio.keys.get(binding.public_key.key_id)
    if known is None or known[1].end is None or max(app.clock(), head.time) < known[1].end:
        return
    raise ConflictError(
        "key-ended",
        "The key {key} was added before and ended at {time}. A key is added once, so nothing was done.",
        hint="Let the studio take the next key with `kilnmark key rotate`, or `kilnmark key renew` if the old one was "
        "stolen, and send the new application.",
        key=binding.public_key.multikey,
        time=shown_moment(known[1].end),
    )


def accredit_on(ledger: EVMLedger, filed: Application, steward: Account) -> bool:
    """Write a checked application on the ledger: the studio, then its key; what stands there already is left.

    Returns whether the key was added, and did not stand there.  Where another account is to sign for an accredited
    studio, only the key is added.
    """
    from provenance.errors import LedgerError
    from provenance.ledger import AccreditCall, AddKeyCall
    from provenance_cli.ledgers import send_and_wait

    binding = filed.binding
    if binding.controller is None:
        send_and_wait(ledger, AccreditCall(binding.studio, binding.issuer.did, binding.issuer.name), steward)
    try:
        send_and_wait(ledger, AddKeyCall(binding.studio, binding.public_key.multikey_bytes), steward)
    except LedgerError as error:
        if "KeyAlreadyAdded" not in error.message:
            raise
        return False
    return True
