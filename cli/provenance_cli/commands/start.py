"""``kilnmark start``: three choices in a terminal, for whoever double-clicks and types no commands."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance_cli.context import App, pass_app, prompt
from provenance_cli.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provenance_cli.workshop import Workshop

LAST = "last-firing.json"
"""The file in the workshop that names the folder of the firing that was worked on last."""
_SHOWN = 6
"""Firings that are listed: the newest; others are named by their folder."""


@click.command(help="Choose from three: a new firing, go on with one, look at a piece.")
@click.option("--launcher", is_flag=True, help="Only write the file to double-click anew, after a move.")
@pass_app
def start(app: App, launcher: bool) -> None:
    """Ask what is to be done until nothing is, and do it; a failure is told, and one can choose again."""
    from provenance.errors import ConfigurationError
    from provenance_cli.launchers import leave_launcher

    workshop = app.workshop()
    if launcher:
        path = leave_launcher(workshop.path, os.environ)
        if path is None:
            raise ConfigurationError(
                "no-launcher",
                "No file to double-click can be written in {folder}.",
                hint="Run `kilnmark start` in a terminal instead.",
                folder=workshop.path.resolve(),
            )
        app.say(_("Double-click {file} to begin.").format(file=path.name))
        app.data({"launcher": str(path.resolve())})
        return
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "no-terminal", "There is nobody to ask.", hint="In a script run `kilnmark firing FOLDER`."
        )
    try:
        while _once(app, workshop):
            pass
    except (click.Abort, KeyboardInterrupt, EOFError):
        app.say()
    app.say(_("Goodbye. Nothing is lost: begin again at any time."))


def _once(app: App, workshop: Workshop) -> bool:
    """Offer the choices, and do what was chosen; tell whether to offer them again."""
    last = _last(workshop)
    app.say()
    app.say(_("Kilnmark · {studio}").format(studio=workshop.issuer.name), bold=True)
    app.say()
    app.say(_("  1  A new firing"))
    app.say(_("  2  Go on with a firing") + (_(" (last: {name})").format(name=last.name) if last else ""))
    app.say(_("  3  Look at a piece"))
    app.say()
    match prompt(_("1, 2 or 3; Enter alone leaves"), "").rstrip(".、。"):
        case "":
            return False
        case "1" | "１" | "一":
            _new(app, workshop)
        case "2" | "２" | "二":
            _go_on(app, workshop, last)
        case "3" | "３" | "三":
            _look(app, workshop)
        case _other:
            app.say(_("Type 1, 2 or 3, and then Enter."))
    return True


def _new(app: App, workshop: Workshop) -> None:
    day = app.clock().astimezone().strftime("%Y-%m-%d")
    free, number = day, 1
    while (workshop.path / free).exists():
        number += 1
        free = f"{day}-{number}"
    folder = _place(workshop, prompt(_("Name of its new folder"), free))
    if _is_firing(folder):
        app.say(_("There is a firing in {folder} already. Choose 2 to go on with it.").format(folder=folder))
        return
    _firing(app, workshop, folder)


def _go_on(app: App, workshop: Workshop, last: Path | None) -> None:
    known = _known(workshop, last)
    for number, folder in enumerate(known, 1):
        app.say(f"  {number}  {folder.name if folder.parent == workshop.path.resolve() else folder}")
    answer = prompt(_("Which? Its number, or the place of its folder"), "1" if known else "")
    if not answer:
        app.say(_("There is no firing yet. Choose 1 to begin one."))
        return
    if answer.isascii() and answer.isdigit() and 1 <= int(answer[:9]) <= len(known):
        folder = known[int(answer) - 1]
    else:
        folder = _place(workshop, answer)
    if not _is_firing(folder):
        text = _("There is no firing in {folder}. Was the folder moved? Choose 2 and type its new place; to begin one, "
                 "choose 1.")  # fmt: skip
        app.say(text.format(folder=folder), fg="yellow")
        return
    _firing(app, workshop, folder)


def _look(app: App, workshop: Workshop) -> None:
    """Show what the workshop knows of a piece; one of another studio is checked at its registry."""
    from provenance.errors import ProvenanceError
    from provenance.serial import Serial

    answer = prompt(_("The serial on its tag or slip"), "")
    if not answer:
        return
    try:
        workshop.store.piece(Serial.parse(answer))
    except ProvenanceError:
        _run(app, workshop, "verify", answer)
    else:
        _run(app, workshop, "piece", "show", answer)


def _firing(app: App, workshop: Workshop, folder: Path) -> None:
    """Go the next step of a firing, and remember it where there is one now."""
    _run(app, workshop, "firing", str(folder))
    if _is_firing(folder):
        _remember(workshop, folder)


def _run(app: App, workshop: Workshop, *arguments: str) -> None:
    """Run a command line of this program; what went wrong it has said itself."""
    from provenance_cli.main import run

    options = ["--lang", app.lang, "-C", str(workshop.path.resolve())]
    if isinstance(app.passphrase_source, str):
        options += ["--passphrase-file", app.passphrase_source]
    app.say()
    run([*options, *arguments])


def _known(workshop: Workshop, last: Path | None) -> list[Path]:
    """Return the firings in the workshop's folder, the newest first, and before them the last one, wherever it is."""
    found = [path for path in workshop.path.resolve().iterdir() if _is_firing(path) and path != last]
    found.sort(key=lambda path: path.name, reverse=True)
    return ([last] if last is not None else []) + found[: _SHOWN - 1]


def _is_firing(folder: Path) -> bool:
    from provenance_cli.firing.record import RECORD

    return os.path.isfile(folder / RECORD)  # noqa: PTH113 - pathlib raises for names that are too long.


def _last(workshop: Workshop) -> Path | None:
    """Return the folder that was worked on last, where it is there still."""
    try:
        name = json.loads((workshop.path / LAST).read_text("utf-8"))["folder"]
        folder = (workshop.path / name).resolve()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return folder if _is_firing(folder) else None


def _remember(workshop: Workshop, folder: Path) -> None:
    """Keep a firing's place: within the workshop from there, so that both can be moved together."""
    from contextlib import suppress

    from provenance_cli.files import write_file

    here = workshop.path.resolve()
    name = folder.relative_to(here) if folder.is_relative_to(here) else folder
    with suppress(OSError):  # A workshop on a read-only stick forgets it.
        write_file(workshop.path / LAST, json.dumps({"folder": name.as_posix()}, ensure_ascii=False).encode() + b"\n")


def _place(workshop: Workshop, answer: str) -> Path:
    """Return the folder that was typed, or dragged into the terminal, which quotes or escapes it."""
    places = [workshop.path.resolve() / _expanded(text) for text in _readings(answer)]
    return next((place for place in places if os.path.exists(place)), places[-1]).resolve()  # noqa: PTH110


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # "~" before what is no user of this computer.
        return Path(text)


def _readings(answer: str) -> Sequence[str]:
    bare = answer
    for quote in ('"', "'"):
        if len(answer) > 2 and answer[0] == answer[-1] == quote:
            bare = answer[1:-1]
    readings = [answer]
    if sys.platform != "win32":
        try:
            words = shlex.split(answer)
        except ValueError:
            words = []
        readings += words if len(words) == 1 else []
    return [*readings, bare]
