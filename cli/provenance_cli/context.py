"""What every command works with: how to speak, how to ask, and where the workshop is."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance.errors import ConfigurationError, KeystoreError
from provenance_cli.columns import shown
from provenance_cli.i18n import _

if TYPE_CHECKING:
    from provenance_cli.workshop import Workshop

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class App:
    """One run of the command line.  Data goes to standard output, conversation to standard error."""

    json: bool = False
    yes: bool = False
    lang: str = "en"
    workshop_path: str | None = None
    passphrase_file: str | None = None

    def clock(self) -> datetime:
        """Return the aware UTC time."""
        return datetime.now(UTC)

    def say(self, text: str = "", **style: Any) -> None:
        """Speak to the person; what could move the cursor or turn the text around is left out."""
        click.secho(shown(text), err=True, **style)

    def data(self, value: Any, text: str | None = None) -> None:
        """Write a result: as JSON where asked, else as `text`."""
        if self.json:
            click.echo(json.dumps(value, ensure_ascii=False))
        elif text is not None:
            click.echo(shown(text))

    def confirm(self, question: str, *, default: bool = True) -> bool:
        """Ask yes or no, in English or Chinese; an empty answer is `default`."""
        if self.yes:
            return True
        self._need_terminal(question)
        choices = "[Y/n]" if default else "[y/N]"
        while True:
            answer = click.prompt(f"{question} {choices}", default="", show_default=False, err=True, prompt_suffix=" ")
            word = answer.strip().lower()
            if word in ("", "y", "yes", "是", "好", "n", "no", "否", "不"):
                return default if not word else word in ("y", "yes", "是", "好")

    def ask(self, question: str, default: str | None = None) -> str:
        """Ask for a text."""
        self._need_terminal(question)
        answer: str = click.prompt(question, default=default, err=True, prompt_suffix=_(": "))
        return answer.strip()

    def passphrase(self, *, new: bool = False, question: str | None = None) -> str:
        """Return the passphrase from the file named, else ask without showing it; twice where it is `new`."""
        if self.passphrase_file:
            try:
                return Path(self.passphrase_file).read_text("utf-8").partition("\n")[0].rstrip("\r")
            except (OSError, UnicodeDecodeError):
                raise KeystoreError(
                    "no-passphrase", "The passphrase file {path} cannot be read.", path=self.passphrase_file
                ) from None
        if not sys.stdin.isatty():
            raise ConfigurationError(
                "no-terminal", "There is nobody to ask for the passphrase.", hint="Give --passphrase-file FILE."
            )
        text: str = click.prompt(
            question or (_("New passphrase") if new else _("Passphrase")),
            hide_input=True,
            confirmation_prompt=_("Once more") if new else False,
            prompt_suffix=_(": "),
            err=True,
        )
        return text

    def _need_terminal(self, question: str) -> None:
        if not sys.stdin.isatty():
            self.say(question)
            raise ConfigurationError(
                "no-terminal", "There is nobody to ask.", hint="Give the answer as an option, or --yes."
            )

    def workshop(self) -> Workshop:
        """Open the workshop folder; raises `ConfigurationError` where there is none."""
        from provenance_cli.workshop import Workshop

        return Workshop.find(Path(self.workshop_path) if self.workshop_path else None)

    @contextmanager
    def progress(self, total: int, label: str) -> Iterator[Advance]:
        """Show a bar while something long goes on, where somebody watches."""
        if self.json or not sys.stderr.isatty() or total < 2:
            yield lambda number: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(label, total=total)
            yield lambda number: bar.advance(task, number)


pass_app = click.make_pass_decorator(App)
