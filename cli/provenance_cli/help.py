"""Help in the user's language: click's pages with Chinese words in straight columns."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any

import click

from provenance_cli.columns import fold, pad, width
from provenance_cli.i18n import _


class HelpFormatter(click.HelpFormatter):
    """Measures cells where click counts characters."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line of usage."""
        super().write_usage(prog, args, _("Usage: ") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        self.write(" " * self.current_indent + _("{heading}:").format(heading=heading) + "\n")

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        for line in fold(text, self.width - self.current_indent):
            self.write(f"{' ' * self.current_indent}{line}\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 34, col_spacing: int = 2) -> None:
        """Write terms and what they mean, in two columns."""
        rows = list(rows)
        first = min(max(width(term) for term, _meaning in rows), col_max) + col_spacing
        indent = " " * self.current_indent
        for term, meaning in rows:
            lines = fold(meaning, max(self.width - first - 2, 10))
            if width(term) > first - col_spacing:
                self.write(f"{indent}{term}\n")
                term = ""
            for line in lines:
                self.write(f"{indent}{pad(term, first)}{line}".rstrip() + "\n")
                term = ""


class Context(click.Context):
    """A context whose help is in straight columns."""

    formatter_class = HelpFormatter


class SectionedGroup(click.Group):
    """A group whose commands stand in sections, in the order in which they were added."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sections: dict[str, tuple[str, ...]] = {}

    def add_section(self, title: str, commands: Iterable[click.Command]) -> None:
        """Add commands under a title, which is translated where it is shown."""
        for command in (listed := tuple(commands)):
            self.add_command(command)
        self.sections[title] = tuple(command.name or "" for command in listed)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in their order."""
        return [name for names in self.sections.values() for name in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, section by section."""
        widest = max(map(width, self.list_commands(ctx)))
        for title, names in self.sections.items():
            with formatter.section(_(title)):
                formatter.write_dl([(pad(name, widest), self.commands[name].help or "") for name in names])


def localised(command: click.Command) -> click.Command:
    """Return a copy of `command` that explains itself in the language spoken now."""
    command = copy(command)
    command.context_class = Context
    command._help_option = None  # click keeps it once made, in the language of that time.
    command.help = _(command.help or "")
    command.options_metavar = _(command.options_metavar or "")
    command.params = [_parameter(command, parameter) for parameter in command.params]
    if isinstance(command, click.Group):
        command.subcommand_metavar = _(command.subcommand_metavar)
        command.commands = {name: localised(inner) for name, inner in command.commands.items()}
    return command


def _parameter(command: click.Command, parameter: click.Parameter) -> click.Parameter:
    parameter = copy(parameter)
    parameter.type = copy(parameter.type)
    parameter.type.name = _(parameter.type.name)
    if isinstance(parameter, click.Option):
        parameter.help = _(parameter.help or "")
    else:
        name = parameter.name.upper()
        parameter.metavar = parameter.make_metavar(click.Context(command)).replace(name, _(name))
    return parameter
