"""Label paper as data: geometry in millimetres, checked when it is read.

`layouts.toml` holds the sheets and rolls that shops have; a shop's own sheet is a file of the same form.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib import resources
from typing import Any

from provenance.errors import ConfigurationError, MalformedError

PAGES = {"A4": (210.0, 297.0), "Letter": (215.9, 279.4)}
"""Pages that have a name, in mm."""
MAX_SIDE = 1_500.0
"""Longest side of a page in mm."""
ROLL_DPI = 203
"""Dots an inch that label printers have where nothing else is said: most of them do."""
MAX_LAYOUT_BYTES = 65_536
DEFAULT_LAYOUT = "L7160"
_SLACK = 0.01
_KEYS = frozenset(("name", "equals", "page", "label", "grid", "first", "pitch"))


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet of labels: page, label, margins to the first label, and pitch from label to label, all in mm."""

    name: str
    page: tuple[float, float]
    label: tuple[float, float]
    columns: int = 1
    rows: int = 1
    left: float = 0.0
    top: float = 0.0
    pitch_x: float = 0.0
    pitch_y: float = 0.0

    def __post_init__(self) -> None:
        right = self.left + (self.columns - 1) * self.pitch_x + self.label[0]
        bottom = self.top + (self.rows - 1) * self.pitch_y + self.label[1]
        narrow = self.columns > 1 and self.pitch_x < self.label[0] - _SLACK
        if narrow or (self.rows > 1 and self.pitch_y < self.label[1] - _SLACK):
            raise ConfigurationError("bad-layout", "The labels of {sheet} overlap.", sheet=self.name)
        if right > self.page[0] + _SLACK or bottom > self.page[1] + _SLACK or min(self.left, self.top) < 0:
            raise ConfigurationError("bad-layout", "The labels of {sheet} do not fit on its page.", sheet=self.name)

    @property
    def per_page(self) -> int:
        """Labels on one page."""
        return self.columns * self.rows

    @property
    def is_roll(self) -> bool:
        """Whether each page has one label, as label printers take it."""
        return self.per_page == 1

    def place(self, position: int) -> tuple[float, float]:
        """Return the upper left corner of the label at `position` (from 0, row by row) of a page."""
        row, column = divmod(position, self.columns)
        return self.left + column * self.pitch_x, self.top + row * self.pitch_y


def read_layouts(text: str) -> dict[str, Layout]:
    """Return the layouts of a file by all their names, in its order.

    Raises `MalformedError`, which names the sheet and the field, and `ConfigurationError` where labels cannot be so.
    """
    try:
        tables = tomllib.loads(text).get("sheet")
    except (ValueError, RecursionError) as error:  # A number of thousands of digits is no error of TOML's.
        raise MalformedError("bad-layout-file", "The sheets cannot be read: {reason}.", reason=error) from None
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise MalformedError("bad-layout-file", "A file of sheets has a table [[sheet]] for each.", field="sheet")
    found = dict[str, Layout]()
    for table in tables:
        layout = _layout(table)
        equals = table.get("equals", [])
        if not isinstance(equals, list) or not all(isinstance(name, str) for name in equals):
            raise _bad(layout.name, "equals")
        for name in (layout.name, *equals):
            if name in found:
                raise _bad(name, "name")
            found[name] = layout
    return found


def _layout(table: Mapping[str, Any]) -> Layout:
    name = table.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= 40 or not name.isprintable():
        raise _bad("?", "name")
    if strange := table.keys() - _KEYS:
        raise _bad(name, min(strange))
    page = table.get("page")
    if not isinstance(page, str) or page not in PAGES:
        sides = _pair(table, "page", name)
    else:
        sides = PAGES[page]
    if not all(0 < side <= MAX_SIDE for side in sides):
        raise _bad(name, "page")
    label = _pair(table, "label", name)
    if min(label) <= 0:
        raise _bad(name, "label")
    grid = _pair(table, "grid", name, (1, 1))
    if any(count != int(count) or not 1 <= count <= 200 for count in grid):
        raise _bad(name, "grid")
    first, pitch = _pair(table, "first", name, (0, 0)), _pair(table, "pitch", name, label)
    return Layout(name, sides, label, int(grid[0]), int(grid[1]), *first, *pitch)


def _pair(
    table: Mapping[str, Any], field: str, name: str, default: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Return two numbers: across and down."""
    value = table.get(field, default)
    if isinstance(value, list | tuple) and len(value) == 2 and {*map(type, value)} <= {int, float}:
        with suppress(OverflowError):
            across, down = map(float, value)
            if math.isfinite(across) and math.isfinite(down):
                return across, down
    raise _bad(name, field)


def _bad(name: str, field: str) -> MalformedError:
    return MalformedError(
        "bad-layout-file",
        "The sheet {sheet} is not well described.",
        field=field,
        hint="Measure page, label, first and pitch in mm, across and down, and count the grid; see layouts in "
        "docs/printing.md.",
        sheet=name,
    )


@lru_cache(maxsize=1)
def known_layouts() -> dict[str, Layout]:
    """Return the sheets and rolls that come along, by all their names."""
    return read_layouts(resources.files("provenance.printing").joinpath("layouts.toml").read_text("utf-8"))


def layout_named(name: str, layouts: Mapping[str, Layout] | None = None) -> Layout:
    """Return a layout by its name, among those that come along where no other `layouts` are given.

    Shops write ``l7163``, ``Avery 5160`` and ``roll 50x30``: neither case nor spaces nor the maker's name count.
    Raises `ConfigurationError`, naming those that are nearest, or all there are.
    """
    layouts = known_layouts() if layouts is None else layouts
    if name in layouts:
        return layouts[name]
    plain = {_plain(known): layout for known, layout in layouts.items()}
    if _plain(name) in plain:
        return plain[_plain(name)]
    nearest = get_close_matches(_plain(name), plain, n=3)
    if nearest:
        near = ", ".join(next(known for known in layouts if _plain(known) == match) for match in nearest)
        raise ConfigurationError(
            "unknown-layout",
            "There is no label sheet called {sheet}.",
            hint="The nearest: {near}.",
            sheet=name,
            near=near,
        )
    raise ConfigurationError(
        "unknown-layout",
        "There is no label sheet called {sheet}.",
        hint="Known ones: {known}.",
        sheet=name,
        known=", ".join(layouts),
    )


def _plain(name: str) -> str:
    """Return a name without what people write in several ways."""
    return re.sub(r"[\s_-]", "", name.casefold()).removeprefix("avery")
