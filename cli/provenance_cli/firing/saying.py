"""What is said of a firing: how far it is and what is missing in one sentence, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from provenance_cli.facts import day
from provenance_cli.firing.assigning import MIXED, REASONS, UNTIMED, Loose
from provenance_cli.i18n import _, ngettext

if TYPE_CHECKING:
    from pathlib import Path

    from provenance.serial import Serial
    from provenance_cli.firing.record import FiringRecord
    from provenance_cli.firing.stage import Stage

_LISTED = 8
"""Numbers of pieces that one sentence names."""


def name_of(record: FiringRecord, folder: Path) -> str:
    """Return what a firing is called: its day, or where that is not known the folder's name."""
    return day(record.shared.get("fired", "")) or folder.resolve().name


def sentence(stage: Stage) -> str:
    """Say in one sentence how far the firing is and what is missing."""
    total, lost = len(stage.items), len(stage.lost)
    signed = sum(1 for item in stage.items if item.signed is not None)
    told = [ngettext("{n} piece", "{n} pieces", total).format(n=total)]
    if lost:
        told.append(_("{n} lost in the kiln").format(n=lost))
    if signed:
        told.append(_("{n} signed").format(n=signed))
    if stage.ready:
        told.append(_("{n} ready to be signed").format(n=len(stage.ready)))
    for items, words in ((stage.untitled, _("no title: {numbers}")), (stage.unphotographed, _("no photo: {numbers}"))):
        if items:
            told.append(words.format(numbers=numbers_told([item.number for item in items])))
    loose = len(stage.loose)
    if loose:
        told.append(ngettext("{n} photo of no piece", "{n} photos of no piece", loose).format(n=loose))
    if stage.looked.broken:
        broken = len(stage.looked.broken)
        told.append(ngettext("{n} file that is no photo", "{n} files that are no photos", broken).format(n=broken))
    if stage.faults:
        faults = len(stage.faults)
        told.append(ngettext("{n} fault in the spreadsheet", "{n} faults in the spreadsheet", faults).format(n=faults))
    return _("; ").join(told) + _(".")


def fault_place(line: int, column: str | None) -> str:
    """Say where in the spreadsheet a fault is; line 0 is none."""
    if not line:
        return "pieces.xlsx: "
    if not column:
        return _("pieces.xlsx, row {line}: ").format(line=line)
    return _("pieces.xlsx, row {line}, {column}: ").format(line=line, column=column)


def remedies(stage: Stage) -> Iterator[str]:
    """Yield what to do about what is missing, a sentence for each kind."""
    if stage.faults:
        yield _("Mend these rows in pieces.xlsx, save and close it, and run this again.")
    elif stage.untitled or stage.unphotographed:
        yield _("What is missing can follow: fill pieces.xlsx in, add photos to the folder, and run this again.")
    wanted = [] if stage.is_signed else stage.loose  # Of signed pieces no photo counts any more.
    if any(loose.reason in (MIXED, UNTIMED) for loose in wanted):
        yield _("Photos of several cameras are mixed: put those of each into a folder of its own within the firing's.")
    if wanted:
        yield _("Photos of no piece: write their names into the row of their piece, under “Photos”, or photograph "
                "slip and piece once more.")  # fmt: skip
    if stage.looked.broken:
        yield _("Files that are no photos: copy them from the phone once more, or take them out of the folder.")


def doubts(stage: Stage) -> Iterator[str]:
    """Yield what may be wrong, and stops nothing: only the potter can tell."""
    if stage.misplaced:
        numbers = numbers_told([item.number for item in stage.misplaced])
        text = _("The Chinese title of number {numbers} looks English: put it under “英文名 Title (en)”, or it is "
                 "signed as Chinese.")  # fmt: skip
        yield text.format(numbers=numbers)


def why(loose: Loose, numbers: Mapping[Serial, int]) -> str:
    """Say why a photo is of no piece, and of which it may be."""
    words = _(REASONS[loose.reason])
    if loose.shown_by is not None:
        return _("{reason}: {serial}").format(reason=words, serial=loose.shown_by)
    if loose.follows is None:
        return words
    number = numbers[loose.follows]
    if loose.left_out:
        return _(
            "after slip {number}, slip {missing} is missing or cannot be read (of number {number} or {missing}?)"
        ).format(number=number, missing=numbers_told(loose.left_out))
    return _("{reason} (of number {number}?)").format(reason=words, number=number)


def states_told(states: Iterable[str]) -> str:
    """Say how many certificates of the firing are in which state."""
    counts = sorted(Counter(states).items())
    return _(", ").join(_("{state}: {n:,}").format(state=_(state), n=number) for state, number in counts)


def numbers_told(numbers: Sequence[int]) -> str:
    """Return numbers with runs drawn together, as many as one sentence may name."""
    runs = list[tuple[int, int]]()
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    told = [str(first) if first == last else f"{first}–{last}" for first, last in runs[:_LISTED]]
    return _(", ").join(told) + (" …" if len(runs) > _LISTED else "")
