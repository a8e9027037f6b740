"""``kilnmark serve``: run a registry in this terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import click

from provenance_cli.context import App, pass_app


@click.command(help="Run a registry.")
@click.option("--data", type=click.Path(file_okay=False), help="Folder for the registry's data.")
@click.option("--base-url", help="The address that stands on tags, like https://registry.example.")
@click.option("--host", help="Where to listen (default: 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port (default: 8757).")
@click.option("--name", help="The registry's name on its pages.")
@click.option("--admin", help="Address of the admin; the embedded ledger needs it.")
@click.option("--steward", help="Address of the steward; the embedded ledger needs it.")
@click.option("--ledger", help="Address of an RPC node, instead of the embedded ledger.")
@click.option("--contract", help="Address of the ledger's contract at that node.")
@click.option("--batch-size", type=int, help="Seal a batch when so many certificates wait.")
@click.option("--batch-age", type=float, help="Seal a batch when one has waited so many seconds.")
@click.option("--confirmations", type=int, help="Blocks that must hold an anchor.")
@click.option("--nodes", help="Nodes that the trust policy names beside the registry's own, with spaces between.")
@click.option("--agreeing", type=int, help="How many nodes of the policy must agree (default: 1).")
@pass_app
def serve(app: App, /, **options: str | float | None) -> None:
    """Start the registry's process and stay with it."""
    need_registry()
    environment = dict(os.environ)
    for name, value in options.items():
        if value is not None:
            environment[f"KILNMARK_{name.upper()}"] = str(value)
    # The registry ends when this end of its standard input does: with this process, however that ends.
    environment["KILNMARK_STOP_WITH_STDIN"] = "1"
    environment["KILNMARK_TELL_PROBLEMS"] = "1"
    command = [sys.executable, "-m", "provenance_registry"]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        while True:
            try:
                code = process.wait()
                break
            except KeyboardInterrupt:  # The terminal has told the registry too: let it finish.
                continue
        told = b"" if process.stdout is None else process.stdout.read()
    _tell_problem(app, told)
    click.get_current_context().exit(code)


def _tell_problem(app: App, told: bytes) -> None:
    """Say in the user's language why the registry did not start, if that is what its process told."""
    import json

    from provenance_cli.problems import problem_error
    from provenance_cli.report import report

    try:
        problem = json.loads(told)
        error = problem_error(problem, int(problem["status"]))
    except (ValueError, KeyError, TypeError):
        return
    report(error, as_json=app.json)


def need_registry() -> None:
    """Raise `ConfigurationError` where the registry's packages are not installed."""
    from provenance.errors import ConfigurationError

    if find_spec("provenance_registry") is None or find_spec("litestar") is None or find_spec("eth") is None:
        raise ConfigurationError(
            "no-registry-packages",
            "The registry's packages are not installed.",
            hint="Install them: pip install 'kilnmark[registry]'",
        )
