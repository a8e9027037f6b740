"""From a cell's text to a whole number of millimetres, grams or degrees.

A unit in the cell counts before that of the heading, and that before the file's.  What could mean two things is a
fault: a measure that is signed wrong by a factor of ten stays wrong.  A measure may stand there twice, in inches and
in brackets in centimetres: both must say the same, and the metric one counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

from provenance.errors import MalformedError
from provenance_cli.i18n import later

LENGTH = {
    "1": ("mm", "毫米", "millimetre", "millimetres", "millimeter", "millimeters"),
    "10": ("cm", "厘米", "公分", "centimetre", "centimetres", "centimeter", "centimeters"),
    "1000": ("m", "米", "metre", "metres", "meter", "meters"),
    "25.4": ("in", "inch", "inches", "英寸", '"', "″"),
}
WEIGHT = {
    "1": ("g", "克", "公克", "gram", "grams"),
    "1000": ("kg", "千克", "公斤", "kilogram", "kilograms"),
    "500": ("斤", "市斤"),
    "28.349523125": ("oz", "ounce", "ounces", "盎司"),
    "453.59237": ("lb", "lbs", "pound", "pounds", "磅"),
}
TEMPERATURE = {"1": ("°c", "c", "度", "摄氏度")}
QUANTITIES: dict[str, Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("height", "width", "depth", "diameter"), LENGTH),
    "weight": WEIGHT,
    "peak": TEMPERATURE,
}
"""Field to its units: factor to the unit stored (mm, g, °C), and the words for the unit."""
DEFAULT_UNITS = {"weight": "g", "peak": "°c"}
"""Units of fields that a file's unit of length does not concern."""

_PLAIN = later("Write a plain number, like 31.5.")
_OTHERS = frozenset(("寸", "尺", "市寸", "ft", "feet", "foot", "yd", "两", "°f", "f", "华氏度", "k"))
"""Words for units that are not taken, so that they are never passed over."""
_NUMBER = re.compile(r"(?P<number>[0-9][0-9.,']*)\s*(?P<unit>[^0-9]*)\Z")
_FRACTION = re.compile(
    r"(?:(?P<whole>[0-9]{1,4})\s+)?(?P<over>[0-9]{1,2})/(?P<under>2|4|8|16|32|64)\s*(?P<unit>[^0-9]*)\Z"
)
_TWICE = re.compile(r"(?P<first>[^()]+)\((?P<second>[^()]+)\)\Z")
_APART = Decimal("0.02")
_CLOSE = 3
"""By how much the same measure may differ from itself in another unit: this share, or so many mm or g."""
_MAX = 10_000_000


def is_unit(word: str) -> bool:
    """Tell whether `word` names a unit, taken or not."""
    return _plain(word) in _TAKEN | _OTHERS


def factor(field: str, unit: str) -> Decimal:
    """Return how many millimetres, grams or degrees one `unit` is; raises `MalformedError` for one of another kind."""
    for times, words in QUANTITIES[field].items():
        if _plain(unit) in map(_plain, words):
            return Decimal(times)
    raise MalformedError(
        "unknown-unit",
        "“{unit}” is no unit for this.",
        field=field,
        hint="Lengths are in mm, cm, m or in; weights in g, kg, oz or lb; temperatures in °C.",
        unit=unit[:20],
    )


def whole(text: str, field: str, unit: str) -> int | None:
    """Return a measure, in `unit` where the text names none; ``None`` for zero, which means not recorded.

    Raises `MalformedError` for what is no measure, or could be two.
    """
    text = _one_of_two(text, field, unit)
    match = _NUMBER.match(text)
    if match is None:
        raise _no_measure(text, field)
    own = match["unit"].strip(" .")
    times = factor(field, own or unit)
    if not own and times == 1 and re.fullmatch(r"0\.[0-9]{3,}", match["number"]):
        raise MalformedError(
            "ambiguous-number",
            "“{text}” would be less than one {unit}: it is likely in another unit.",
            field=field,
            hint="Name the unit: with --unit for the whole file, in the heading, like height (in), or behind the "
            "number.",
            text=text[:40],
            unit=unit[:20],
        )
    number = _number(match["number"], text, field, whole_units=times == 1) * times
    if number > _MAX:
        raise _no_measure(text, field)
    rounded = int(number.to_integral_value(ROUND_HALF_EVEN))
    return None if number == 0 else max(rounded, 1)


