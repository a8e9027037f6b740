"""Deploying once, and the record of it: what an auditor compares a ledger with.

A deployment costs money and makes an address: what is sent is written down first, so that an interrupted run is gone
on with and never repeated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provenance.canonical import parse
from provenance.certificate import format_time
from provenance.encoding import Address, Hash32, parse_hex
from provenance.errors import ConfigurationError, LedgerError, MalformedError
from provenance.evm.accounts import Account
from provenance.evm.deploy import deploy, deployed
from provenance.evm.inspect import inspect
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import BoundedHTTPProvider
from provenance.ledger import BlockRef, LedgerIdentity, SignedTransaction
from provenance.policy import identity_from_json
from provenance_cli.files import write_file
from provenance_cli.i18n import _
from provenance_cli.moments import shown_days

RECORD_TYPE = "KilnmarkDeploymentRecord"
RECORD_VERSION = 1
PATIENCE, SHORT_PATIENCE = 120.0, 5.0
"""Seconds to wait for a deployment: to be mined, and to be told where its account's next transactions are mined."""
MAX_RECORD_BYTES = 262_144
"""A record holds a few addresses; before it is mined, the deployment's own bytes."""


@dataclass(frozen=True, slots=True)
class DeploymentRecord:
    """What a deployment record says: of which ledger it is, who was `admin`, `steward`, `anchorer` and `importer` then,
    and the admin's delay in seconds."""

    ledger: LedgerIdentity
    roles: Mapping[str, tuple[Address, ...]]
    admin_delay: int


def record_path(policy: Path) -> Path:
    """Return where the record of a policy's ledger is written: beside the policy."""
    return policy.with_name(f"{policy.stem}.deployment.json")


def read_record(path: Path) -> DeploymentRecord:
    """Read a complete record; raises `MalformedError`."""
    facts = _read(path)
    if (facts.get("type"), facts.get("version")) != (RECORD_TYPE, RECORD_VERSION):
        raise MalformedError("not-a-record", "{path} is not a record of a finished deployment.", path=path)
    roles: dict[str, tuple[Address, ...]] = {
        name: (Address.parse(facts.get(name)),) for name in ("admin", "steward", "anchorer")
    }
    importer = facts.get("importer")  # Only a successor has one.
    roles["importer"] = () if importer is None else (Address.parse(importer),)
    delay = facts.get("adminDelay")
    if not isinstance(delay, int):
        raise MalformedError("not-a-record", "{path} is not a record of a finished deployment.", path=path)
    return DeploymentRecord(_identity(facts), roles, delay)


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return dict(parse(file.read(MAX_RECORD_BYTES + 1), limit=MAX_RECORD_BYTES))


def is_finished(path: Path) -> bool:
    """Tell whether the record of a finished deployment stands there."""
    return path.exists() and "raw" not in _read(path)


def read_identity(path: Path) -> LedgerIdentity:
    """Return which ledger a finished deployment made, on which chain; raises `MalformedError`."""
    return _identity(_read(path))


def _identity(facts: Mapping[str, Any]) -> LedgerIdentity:
    names = ("chainId", "genesis", "contract", "codeHash", "deploymentId")
    return identity_from_json({name: facts[name] for name in names if name in facts})


@dataclass(frozen=True, slots=True)
class FinalBlock:
    """The predecessor's block whose state a successor takes over, as it was chosen before the deployment was sent."""

    number: int
    hash: Hash32


def read_final_block(path: Path) -> FinalBlock | None:
    """Return the block that a record, finished or not, says was chosen; ``None`` where it says none.

    Raises `MalformedError`.
    """
    before = _read(path).get("predecessor")
    if not isinstance(before, dict) or "finalBlockHash" not in before:
        return None
    number = before.get("finalBlock")
    if not isinstance(number, int):
        raise MalformedError("not-a-record", "{path} is not a record of a finished deployment.", path=path)
    return FinalBlock(number, Hash32.parse(before["finalBlockHash"]))


