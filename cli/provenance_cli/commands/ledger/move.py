"""``kilnmark ledger move``: to a successor on another chain, without losing anything, and without losing count."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance_cli import exits
from provenance_cli.columns import listing
from provenance_cli.commands.ledger.acts import Hand, signed_by
from provenance_cli.i18n import _, later, ngettext

if TYPE_CHECKING:
    from provenance.encoding import Address
    from provenance.evm.ledger import EVMLedger
    from provenance.ledger import BlockRef
    from provenance_cli.context import App


@click.command(help="Move the ledger to another chain: deploy a successor, import, compare, seal.")
@click.option("--to-rpc", required=True, help="A node of the new chain.")
@click.option("--to", "contract", help="Address of a successor that is deployed already (default: deploy one).")
@click.option("--admin", help="Address of the successor's admin (default: the present one).")
@click.option("--steward", help="Address of its steward (default: the present one).")
@click.option("--anchorer", help="Address of its anchorer (default: the present one).")
@click.option("--registry", help="Address of the registry, for token metadata (default: the policy's).")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False), default="successor.json", show_default=True,
    help="The successor's policy.",
)  # fmt: skip
@signed_by(later("The importer's key file; it pays on the new chain."))
def move(
    hand: Hand,
    to_rpc: str,
    contract: str | None,
    admin: str | None,
    steward: str | None,
    anchorer: str | None,
    registry: str | None,
    out: str,
) -> None:
    """Go on where the last run ended, if there was one, by what the successor itself tells."""
    from provenance.errors import ConfigurationError
    from provenance.policy import MAX_PREDECESSORS, TrustPolicy
    from provenance.tag import check_base_url
    from provenance_cli.commands.ledger.basics import publish
    from provenance_cli.deployments import record_path
    from provenance_cli.ledgers import check_published_node

    check_published_node(hand.app, to_rpc)
    base_url = check_base_url(registry) if registry else hand.policy.registry
    if base_url is None:
        raise ConfigurationError("no-registry", "The policy names no registry.", hint="Name one with --registry.")
    app, old, path = hand.app, hand.ledger, Path(out)
    roles = {name: text for name, text in (("admin", admin), ("steward", steward), ("anchorer", anchorer)) if text}
    ancestors = (hand.policy.ledger, *hand.policy.predecessors)
    if len(ancestors) > MAX_PREDECESSORS:  # Before anything is paid for.
        raise ConfigurationError("bad-policy", "A policy names at most {limit} predecessors.", limit=MAX_PREDECESSORS)
    new = _successor(hand, to_rpc, contract, roles, base_url, path)
    final = _final_block(app, old, new, record_path(path))
    app.say(
        _("The successor is {contract} on chain {chain}; it takes over the state of block {block}.").format(
            contract=new.identity.contract, chain=new.identity.chain_id, block=final.number
        )
    )
    sent = 0 if new.sealed() else _import(hand, new, final)
    _compare(app, old, new, final)
    if not new.sealed():
        _seal(hand, new, final)
    policy = TrustPolicy(new.identity, (to_rpc,), hand.policy.confirmations, registry=base_url, predecessors=ancestors)
    words = publish(app, policy, path, hand.policy)
    app.say(_("Now let the old ledger's admin name it: `kilnmark ledger name-successor {path}`.").format(path=path))
    recoveries = _recoveries(app, old, final)
    app.data(
        {
            "contract": str(new.identity.contract),
            "predecessor": str(old.identity.contract),
            "finalBlock": final.number,
            "transactions": sent,
            "recoveries": recoveries,
            "policy": out,
            "words": words,
        }
    )


def _successor(
    hand: Hand, rpc: str, contract: str | None, roles: dict[str, str], registry: str, path: Path
) -> EVMLedger:
    """Open the successor: the one named, the one that an earlier run deployed, or a new one."""
    from provenance.errors import ConfigurationError
    from provenance.evm.accounts import read_address
    from provenance.evm.ledger import EVMLedger
    from provenance.ledger import Role
    from provenance_cli.deployments import (
        deploy_once,
        is_finished,
        read_final_block,
        read_identity,
        record_of,
        record_path,
        write_record,
    )
    from provenance_cli.ledgers import tell_price

    record = record_path(path)
    recorded = read_identity(record) if is_finished(record) else None
    named = read_address(contract) if contract else recorded.contract if recorded is not None else None
    if named is None:
        arguments = {} if record.exists() else _arguments(hand, roles, registry)
        if arguments:
            deployment = {name: value for name, value in arguments.items() if name != "final"}
            tell_price(hand.app, rpc, hand.account.address, **deployment)
            hand.app.say(_("It pays for the import too: that takes more, with every piece and every event."))
            hand.app.require(_("Deploy it?"), default=True)
        hand.app.say(_("Deploying the successor, or going on with what was sent."))
        ledger, transaction = deploy_once(record, rpc, hand.account, **arguments)
        chosen = read_final_block(record)
        write_record(record, record_of(ledger, transaction, hand.account.address, registry, chosen))
        hand.app.say(_("The record of the deployment is in {path}.").format(path=record))
        return ledger
    expected = recorded if recorded is not None and recorded.contract == named else None
    ledger = EVMLedger.open_rpc(rpc, named, expected, importing=True)  # On the record's chain, and no other.
    if not ledger.sealed() and not ledger.has_role(Role.IMPORTER, hand.account.address):
        raise ConfigurationError(
            "not-the-importer", "{account} is not the importer of {contract}.",
            hint="Use the key file that it was deployed with.", account=hand.account.address, contract=named,
        )  # fmt: skip
    return ledger


def _arguments(hand: Hand, roles: dict[str, str], registry: str) -> dict[str, Any]:
    """Return how the successor is deployed: as the old ledger stands, where nothing else is asked for."""
    from provenance.errors import ConfigurationError
    from provenance.evm.accounts import read_address
    from provenance.evm.inspect import inspect
    from provenance.ledger import Deployment, Role
    from provenance_cli.ledgers import settled_block

    old = hand.ledger
    found = inspect(old, old.deployed_at())
    people: dict[str, Address] = {name: read_address(text) for name, text in roles.items()}
    people.setdefault("admin", found.admin)
    for name, role in (("steward", Role.STEWARD), ("anchorer", Role.ANCHORER)):
        holders = found.roles[role]
        if name not in people and len(holders) != 1:
            raise ConfigurationError(
                "who-is-it", "The old ledger has {n} accounts with the role {role}.",
                hint="Say who has it at the successor: --steward, --anchorer.", n=len(holders), role=role.value,
            )  # fmt: skip
        people.setdefault(name, holders[0] if holders else found.admin)
    labels = {"admin": _("Admin"), "steward": _("Steward"), "anchorer": _("Anchorer")}
    hand.app.say(listing((label, people[name]) for name, label in labels.items()))
    identity, final = old.identity, old.block(settled_block(old, hand.policy))
    return {
        **people,
        "final": final,
        "base_uri": f"{registry}/tokens/",
        "admin_delay": found.admin_delay,
        "transferable": found.transferable,
        "importer": hand.account.address,
        "predecessor": Deployment(identity.contract, identity.chain_id, final.number),
    }


def _final_block(app: App, old: EVMLedger, new: EVMLedger, record: Path) -> BlockRef:
    """Return the block whose state is taken over: the one that was chosen, whatever the new chain's node tells.

    What nobody wrote down before the deployment, the person has to answer for.
    """
    from provenance.errors import ConfigurationError, LedgerError
    from provenance_cli.deployments import is_finished, read_final_block, read_identity

    before, ours = new.predecessor(), old.identity
    if before is None or (before.contract, before.chain_id) != (ours.contract, ours.chain_id):
        raise ConfigurationError(
            "no-successor", "The ledger {contract} does not succeed this one.", contract=new.identity.contract
        )
    block = old.block(before.final_block)
    mine = is_finished(record) and read_identity(record) == new.identity
    chosen = read_final_block(record) if mine else None
    if chosen is None:
        app.say(
            _("The new chain's node says that the successor takes over block {block}, {hash}, of {time}.").format(
                block=block.number, hash=block.hash, time=f"{block.time:%Y-%m-%d %H:%M:%S} UTC"
            ),
            fg="yellow",
        )
        app.require(_("Is that the block that was chosen?"))
        return block
    if chosen.number != block.number:
        raise LedgerError(
            "wrong-final-block", "The successor names block {found} as final, and {expected} was chosen.",
            retryable=False, hint="Ask another node of the new chain.",
            found=block.number, expected=chosen.number,
        )  # fmt: skip
    if chosen.hash != block.hash:
        raise LedgerError(
            "chain-rewritten", "Block {number} of the old chain is {found}, and {expected} was chosen.",
            retryable=False, hint="Ask another node of the old chain; if it says the same, deploy another successor.",
            number=block.number, found=block.hash, expected=chosen.hash,
        )  # fmt: skip
    return block


def _import(hand: Hand, new: EVMLedger, final: BlockRef) -> int:
    """Send what the successor lacks, one transaction after the other; return how many were sent."""
    from provenance.succession import resume
    from provenance_cli.ledgers import send_and_wait, wait_for_pending
    from provenance_cli.moments import shown_sum

    app, old = hand.app, hand.ledger
    wait_for_pending(new, hand.account.address)
    app.say(_("Reading what the successor lacks. That may take a while."))
    first, new_first = old.deployed_at(), new.deployed_at()
    calls = list(resume(old, final, new, first_block=first, new_first_block=new_first))
    app.say(
        _("Transactions to send: {n:,}. {account} pays on chain {chain}, and has {balance}.").format(
            n=len(calls),
            account=hand.account.address,
            chain=new.identity.chain_id,
            balance=shown_sum(new.balance(hand.account.address)),
        )
    )
    gas = fee = 0
    with app.progress(len(calls), _("Importing")) as advance:
        for call in calls:
            outcome = send_and_wait(new, call, hand.account)
            gas, fee = gas + outcome.gas_used, fee + outcome.fee
            advance(1)
    if calls:
        app.say(_("The import took {gas:,} gas and cost {fee}.").format(gas=gas, fee=shown_sum(fee)))
    return len(calls)


def _compare(app: App, old: EVMLedger, new: EVMLedger, final: BlockRef) -> None:
    """Hold every record of both ledgers against the other; tell all differences and end where there is one."""
    from provenance.ledger import Sealed
    from provenance.succession import compare
    from provenance.succession.history import events_of

    at, new_first = new.head(), new.deployed_at()
    if new.sealed():  # It lives its own life since then.
        sealed = [event for event in events_of(new, new_first, at.number) if isinstance(event, Sealed)]
        at = sealed[-1].block if sealed else at
    app.say(_("Comparing the successor with the old ledger, piece by piece. That may take a while."))
    found = compare(old, final, new, at, first_block=old.deployed_at(), new_first_block=new_first)
    if not found:
        app.say(_("They agree in everything."), fg="green")
        return
    for difference in found:
        facts = (difference.subject, difference.member, difference.old, difference.new)
        app.say("✕ {} {}: {} → {}".format(*facts), fg="red")
    if new.sealed():
        app.say(_("The successor differs from the old ledger, and is sealed: do not pin it."), fg="red")
    else:
        app.say(_("The successor differs from the old ledger: it is not sealed. Deploy another."), fg="red")
    app.data({"differences": [[d.subject, d.member, d.old, d.new] for d in found]})
    click.get_current_context().exit(exits.NOT_AUTHENTIC)


def _recoveries(app: App, old: EVMLedger, final: BlockRef) -> list[dict[str, str]]:
    """Tell what a steward must propose again: a recovery is not taken over, so that its holder can veto it anew."""
    from provenance.succession import live_recoveries

    calls = list(live_recoveries(old, final, first_block=old.deployed_at()))
    if calls:
        app.say(_("Recoveries wait anew at the successor. Let a steward propose them again there:"), fg="yellow")
    for call in calls:
        app.say(f"   kilnmark ledger recover {call.token_id} {call.heir}")
    return [{"tokenId": str(call.token_id), "heir": str(call.heir)} for call in calls]


def _seal(hand: Hand, new: EVMLedger, final: BlockRef) -> None:
    """Ask, and end the import for ever."""
    from provenance.ledger import SealCall
    from provenance.succession.history import events_of
    from provenance_cli.ledgers import send_and_wait

    since = sum(1 for _event in events_of(hand.ledger, final.number + 1, hand.ledger.head().number))
    if since:
        words = ngettext(
            "On the old ledger {n:,} event happened after block {block}. It does not count at the successor.",
            "On the old ledger {n:,} events happened after block {block}. They do not count at the successor.",
            since,
        )
        hand.app.say(words.format(n=since, block=final.number), fg="yellow")
    else:
        hand.app.say(_("Nothing happened on the old ledger after block {block}.").format(block=final.number))
    hand.app.require(_("Seal the successor, for ever?"))
    send_and_wait(new, SealCall(), hand.account)
    hand.app.say(_("Sealed: the successor works."), fg="green")
