"""``kilnmark submit``: send what is signed and what it names, and wait for the anchor where asked."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, ngettext
from provenance_cli.report import words

if TYPE_CHECKING:
    from provenance.certificate import Certificate
    from provenance.encoding import Digest
    from provenance.serial import Serial
    from provenance_cli.client import RegistryClient
    from provenance_cli.sending import Refused
    from provenance_cli.workshop import Workshop

ASKED = 1_000
"""Certificates whose states are asked for at once: the most that a registry answers."""
POLL = 0.5
ANCHORED = "anchored"


@click.command(help="Send what is signed, and what it names, to the registry.")
@click.option("--wait/--no-wait", default=False, help="Wait until everything is on the ledger.")
@click.option("--again", is_flag=True, help="Ask for all photos, scans and files, and send again what was lost.")
@pass_app
def submit(app: App, wait: bool, again: bool) -> None:
    """Send what the registry does not have yet; run again at any time."""
    from provenance_cli import exits
    from provenance_cli.amendments import register
    from provenance_cli.client import RegistryClient
    from provenance_cli.named_files import ask_again, send_files, send_photos
    from provenance_cli.sending import submit_all
    from provenance_cli.standing import standing_at
    from provenance_cli.standings import VOID, standing_of

    workshop = app.workshop()
    client = RegistryClient(workshop.issuer.base_url)
    if forgotten := offer_again(workshop, client):
        text = ngettext(
            "The registry has lost {n} certificate: it is sent again, with what it names.",
            "The registry has lost {n} certificates: they are sent again, with what they name.",
            forgotten,
        )
        app.say(text.format(n=forgotten), fg="yellow")
    waiting = len(workshop.store.certificates(("signed", "refused")))
    _tell_goes_on(app, workshop)
    with app.progress(waiting, _("Submitting")) as advance:
        certificates = submit_all(workshop, client, advance)
    refresh(workshop, client)
    if wait:
        wait_for_anchor(workshop, client, app)
    amended_pieces = sorted(workshop.store.amended())
    with app.progress(len(amended_pieces), _("Amendments")) as advance:
        not_taken = register(workshop, client, amended_pieces, advance)
    refused = [(str(serial), error) for serial, error in not_taken]
    if again or forgotten:  # An older copy of the registry lacks photos and files as well.
        lost = ask_again(workshop, client, app)
        lost_words = ngettext("The registry has lost {n} file.", "The registry has lost {n} files.", lost)
        app.say(lost_words.format(n=lost), fg="yellow" if lost else None)
    photos, unsent = send_photos(workshop, client, app)
    files, left = send_files(workshop, client, app)
    unsent += left
    amended = _record_amendments(app, workshop, client, workshop.store.amending())
    refused += amended.refused
    anew = _("`kilnmark piece unsign {serial}`, then `kilnmark sign`, signs it anew under the same serial.")
    tell_refused(app, certificates, anew)
    tell_refused(app, [*refused, *unsent])
    refused = [*certificates, *refused]
    states = list(workshop.store.states().values())
    counts = {state: states.count(state) for state in sorted(set(states))}
    told = [_("{state}: {n:,}").format(state=_(state), n=number) for state, number in counts.items()]
    if not app.is_guided:  # A firing tells of its own pieces.
        app.say(_(", ").join(told) or _("There is nothing to send."))
    reasons = Counter(item.error for item in workshop.store.certificates(("held", "anchored")) if item.error)
    for reason, number in reasons.items():
        app.say(_("  {n:,}: {reason}").format(n=number, reason=_(reason or "")), fg="yellow")
    if any(standing_of(ANCHORED, reason) == VOID for reason in anchored_reasons(workshop)):
        app.say(_("Those to be entered anew: `kilnmark piece list --state void`."), fg="yellow")
    _tell_exchanged(app, workshop)
    if photos:
        app.say(ngettext("{n} photo sent.", "{n} photos sent.", photos).format(n=photos))
    if files:
        app.say(ngettext("{n} scan or file sent.", "{n} scans and files sent.", files).format(n=files))
    keystore = workshop.keystore()
    standing = standing_at(client, keystore.studio)
    ended = None if standing is None else standing.key_ended(keystore.public_key.multikey, app.clock())
    for text in () if ended is None else words(ended):
        app.say(text, fg="yellow")
    if counts.get("anchored") and not app.is_guided:
        app.say(_("Next: `kilnmark tag print`."))
    app.data(
        {
            "states": counts,
            "reasons": reasons,
            "photos": photos,
            "files": files,
            "amendments": {"recorded": amended.recorded, "waiting": amended.waiting},
            "refused": [{"serial": serial, "message": error.message} for serial, error in (*refused, *unsent)],
        }
    )
    if refused or unsent:
        click.get_current_context().exit(exits.MALFORMED)


def _tell_goes_on(app: App, workshop: Workshop) -> None:
    """Say from where this run goes on, where one before was broken off."""
    before = workshop.store.sending()
    if before is not None:
        number, digest = before
        text = ngettext(
            "The last run was broken off after {n} certificate was acknowledged: this one goes on after {digest}.",
            "The last run was broken off after {n} certificates were acknowledged: this one goes on after {digest}.",
            number,
        )
        app.say(text.format(n=number, digest=digest))


@dataclass(frozen=True, slots=True)
class _Amended:
    """How many amendments were recorded and how many are not yet, and what was refused."""

    recorded: int
    waiting: int
    refused: list[Refused]


def _record_amendments(app: App, workshop: Workshop, client: RegistryClient, serials: Sequence[Serial]) -> _Amended:
    """Have recorded what `kilnmark piece amend` could not, where somebody can sign for the account."""
    from provenance_cli.amendments import ready

    if not serials:
        return _Amended(0, 0, [])
    able, before = ready(workshop, serials), _left(workshop)
    refused: list[Refused] = []
    if able and not app.can_unlock:
        app.say(_("Amendments wait for the account's signature: run this where the passphrase can be given."))
    elif able:
        refused = _record(app, workshop, client, able)
    left = _left(workshop)
    if before > left:
        words = ngettext("{n} amendment is on the ledger.", "{n} amendments are on the ledger.", before - left)
        app.say(words.format(n=before - left))
    if left:
        words = ngettext("{n} amendment is not on the ledger yet.", "{n} amendments are not on the ledger yet.", left)
        app.say(words.format(n=left), fg="yellow")
    return _Amended(before - left, left, refused)


def _left(workshop: Workshop) -> int:
    from provenance_cli.records import RECORDED

    store = workshop.store
    return sum(item.state != RECORDED for serial in store.amending() for item in store.amendments_kept(serial))


def _record(app: App, workshop: Workshop, client: RegistryClient, serials: list[Serial]) -> list[Refused]:
    from provenance.errors import LimitError, ProvenanceError, UnreachableError
    from provenance.evm.accounts import Account
    from provenance_cli.amendments import Recorder
    from provenance_cli.ledgers import load_policy, open_pinned

    policy = load_policy(app)
    ledger = open_pinned(policy)
    refused: list[Refused] = []
    account = Account.from_seed(app.unlock(workshop.keystore()).seed)
    recorder = Recorder(workshop, client, policy, ledger, account)
    with app.progress(len(serials), _("Recording")) as advance:
        for serial in serials:
            try:
                recorder.record(serial, lambda number: None)
            except (UnreachableError, LimitError):
                raise
            except ProvenanceError as error:
                refused.append((str(serial), error))
            advance(1)
    return refused


def anchored_reasons(workshop: Workshop) -> list[str]:
    """Return the registry's codes for anchored certificates that do not count, or not without more."""
    states = workshop.store.states()
    return [reason for serial, reason in workshop.store.reasons().items() if states[serial] == ANCHORED]