def is_rounded(text: str, field: str, unit: str) -> bool:
    """Tell whether `whole` keeps fewer decimals than a metric measure has; one in inches or ounces is converted."""
    text = _one_of_two(text, field, unit)
    match = _NUMBER.match(text)
    if match is None:
        return False
    times = factor(field, match["unit"].strip(" .") or unit)
    number = _number(match["number"], text, field, whole_units=times == 1) * times
    return times == int(times) and number != int(number)


def has_no_unit(text: str) -> bool:
    """Tell whether a measure is a bare number with a fraction, which could be in any unit."""
    return re.fullmatch(r"[0-9]+[.,][0-9]*[1-9][0-9]*|(?:[0-9]+ )?[0-9]+/[0-9]+", spelled(text)) is not None


def spelled(text: str) -> str:
    """Return a measure in small letters and plain digits, with fractions as ``10 1/2``."""
    text = "".join(
        f" {unicodedata.normalize('NFKC', sign)} " if unicodedata.decomposition(sign).startswith("<fraction>") else sign
        for sign in text
    )
    return " ".join(_plain(text).replace("⁄", "/").split())


def _one_of_two(text: str, field: str, unit: str) -> str:
    """Return a measure as one number in decimals: the metric one of two."""
    plain = spelled(text)
    match = _TWICE.match(plain)
    if match is None:
        return _in_decimals(plain)
    both = [_in_decimals(part.strip()) for part in match.group("first", "second")]
    units = [_unit_behind(part) for part in both]
    if not all(units):
        raise _no_measure(text, field)
    one, other = (whole(part, field, unit) or 0 for part in both)
    if abs(one - other) > _CLOSE and abs(one - other) > _APART * max(one, other):
        raise MalformedError(
            "measures-differ",
            "“{text}” says two things: {one} and {other}, in mm or g.",
            field=field,
            hint="Correct one of the two, or leave it out.",
            text=text[:40],
            one=one,
            other=other,
        )
    is_metric = factor(field, units[0]) % 1 == 0 and units[0] not in ("斤", "市斤")
    return both[0] if is_metric else both[1]


def _in_decimals(plain: str) -> str:
    match = _FRACTION.match(plain)
    if match is None or not 0 < int(match["over"]) < int(match["under"]):
        return plain
    number = int(match["whole"] or 0) + Decimal(match["over"]) / Decimal(match["under"])
    return f"{number:f} {match['unit']}".strip()


def _unit_behind(plain: str) -> str:
    match = _NUMBER.match(plain)
    return "" if match is None else match["unit"].strip(" .")


def _number(digits: str, text: str, field: str, *, whole_units: bool) -> Decimal:
    # Nobody measures thousandths of a millimetre: three digits behind a dot are thousands there.
    thousands = r"[1-9][0-9]{0,2}\.[0-9]{3}"
    if re.fullmatch(r"[0-9]{1,3},[0-9]{3}", digits) or (whole_units and re.fullmatch(thousands, digits)):
        raise MalformedError(
            "ambiguous-number",
            "“{text}” could be thousands or a fraction.",
            field=field,
            hint="Write it without the comma or dot. Where the unit is another, name it: with --unit for the whole "
            "file, or behind the number.",
            text=text[:40],
        )
    if re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?", digits):
        digits = digits.replace(",", "")
    if not re.fullmatch(r"[0-9]{1,12}(?:[.,][0-9]{1,12})?", digits):
        raise _no_measure(text, field)
    return Decimal(digits.replace(",", "."))


def _no_measure(text: str, field: str) -> MalformedError:
    if field == "weight":
        return MalformedError("bad-number", "“{text}” is not a weight.", field=field, hint=_PLAIN, text=text[:40])
    if field == "peak":
        return MalformedError("bad-number", "“{text}” is not a temperature.", field=field, hint=_PLAIN, text=text[:40])
    return MalformedError("bad-number", "“{text}” is not a measure.", field=field, hint=_PLAIN, text=text[:40])


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()


_TAKEN = frozenset(
    _plain(word) for units in (LENGTH, WEIGHT, TEMPERATURE) for words in units.values() for word in words
)
