"""Dimensions as museums write them in one cell: ``H. 10 1/2 in. (26.7 cm); Diam. 5 in. (12.7 cm)``.

The cell is taken apart into measures, each still as it is written; which is which is told by a label in the cell, or by
the heading (``H x W x D``), and never by place alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from provenance.errors import MalformedError
from provenance_cli.headings import BRACKET
from provenance_cli.measures import has_no_unit, is_unit, spelled

LABELS: dict[str, tuple[str, ...]] = {
    "height": ("height", "high", "tall", "ht", "h", "hauteur", "haut", "通高", "高度", "高"),
    "width": ("width", "wide", "w", "largeur", "larg", "宽度", "宽"),
    "depth": ("depth", "deep", "profondeur", "prof", "深度", "纵深", "深", "厚"),
    "diameter": ("diameter", "diam", "dia", "diametre", "ø", "⌀", "口径", "直径"),
    "weight": ("weight", "wt", "poids", "重量", "重"),
}
"""Field to the labels that stand before or behind a measure of it."""
OTHERS = ("length", "long", "l", "longueur", "长度", "长", "足径", "底径", "腹径", "腹围", "盖径", "circumference")
"""Labels of measures that a record has no place for."""
MAX_CELL = 1_000
"""Characters of a cell of dimensions."""
_IN_HEADINGS = {"d": "depth"}
"""Letters that tell something beside the others of a heading alone: D is a depth or a diameter."""
_FIELD_OF = {label: field for field, labels in LABELS.items() for label in labels}
_WORDS = sorted((*_FIELD_OF, *OTHERS), key=len, reverse=True)
_PART = re.compile(
    rf"(?:overall\s*:?\s*)?(?P<before>{'|'.join(_WORDS)})?(?(before)[\s.:]*)(?P<value>[0-9].*?)"
    rf"(?:(?<=[\s.)])(?:in\s+)?(?P<after>{'|'.join(_WORDS)})\.?)?\Z"
)
_BETWEEN = re.compile(
    r"[;\n、]|,(?=\s|[^0-9])|\s*[x×*]\s*(?=[0-9])|\s+by\s+|(?<=[0-9a-z)米分])\s*(?=[通高宽深口直足底腹长重])"
)
"""What stands between two measures."""


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The measures of a cell by field, each as it is written, and those that a record has no place for."""

    measures: dict[str, str]
    left_out: tuple[str, ...] = ()


def split(text: str, heading: str) -> Dimensions:
    """Take a cell apart; raises `MalformedError` where a measure is there twice, or which is which is not told."""
    if len(text) > MAX_CELL:
        raise _not_told(text)
    parts, orders = _parts(spelled(text).replace("è", "e")), _order(heading)
    measures, left_out = dict[str, str](), list[str]()
    if not parts:
        raise _not_told(text)
    for place, part in enumerate(parts):
        match = _PART.match(part)
        label = match and (match["before"] or match["after"])
        if match is None or (match["before"] and match["after"]):
            raise _not_told(text)
        if label in OTHERS:
            left_out.append(part)
            continue
        field = _FIELD_OF[label] if label else orders[place] if len(orders) == len(parts) else None
        if field is None or field in measures:
            raise _not_told(text)
        measures[field] = match["value"].strip()
    return Dimensions(measures, tuple(left_out))


def has_lengths_without_unit(text: str, heading: str) -> bool:
    """Tell whether a cell holds a length with a fraction that could be in any unit."""
    try:
        found = split(text, heading).measures
    except MalformedError:  # It is told when the row is read.
        return False
    return any(has_no_unit(measure) for field, measure in found.items() if field != "weight")


def _parts(plain: str) -> list[str]:
    """Return the measures of a cell, each with its unit, and in brackets the same in another."""
    both = re.fullmatch(r"([^()]*[x×][^()]*)\(([^()]*[x×][^()]*)\)", plain)
    if both is not None:  # 10 x 5 in. (25.4 x 12.7 cm)
        first, second = _parts(both[1]), _parts(both[2])
        return [f"{one} ({other})" for one, other in zip(first, second, strict=False)] * (len(first) == len(second))
    parts = [part.strip(" ,.") for part in _BETWEEN.split(plain)]
    return _with_units([part for part in parts if part])


def _with_units(parts: list[str]) -> list[str]:
    """Give the unit behind the last of several measures to those that have none: ``26 x 12 x 5 cm``."""
    last = re.search(r"[0-9]\s*([^0-9\s().]+)\.?\Z", parts[-1]) if parts else None
    if last is None or not is_unit(last[1]):
        return parts
    return [f"{part} {last[1]}" if re.fullmatch(r"[^()]*[0-9]", part) else part for part in parts]


def _order(heading: str) -> list[str]:
    """Return the fields whose letters a heading names in their order, as in ``Dimensions (H x W x D)``."""
    match = BRACKET.search(heading)
    for words in ([match[1]] if match else []) + [heading.rpartition(" ")[2]]:
        letters = [part.strip() for part in re.split(r"[x×*/]", spelled(re.split("[,，]", words)[0]))]
        fields = [_FIELD_OF.get(letter) or _IN_HEADINGS.get(letter, "") for letter in letters]
        if len(fields) > 1 and all(fields) and len(set(fields)) == len(fields):
            return fields
    return []


def _not_told(text: str) -> MalformedError:
    return MalformedError(
        "unclear-dimensions",
        "Of “{text}” it is not told which measure is which.",
        field="dimensions",
        hint="Write like “H 26.7 cm; Diam 12.7 cm”, or name the order in the heading, like “Dimensions (H x W x D)”.",
        text=text[:60],
    )