def tell_refused(app: App, refused: list[Refused], remedy_else: str = "") -> None:
    """Say what was refused or could not be sent, why, and what to do: `remedy_else` where the reason tells nothing."""
    for serial, error in refused:
        message, remedy = words(error)
        app.say(_("  {serial}: {reason}").format(serial=serial, reason=message), fg="yellow")
        if remedy := remedy or remedy_else.format(serial=serial):
            app.say(f"      → {remedy}")


def _tell_exchanged(app: App, workshop: Workshop) -> None:
    """Say what to do with certificates that are held under a key that this folder has exchanged."""
    present = workshop.keystore().public_key
    held = sum(item.certificate.public_key != present for item in workshop.store.certificates(("held",)))
    if held:
        text = ngettext(
            "{n} held certificate is of a key that was exchanged. If that key has ended: `kilnmark piece unsign`, then "
            "`kilnmark sign`, signs the piece anew under the same serial.",
            "{n} held certificates are of a key that was exchanged. If that key has ended: `kilnmark piece unsign`, "
            "then `kilnmark sign`, signs the pieces anew under the same serials.",
            held,
        )
        app.say(text.format(n=held), fg="yellow")


def offer_again(workshop: Workshop, client: RegistryClient) -> int:
    """Mark certificates that the registry had and does not know any more to be sent again; return how many.

    So it is after an older copy of it was restored.  Their bundles are kept: the ledger has lost nothing.
    """
    from provenance_cli.records import REGISTRY_STATES, SIGNED

    here = {item.certificate.digest: item.state for item in workshop.store.certificates(REGISTRY_STATES)}
    digests = list(here)
    lost = 0
    for start in range(0, len(digests), ASKED):
        group = digests[start : start + ASKED]
        known = client.states(group)
        changes = [(digest, SIGNED, None, None) for digest in group if digest not in known]
        lost += len(changes)
        # A piece is revoked, and a key is compromised, long after the anchor.
        anchored = [(digest, *told) for digest, told in known.items() if told.state == ANCHORED == here.get(digest)]
        workshop.store.mark([*changes, *anchored])
    return lost


