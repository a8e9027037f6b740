"""The entry point: the table of commands, and the edge where errors become words and exit codes.

Help is printed from the table alone: no command's module is imported for it.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Any, NamedTuple

import click

from provenance_cli import exits, i18n
from provenance_cli.help import localised
from provenance_cli.i18n import _, later


class Entry(NamedTuple):
    """Where a command lives, and its line of help."""

    module: str
    attribute: str
    help: str
    group: str


FIRING, REPAIR, STEWARD = later("Every firing"), later("Repair"), later("Steward")

COMMANDS: dict[str, Entry] = {
    "init": Entry("init", "init", "Make a workshop folder with its keys.", FIRING),
    "studio": Entry("studio", "studio", "Apply to the guild; see how the studio stands; accredit.", FIRING),
    "start": Entry("start", "start", "Choose from three: a new firing, go on with one, look at a piece.", FIRING),
    "firing": Entry("firing", "firing", "Go the whole way with a kiln's pieces, in one folder.", FIRING),
    "piece": Entry("piece", "piece", "Enter pieces by hand or from a spreadsheet.", FIRING),
    "sign": Entry("sign", "sign", "Sign certificates for new pieces; needs no network.", FIRING),
    "submit": Entry("submit", "submit", "Send what is signed, and what it names, to the registry.", FIRING),
    "tag": Entry("tag", "tag", "Print tags.", FIRING),
    "verify": Entry("verify", "verify", "Check a piece by serial, address, bundle or photo.", FIRING),
    "demo": Entry("demo", "demo", "Run the whole way on sample pieces.", FIRING),
    "bundle": Entry("bundle", "bundle", "Save all evidence for a piece in one file.", REPAIR),
    "claim": Entry("claim", "claim", "Take a piece over by its secret code.", REPAIR),
    "revoke": Entry("revoke", "revoke", "Withdraw a certificate, or put it on hold.", REPAIR),
    "reports": Entry("reports", "reports", "Read what people report of pieces, and answer it.", REPAIR),
    "key": Entry("key", "key", "See, protect and restore the workshop's keys.", REPAIR),
    "doctor": Entry("doctor", "doctor", "Find out what is wrong, and what to do.", REPAIR),
    "registry": Entry("registry", "registry", "Back a registry up, and restore it.", REPAIR),
    "completion": Entry("completion", "completion", "Print the script for shell completion.", REPAIR),
    "serve": Entry("serve", "serve", "Run a registry.", STEWARD),
    "ledger": Entry("ledger", "ledger", "Check, audit, deploy and move a ledger; a steward's work.", STEWARD),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(import_module(f"provenance_cli.commands.{entry.module}"), entry.attribute)
        return localised(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in their three groups."""
        for group in (FIRING, REPAIR, STEWARD):
            rows = [(name, _(entry.help)) for name, entry in COMMANDS.items() if entry.group == group]
            with formatter.section(_(group)):
                formatter.write_dl(rows, col_max=14)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, or suggest the nearest one."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = _(" Did you mean {name}?").format(name=near[0]) if near else ""
            raise click.UsageError(_("There is no command {name}.").format(name=args[0]) + hint, ctx)
        return super().resolve_command(ctx, args)


class _Spoken(click.Choice[str]):
    """A language of the command line, by any tag of it: a region or a script changes nothing."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the language; fails for another."""
        return super().convert(i18n.named(str(value)) or value, param, ctx)


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from provenance import __version__

        click.echo(f"kilnmark {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog=None,
    invoke_without_command=False,
)
@click.option("-C", "--workshop", type=click.Path(), help="The workshop folder (default: here, or a folder above).")
@click.option("--json", "as_json", is_flag=True, help="Write results as JSON to standard output.")
@click.option("-y", "--yes", is_flag=True, help="Answer yes to every question.")
@click.option("--lang", type=_Spoken(i18n.LANGUAGES), help="Language of messages.", expose_value=True)
@click.option("--passphrase-file", type=click.Path(), help="Read the passphrase from the first line of a file.")
@click.option("--passphrase-fd", type=click.IntRange(0), help="Read it from the first line of an open descriptor.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.pass_context
def cli(
    ctx: click.Context,
    workshop: str | None,
    as_json: bool,
    yes: bool,
    lang: str | None,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> None:
    """Kilnmark (窑款): a record that cannot be forged for handmade porcelain."""
    from provenance_cli.context import App, one_source

    source = one_source(passphrase_file, passphrase_fd)
    ctx.obj = App(
        json=as_json,
        yes=yes,
        lang=lang or i18n.current(),
        workshop_path=workshop,
        passphrase_source=source if source is not None else os.environ.get("KILNMARK_PASSPHRASE_FILE") or None,
    )


def _language_of(arguments: list[str]) -> str:
    """Find the language before click reads the arguments, since help is written while it does."""
    for place, argument in enumerate(arguments):
        value = argument.partition("=")[2] if argument.startswith("--lang=") else ""
        if argument == "--lang" and place + 1 < len(arguments):
            value = arguments[place + 1]
        if language := i18n.named(value):
            return language
    return i18n.detect(os.environ)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; never raises."""
    i18n.use(_language_of(arguments))
    as_json = "--json" in arguments
    try:
        result = localised(cli).main(args=arguments, prog_name="kilnmark", standalone_mode=False)
        return result if isinstance(result, int) else exits.DONE
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt) as stop:
        return _stopped(stop)
    except click.MissingParameter as error:  # click would glue its sentence together.
        what = error.param.get_error_hint(error.ctx) if error.param else error.param_hint
        click.UsageError(_("{what} is missing.").format(what=what), error.ctx).show()
        return exits.USAGE
    except click.NoSuchOption as error:
        text = _("{option} stands before the command: `kilnmark {option} …`.").format(option=error.option_name)
        general = any(error.option_name in option.opts for option in cli.params)
        (click.UsageError(text, error.ctx) if general else error).show()
        return exits.USAGE
    except click.ClickException as error:
        error.show()
        return exits.USAGE
    except BrokenPipeError:
        sys.stdout = None  # Or the interpreter would complain at exit.
        return exits.DONE
    except Exception as error:
        from provenance_cli.report import report

        return report(error, as_json=as_json)


def _stopped(stop: BaseException) -> int:
    from provenance_cli.columns import to_fit
    from provenance_cli.context import Declined

    if isinstance(stop, Declined):
        text = _("You said no, so this was not done. What was done before stays.")
    else:
        text = _("Interrupted. Nothing is lost; run the same command again.")
        if sys.stderr.isatty():
            click.echo(err=True)  # The cursor stands behind a question, or behind ^C.
    click.echo(to_fit(text), err=True)
    return exits.INTERRUPTED


def main() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")  # Data for other programs lose no character.
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # A console that lacks a character shows a question mark.
    arguments: Any = sys.argv[1:]
    sys.exit(run(list(arguments)))
