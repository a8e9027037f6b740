"""Label sheets as data: geometry in millimetres, checked when the module is imported."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.errors import ConfigurationError

A4 = (210.0, 297.0)
LETTER = (215.9, 279.4)


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet of labels: page, label, margins to the first label, and pitch from label to label, all in mm."""

    name: str
    page: tuple[float, float]
    label: tuple[float, float]
    columns: int
    rows: int
    left: float
    top: float
    pitch_x: float
    pitch_y: float

    def __post_init__(self) -> None:
        right = self.left + (self.columns - 1) * self.pitch_x + self.label[0]
        bottom = self.top + (self.rows - 1) * self.pitch_y + self.label[1]
        if self.pitch_x < self.label[0] - 0.01 or self.pitch_y < self.label[1] - 0.01:
            raise ConfigurationError("bad-layout", "The labels of {sheet} overlap.", sheet=self.name)
        if right > self.page[0] + 0.01 or bottom > self.page[1] + 0.01 or min(self.left, self.top) < 0:
            raise ConfigurationError("bad-layout", "The labels of {sheet} do not fit on its page.", sheet=self.name)

    @property
    def per_page(self) -> int:
        """Labels on one page."""
        return self.columns * self.rows

    def place(self, position: int) -> tuple[float, float]:
        """Return the upper left corner of the label at `position` (from 0, row by row) of a page."""
        row, column = divmod(position, self.columns)
        return self.left + column * self.pitch_x, self.top + row * self.pitch_y


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("L7160", A4, (63.5, 38.1), 3, 7, 7.25, 15.15, 66.0, 38.1),
        Layout("L7163", A4, (99.1, 38.1), 2, 7, 4.65, 15.15, 101.6, 38.1),
        Layout("L7159", A4, (63.5, 33.9), 3, 8, 7.25, 12.9, 66.0, 33.9),
        Layout("5160", LETTER, (66.675, 25.4), 3, 10, 4.7625, 12.7, 69.85, 25.4),
        Layout("5163", LETTER, (101.6, 50.8), 2, 5, 3.96875, 12.7, 106.3625, 50.8),
    )
}
DEFAULT_LAYOUT = "L7160"


def layout_named(name: str) -> Layout:
    """Return a layout by its name; raises `ConfigurationError`, naming those there are."""
    try:
        return LAYOUTS[name]
    except KeyError:
        raise ConfigurationError(
            "unknown-layout",
            "There is no label sheet called {sheet}.",
            hint="Known ones: {known}.",
            sheet=name,
            known=", ".join(LAYOUTS),
        ) from None
