"""``kilnmark ledger deploy``, ``status`` and ``pin``: a ledger's beginning, a look at it, and whom one believes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance_cli.columns import listing
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, spoken

if TYPE_CHECKING:
    from provenance.policy import TrustPolicy


@click.command(help="Deploy a ledger; write its record and its trust policy.")
@click.option("--rpc", required=True, help="A node of the chain.")
@click.option("--key-file", required=True, type=click.Path(exists=True, dir_okay=False), help="The account that pays.")
@click.option("--admin", required=True, help="Address of the admin.")
@click.option("--steward", required=True, help="Address of the steward.")
@click.option("--anchorer", required=True, help="Address of the registry's anchorer.")
@click.option("--registry", required=True, help="Address of the registry, for token metadata.")
@click.option("--confirmations", type=int, default=1, show_default=True, help="Blocks that must hold an anchor.")
@click.option(
    "--admin-delay", type=int, default=3, show_default=True,
    help="Days between proposing and accepting another admin.",
)  # fmt: skip
@click.option("--transferable", is_flag=True, help="Let holders transfer what their studio handed over.")
@click.option(
    "--predecessor-policy", type=click.Path(exists=True, dir_okay=False), help="The policy of the ledger to succeed."
)
@click.option("--importer", help="Address of the account that imports the predecessor's records.")
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
    admin_delay: int,
    transferable: bool,
    predecessor_policy: str | None,
    importer: str | None,
    out: str,
) -> None:
    """Deploy, read back, and write the policy to be pinned by everybody; interrupted, run it again."""
    from provenance.evm.accounts import read_address
    from provenance.ledger import Deployment
    from provenance.policy import TrustPolicy
    from provenance.tag import check_base_url
    from provenance_cli.deployments import (
        deploy_once,
        read_final_block,
        record_of,
        record_path,
        record_rows,
        write_record,
    )
    from provenance_cli.ledgers import (
        check_published_node,
        open_pinned,
        read_key_file,
        read_policy,
        settled_block,
        tell_price,
    )

    if (predecessor_policy is None) != (importer is None):
        raise click.UsageError(_("A successor needs both --predecessor-policy and --importer."))
    if not 0 <= admin_delay <= 365:
        raise click.UsageError(_("--admin-delay is 0 to 365 days."))
    check_published_node(app, rpc)
    base_url, path, payer = check_base_url(registry), record_path(Path(out)), read_key_file(Path(key_file))
    before = predecessor = final = None
    if predecessor_policy is not None:
        before = read_policy(Path(predecessor_policy))
        old = open_pinned(before)
        final = old.block(settled_block(old, before))
        predecessor = Deployment(old.identity.contract, old.identity.chain_id, final.number)
    arguments: dict[str, Any] = {
        "admin": read_address(admin),
        "steward": read_address(steward),
        "anchorer": read_address(anchorer),
        "base_uri": f"{base_url}/tokens/",
        "admin_delay": admin_delay * 86_400,
        "transferable": transferable,
        "importer": None if importer is None else read_address(importer),
        "predecessor": predecessor,
    }
    if not path.exists():  # What was sent already is gone on with.
        _tell_plan(app, arguments)
        tell_price(app, rpc, payer.address, **arguments)
        app.require(_("Deploy it?"))
    ledger, transaction = deploy_once(path, rpc, payer, final=final, **arguments)
    ancestors = () if before is None else (before.ledger, *before.predecessors)
    policy = TrustPolicy(ledger.identity, (rpc,), confirmations, registry=base_url, predecessors=ancestors)
    facts = record_of(ledger, transaction, payer.address, base_url, read_final_block(path))
    words = publish(app, policy, Path(out), before)
    write_record(path, facts)
    app.say(_("The record of the deployment is in {path}.").format(path=path))
    if before is not None:
        app.say(_("It works once it is sealed: `kilnmark ledger move` imports the predecessor's records."), fg="yellow")
    facts = {**facts, "policy": out, "record": str(path), "words": words}
    app.data(facts, listing(record_rows(facts)))


def _tell_plan(app: App, arguments: dict[str, Any]) -> None:
    from provenance_cli.moments import shown_days

    kind = _("holders may transfer what their studio handed over") if arguments["transferable"] else _("locked")
    rows = [(_("Admin"), arguments["admin"]), (_("Steward"), arguments["steward"]),
            (_("Anchorer"), arguments["anchorer"]), (_("Importer"), arguments["importer"]),
            (_("Admin's delay"), shown_days(arguments["admin_delay"])),
            (_("Tokens"), kind), (_("Metadata"), arguments["base_uri"])]  # fmt: skip
    app.say(listing((label, value) for label, value in rows if value is not None))


def publish(app: App, policy: TrustPolicy, path: Path, before: TrustPolicy | None = None) -> list[str]:
    """Write a policy and show the six words that everybody compares; return them.

    It is said where the policy `before` has more nodes agree: a policy that names one node cannot.
    """
    from provenance_cli.files import write_file
    from provenance_cli.six_words import say_words

    write_file(path, policy.to_bytes() + b"\n", public=True)
    app.say(
        _("The ledger is {address}. Its policy is in {path}; the policy's words:").format(
            address=policy.ledger.contract, path=path
        )
    )
    words = say_words(app, policy.digest)
    if before is not None and before.agreeing > policy.agreeing:
        text = _(
            "The policy of before has {n} nodes agree; this one names a single node, which is believed alone. Have the "
            "registry publish more nodes and how many must agree (KILNMARK_NODES, KILNMARK_AGREEING), and pin that."
        )
        app.say(text.format(n=before.agreeing), fg="yellow")
    return words


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
    from provenance_cli.client import RegistryClient
    from provenance_cli.files import write_file
    from provenance_cli.ledgers import user_policy_path, words_differ
    from provenance_cli.six_words import say_words

    base_url = check_base_url(registry)
    policy = RegistryClient(base_url).policy()
    if policy.registry != base_url:
        raise ConfigurationError(
            "other-registry",
            "The registry at {url} says that its address is {other}.",
            url=base_url,
            other=policy.registry,
        )
    app.say(_("The registry's trust policy has these six words:"))
    words = say_words(app, policy.digest)
    if not app.confirm(_("Are they the words that the guild publishes?"), default=False):
        raise words_differ()
    try:
        path = app.workshop().policy_path
    except ConfigurationError:
        if app.workshop_path:
            raise
        path = user_policy_path()
    _ask_to_replace(app, path, policy)
    write_file(path, policy.to_bytes() + b"\n", public=True)
    app.say(_("Pinned in {path}.").format(path=path))
    app.data({"file": str(path), "words": words, "registry": base_url})


def _ask_to_replace(app: App, path: Path, policy: TrustPolicy) -> None:
    """Tell what policy stood there, and ask before another takes its place; raises `Declined`."""
    from provenance.errors import ProvenanceError, Wording
    from provenance.words import six_words
    from provenance_cli.ledgers import read_policy

    if not path.exists():
        return
    try:
        before = read_policy(path)
    except (ProvenanceError, OSError) as error:
        facts = {"path": path, "reason": error}
        app.say(spoken(Wording.of("What stands in {path} is no policy that can be read: {reason}", facts)))
    else:
        if before.digest == policy.digest:
            return
        named = before.registry or _("no registry")
        app.say(
            _("Another policy is pinned in {path}, of {registry}, with the words:").format(path=path, registry=named)
        )
        app.say("   " + "  ".join(six_words(before.digest, app.lang)))
    app.require(_("Put the new policy in its place?"))
