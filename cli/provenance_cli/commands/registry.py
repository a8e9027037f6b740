"""``kilnmark registry``: the care of a registry's folder, in a process of the registry's own code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, ngettext

_data = click.option("--data", type=click.Path(file_okay=False), help="Folder for the registry's data.")


@click.group(help="Back a registry up, and restore it.")
def registry() -> None:
    """The care of a registry's folder."""


@registry.command(help="Copy a registry's folder while it runs, database and chain as of one moment.")
@click.argument("folder", type=click.Path())
@click.option("--with-secrets", is_flag=True, help="Copy the registry's own keys too: whoever has them can anchor.")
@_data
@pass_app
def backup(app: App, folder: str, with_secrets: bool, data: str | None) -> None:
    """Make a backup."""
    facts = _run(app, data, "backup", *(["--with-secrets"] if with_secrets else []), "--", folder)
    app.data(facts)
    app.say(_files(facts["files"]).format(n=facts["files"], folder=folder))
    if with_secrets:
        app.say(_("The copy holds the registry's own keys. Keep it where nobody else can read it."))
    else:
        app.say(_("The registry's own keys are not in it: keep a copy of its folder secrets elsewhere."))


@registry.command(help="Put a backup into an empty folder, once all of it is as it was written.")
@click.argument("folder", type=click.Path())
@_data
@pass_app
def restore(app: App, folder: str, data: str | None) -> None:
    """Restore a backup."""
    facts = _run(app, data, "restore", "--", folder)
    app.data(facts)
    app.say(ngettext("{n} file restored.", "{n} files restored.", facts["files"]).format(n=facts["files"]))
    if not facts["secrets"]:
        app.say(_("The registry's own keys were not in it: put its folder secrets back before it starts."))


@registry.command(help="Check a stopped registry or a backup against its certificates and its chain; changes nothing.")
@_data
@pass_app
def fsck(app: App, data: str | None) -> None:
    """Check a registry's folder."""
    facts = _run(app, data, "fsck", *([] if app.json else ["--progress"]))
    app.data(facts, "\n".join(f"{fault['fault']}: {fault['what']}" for fault in facts["faults"]) or None)
    counted = {name: facts[name] for name in ("certificates", "batches", "files")}
    app.say(_("{certificates} certificates, {batches} batches and {files} files were checked.").format(**counted))
    if facts["found"]:
        app.say(ngettext("{n} thing is wrong.", "{n} things are wrong.", facts["found"]).format(n=facts["found"]))
        click.get_current_context().exit(1)
    app.say(_("Nothing is wrong."))


@registry.command(help="Bring a lost database back from bundles and the ledger; run it again with more of them.")
@click.argument("folder", type=click.Path(exists=True))
@_data
@pass_app
def rebuild(app: App, folder: str, data: str | None) -> None:
    """Rebuild a registry's database; every bundle is checked against the ledger."""
    facts = _run(app, data, "rebuild", *([] if app.json else ["--progress"]), "--", folder)
    lines = [f"{item['file']}: {item['message']}" for item in facts["refused"]]
    lacking = _("Anchor {anchor}: {missing} of {of} pieces are not known, of {studios}.")
    lines += [lacking.format(**{**item, "studios": ", ".join(item["studios"])}) for item in facts["incomplete"]]
    app.data(facts, "\n".join(lines) or None)
    brought = _("{pieces} pieces and {amendments} amendments brought back; {known} were there, {waiting} wait anew.")
    app.say(brought.format(**{name: facts[name] for name in ("pieces", "amendments", "known", "waiting")}))
    if facts["incomplete"]:
        app.say(_("Nothing new is anchored until the rest is brought back, or written off."))
    if facts["refusals"] or facts["incomplete"]:
        click.get_current_context().exit(1)


def _files(count: int) -> str:
    return ngettext("{n} file copied to {folder}.", "{n} files copied to {folder}.", count)


def _run(app: App, data: str | None, *arguments: str) -> Any:
    """Run the registry's own program and return what it tells; ends this program where it fails."""
    from provenance.errors import ConfigurationError
    from provenance_cli.commands.serve import need_registry
    from provenance_cli.problems import problem_error

    need_registry()
    environment = {**os.environ, "KILNMARK_TELL_PROBLEMS": "1"}
    if data is not None:
        environment["KILNMARK_DATA"] = data
    command = [sys.executable, "-m", "provenance_registry", *arguments]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    try:
        told = json.loads(done.stdout)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        click.get_current_context().exit(done.returncode or 70)
    if "status" in told and "detail" in told:
        error = problem_error(told, int(told["status"]))
        # A server on the network that fails may be asked again; what this machine's own program says is for good.
        raise ConfigurationError.like(error) if told["status"] == 500 else error
    return told
