"""The paper that tags are printed on: a sheet by its name or from a shop's own file, and how far a printer is off.

And what is said, and asked of a file's name, whenever something was drawn.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance_cli.i18n import _, later

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from provenance.printing.layouts import Layout
    from provenance_cli.context import App

LAYOUT = later("The label sheet or roll by its name.")
SHEETS = later("A file of your own sheets, measured in mm.")
SHIFT = later("How far to move all labels, in mm, right and down, like 0.5,-1.")
_ENDING = re.compile(r"\.[a-z][a-z0-9]{1,4}")
"""What tells programs what a file holds: not the number in ``firing 2026.11``."""
_SHIFT = re.compile(r"\s*(-?[0-9]{1,2}(?:\.[0-9]{1,2})?)\s*,\s*(-?[0-9]{1,2}(?:\.[0-9]{1,2})?)\s*")


def paper_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say on what it prints."""
    command = click.option("--shift", default="0,0", help=SHIFT)(command)
    command = click.option("--sheets", type=click.Path(exists=True, dir_okay=False), help=SHEETS)(command)
    return click.option("--layout", default="L7160", show_default=True, help=LAYOUT)(command)


def layout_of(name: str, sheets: str | None) -> Layout:
    """Return the layout of that name, of the file `sheets` where one is given.

    Raises `MalformedError` and `ConfigurationError`.
    """
    from provenance.errors import MalformedError
    from provenance.printing.layouts import DEFAULT_LAYOUT, MAX_LAYOUT_BYTES, layout_named, read_layouts

    if sheets is None:
        return layout_named(name)
    with Path(sheets).open("rb") as file:
        data = file.read(MAX_LAYOUT_BYTES + 1)
    try:
        text = data[:MAX_LAYOUT_BYTES].decode("utf-8") if len(data) <= MAX_LAYOUT_BYTES else ""
    except UnicodeDecodeError as error:
        raise MalformedError("bad-layout-file", "The sheets cannot be read: {reason}.", reason=error) from None
    found = read_layouts(text)
    if name == DEFAULT_LAYOUT and len({id(layout) for layout in found.values()}) == 1:
        return next(iter(found.values()))  # Nothing was asked for, and there is one.
    return layout_named(name, found)


def shift_of(text: str) -> tuple[float, float]:
    """Return how far to move labels, in mm; raises `click.BadParameter`."""
    from provenance.printing.calibration import MAX_SHIFT_MM

    match = _SHIFT.fullmatch(text)
    shift = (float(match[1]), float(match[2])) if match else (MAX_SHIFT_MM + 1, 0.0)
    if max(map(abs, shift)) > MAX_SHIFT_MM:
        message = _("Give millimetres to the right and down, like 0.5,-1, {limit:g} at most.")
        raise click.BadParameter(message.format(limit=MAX_SHIFT_MM), param_hint="--shift")
    return shift


def is_folder(path: str | None) -> bool:
    """Tell whether a name is that of a folder: one that is there, or is written like ``out/new/``."""
    return path is not None and (path.endswith(("/", os.sep)) or Path(path).is_dir())


def ending_of(path: str | None) -> str:
    """Return the ending of a file that is to be written, like ``png``; empty for a folder, and where there is none."""
    suffix = "" if path is None or is_folder(path) else Path(path).suffix.lower()
    return suffix[1:] if _ENDING.fullmatch(suffix) else ""


def pdf_path(out: str | None, default: Path) -> Path:
    """Return where a PDF goes; raises `click.BadParameter` for a name that promises something else."""
    if ending_of(out) not in ("", "pdf"):
        raise click.BadParameter(_("It is written as PDF: name a file that ends in .pdf."), param_hint="--out")
    if out and is_folder(out):
        return Path(out) / default.name
    return Path(out) if out else default


def say_missing(app: App, names: Iterable[str]) -> None:
    """Say which characters no typeface has, and what helps."""
    lacking = list(names)
    for name in lacking:
        app.say("  " + _("The typeface lacks {name}.").format(name=name), fg="yellow")
    if lacking:
        hint = _("〓 stands for it on paper: write that word another way, or give the title in another language too.")
        app.say("  " + hint)
