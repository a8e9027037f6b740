"""Cards that lie in a piece's box: A7 or as large as a business card, several on an A4 page with cut marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from provenance.errors import ConfigurationError
from provenance.printing.label import COBALT, DIM, INK
from provenance.printing.layouts import Layout
from provenance.printing.pen import POINT, WHITE, Pen

_A4_LYING = (297.0, 210.0)
CARDS = {
    "A7": Layout("A7", _A4_LYING, (105.0, 74.0), 2, 2, 39.5, 26.0, 113.0, 84.0),
    "85x55": Layout("85x55", _A4_LYING, (85.0, 55.0), 3, 3, 14.0, 12.5, 92.0, 65.0),
}
"""Box cards by the name of their size, each with its places on a lying A4 page."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact's name and value, both perhaps in two languages; `second` is empty where one is enough."""

    name: str
    value: str
    second: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What a card says.

    `subtitle` is the title in a second language, `facts` come in the order of their weight, `hint` are lines that tell
    what the code is for, and `secret` what the empty place within a fold is.  `demo` marks it as one that certifies
    nothing.  What is told of the piece may be in another language than the card: title and facts in `piece_language`,
    the second ones in `second_language`, where these are not empty.
    """

    url: str
    serial: str
    title: str
    subtitle: str
    studio: str
    facts: tuple[Fact, ...]
    hint: tuple[str, ...]
    secret: str = ""
    language: str = "zh-Hans"
    demo: bool = False
    piece_language: str = ""
    second_language: str = ""


@dataclass(frozen=True, slots=True)
class CardReport:
    """What was printed; `missing` names the characters that the faces lack."""

    cards: int
    pages: int
    missing: tuple[str, ...]


def print_cards(
    cards: Sequence[Card],
    out: BinaryIO,
    *,
    size: str,
    created: datetime,
    progress: Callable[[int], None] = lambda number: None,
) -> CardReport:
    """Write a PDF of box cards of `size`, one of `CARDS`, to `out`; `created` (aware) goes into its metadata.

    Raises `ConfigurationError` where there is no card, or no room for a code.
    """
    if not cards:
        raise ConfigurationError("no-labels", "There is no tag to print.")
    layout = CARDS[size]
    with Pen(layout.page, "Kilnmark cards", cards[0].language, created) as pen:
        for number, card in enumerate(cards):
            page, position = divmod(number, layout.per_page)
            if page >= pen.pdf.page:
                pen.pdf.add_page()
            place = layout.place(position)
            _draw(pen, card, place, layout.label)
            pen.cut_marks(*place, *layout.label)
            progress(1)
        pages = pen.pdf.page
        pen.write(out)
        return CardReport(len(cards), pages, pen.missing)


def _draw(pen: Pen, card: Card, place: tuple[float, float], size: tuple[float, float]) -> None:
    (x, y), (width, height) = place, size
    large = width > 100
    margin, band = (6.5, 16.0) if large else (4.5, 12.6)
    pen.band(x, y, width, band)
    middle, radius = y + (band - 3.6) / 2, 3.9 if large else 2.9
    pen.seal(x + margin + radius, middle, radius, WHITE)
    room = width - 2 * margin - 2 * radius - 2.5 - (16.0 if card.demo else 0.0)
    points = 11.0 if large else 8.6
    pen.text(card.studio, x + margin + 2 * radius + 2.5, middle + points * 0.12, points, WHITE, serif=True, room=room)
    if card.demo:
        pen.demo(x + width - margin, middle - 2.2)
    sizes = ((17.0, 1), (13.5, 2), (10.5, 2)) if large else ((12.0, 1), (9.8, 2), (8.2, 2))
    first, second = card.piece_language, card.second_language
    lines, points = pen.fitted(card.title, sizes, width - 2 * margin, serif=True, language=first)
    baseline = y + band + (1.6 if large else 0.8)
    for line in lines:
        baseline += points * POINT * 1.22
        pen.text(line, x + margin, baseline, points, INK, serif=True, language=first)
    if card.subtitle:
        points = 9.0 if large else 7.2
        baseline += points * POINT * 1.55
        pen.text(card.subtitle, x + margin, baseline, points, DIM, serif=True, room=width - 2 * margin, language=second)
    corner = width - margin + (2.0 if large else 1.6), height - (2.6 if large else 1.8)
    below = height - (baseline - y) - 3.0
    left = pen.code(card.url, card.serial, x + corner[0], y + corner[1], (width / 2, below), 0.6 if large else 0.5)
    top = baseline + (3.4 if large else 2.2)
    pen.pdf.set_draw_color(*COBALT)
    pen.pdf.set_line_width(0.2)
    pen.pdf.line(x + margin, top, x + margin + 12.0, top)
    foot, points = y + height - (4.6 if large else 3.2), 5.4 if large else 4.8
    for line in reversed(card.hint):
        pen.text(line, x + margin, foot, points, DIM, room=left - x - margin)
        foot -= points * POINT * 1.35
    facts(pen, card, x + margin, top + 1.2, left - x - margin - 1.5, foot - 1.0, 7.4 if large else 6.2)


def facts(pen: Pen, card: Card, x: float, top: float, room: float, bottom: float, points: float) -> None:
    """Draw a card's facts beneath each other, as many as there is room for: name at the left, value at the right of it.

    The second language stands behind the first where both fit on the line, else beneath it.
    """
    column = min(room * 0.36, max((pen.width(fact.name, points - 1.4) for fact in card.facts), default=0.0) + 2.0)
    x_value, room_value = x + column, room - column
    step, y = points * POINT * 1.28, top
    first, second = card.piece_language, card.second_language
    for fact in card.facts:
        values = pen.lines(fact.value, points, room_value, 2, language=first)
        used = pen.width(fact.value, points, language=first) + 2.0
        beside = bool(fact.second) and used + pen.width(fact.second, points - 1.0, language=second) <= room_value
        beneath = "" if beside else fact.second
        height = step * (len(values) + bool(beneath)) + 0.7
        if beneath and y + height > bottom:
            height, beneath = height - step, ""
        if y + height > bottom:
            return
        pen.text(fact.name, x, y + step, points - 1.4, DIM, room=column - 0.8)
        for number, value in enumerate(values):
            pen.text(value, x_value, y + step * (number + 1), points, INK, language=first)
        if beside:
            pen.text(fact.second, x_value + used, y + step, points - 1.0, DIM, language=second)
        at = x_value, y + step * (len(values) + 0.96)
        pen.text(beneath, *at, points - 1.0, DIM, room=room_value, language=second)
        y += height
