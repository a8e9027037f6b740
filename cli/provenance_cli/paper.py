"""The paper that tags are printed on: a sheet by its name or from a shop's own file, and how far a printer is off."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance_cli.i18n import _, later

if TYPE_CHECKING:
    from collections.abc import Callable

    from provenance.printing.layouts import Layout

LAYOUT = later("The label sheet or roll by its name.")
SHEETS = later("A file of your own sheets, measured in mm.")
SHIFT = later("How far to move all labels, in mm, right and down, like 0.5,-1.")
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
    from provenance.errors import ConfigurationError, MalformedError
    from provenance.printing.layouts import MAX_LAYOUT_BYTES, layout_named, read_layouts

    if sheets is None:
        return layout_named(name)
    with Path(sheets).open("rb") as file:
        data = file.read(MAX_LAYOUT_BYTES + 1)
    try:
        text = data[:MAX_LAYOUT_BYTES].decode("utf-8") if len(data) <= MAX_LAYOUT_BYTES else ""
    except UnicodeDecodeError as error:
        raise MalformedError("bad-layout-file", "The sheets cannot be read: {reason}.", reason=error) from None
    found = read_layouts(text)
    if name in found:
        return found[name]
    if (
        name == "L7160" and len({id(layout) for layout in found.values()}) == 1
    ):  # Nothing was asked for, and there is one.
        return next(iter(found.values()))
    raise ConfigurationError(
        "unknown-layout",
        "There is no label sheet called {sheet}.",
        hint="Known ones: {known}.",
        sheet=name,
        known=", ".join(found),
    )


def shift_of(text: str) -> tuple[float, float]:
    """Return how far to move labels, in mm; raises `click.BadParameter`."""
    from provenance.printing.calibration import MAX_SHIFT_MM

    match = _SHIFT.fullmatch(text)
    shift = (float(match[1]), float(match[2])) if match else (MAX_SHIFT_MM + 1, 0.0)
    if max(map(abs, shift)) > MAX_SHIFT_MM:
        message = _("Give millimetres to the right and down, like 0.5,-1, {limit:g} at most.")
        raise click.BadParameter(message.format(limit=MAX_SHIFT_MM), param_hint="--shift")
    return shift