def refresh(workshop: Workshop, client: RegistryClient) -> dict[str, int]:
    """Ask how far certificates are, keep the bundles of those that are anchored, and count the states."""
    store = workshop.store
    moving = store.certificates(("held", "waiting", "batched", "anchored"))
    open_ones = [item for item in moving if item.state != "anchored" or item.bundle is None or item.error]
    for start in range(0, len(open_ones), ASKED):
        group = open_ones[start : start + ASKED]
        states = client.states([item.certificate.digest for item in group])
        bundles: list[tuple[Digest, bytes]] = []
        changes: list[tuple[Digest, str, str | None, str | None]] = []
        for item in group:
            digest = item.certificate.digest
            told = states.get(digest)
            if (told.state if told else item.state) == ANCHORED:
                bundles.append((digest, _bundle_of(client, item.certificate)))
            if told:
                changes.append((digest, *told))
        store.keep_bundles(bundles)
        store.mark(changes)
    counted = list(store.states().values())
    return {state: counted.count(state) for state in set(counted)}


def _bundle_of(client: RegistryClient, certificate: Certificate) -> bytes:
    """Fetch the bundle of a certificate that the registry calls anchored; raises `MalformedError` for another."""
    from provenance.bundle import Bundle
    from provenance.errors import MalformedError
    from provenance.merkle import verify_inclusion

    data = client.bundle(certificate.piece.serial)
    bundle = Bundle.from_bytes(data)
    proof = bundle.inclusion
    if bundle.certificate.digest != certificate.digest or proof is None:
        raise MalformedError(
            "bad-bundle",
            "The registry calls {serial} anchored, but its bundle does not show it.",
            hint="Tell the registry's steward.",
            serial=certificate.piece.serial,
        )
    verify_inclusion(certificate.digest.value, proof.index, proof.size, proof.path, bundle.receipts[0].root.value)
    return data


def wait_for_anchor(workshop: Workshop, client: RegistryClient, app: App, patience: float = 600.0) -> None:
    """Wait until no certificate is on its way any more; held ones are not waited for."""
    from provenance.errors import LedgerError

    deadline = time.monotonic() + patience
    before = {"waiting", "batched"}
    todo = sum(1 for state in workshop.store.states().values() if state in before)
    with app.progress(todo, _("Anchoring")) as advance:
        while True:
            counts = refresh(workshop, client)
            left = sum(counts.get(state, 0) for state in before)
            advance(todo - left)
            todo = left
            if not left:
                return
            if time.monotonic() > deadline:
                raise LedgerError("not-anchored", "The registry has not anchored everything in time.", retryable=True)
            time.sleep(POLL)
