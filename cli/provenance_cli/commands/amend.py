"""``kilnmark piece amend``: put facts of a signed piece right, from the first look to the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from provenance_cli import exits
from provenance_cli.context import App, pass_app
from provenance_cli.fact_options import fact_options, given_facts
from provenance_cli.i18n import _, ngettext
from provenance_cli.report import words

if TYPE_CHECKING:
    from provenance.encoding import Digest
    from provenance.keystore import Unlocked
    from provenance.serial import Serial
    from provenance_cli.amendment_store import Amendment
    from provenance_cli.workshop import Workshop


@click.command(help="Put facts of a signed piece right, and have the ledger record it.")
@click.argument("serial")
@fact_options
@click.option("--remove", "removed", multiple=True, help="A fact to leave out; may be given several times.")
@click.option("--send/--no-send", default=True, help="Send it to the registry and to the ledger (default).")
@click.option("--discard", is_flag=True, help="Forget what is not on the ledger, and take over what is.")
@click.option("--policy", "policy_file", type=click.Path(exists=True, dir_okay=False), help="The trust policy.")
@pass_app
def amend(
    app: App,
    /,
    serial: str,
    photos: tuple[str, ...],
    mark_photos: tuple[str, ...],
    scans: tuple[str, ...],
    files: tuple[str, ...],
    text_language: str | None,
    removed: tuple[str, ...],
    send: bool,
    discard: bool,
    policy_file: str | None,
    **given: str | None,
) -> None:
    """Sign a certificate that replaces the newest one of a piece, and see it through; run again to go on."""
    from provenance.serial import Serial
    from provenance_cli.amending import amended

    workshop = app.workshop()
    store, wanted = workshop.store, Serial.parse(serial)
    first = store.certificate(wanted).certificate
    if discard:
        _discard(app, workshop, wanted, policy_file)
        return
    before = store.amendments_kept(wanted)
    newest = before[-1].certificate if before else first
    paths = {"photos": photos, "mark_photos": mark_photos, "scan": scans, "files": files}
    facts = given_facts(app, workshop, given, paths, text_language or workshop.language)
    corrected = amended(newest.piece, facts, removed)
    unlocked = None
    if corrected != newest.piece:
        unlocked = _sign(app, workshop, newest, corrected, len(before) + 1)
    elif not before:
        raise click.UsageError(_("Nothing would change: name the facts that do."))
    done = not send or _deliver(app, workshop, wanted, policy_file, unlocked)
    kept = store.amendments_kept(wanted)
    app.data(_members(wanted, kept))
    if not done:
        click.get_current_context().exit(exits.INCONCLUSIVE)


def _sign(app: App, workshop: Workshop, newest: Any, corrected: Any, number: int) -> Unlocked:
    """Show what changes, ask, sign, and keep what was signed."""
    from provenance.issue import issue
    from provenance_cli.amending import changes

    for label, was, now in changes(newest.piece, corrected):
        app.say(_("  {label}: {was} → {now}").format(label=label, was=was, now=now))
    app.say(_("The certificate of before stays, and everybody can read both."))
    app.require(_("Sign this amendment?"))
    unlocked = app.unlock(workshop.keystore())
    amendment = issue(
        corrected,
        newest.issuer,
        unlocked.signer,
        status_entry=newest.status_entry,
        now=app.clock(),
        replaces=newest.digest,
    )
    workshop.store.add_amendment(amendment)
    app.say(_("Amendment {number} of {serial} is signed.").format(number=number, serial=corrected.serial))
    return unlocked


def _deliver(app: App, workshop: Workshop, serial: Serial, policy_file: str | None, unlocked: Unlocked | None) -> bool:
    """Register what is signed and have it recorded, as far as that can be now; tell whether nothing waits."""
    from provenance.errors import UnreachableError
    from provenance_cli.amendments import ready, register
    from provenance_cli.client import RegistryClient
    from provenance_cli.commands.submit import refresh, tell_refused
    from provenance_cli.named_files import send_files, send_photos
    from provenance_cli.sending import submit_all

    client = RegistryClient(workshop.issuer.base_url)
    try:
        if workshop.store.certificate(serial).state in ("signed", "refused"):
            submit_all(workshop, client, lambda number: None)
        if workshop.store.certificate(serial).state != "anchored":
            refresh(workshop, client)
        refused = register(workshop, client, [serial])
        if refused:
            raise refused[0][1]
        unsent = send_photos(workshop, client, app)[1] + send_files(workshop, client, app)[1]
    except UnreachableError as error:
        app.say(words(error)[0], fg="yellow")
        app.say(_("The amendment stays signed in this folder: `kilnmark submit` sends it when there is a network."))
        return False
    tell_refused(app, unsent)
    if ready(workshop, [serial]):
        _record(app, workshop, client, serial, policy_file, unlocked)
    elif any(item.state != "recorded" for item in workshop.store.amendments_kept(serial)):
        app.say(_("It can be recorded once the piece is on the ledger: run `kilnmark submit --wait` later."))
        return False
    else:
        app.say(_("It is on the ledger already."))
    return True


def _record(
    app: App, workshop: Workshop, client: Any, serial: Serial, policy_file: str | None, unlocked: Unlocked | None
) -> None:
    from provenance.evm.accounts import Account
    from provenance_cli.amendments import Recorder
    from provenance_cli.ledgers import load_policy, open_pinned

    policy = load_policy(app, policy_file)
    ledger = open_pinned(policy)
    account = Account.from_seed((unlocked or app.unlock(workshop.keystore())).seed)
    count = sum(1 for item in workshop.store.amendments_kept(serial) if item.state == "registered")
    app.say(_("Registered. The order to the ledger is signed and sent; the registry pays."))
    with app.progress(count, _("Recording")) as advance:
        Recorder(workshop, client, policy, ledger, account).record(serial, advance)
    app.say(_("The ledger has it: whoever scans {serial} sees the new facts, and that they were corrected.").format(
        serial=serial
    ))  # fmt: skip


def _discard(app: App, workshop: Workshop, serial: Serial, policy_file: str | None) -> None:
    """Forget what is not on the ledger; where the registry answers, take over what is."""
    from provenance_cli.amendments import newest_named, take_over
    from provenance_cli.client import RegistryClient
    from provenance_cli.ledgers import load_policy, open_to_verify

    def named() -> Digest:
        policy = load_policy(app, policy_file)
        return newest_named(workshop, serial, policy, open_to_verify(policy))

    store = workshop.store
    open_ones = [item for item in store.amendments_kept(serial) if item.state != "recorded"]
    if open_ones:
        app.require(
            ngettext("Forget {n} amendment?", "Forget {n} amendments?", len(open_ones)).format(n=len(open_ones))
        )
    trouble = take_over(workshop, RegistryClient(workshop.issuer.base_url), serial, named)
    for text in filter(None, () if trouble is None else words(trouble)):
        app.say(text, fg="yellow")
    kept = store.amendments_kept(serial)
    app.say(ngettext("{n} amendment is left.", "{n} amendments are left.", len(kept)).format(n=len(kept)))
    app.data(_members(serial, kept))


def _members(serial: Serial, kept: list[Amendment]) -> dict[str, Any]:
    members: dict[str, Any] = {"serial": str(serial), "number": len(kept)}
    if kept:
        newest = kept[-1]
        members |= {
            "digest": str(newest.certificate.digest),
            "replaces": str(newest.certificate.replaces),
            "state": newest.state,
        }
    return members
