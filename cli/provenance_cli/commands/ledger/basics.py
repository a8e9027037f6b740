"""``kilnmark ledger deploy``, ``status`` and ``pin``: a ledger's beginning, a look at it, and whom one believes."""

from __future__ import annotations

from pathlib import Path

import click

from provenance_cli.columns import listing
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _


@click.command(help="Deploy a ledger and print its trust policy.")
@click.option("--rpc", required=True, help="A node of the chain.")
@click.option("--key-file", required=True, type=click.Path(exists=True, dir_okay=False), help="The account that pays.")
@click.option("--admin", required=True, help="Address of the admin.")
@click.option("--steward", required=True, help="Address of the steward.")
@click.option("--anchorer", required=True, help="Address of the registry's anchorer.")
@click.option("--registry", required=True, help="Address of the registry, for token metadata.")
@click.option("--confirmations", type=int, default=1, show_default=True, help="Blocks that must hold an anchor.")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False), default="policy.json", show_default=True, help="The policy's file."
)
@pass_app
def deploy(
    app: App,
    rpc: str,
    key_file: str,
    admin: str,
    steward: str,
    anchorer: str,
    registry: str,
    confirmations: int,
    out: str,
) -> None:
    """Deploy, read back, and write the policy to be pinned by everybody."""
    from provenance.encoding import Address
    from provenance.evm.deploy import deploy as deploy_ledger
    from provenance.evm.node import BoundedHTTPProvider
    from provenance.policy import TrustPolicy
    from provenance.tag import check_base_url
    from provenance.words import six_words
    from provenance_cli.files import write_file
    from provenance_cli.ledgers import read_key_file

    base_url = check_base_url(registry)
    deployed = deploy_ledger(
        BoundedHTTPProvider(rpc),
        read_key_file(Path(key_file)),
        admin=Address.parse(admin.lower()),
        steward=Address.parse(steward.lower()),
        anchorer=Address.parse(anchorer.lower()),
        base_uri=f"{base_url}/tokens/",
    )
    policy = TrustPolicy(deployed.identity, (rpc,), confirmations, registry=base_url)
    write_file(Path(out), policy.to_bytes() + b"\n")
    words = list(six_words(policy.digest, app.lang))
    app.say(
        _("Deployed at {address}. The policy is in {path}; its words:").format(
            address=deployed.identity.contract, path=out
        )
    )
    app.say("   " + "  ".join(words), bold=True)
    app.data({"contract": str(deployed.identity.contract), "policy": out, "words": words})


@click.command(help="Look at the pinned ledger: chain, contract, newest block.")
@click.option("--rpc", multiple=True, help="A node to ask (default: those of the policy).")
@click.option("--policy", "policy_file", type=click.Path(exists=True, dir_okay=False), help="The trust policy.")
@pass_app
def status(app: App, rpc: tuple[str, ...], policy_file: str | None) -> None:
    """Compare the ledger with the pin, and show where it stands."""
    from provenance.certificate import format_time
    from provenance_cli.ledgers import load_policy, open_pinned

    policy = load_policy(app, policy_file)
    opened = open_pinned(policy, rpc)
    identity, head = opened.identity, opened.head()
    facts: dict[str, object] = {
        "chainId": identity.chain_id,
        "genesis": str(identity.genesis),
        "contract": str(identity.contract),
        "codeHash": str(identity.code_hash),
        "deploymentId": str(identity.deployment_id),
        "block": head.number,
        "time": format_time(head.time),
        "lots": opened.next_lot() - 1,
    }
    names = (
        _("Chain id"), _("Genesis block"), _("Contract"), _("Code hash"), _("Deployment id"), _("Block"), _("Time"),
        _("Lots"),
    )  # fmt: skip
    app.data(facts, listing(zip(names, facts.values(), strict=True)))
    app.say(_("The ledger is the one that the policy pins."), fg="green")


@click.command(help="Fetch a registry's trust policy, compare its words, and pin it.")
@click.argument("registry")
@pass_app
def pin(app: App, registry: str) -> None:
    """Pin the policy in the workshop, or for this user where there is no workshop."""
    from provenance.errors import ConfigurationError
    from provenance.tag import check_base_url
    from provenance.words import six_words
    from provenance_cli.client import RegistryClient
    from provenance_cli.files import write_file
    from provenance_cli.ledgers import user_policy_path, words_differ

    base_url = check_base_url(registry)
    policy = RegistryClient(base_url).policy()
    if policy.registry != base_url:
        raise ConfigurationError(
            "other-registry",
            "The registry at {url} says that its address is {other}.",
            url=base_url,
            other=policy.registry,
        )
    words = list(six_words(policy.digest, app.lang))
    app.say(_("The registry's trust policy has these six words:"))
    app.say("   " + "  ".join(words), bold=True)
    if not app.confirm(_("Are they the words that the guild publishes?"), default=False):
        raise words_differ()
    try:
        path = app.workshop().policy_path
    except ConfigurationError:
        if app.workshop_path:
            raise
        path = user_policy_path()
    write_file(path, policy.to_bytes() + b"\n")
    app.say(_("Pinned in {path}.").format(path=path))
    app.data({"file": str(path), "words": words, "registry": base_url})
