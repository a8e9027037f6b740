"""One call by one key file: what every command that changes the ledger has in common.

A command decorated with `signed_by` gets a `Hand`: the pinned ledger and the account of a key file.  `Hand.act`
simulates the call, so that the ledger refuses before anything is sent; says in words what will be done; asks, where it
cannot be undone; sends; waits; and tells the block and the price.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, later

if TYPE_CHECKING:
    from provenance.evm.accounts import Account
    from provenance.evm.ledger import EVMLedger
    from provenance.ledger import LedgerCall, TransactionOutcome
    from provenance.policy import TrustPolicy

STEWARDS_KEY = later("The steward's key file.")
ADMINS_KEY = later("The admin's key file.")
ANY_KEY = later("The key file of the account that sends and pays.")

Command = Callable[..., object]


@dataclass(frozen=True, slots=True)
class Hand:
    """An account at the pinned ledger."""

    app: App
    policy: TrustPolicy
    ledger: EVMLedger
    account: Account

    def act(self, call: LedgerCall, words: str, *, question: str | None = None, **facts: object) -> TransactionOutcome:
        """Simulate, tell, ask `question` where there is one, send, wait, and tell what it cost.

        `facts` go into the JSON beside transaction, block, gas and fee.  Raises `LedgerError` where the ledger
        refuses, `Declined` where the person does.
        """
        from provenance_cli.ledgers import send_prepared
        from provenance_cli.moments import shown_sum

        ledger, sender = self.ledger, self.account.address
        transaction = ledger.prepare(call, self.account, ledger.next_nonce(sender))
        self.app.say(words)
        where = ledger.identity
        self.app.say(
            _("By {account}, at the ledger {contract} on chain {chain}.").format(
                account=sender, contract=where.contract, chain=where.chain_id
            ),
            dim=True,
        )
        if question is not None:
            self.app.require(question)
        outcome = send_prepared(ledger, transaction)
        self.app.say(
            _("Done in block {block}. It took {gas:,} gas and cost {fee}.").format(
                block=outcome.block.number, gas=outcome.gas_used, fee=shown_sum(outcome.fee)
            ),
            fg="green",
        )
        self.app.data(
            {
                "transaction": str(transaction.hash),
                "block": outcome.block.number,
                "gas": outcome.gas_used,
                "fee": str(outcome.fee),
                **facts,
            }
        )
        return outcome


def at_a_ledger(command: Command) -> Command:
    """Give a command the options that name a ledger: ``--rpc`` and ``--policy``."""
    rpc = click.option("--rpc", help="A node of the ledger (default: those of the policy).")
    policy = click.option(
        "--policy", "policy_file", type=click.Path(exists=True, dir_okay=False),
        help="The trust policy that names the ledger (default: the pinned one).",
    )  # fmt: skip
    return rpc(policy(command))


def signed_by(key: str) -> Callable[[Command], Command]:
    """Give a command a `Hand` in the place of its first argument, and the options that make one."""

    def decorate(command: Command) -> Command:
        def run(app: App, key_file: str, rpc: str | None, policy_file: str | None, **arguments: Any) -> object:
            from provenance_cli.ledgers import load_policy, open_pinned, read_key_file

            account = read_key_file(Path(key_file))
            policy = load_policy(app, policy_file)
            return command(Hand(app, policy, open_pinned(policy, [rpc] if rpc else []), account), **arguments)

        file = click.option("--key-file", required=True, type=click.Path(exists=True, dir_okay=False), help=key)
        named: Command = update_wrapper(run, command)
        return file(at_a_ledger(pass_app(named)))

    return decorate
