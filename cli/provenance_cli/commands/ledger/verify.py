"""``kilnmark ledger verify``: whose code runs there, on which chain, who may do what, and where it leads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance_cli import exits
from provenance_cli.columns import fold, pad, width
from provenance_cli.commands.ledger.acts import at_a_ledger
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _

if TYPE_CHECKING:
    from provenance.encoding import Address
    from provenance.evm.inspect import Inspection
    from provenance.evm.ledger import EVMLedger
    from provenance.ledger import Deployment, LedgerIdentity
    from provenance.policy import TrustPolicy
    from provenance_cli.deployments import DeploymentRecord

SHORT_DELAY = 24 * 3600
"""Seconds of an admin's delay below which nobody would notice in time that the admin is being replaced."""
_WIDTH = 80
_HASH = re.compile(r"0x[0-9a-f]{64}")
_SIGNS = {"passed": ("✓", "green"), "failed": ("✕", "red"), "warning": ("!", "yellow"), "told": ("·", None)}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was looked at: its stable name, its label, `passed`, `failed`, `warning` or `told`, and words."""

    name: str
    label: str
    result: str
    text: str


@click.command(help="Check the pinned ledger: its code, chain, roles, and what it succeeds.")
@click.option(
    "--record",
    type=click.Path(exists=True, dir_okay=False),
    help="A deployment record that the ledger must agree with.",
)
@at_a_ledger
@pass_app
def verify(app: App, record: str | None, rpc: str | None, policy_file: str | None) -> None:
    """Look at everything, tell everything, and end with exit code 1 where something is not as it must be."""
    from provenance.evm.inspect import inspect
    from provenance_cli.deployments import read_record
    from provenance_cli.ledgers import load_policy, open_any

    policy = load_policy(app, policy_file)
    recorded = read_record(Path(record)) if record else None
    ledger = open_any(policy, rpc)
    inspection = inspect(ledger, ledger.deployed_at())
    rows = [
        *_pins(ledger.identity, policy.ledger),
        *_recorded(ledger.identity, recorded),
        *_code(inspection),
        *_roles(inspection, recorded),
        *_succession(ledger, inspection, policy),
    ]
    good = all(row.result != "failed" for row in rows)
    roles = {"ADMIN": [str(inspection.admin)]} | {
        role.name: [str(account) for account in accounts] for role, accounts in inspection.roles.items()
    }
    checks = [{"name": row.name, "result": row.result, "text": row.text} for row in rows]
    app.data({"good": good, "checks": checks, "roles": roles})
    if not app.json:
        _show(rows)
    if not good:
        app.say(_("This is not the ledger that the policy pins, or not as it must be."), fg="red")
        click.get_current_context().exit(exits.NOT_AUTHENTIC)
    app.say(_("The ledger is the one that the policy pins."), fg="green")


def _pins(found: LedgerIdentity, pinned: LedgerIdentity) -> list[Row]:
    values = (
        ("chain-id", _("Chain id"), found.chain_id, pinned.chain_id),
        ("genesis", _("Genesis block"), found.genesis, pinned.genesis),
        ("contract", _("Contract"), found.contract, pinned.contract),
        ("code-hash", _("Code hash"), found.code_hash, pinned.code_hash),
        ("deployment-id", _("Deployment id"), found.deployment_id, pinned.deployment_id),
    )
    rows = []
    for name, label, there, wanted in values:
        text = str(there) if there == wanted else _("{found}, pinned is {pinned}").format(found=there, pinned=wanted)
        rows.append(Row(name, label, "passed" if there == wanted else "failed", text))
    return rows


def _recorded(found: LedgerIdentity, recorded: DeploymentRecord | None) -> list[Row]:
    if recorded is None:
        return []
    good = recorded.ledger == found
    text = _("is of this ledger") if good else _("is of another ledger: {contract}").format(
        contract=recorded.ledger.contract
    )  # fmt: skip
    return [Row("record", _("Record"), "passed" if good else "failed", text)]


def _code(inspection: Inspection) -> list[Row]:
    shipped, other = _("is the code of this release"), _("is not the code of this release")
    return [
        Row(name, label, "passed" if good else "failed", shipped if good else other)
        for name, label, good in (
            ("code", _("Contract's code"), inspection.code_is_shipped),
            ("verifier-code", _("Passkey verifier"), inspection.verifier_is_shipped),
        )
    ]


def _roles(inspection: Inspection, recorded: DeploymentRecord | None) -> list[Row]:
    from provenance_cli.moments import shown_moment

    holders: dict[str, tuple[Address, ...]] = {"admin": (inspection.admin,)}
    holders |= {role.name.lower(): accounts for role, accounts in inspection.roles.items()}
    labels = {"admin": _("Admin"), "steward": _("Steward"), "anchorer": _("Anchorer"), "importer": _("Importer")}
    rows = []
    for name, accounts in holders.items():
        wanted = None if recorded is None else recorded.roles.get(name)
        text = ", ".join(map(str, accounts)) or _("nobody")
        if wanted is not None and set(wanted) != set(accounts):
            named = ", ".join(map(str, wanted)) or _("nobody")
            text = _("{found}, the record names {pinned}").format(found=text, pinned=named)
            rows.append(Row(name, labels[name], "failed", text))
        else:
            rows.append(Row(name, labels[name], "told" if wanted is None else "passed", text))
    # An importer has no power once the ledger is sealed.
    counting = {name: held for name, held in holders.items() if name != "importer" or not inspection.sealed}
    for account in sorted({account for held in counting.values() for account in held}):
        several = [labels[name] for name, held in counting.items() if account in held]
        if len(several) > 1:
            text = _("{account} has several roles: {roles}").format(account=account, roles=", ".join(several))
            rows.append(Row("several-roles", _("One for several"), "warning", text))
    rows.append(_delay(inspection, recorded))
    if inspection.pending_admin is not None and inspection.pending_from is not None:
        text = _("{account} can become the admin after {time}").format(
            account=inspection.pending_admin, time=shown_moment(inspection.pending_from)
        )
        rows.append(Row("pending-admin", _("Admin's transfer"), "warning", text))
    return rows


def _delay(inspection: Inspection, recorded: DeploymentRecord | None) -> Row:
    from provenance_cli.moments import shown_days

    found = inspection.admin_delay
    result = "told" if recorded is None else "passed" if recorded.admin_delay == found else "failed"
    text = _("{days} until another admin can accept").format(days=shown_days(found))
    if recorded is not None and recorded.admin_delay != found:
        named = shown_days(recorded.admin_delay)
        text = _("{found}, the record names {pinned}").format(found=text, pinned=named)
    elif found < SHORT_DELAY:
        result = "warning"
    return Row("admin-delay", _("Admin's delay"), result, text)


def _succession(ledger: EVMLedger, inspection: Inspection, policy: TrustPolicy) -> list[Row]:
    rows = [
        Row("sealed", _("Sealed"), "passed", _("yes: it works"))
        if inspection.sealed
        else Row("sealed", _("Sealed"), "failed", _("no: it still takes over its predecessor's records"))
    ]
    kind = _("holders may transfer what their studio handed over") if inspection.transferable else _("locked")
    rows.append(Row("transferable", _("Tokens"), "told", kind))
    there, named = inspection.predecessor, policy.predecessors
    if there is not None or named:
        agrees = there is not None and any((p.contract, p.chain_id) == (there.contract, there.chain_id) for p in named)
        text = _shown(there) if there is not None else _("none, and the policy names one")
        if there is not None and not named:
            rows.append(Row("predecessor", _("Predecessor"), "warning", text + _(", which the policy does not name")))
        else:
            rows.append(Row("predecessor", _("Predecessor"), "passed" if agrees else "failed", text))
    if inspection.successor is not None:
        rows.append(Row("successor", _("Successor"), "warning", _shown(inspection.successor)))
    return rows


def _shown(deployment: Deployment) -> str:
    return _("{contract} on chain {chain}, state of block {block}").format(
        contract=deployment.contract, chain=deployment.chain_id, block=deployment.final_block
    )


def _show(rows: list[Row]) -> None:
    widest = max(width(row.label) for row in rows)
    for row in rows:
        sign, colour = _SIGNS[row.result]
        lines = fold(_HASH.sub(lambda found: f"{found[0][:18]}…{found[0][-8:]}", row.text), _WIDTH - widest - 4)
        click.secho(sign, fg=colour, nl=False)
        click.echo(f" {pad(row.label, widest)}  {lines[0]}")
        for line in lines[1:]:
            click.echo(" " * (widest + 4) + line)
