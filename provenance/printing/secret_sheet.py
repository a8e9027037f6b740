"""Sheets of secret codes.  What is wrong with one is told by its serial: nothing repeats a secret."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from provenance.claim_key import SecretCode
from provenance.errors import VerificationError
from provenance.printing import codes
from provenance.printing.cards import Card, CardReport
from provenance.printing.fonts import DEFAULT_LANGUAGE
from provenance.printing.hangtags import SecretPlace, print_hangtags
from provenance.printing.label import Label
from provenance.printing.layouts import Layout
from provenance.printing.pen import Pen
from provenance.printing.readback import read_sheet
from provenance.printing.sheet import SheetReport, print_sheet

_SERIAL_MM = 2.4
"""Millimetres beneath a code for its serial."""


@dataclass(frozen=True, slots=True)
class SecretLabel:
    """A label with a secret code: `title`, in `language`, and `lines` stand beside it, the serial beneath."""

    code: SecretCode
    title: str
    lines: tuple[str, ...] = ()
    language: str = DEFAULT_LANGUAGE


def print_secrets(
    labels: Sequence[SecretLabel],
    layout: Layout,
    *,
    created: datetime,
    start: int = 1,
    shift: tuple[float, float] = (0.0, 0.0),
    cut_marks: bool = False,
    progress: Callable[[int], None] = lambda number: None,
) -> tuple[bytes, SheetReport]:
    """Return a PDF of secret codes once every one was read back from its pages.

    Raises as `print_sheet` does, and `VerificationError` where a code does not read back.
    """
    out = io.BytesIO()
    drawn = (
        Label(item.code.reveal(), str(item.code.serial), item.title, item.lines, language=item.language)
        for item in labels
    )
    try:
        report = print_sheet(
            drawn, out, layout, created=created, start=start, shift=shift, cut_marks=cut_marks, progress=progress
        )
    finally:
        _forget()
    pdf = out.getvalue()
    check_secrets(pdf, [label.code for label in labels])
    return pdf, report


def print_folded(
    cards: Sequence[Card],
    secrets: Sequence[SecretCode],
    *,
    created: datetime,
    progress: Callable[[int], None] = lambda number: None,
) -> tuple[bytes, CardReport]:
    """Return a PDF of hang-tags with their secret codes within the fold, once every code was read back.

    Raises as `print_secrets` does.
    """
    out = io.BytesIO()

    def within(pen: Pen, number: int, place: SecretPlace) -> None:
        text, side = secrets[number].reveal(), place.side
        count = len(codes.matrix(text)) + 2 * codes.QUIET_MODULES
        wide = count * min(codes.DEFAULT_MODULE_MM, (side - _SERIAL_MM) / count)
        right, bottom = place.x + (side + wide) / 2, place.y + (side + wide + _SERIAL_MM) / 2
        pen.code(text, cards[number].serial, right, bottom, (side, side))

    try:
        report = print_hangtags(cards, out, created=created, within=within, progress=progress)
    finally:
        _forget()
    pdf = out.getvalue()
    check_secrets(pdf, secrets, [card.url for card in cards])
    return pdf, report


def _forget() -> None:
    """Let no secret stay in memory as long as the program."""
    for remembered in (codes.matrix, codes.widest):
        remembered.cache_clear()


def check_secrets(pdf: bytes, expected: Sequence[SecretCode], public: Sequence[str] = ()) -> None:
    """Return if the codes on `pdf` are `expected` and the `public` ones; raise `VerificationError` otherwise."""
    found, wanted = Counter(read_sheet(pdf)), Counter(code.reveal() for code in expected) + Counter(public)
    if found == wanted:
        return
    missing = [str(code.serial) for code in expected if code.reveal() not in found]
    raise VerificationError(
        "codes-unreadable",
        "The secret codes of {count} pieces cannot be read back: {serials}.",
        hint="Choose a larger label.",
        count=len(missing),
        serials=", ".join(missing[:5]),
    )
