"""Opening ledgers and policies for commands, and sending a steward's transactions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from provenance.encoding import Address
from provenance.errors import ConfigurationError, LedgerError, MalformedError, StorageError
from provenance.evm.accounts import Account
from provenance.evm.deploy import deployment_code, price
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import BoundedHTTPProvider, Node, refusal
from provenance.evm.opening import open_agreeing, open_ledger
from provenance.ledger import LedgerCall, LedgerReader, SignedTransaction, TransactionOutcome
from provenance.policy import MAX_POLICY_BYTES, TrustPolicy
from provenance_cli.context import App
from provenance_cli.i18n import _
from provenance_cli.moments import shown_sum

PATIENCE = 120.0
"""Seconds to wait for a transaction."""


def user_policy_path() -> Path:
    """Where a policy pinned outside any workshop is kept."""
    return Path(click.get_app_dir("kilnmark")) / "policy.json"


def load_policy(app: App, path: str | None = None) -> TrustPolicy:
    """Return the trust policy: the file named, the workshop's, or the user's; raises `ConfigurationError`."""
    candidates = [Path(path)] if path else []
    if not path:
        try:
            candidates.append(app.workshop().policy_path)
        except ConfigurationError:
            if app.workshop_path:
                raise
        candidates.append(user_policy_path())
    for candidate in candidates:
        if candidate.is_file():
            return read_policy(candidate)
    raise ConfigurationError(
        "no-policy",
        "No trust policy is pinned, so there is nothing to check against.",
        hint="Pin one with `kilnmark ledger pin https://REGISTRY`, or name a file with --policy.",
    )


def read_policy(path: Path) -> TrustPolicy:
    """Read a policy's file; raises `MalformedError` or `OSError`."""
    with path.open("rb") as file:
        return TrustPolicy.from_bytes(file.read(MAX_POLICY_BYTES + 1))


def open_pinned(policy: TrustPolicy, nodes: Sequence[str] = ()) -> EVMLedger:
    """Open the pinned ledger at `nodes`, else at those of the policy."""
    return open_ledger(tuple(nodes) or policy.nodes, policy.ledger)


def open_to_verify(policy: TrustPolicy, nodes: Sequence[str] = ()) -> LedgerReader:
    """Open the pinned ledger for verifying only: at `nodes`, all of which must agree, else as the policy says.

    Fewer nodes than must agree under the policy are a `ConfigurationError`.
    """
    return open_agreeing(tuple(nodes) or policy.nodes, policy.ledger, max(len(set(nodes)), policy.agreeing))


def settled_block(ledger: EVMLedger, policy: TrustPolicy) -> int:
    """Return the number of the newest block that has as many confirmations as the policy asks for."""
    return max(ledger.head().number - policy.confirmations + 1, 0)


def open_any(policy: TrustPolicy, rpc: str | None) -> EVMLedger:
    """Open whatever stands at the pinned address, sealed or not, at `rpc` or the first node that answers.

    For looking only: nothing that it tells is compared with the policy.
    """
    nodes = [rpc] if rpc else list(policy.nodes)
    for place, url in enumerate(nodes):
        try:
            return EVMLedger.open_rpc(url, policy.ledger.contract, importing=True)
        except LedgerError as error:
            if not error.retryable or place == len(nodes) - 1:
                raise
    raise ConfigurationError("no-node", "The trust policy names no node.", hint="Give one with --rpc.")


def check_published_node(app: App, url: str) -> None:
    """Ask before a node's address that may hold a key goes into a policy, which everybody reads.

    Raises `ConfigurationError` where it holds a name or a password, `LedgerError` where it does not answer, and
    `Declined` where the person says no.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host:
        raise ConfigurationError("bad-node", "A node is named by its http or https address.")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(
            "secret-address", "The node's address holds a name or a password, and the policy would publish it.",
            hint="Name a node that needs none.",
        )  # fmt: skip
    Node(BoundedHTTPProvider(url)).quantity("eth_chainId")  # Nobody is asked anything about a node that is not there.
    if parts.path.strip("/") or parts.query or parts.fragment:
        app.say(
            _("The policy will name the node's whole address, and everybody reads the policy. A key in it is public."),
            fg="yellow",
        )
        app.require(_("Publish the address as it is?"))


def tell_price(app: App, url: str, payer: Address, **deployment: Any) -> None:
    """Say who pays for a deployment at a node, what they have and about what it costs; raises `LedgerError`."""
    provider = BoundedHTTPProvider(url)
    node = Node(provider)
    gas, cost = price(provider, payer, deployment_code(**deployment))
    app.say(
        _("{account} pays on chain {chain}, and has {balance}. The deployment takes {gas:,} gas, {cost}.").format(
            account=payer,
            chain=node.quantity("eth_chainId"),
            balance=shown_sum(node.quantity("eth_getBalance", str(payer), "latest")),
            gas=gas,
            cost=shown_sum(cost),
        )
    )


def words_differ() -> ConfigurationError:
    """Return the error for six words that are not those which were heard."""
    return ConfigurationError(
        "words-differ",
        "The words differ, so nothing was done.",
        hint="Telephone the other side: somebody may have put another file in the place of theirs.",
    )


def read_key_file(path: Path) -> Account:
    """Read an account's secret, 64 hex digits, from a file."""
    try:
        text = path.read_text("ascii").strip().removeprefix("0x")
        return Account.from_secret(bytes.fromhex(text))
    except OSError as error:
        raise StorageError("unreadable", "{path} cannot be read: {reason}.", path=path, reason=error) from None
    except (ValueError, MalformedError):
        raise ConfigurationError(
            "bad-key-file", "{path} does not hold a key of 64 hexadecimal digits.", path=path
        ) from None


def send_and_wait(ledger: EVMLedger, call: LedgerCall, account: Account) -> TransactionOutcome:
    """Send a call and wait until it is mined; raises `LedgerError` where it is reverted or takes too long."""
    return send_prepared(ledger, ledger.prepare(call, account, ledger.next_nonce(account.address)))


def wait_for_pending(ledger: EVMLedger, account: Address) -> None:
    """Wait until nothing that an account sent waits for a block; raises `LedgerError` where that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while ledger.waiting(account):
        if time.monotonic() > deadline:
            raise LedgerError("not-mined", "The transaction was not mined in time.", retryable=True)
        time.sleep(0.2)


def send_prepared(ledger: EVMLedger, transaction: SignedTransaction) -> TransactionOutcome:
    """Send a transaction and wait until it is mined; raises `LedgerError` as `send_and_wait` does."""
    ledger.send(transaction)
    deadline = time.monotonic() + PATIENCE
    while (outcome := ledger.outcome(transaction.hash)) is None:
        if time.monotonic() > deadline:
            raise LedgerError("not-mined", "The transaction was not mined in time.", retryable=True)
        time.sleep(0.2)
    if not outcome.succeeded:
        raise refusal(outcome.error or "")
    return outcome
