"""``kilnmark revoke``: the studio withdraws a certificate, or puts it on hold and back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, current, later

if TYPE_CHECKING:
    from provenance.encoding import Address
    from provenance.evm.accounts import Account
    from provenance.evm.ledger import EVMLedger
    from provenance.serial import Serial
    from provenance.status import Status
    from provenance.verdict import Verdict
    from provenance_cli.client import RegistryClient

PATIENCE = 120.0
DONE = {
    "ACTIVE": later("{serial} is active again on the ledger."),
    "ON_HOLD": later("{serial} is now on hold on the ledger."),
    "REVOKED": later("{serial} is now revoked on the ledger."),
    "RETIRED": later("{serial} is now retired on the ledger."),
}
"""What is said when an order is carried out, by the name of the status."""


@click.command(help="Withdraw a certificate, or put it on hold.")
@click.argument("serial")
@click.option("--hold", is_flag=True, help="Only put it on hold; can be lifted.")
@click.option("--lift", is_flag=True, help="Lift a hold.")
@click.option("--retire", is_flag=True, help="Record that the piece is broken or gone.")
@click.option("--policy", "policy_file", type=click.Path(exists=True, dir_okay=False), help="The trust policy.")
@pass_app
def revoke(app: App, serial: str, hold: bool, lift: bool, retire: bool, policy_file: str | None) -> None:
    """Sign a status order; the registry's relayer pays for it."""
    from provenance.bundle import Bundle
    from provenance.evm.accounts import Account
    from provenance.serial import Serial
    from provenance.status import Status
    from provenance.verify import Verifier
    from provenance_cli.client import RegistryClient
    from provenance_cli.ledgers import load_policy, open_pinned

    if sum((hold, lift, retire)) > 1:
        raise click.UsageError(_("Choose one of --hold, --lift and --retire."))
    status = Status.ON_HOLD if hold else Status.ACTIVE if lift else Status.RETIRED if retire else Status.REVOKED
    workshop = app.workshop()
    client = RegistryClient(workshop.issuer.base_url)
    wanted = Serial.parse(serial)
    policy = load_policy(app, policy_file)
    ledger = open_pinned(policy)
    bundle = Bundle.from_bytes(client.bundle(wanted))
    verdict = Verifier(policy, ledger).verify(bundle, serial=wanted)
    keystore = workshop.keystore()
    token_id = own_token(verdict, keystore.studio)
    record = ledger.record(token_id, bundle.certificate.public_key.key_id, ledger.head())
    if record is not None:
        _require_change(wanted, record.status, status)
    if status is Status.REVOKED:
        app.require(_("Revoke {serial} for ever?").format(serial=wanted), default=True)
    account = Account.from_seed(app.unlock(keystore).seed)
    require_counting(ledger, account.address, keystore.studio)
    result = order_status(client, ledger, account, token_id, status, keystore.studio)
    app.say(_(DONE[status.name]).format(serial=wanted))
    app.data(result)


def _require_change(serial: Serial, before: Status, after: Status) -> None:
    """Require that an order changes something: nobody is to think that it lifted a hold that was not there."""
    from provenance.errors import ConflictError
    from provenance.status import Status

    if before is after is Status.ACTIVE:
        raise ConflictError(
            "not-on-hold",
            "{serial} is not on hold, so there is nothing to lift.",
            hint="See how it stands with `kilnmark verify {serial}`.",
            serial=serial,
        )
    if after is before:
        raise ConflictError("status-stands", "{serial} has that status already.", serial=serial)


def own_token(verdict: Verdict, studio: Address) -> int:
    """Return the token of a piece that the ledger shows to be the studio's; raises `ConfigurationError` otherwise."""
    from provenance.errors import ConfigurationError
    from provenance.texts import sentence

    token_id = token_of(verdict)
    if verdict.studio != studio:
        raise ConfigurationError(
            "not-ours",
            "The ledger does not show the piece to be this studio's: {reason}",
            hint="Look at it with `kilnmark verify`.",
            reason=sentence(verdict.reason, current()),
        )
    return token_id


def token_of(verdict: Verdict) -> int:
    """Return the token of a piece where the ledger bears its bundle out; raises `ConfigurationError` otherwise.

    The bundle comes from a registry: an order signed for a token of its choosing could revoke another piece.
    """
    from provenance.codes import AMENDMENT_CODES
    from provenance.errors import ConfigurationError
    from provenance.texts import sentence
    from provenance.verdict import Check

    codes = {finding.check: finding.code for finding in verdict.findings}
    sound = (codes[Check.SIGNATURE], codes[Check.INCLUSION], codes[Check.ANCHOR]) == ("signed", "included", "anchored")
    # Whatever is wrong with the corrections is looked at after the token, and can be mended by one more.
    if sound and codes[Check.TOKEN] in (*AMENDMENT_CODES, "token-agrees") and verdict.token_id is not None:
        return verdict.token_id
    if codes[Check.INCLUSION] == "not-anchored":
        raise ConfigurationError(
            "not-anchored", "{serial} is not on the ledger yet.", hint="Wait for its anchor.", serial=verdict.serial
        )
    raise ConfigurationError(
        "not-borne-out",
        "The ledger does not bear out what the bundle of {serial} says: {reason}",
        hint="Look at it with `kilnmark verify`.",
        serial=verdict.serial,
        reason=sentence(verdict.reason, current()),
    )


def require_counting(ledger: EVMLedger, account: Address, studio: Address) -> None:
    """Require that the ledger takes an account's signature for a studio now; raises `ConflictError`."""
    from provenance.errors import ConflictError
    from provenance_cli.moments import shown_moment

    known = ledger.controller(studio)
    if known.current == account:
        return
    if known.upcoming == account and known.start is not None:
        raise ConflictError(
            "account-not-yet",
            "This folder's account {account} signs for the studio from {time} on, and not before.",
            hint="Wait until then; in an emergency, ask the guild to put the piece on hold.",
            account=account,
            time=shown_moment(known.start),
        )
    raise ConflictError(
        "account-not-counted",
        "This folder's account {account} does not sign for the studio {studio} on the ledger.",
        hint="Use the folder with the studio's present phrase; where that is lost, ask the guild to give the studio "
        "this account with `kilnmark ledger controller`.",
        account=account,
        studio=studio,
    )


def order_status(
    client: RegistryClient,
    ledger: EVMLedger,
    account: Account,
    token_id: int,
    status: Status,
    studio: Address | None = None,
) -> dict[str, Any]:
    """Sign a status order, hand it to the registry and wait until the ledger has it.

    `studio` is whom `account` signs for, where it is not the studio's own.
    """
    from provenance.errors import LedgerError
    from provenance.evm.node import refusal
    from provenance.status import StatusOrder

    studio = studio or account.address
    order = StatusOrder(token_id, status, studio, ledger.order_nonce(studio), 0)
    answer = client.relay(order, account.sign_message(ledger.identity, order))
    deadline = time.monotonic() + PATIENCE
    while answer["state"] not in ("final", "reverted"):
        if time.monotonic() > deadline:
            raise LedgerError(
                "not-mined", "The order is with the registry, but not on the ledger yet.", retryable=True,
                hint="It will be sent; look again with `kilnmark verify`.",
            )  # fmt: skip
        time.sleep(0.2)
        answer = client.order(str(answer["id"]))
    if answer["state"] == "reverted":
        raise refusal(str(answer.get("error")))
    return answer
