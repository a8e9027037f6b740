"""Folded hang-tags: printed on both sides, folded across the middle, with a hole for the string.

A tag is 50 x 90 mm open, 50 x 45 mm folded, its fold at the top.  The first of two pages is the outside: the front
stands on its head above the fold, the back with the code below it.  The second page is the inside, for a sheet that is
turned over like the page of a book: a place for the secret code above the fold, the facts below it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from provenance.errors import ConfigurationError
from provenance.printing.cards import Card, CardReport, facts
from provenance.printing.label import COBALT, DIM, INK
from provenance.printing.layouts import Layout
from provenance.printing.pen import POINT, WHITE, Pen

LAYOUT = Layout("hangtag", (210.0, 297.0), (50.0, 90.0), 3, 3, 24.0, 7.5, 56.0, 96.0)
"""Open tags on an A4 page: the same places from the left as from the right, since the sheet is turned over."""
FOLD = 45.0
"""From a tag's upper edge, in mm."""
HOLE_RADIUS, HOLE_FROM_FOLD = 2.0, 5.5
SECRET_SIDE = 26.0
"""Side of the empty square, in mm: a code of 49 modules of 0.5 mm with its light margin fits in."""
_BAND = 13.0
_WIDTH = LAYOUT.label[0]


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where a secret code goes: the page (from 0), and the upper left corner and side of its square in mm."""

    page: int
    x: float
    y: float
    side: float = SECRET_SIDE


def secret_place(number: int) -> SecretPlace:
    """Return where the secret code of a tag goes, by the tag's number in the print (from 0)."""
    page, position = divmod(number, LAYOUT.per_page)
    x, y = _inside(position)
    return SecretPlace(2 * page + 1, x + (_WIDTH - SECRET_SIDE) / 2, y + 4.5)


def print_hangtags(
    cards: Sequence[Card],
    out: BinaryIO,
    *,
    created: datetime,
    within: Callable[[Pen, int, SecretPlace], None] = lambda pen, number, place: None,
    progress: Callable[[int], None] = lambda number: None,
) -> CardReport:
    """Write a PDF of hang-tags to `out`, an outside and an inside page in turn.

    What goes into the place within a tag's fold is drawn by `within`, with the tag's number (from 0).

    Raises `ConfigurationError` where there is no tag, or no room for a code.
    """
    if not cards:
        raise ConfigurationError("no-labels", "There is no tag to print.")
    with Pen(LAYOUT.page, "Kilnmark hang-tags", cards[0].language, created) as pen:
        for first in range(0, len(cards), LAYOUT.per_page):
            sheet = cards[first : first + LAYOUT.per_page]
            pen.pdf.add_page()
            for position, card in enumerate(sheet):
                x, y = LAYOUT.place(position)
                _front(pen, card, x, y)
                _back(pen, card, x, y)
                pen.cut_marks(x, y, *LAYOUT.label)
                _fold(pen, x, y)
            pen.pdf.add_page()
            for position, card in enumerate(sheet):
                x, y = _inside(position)
                place = secret_place(first + position)
                _within(pen, card, x, y, place)
                within(pen, first + position, place)
                progress(1)
        pages = pen.pdf.page
        pen.write(out)
        return CardReport(len(cards), pages, pen.missing)


def _inside(position: int) -> tuple[float, float]:
    x, y = LAYOUT.place(position)
    return LAYOUT.page[0] - x - _WIDTH, y


def _front(pen: Pen, card: Card, x: float, y: float) -> None:
    """Draw the front on its head: seal, title, studio."""
    middle = x + _WIDTH / 2
    with pen.pdf.rotation(180, middle, y + FOLD):
        top, room = y + FOLD, _WIDTH - 8.0
        pen.band(x, top, _WIDTH, _BAND)
        _hole(pen, middle, top + HOLE_FROM_FOLD)
        pen.seal(middle, top + 19.0, 3.6)
        first, second = card.piece_language, card.second_language
        lines, points = pen.fitted(card.title, ((13.0, 1), (10.0, 2), (8.0, 3)), room, serif=True, language=first)
        baseline = top + (25.6 if len(lines) < 3 else 24.2)
        for line in lines:
            baseline += points * POINT * (1.2 if len(lines) > 1 else 0.9)
            pen.text(line, middle, baseline, points, INK, serif=True, share=0.5, language=first)
        if card.subtitle:
            baseline += 3.6
            pen.text(card.subtitle, middle, baseline, 6.4, DIM, serif=True, room=room, share=0.5, language=second)
        pen.text(card.studio, middle, y + 2 * FOLD - 3.2, 6.6, COBALT, serif=True, room=room, share=0.5)


def _back(pen: Pen, card: Card, x: float, y: float) -> None:
    """Draw the back: the code, with what it is for beside it."""
    top = y + FOLD
    _hole(pen, x + _WIDTH / 2, top + HOLE_FROM_FOLD)
    left = pen.code(card.url, card.serial, x + _WIDTH - 1.0, y + 2 * FOLD - 2.0, (32.0, 34.0))
    room, baseline = left - x - 3.5, top + 17.0
    if card.demo:
        pen.demo(x + 18.0, top + 10.0)
        baseline += 1.0
    for hint in card.hint:
        for line in pen.lines(hint, 5.6, room, 4):
            pen.text(line, x + 3.5, baseline, 5.6, DIM)
            baseline += 2.7
        baseline += 0.7
    pen.seal(x + 6.4, y + 2 * FOLD - 5.6, 2.6)


def _within(pen: Pen, card: Card, x: float, y: float, secret: SecretPlace) -> None:
    """Draw the inside: corners of the empty square, and the facts."""
    pen.pdf.set_draw_color(*DIM)
    pen.pdf.set_line_width(0.12)
    for corner_x, inward_x in ((secret.x, 2.5), (secret.x + secret.side, -2.5)):
        for corner_y, inward_y in ((secret.y, 2.5), (secret.y + secret.side, -2.5)):
            pen.pdf.line(corner_x, corner_y, corner_x + inward_x, corner_y)
            pen.pdf.line(corner_x, corner_y, corner_x, corner_y + inward_y)
    pen.text(card.secret, x + _WIDTH / 2, secret.y + secret.side + 3.2, 5.4, DIM, room=_WIDTH - 8.0, share=0.5)
    top = y + FOLD + 10.0
    if card.demo:
        pen.demo(x + _WIDTH - 3.0, y + FOLD + 3.4)
    facts(pen, card, x + 4.0, top, _WIDTH - 8.0, y + 2 * FOLD - 2.5, 6.4)


def _hole(pen: Pen, x: float, y: float) -> None:
    pdf = pen.pdf
    pdf.set_fill_color(*WHITE)
    pdf.set_draw_color(*DIM)
    pdf.set_line_width(0.12)
    pdf.circle(x, y, HOLE_RADIUS, style="FD")
    pdf.line(x - 0.8, y, x + 0.8, y)
    pdf.line(x, y - 0.8, x, y + 0.8)


def _fold(pen: Pen, x: float, y: float) -> None:
    """Mark the fold beside the tag, never on it."""
    pen.pdf.set_draw_color(*DIM)
    pen.pdf.set_line_width(0.1)
    pen.pdf.set_dash_pattern(dash=0.6, gap=0.4)
    for left in (x - 4.4, x + _WIDTH + 2.2):
        pen.pdf.line(left, y + FOLD, left + 2.2, y + FOLD)
    pen.pdf.set_dash_pattern()
