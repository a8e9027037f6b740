"""``kilnmark doctor``: look at everything once, and say what to do."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import click

from provenance_cli import exits
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _

MIN_FREE = 200 * 2**20


@click.command(help=_("Find out what is wrong, and what to do."))
@pass_app
def doctor(app: App) -> None:
    """Run every examination; one that fails does not stop the others."""
    from provenance.errors import ProvenanceError

    results = []
    for name, examine in _examinations(app):
        try:
            good, text, remedy = True, examine(), ""
        except ProvenanceError as error:
            good, text, remedy = False, _(error.message), _(error.hint or "")
        results.append({"name": name, "ok": good, "text": text, "remedy": remedy})
        if not app.json:
            click.secho("  ✓ " if good else "  ✕ ", fg="green" if good else "red", nl=False)
            click.echo(f"{name}: {text}")
            if remedy:
                click.echo(f"      → {remedy}")
    app.data({"examinations": results})
    if not all(result["ok"] for result in results):
        click.get_current_context().exit(exits.CONFIGURATION)


def _examinations(app: App) -> list[tuple[str, Callable[[], str]]]:
    from provenance.errors import ConfigurationError, LedgerError, NotFoundError, StorageError
    from provenance_cli.client import RegistryClient
    from provenance_cli.ledgers import load_policy, open_pinned

    def python() -> str:
        return f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"

    def disk() -> str:
        free = shutil.disk_usage(Path(app.workshop_path or ".")).free
        if free < MIN_FREE:
            raise StorageError("disk-full", f"Only {free // 2**20} MB are free.", hint="Make room.")
        return _("{n} MB free").format(n=f"{free // 2**20:,}")

    def workshop() -> str:
        found = app.workshop()
        states = list(found.store.states().values())
        return f"{found.path} · {found.issuer.name} · " + (
            ", ".join(f"{_(state)}: {states.count(state)}" for state in sorted(set(states))) or _("no certificates yet")
        )

    def keys() -> str:
        return app.workshop().keystore().public_key.multikey

    def policy() -> str:
        pinned = load_policy(app)
        return f"{pinned.registry} · chain {pinned.ledger.chain_id}"

    def registry() -> str:
        base_url = app.workshop().issuer.base_url
        state = RegistryClient(base_url).ready()
        if state.get("status") != "ready":
            raise LedgerError(
                str(state.get("code", "not-ready")),
                f"The registry is not ready: {state.get('detail')}",
                retryable=True,
                hint="Its steward must look; certificates are kept until then.",
            )
        return base_url

    def ledger() -> str:
        opened = open_pinned(load_policy(app))
        head = opened.head()
        behind = abs((app.clock() - head.time).total_seconds())
        return _("block {n}, {s} s ago").format(n=head.number, s=f"{behind:,.0f}")

    def standing() -> str:
        current = app.workshop()
        try:
            entry = RegistryClient(current.issuer.base_url).studio(current.keystore().account)
        except NotFoundError:
            raise ConfigurationError(
                "not-accredited",
                "The studio is not accredited yet.",
                hint="Send the guild the file that `kilnmark studio apply` writes.",
            ) from None
        if entry["suspended"]:
            raise ConfigurationError("suspended", "The studio is suspended.", hint="Ask the guild.")
        return str(entry["name"])

    return [
        (_("Python"), python),
        (_("Disk"), disk),
        (_("Workshop"), workshop),
        (_("Keys"), keys),
        (_("Trust policy"), policy),
        (_("Registry"), registry),
        (_("Ledger"), ledger),
        (_("Accreditation"), standing),
    ]