def deploy_once(
    path: Path, rpc: str, payer: Account, *, final: BlockRef | None = None, **arguments: Any
) -> tuple[EVMLedger, Hash32]:
    """Deploy, or go on with what an interrupted run sent; return the ledger and the transaction.

    `path` is where the record will be; until then it holds the transaction, and of a successor the `final` block of
    its predecessor: nobody else is believed later about which it was.  Raises `LedgerError`, and `ConfigurationError`
    where a finished record stands there.
    """
    provider = BoundedHTTPProvider(rpc)
    if path.exists():
        begun = _read(path)
        if "raw" not in begun:
            raise ConfigurationError(
                "record-exists", "There is the record of a finished deployment already: {path}.",
                hint="Choose another name with --out.", path=path,
            )  # fmt: skip
        transaction, raw, patience = Hash32.parse(begun.get("transaction")), parse_hex(begun["raw"]), PATIENCE
        try:
            provider_send(provider, raw)
        except LedgerError as error:
            if error.code not in ("already-known", "nonce-used"):
                raise
            if error.code == "nonce-used":  # It was mined, or never will be: there is little to wait for.
                patience = SHORT_PATIENCE
        return deployed(provider, raw, patience=patience), transaction

    sent = list[Hash32]()

    def sending(transaction: SignedTransaction) -> None:
        members: dict[str, Any] = {"transaction": str(transaction.hash), "raw": "0x" + transaction.raw.hex()}
        if final is not None:
            members["predecessor"] = {"finalBlock": final.number, "finalBlockHash": str(final.hash)}
        write_file(path, json.dumps(members).encode())
        sent.append(transaction.hash)

    return deploy(provider, payer, sending=sending, **arguments), sent[0]


def provider_send(provider: BoundedHTTPProvider, raw: bytes) -> None:
    """Send bytes that were signed before; raises `LedgerError`."""
    from provenance.evm.node import Node

    Node(provider).request("eth_sendRawTransaction", "0x" + raw.hex())


def record_of(
    ledger: EVMLedger, transaction: Hash32, deployer: Address, registry: str, final: FinalBlock | None = None
) -> dict[str, Any]:
    """Return the record of a deployment, as the ledger itself tells it, with the `final` block that was chosen."""
    from provenance.ledger import Role

    outcome = ledger.outcome(transaction)
    if outcome is None:
        raise LedgerError("not-mined", "The deployment is not mined.", retryable=True)
    identity, found = ledger.identity, inspect(ledger, outcome.block.number)
    before = found.predecessor

    def holder(role: Role) -> str | None:
        return str(found.roles[role][0]) if found.roles.get(role) else None

    members = {
        "type": RECORD_TYPE,
        "version": RECORD_VERSION,
        "chainId": identity.chain_id,
        "genesis": str(identity.genesis),
        "contract": str(identity.contract),
        "deployer": str(deployer),
        "transaction": str(transaction),
        "block": outcome.block.number,
        "time": format_time(outcome.block.time),
        "gas": outcome.gas_used,
        "fee": str(outcome.fee),
        "codeHash": str(identity.code_hash),
        "shippedCode": found.code_is_shipped and found.verifier_is_shipped,
        "passkeyVerifier": str(ledger.passkey_verifier()),
        "deploymentId": str(identity.deployment_id),
        "admin": str(found.admin),
        "adminDelay": found.admin_delay,
        "steward": holder(Role.STEWARD),
        "anchorer": holder(Role.ANCHORER),
        "importer": holder(Role.IMPORTER),
        "transferable": found.transferable,
        "registry": registry,
    }
    if before is not None:
        place = {"contract": str(before.contract), "chainId": before.chain_id, "finalBlock": before.final_block}
        chosen = {} if final is None else {"finalBlock": final.number, "finalBlockHash": str(final.hash)}
        members["predecessor"] = {**place, **chosen}
    return {name: value for name, value in members.items() if value is not None}  # Our JSON has no null.


def write_record(path: Path, facts: Mapping[str, Any]) -> None:
    """Write a record, one member a line, for people and programs."""
    write_file(path, json.dumps(facts, indent=1, ensure_ascii=False).encode() + b"\n")


def record_rows(facts: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Return a record as labels and values for people."""
    before = facts.get("predecessor")
    labels = {
        "chainId": _("Chain id"), "genesis": _("Genesis block"), "contract": _("Contract"), "deployer": _("Deployer"),
        "transaction": _("Transaction"), "block": _("Block"), "time": _("Time"), "gas": _("Gas"),
        "codeHash": _("Code hash"), "deploymentId": _("Deployment id"), "passkeyVerifier": _("Passkey verifier"),
        "admin": _("Admin"), "steward": _("Steward"), "anchorer": _("Anchorer"),
    }  # fmt: skip
    rows: list[tuple[str, object]] = [(label, facts[name]) for name, label in labels.items()]
    shipped = _("is the code of this release") if facts["shippedCode"] else _("is not the code of this release")
    rows.append((_("Contract's code"), shipped))
    rows.append((_("Admin's delay"), shown_days(facts["adminDelay"])))
    kind = _("holders may transfer what their studio handed over") if facts["transferable"] else _("locked")
    rows.append((_("Tokens"), kind))
    if before is not None:
        rows.append((_("Importer"), facts["importer"]))
        place = _("{contract} on chain {chain}, state of block {block}")
        rows.append((_("Predecessor"), place.format(contract=before["contract"], chain=before["chainId"],
                                                    block=before["finalBlock"])))  # fmt: skip
    return rows
