"""``kilnmark completion``: the script that a shell loads."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from provenance_cli.i18n import _


@click.command(help="Print the script for shell completion.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script; for bash: ``eval "$(kilnmark completion bash)"``."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(_("There is no completion for this shell."))
    click.echo(kind(ctx.find_root().command, {}, "kilnmark", "_KILNMARK_COMPLETE").source())
