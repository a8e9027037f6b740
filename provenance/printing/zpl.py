"""Labels in ZPL II, the language of Zebra's printers and of those that understand it.

The code is the printer's own (``^BQ``), the words are pictures (``^GFA`` in the short hexadecimal form that all
firmware knows).  Each label says anew what an earlier job may have left behind; darkness, speed and the sensor are the
printer's.
"""

from __future__ import annotations

import re
from itertools import groupby

from provenance.errors import MalformedError
from provenance.printing.dots import MAX_MAGNIFICATION, DotLabel, Graphic, NativeCode

_SINK = 1
"""Dots by which firmware moves ``^BQ`` down: the height of bar codes (``^BY``), which is set to its least value.  On a
printer that does not do so the code stands one dot too high, within its quiet zone."""
_HEAD = "^XA^CI28^PON^PMN^LRN^LH0,0^LS0"
_COUNTS = {letter: count for count, letter in enumerate("GHIJKLMNOPQRSTUVWXY", 1)} | {
    letter: 20 * count for count, letter in enumerate("ghijklmnopqrstuvwxyz", 1)
}
_LETTERS = {count: letter for letter, count in _COUNTS.items()}
_MAX_SIDE = 4_000
"""Dots of a label's side: more than 300 mm at 300 dots an inch."""

_OPENING = re.compile(re.escape(_HEAD) + r"\^PW([1-9][0-9]{0,3})\^LL([1-9][0-9]{0,3})\n")
_PICTURE = re.compile(
    r"\^FO(0|[1-9][0-9]{0,3}),(0|[1-9][0-9]{0,3})"
    r"\^GFA,([1-9][0-9]{0,4}),([1-9][0-9]{0,4}),([1-9][0-9]{0,2}),([0-9A-Fg-zG-Y,!:]{1,200000})\^FS\n"
)
_CODE = re.compile(
    rf"\^BY2,3,{_SINK}\^FO(0|[1-9][0-9]{{0,3}}),(0|[1-9][0-9]{{0,3}})\^BQN,2,([1-9][0-9]?),([MQ]),7"
    r"\^FD([MQ])A,([A-Za-z0-9:/.\-]{1,300})\^FS\n"
)
_CLOSING = re.compile(r"\^PQ1\^XZ\n")
_ROW = re.compile(r"([g-z]*)([G-Y]?)([0-9A-F])|([,!])")


def zpl(label: DotLabel) -> bytes:
    """Return one label."""
    code = label.code
    parts = [f"{_HEAD}^PW{label.width}^LL{label.height}\n"]
    for graphic in label.graphics:
        size = len(graphic.bits)
        parts.append(f"^FO{graphic.x},{graphic.y}^GFA,{size},{size},{graphic.columns // 8},{_packed(graphic)}^FS\n")
    parts.append(
        f"^BY2,3,{_SINK}^FO{code.x},{code.y - _SINK}^BQN,2,{code.dots},{code.level},7"
        f"^FD{code.level}A,{code.payload}^FS\n^PQ1^XZ\n"
    )
    return "".join(parts).encode("ascii")


def read_zpl(data: bytes) -> list[DotLabel]:
    """Return the labels of a file; raises `MalformedError` for anything that `zpl` does not write."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise _bad("text") from None
    labels, at = list[DotLabel](), 0
    while at < len(text) or not labels:
        opening = _take(_OPENING, text, at, "^XA")
        width, height = int(opening[1]), int(opening[2])
        at, graphics = opening.end(), list[Graphic]()
        while text.startswith("^FO", at):
            picture = _take(_PICTURE, text, at, "^GFA")
            graphics.append(_unpacked(picture))
            at = picture.end()
        found = _take(_CODE, text, at, "^BQ")
        if found[4] != found[5] or int(found[3]) > MAX_MAGNIFICATION:
            raise _bad("^BQ")
        level = "M" if found[4] == "M" else "Q"
        code = NativeCode(int(found[1]), int(found[2]) + _SINK, int(found[3]), level, found[6])  # type: ignore[arg-type]
        at = _take(_CLOSING, text, found.end(), "^XZ").end()
        if max(width, height) > _MAX_SIDE:
            raise _bad("^PW")
        labels.append(DotLabel(width, height, code, tuple(graphics)))
    return labels


def _take(pattern: re.Pattern[str], text: str, at: int, field: str) -> re.Match[str]:
    match = pattern.match(text, at)
    if match is None:
        raise _bad(field)
    return match


def _bad(field: str) -> MalformedError:
    return MalformedError("bad-printer-file", "This is no file for a label printer as tags are.", field=field)


def _packed(graphic: Graphic) -> str:
    """Return a picture in hexadecimal with repeats counted: ``,`` ends a row in white, ``:`` repeats the last one."""
    stride, before, rows = graphic.columns // 8, b"", list[str]()
    for start in range(0, len(graphic.bits), stride):
        row = graphic.bits[start : start + stride]
        rows.append(":" if row == before and rows else _packed_row(row.hex().upper()))
        before = row
    return "".join(rows)


def _packed_row(digits: str) -> str:
    kept = digits.rstrip("0")
    out = []
    for digit, group in groupby(kept):
        count = len(list(group))
        while count > 400:
            out.append(f"z{digit}")
            count -= 400
        if count > 1:
            twenties, ones = divmod(count, 20)
            out.append((_LETTERS[20 * twenties] if twenties else "") + (_LETTERS[ones] if ones else ""))
        out.append(digit)
    return "".join(out) + ("," if len(kept) < len(digits) else "")


def _unpacked(picture: re.Match[str]) -> Graphic:
    x, y, sent, total, stride = (int(picture[number]) for number in range(1, 6))
    if sent != total or total % stride:
        raise _bad("^GFA")
    rows, digits, text, at = list[str](), "", picture[6], 0
    while at < len(text):
        if text[at] == ":":
            if digits or not rows:
                raise _bad("^GFA")
            rows.append(rows[-1])
            at += 1
            continue
        match = _ROW.match(text, at)
        if match is None:
            raise _bad("^GFA")
        at = match.end()
        if match[4]:
            digits = digits.ljust(2 * stride, "0" if match[4] == "," else "F")
        else:
            counted = sum(_COUNTS[letter] for letter in match[1] + match[2])
            digits += match[3] * (counted or 1)
        if len(digits) > 2 * stride or len(rows) >= _MAX_SIDE:
            raise _bad("^GFA")
        if len(digits) == 2 * stride:
            rows.append(digits)
            digits = ""
    if digits or len(rows) * stride != total:
        raise _bad("^GFA")
    return Graphic(x, y, stride * 8, len(rows), bytes.fromhex("".join(rows)))
