"""What every command works with: how to speak, how to ask, and where the workshop is."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance.errors import ConfigurationError, KeystoreError, StorageError
from provenance_cli.columns import shown, to_fit
from provenance_cli.i18n import _
from provenance_cli.secret_input import first_line

if TYPE_CHECKING:
    from provenance.keystore import Keystore, Unlocked
    from provenance_cli.workshop import Workshop

Advance = Callable[[int], None]


def prompt(question: str, default: str | None = None) -> str:
    """Ask at the terminal for a text, which is empty where nothing is typed and `default` is an empty text."""
    suffix = _(": ")
    if not default and question.endswith(("?", "？")):  # One mark is enough, and a wide one has its space within.
        suffix = " " if question.endswith("?") else ""
    words = to_fit(question + "__")[:-2]  # The answer stands in the same line.
    answer: str = click.prompt(words, default=default, show_default=bool(default), err=True, prompt_suffix=suffix)
    return answer.strip()


def _hidden(question: str) -> str:
    """Ask for a secret, which is not shown."""
    answer: str = click.prompt(question, hide_input=True, prompt_suffix=_(": "), err=True)
    return answer


class Declined(click.Abort):
    """The person said no: what was asked about is not done."""


def one_source(path: str | None, descriptor: int | None) -> str | int | None:
    """Return from where a secret is to be read; raises `click.UsageError` where two places are named."""
    if path is not None and descriptor is not None:
        raise click.UsageError(_("Name a file or a descriptor, not both."))
    return path if descriptor is None else descriptor


@dataclass(frozen=True, slots=True)
class App:
    """One run of the command line.  Data goes to standard output, conversation to standard error."""

    json: bool = False
    yes: bool = False
    lang: str = "en"
    workshop_path: str | None = None
    passphrase_source: str | int | None = None
    """A file's path or an open descriptor; without one the passphrase is asked for."""
    unlocked: Unlocked | None = None
    """The keystore, where it was opened before: a command that runs others asks once."""
    is_guided: bool = False
    """Whether another command runs this one, and says itself what is next."""

    def clock(self) -> datetime:
        """Return the aware UTC time."""
        return datetime.now(UTC)

    def say(self, text: str = "", **style: Any) -> None:
        """Speak to the person; what could move the cursor or turn the text around is left out."""
        click.secho(to_fit(shown(text)), err=True, **style)

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
            words = to_fit(f"{question} {choices}__")[:-2]  # The answer stands in the same line.
            answer = click.prompt(words, default="", show_default=False, err=True, prompt_suffix=" ")
            word = answer.strip().lower()
            if word in ("", "y", "yes", "是", "好", "n", "no", "否", "不"):
                return default if not word else word in ("y", "yes", "是", "好")

    def require(self, question: str, *, default: bool = False) -> None:
        """Ask yes or no; raises `Declined` for a no."""
        if not self.confirm(question, default=default):
            raise Declined

    def ask(self, question: str, default: str | None = None, *, option: str) -> str:
        """Ask for a text; `option` is what gives it where nobody can be asked."""
        if not sys.stdin.isatty():
            self.say(question)
            raise ConfigurationError(
                "no-terminal", "There is nobody to ask.", hint="Give the answer with {option}.", option=option
            )
        return prompt(question, default)

    def passphrase(self, *, new: bool = False, question: str | None = None) -> str:
        """Return the passphrase from the source named, else ask without showing it; a long one twice if `new`."""
        if self.passphrase_source is not None:
            return first_line(self.passphrase_source)
        if not sys.stdin.isatty():
            raise ConfigurationError(
                "no-terminal",
                "There is nobody to ask for the passphrase.",
                hint="Give --passphrase-file FILE or --passphrase-fd N.",
            )
        return self._new_passphrase() if new else _hidden(question or _("Passphrase"))

    def _new_passphrase(self) -> str:
        """Ask until one is long enough, and then until it is typed twice alike."""
        from provenance.keystore import MIN_PASSPHRASE, check_passphrase
        from provenance_cli.columns import sentences
        from provenance_cli.report import words

        question = _("New passphrase, {limit} characters at least").format(limit=MIN_PASSPHRASE)
        while True:
            text = _hidden(question)
            try:
                check_passphrase(text)
            except KeystoreError as error:
                self.say(sentences(*words(error)), fg="yellow")
                continue
            if _hidden(_("Once more")) == text:
                return text
            self.say(_("The two are not the same. Type a passphrase, and the same once more."), fg="yellow")

    @property
    def can_unlock(self) -> bool:
        """Whether the keystore is open, a passphrase is named, or somebody is there to be asked for it."""
        return self.unlocked is not None or self.passphrase_source is not None or sys.stdin.isatty()

    def unlock(self, keystore: Keystore) -> Unlocked:
        """Ask for the passphrase and open the keystore; one with parameters of old is sealed anew with today's."""
        if self.unlocked is not None:
            return self.unlocked
        passphrase = self.passphrase()
        unlocked = keystore.unlock(passphrase)
        if keystore.is_outdated:
            with suppress(StorageError, KeystoreError):  # A stick that cannot be written still opens.
                keystore.change_passphrase(passphrase, passphrase)
                self.say(_("The keystore is sealed anew, so that a passphrase is harder to guess."))
        return unlocked

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
