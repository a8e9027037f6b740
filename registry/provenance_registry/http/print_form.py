"""What a shop's form says, read from the body of a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from provenance.print_links import code_of, parse_code
from provenance_registry.service.sheets import MAX_SHEET, Paper

if TYPE_CHECKING:
    from provenance.printing.layouts import Layout

MAX_FORM_BYTES = 32_768
"""Bytes of a form: 500 tags chosen are 4,500."""
CHOICES = ("new", "spoiled", "all", "none")
_FIELDS = MAX_SHEET + 20
_NUMBER = re.compile(r"[0-9]{1,4}\Z")
_SHIFT = re.compile(r"-?[0-9]{1,2}(?:[.,][0-9]{1,2})?\Z")
_DPI = {"": None, "203": 203, "300": 300, "600": 600}


class FormError(Exception):
    """A form cannot be carried out; `text` is the name of what the page says then, and `facts` what it names."""

    def __init__(self, text: str, **facts: object) -> None:
        super().__init__(text)
        self.text, self.facts = text, facts


@dataclass(frozen=True, slots=True)
class Asked:
    """A form as it was sent; what it says of paper stays text until it is printed on."""

    code: str
    part: int
    places: tuple[int, ...]
    spoil: tuple[int, ...]
    is_spoiled: bool
    choose: str
    again: bool
    layout: str
    start: str
    right: str
    down: str
    cut_marks: bool
    dpi: str

    @classmethod
    def of(cls, body: bytes) -> Asked:
        """Read a form; what is not of its form is as good as nothing."""
        try:
            pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS)
        except ValueError:  # Too many fields, or no form at all.
            pairs = []
        first = {name: value[:400].strip() for name, value in reversed(pairs)}
        known = parse_code(first.get("code", ""))
        chosen = (value for name, value in pairs if name == "tag")
        spoil, unspoil = _numbers([first.get("spoil", "")]), _numbers([first.get("unspoil", "")])
        turned = "to" in first  # To another part of the list, where nothing was ticked yet.
        part = _numbers([first.get("to", first.get("part", ""))])
        return cls(
            code="" if known is None else code_of(*known),
            part=part[0] if part else 0,
            places=() if turned else _numbers(chosen),
            spoil=spoil or unspoil,
            is_spoiled=bool(spoil),
            choose=first.get("choose", "") if first.get("choose") in CHOICES else "",
            again="again" in first and not turned,
            layout=first.get("layout", "")[:40],
            start=first.get("start", "1")[:4],
            right=first.get("right", "0")[:8],
            down=first.get("down", "0")[:8],
            cut_marks="cut" in first,
            dpi=first.get("dpi", "") if first.get("dpi") in _DPI else "",
        )

    def part_of(self, tags: int) -> int:
        """Return the part of a list of so many tags that is to be shown."""
        return min(self.part, (tags - 1) // MAX_SHEET)


@dataclass(frozen=True, slots=True)
class ChosenPaper:
    """On what is to be printed."""

    layout: Layout
    start: int
    shift: tuple[float, float]
    cut_marks: bool
    dpi: int | None


def paper_of(asked: Asked, papers: Sequence[Paper]) -> ChosenPaper:
    """Return the paper that a form names; raises `FormError`."""
    from provenance.printing.calibration import MAX_SHIFT_MM

    layout = next((paper.layout for paper in papers if asked.layout in paper.names), None)
    if layout is None:
        raise FormError("print_bad_paper")
    if not _NUMBER.match(asked.start) or not 1 <= int(asked.start) <= layout.per_page:
        raise FormError("print_bad_start", sheet=layout.name, last=layout.per_page)
    shift = [_SHIFT.match(text) and float(text.replace(",", ".")) for text in (asked.right or "0", asked.down or "0")]
    right, down = (MAX_SHIFT_MM + 1 if side is None else side for side in shift)
    if max(abs(right), abs(down)) > MAX_SHIFT_MM:
        raise FormError("print_bad_shift", limit=f"{MAX_SHIFT_MM:g}")
    return ChosenPaper(layout, int(asked.start), (right, down), asked.cut_marks, _DPI[asked.dpi])


def _numbers(texts: Iterable[str]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(text) for text in texts if _NUMBER.match(text)))
