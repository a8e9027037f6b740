"""``kilnmark doctor``: look at everything once, and say what to do."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance_cli import exits
from provenance_cli.columns import to_fit
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, later, spoken

if TYPE_CHECKING:
    from provenance.errors import Wording

MIN_FREE = 200
"""Megabytes that a firing of 200 pieces and its photos need at most."""


@click.command(help="Find out what is wrong, and what to do.")
@pass_app
def doctor(app: App) -> None:
    """Run every examination; one that fails does not stop the others."""
    from provenance.errors import Wording
    from provenance_cli.report import as_ours

    results = []
    for name, examine in _examinations(app):
        try:
            told = [(True, examine(), Wording(""))]
        except Exception as error:
            told = []
            for each in error.exceptions if isinstance(error, ExceptionGroup) else [error]:
                ours = as_ours(each)
                if ours is None:
                    raise
                told.append((False, ours.wording, ours.remedy))
        for good, found, remedy in told:
            results.append({"name": name, "ok": good, "text": str(found), "remedy": str(remedy)})
            if not app.json:
                click.secho("  ✓ " if good else "  ✕ ", fg="green" if good else "red", nl=False)
                click.echo(to_fit("    " + _("{name}: {found}").format(name=_(name), found=spoken(found)))[4:])
                if str(remedy):
                    click.echo(to_fit(f"      → {spoken(remedy)}", hang=2))
    app.data({"examinations": results})
    if not all(result["ok"] for result in results):
        click.get_current_context().exit(exits.CONFIGURATION)


def _examinations(app: App) -> list[tuple[str, Callable[[], Wording]]]:
    from provenance.errors import ConfigurationError, LedgerError, StorageError, Wording
    from provenance_cli.client import RegistryClient
    from provenance_cli.ledgers import load_policy, open_pinned
    from provenance_cli.standing import standing_at
    from provenance_cli.workshop import SETTINGS

    def python() -> Wording:
        return Wording(".".join(map(str, sys.version_info[:3])))

    def disk() -> Wording:
        free = shutil.disk_usage(Path(app.workshop_path or ".")).free // 2**20
        if free < MIN_FREE:
            raise StorageError("disk-full", "Only {n} MB are free.", hint="Make room.", n=free)
        return Wording("{n:,} MB free", {"n": free})

    def workshop() -> Wording:
        found = app.workshop()
        certificates = len(found.store.states())
        return Wording.of(
            "{folder}, {studio}, certificates: {n:,}",
            {"folder": found.path, "studio": found.issuer.name, "n": certificates},
        )

    def keys() -> Wording:
        return Wording(app.workshop().keystore().public_key.multikey)

    def policy() -> Wording:
        pinned = load_policy(app)
        base_url = app.workshop().issuer.base_url
        if pinned.registry not in (None, base_url):
            raise ConfigurationError(
                "other-registry",
                "The pinned policy is that of {theirs}, and the workshop's registry is {ours}.",
                hint="Pin the right one: `kilnmark ledger pin {ours}`.",
                theirs=pinned.registry,
                ours=base_url,
            )
        return Wording.of("{registry}, chain {chain}", {"registry": pinned.registry, "chain": pinned.ledger.chain_id})

    def not_ready(trouble: dict[str, Any]) -> LedgerError:
        return LedgerError(
            str(trouble.get("code", "not-ready")),
            "The registry is not ready: {detail}",
            retryable=True,
            hint="Its steward must look; certificates are kept until then.",
            detail=Wording.quoted(trouble.get("detail")),
        )

    def registry() -> Wording:
        base_url = app.workshop().issuer.base_url
        state = RegistryClient(base_url).ready()
        if state.get("status") != "ready":
            listed = state.get("troubles")
            found = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
            raise ExceptionGroup("the registry is not ready", [not_ready(each) for each in found or [state]])
        return Wording(base_url)

    def ledger() -> Wording:
        head = open_pinned(load_policy(app)).head()
        age = abs((app.clock() - head.time).total_seconds())
        return Wording("block {number}, {seconds:,.0f} s ago", {"number": head.number, "seconds": age})

    def standing() -> Wording:
        current = app.workshop()
        keystore = current.keystore()
        entry = standing_at(RegistryClient(current.issuer.base_url), keystore.studio)
        if entry is None:
            raise ConfigurationError(
                "not-accredited",
                "The studio is not accredited yet.",
                hint="Send the guild the file that `kilnmark studio apply` writes.",
            )
        if entry.suspended:
            raise ConfigurationError("suspended", "The studio is suspended.", hint="Ask the guild.")
        if entry.issuer != current.issuer:
            raise ConfigurationError(
                "other-name",
                "The guild accredited the studio as {name} ({slug}), and the workshop says otherwise.",
                hint="Mend the name in {path}.",
                name=entry.issuer.name,
                slug=entry.issuer.slug,
                path=current.path / SETTINGS,
            )
        ended = entry.key_ended(keystore.public_key.multikey, app.clock())
        if ended is not None:
            raise ended
        if not entry.is_open(keystore.public_key.multikey, app.clock()):
            raise ConfigurationError(
                "key-not-valid",
                "The guild has not added the workshop's certificate key.",
                hint="Send it the file that `kilnmark studio apply` writes.",
            )
        return Wording.quoted(entry.issuer.name)

    return [
        ("Python", python),
        (later("Disk"), disk),
        (later("Workshop"), workshop),
        (later("Keys"), keys),
        (later("Trust policy"), policy),
        (later("Registry"), registry),
        (later("Ledger"), ledger),
        (later("Accreditation"), standing),
    ]
