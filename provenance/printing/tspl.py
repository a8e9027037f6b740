"""Labels in TSPL, the language of TSC's printers and of most small ones that shops in China own.

The code is the printer's own (``QRCODE``), the words are pictures (``BITMAP``), in which set bits stay white.
"""

from __future__ import annotations

import re

from provenance.errors import MalformedError
from provenance.printing.dots import MAX_MAGNIFICATION, DotLabel, Graphic, NativeCode, in_dots

GAP_MM = 2
"""Millimetres between the labels of common rolls.  The sensor finds the true edge; this tells it what to seek."""
_MAX_SIDE = 4_000
"""Dots of a label's side: more than 300 mm at 300 dots an inch."""

_OPENING = re.compile(
    rb"SIZE ([1-9][0-9]{0,2}(?:\.[0-9]{1,2})?) mm,([1-9][0-9]{0,2}(?:\.[0-9]{1,2})?) mm\r\n"
    + rf"GAP {GAP_MM} mm,0 mm\r\n".encode("ascii")
    + rb"DIRECTION 1\r\nREFERENCE 0,0\r\nCLS\r\n"
)
_PICTURE = re.compile(rb"BITMAP (0|[1-9][0-9]{0,3}),(0|[1-9][0-9]{0,3}),([1-9][0-9]{0,2}),([1-9][0-9]{0,3}),0,")
_CODE = re.compile(
    rb"QRCODE (0|[1-9][0-9]{0,3}),(0|[1-9][0-9]{0,3}),([MQ]),([1-9][0-9]?),A,0,M2,S7,"
    rb'"([A-Za-z0-9:/.\-]{1,300})"\r\n'
)
_CLOSING = re.compile(rb"PRINT 1,1\r\n")


def tspl(label: DotLabel, size: tuple[float, float]) -> bytes:
    """Return one label of `size` (mm)."""
    code = label.code
    opening = (
        f"SIZE {_mm(size[0])} mm,{_mm(size[1])} mm\r\nGAP {GAP_MM} mm,0 mm\r\nDIRECTION 1\r\nREFERENCE 0,0\r\nCLS\r\n"
    )
    parts = [opening.encode("ascii")]
    for graphic in label.graphics:
        where = f"BITMAP {graphic.x},{graphic.y},{graphic.columns // 8},{graphic.rows},0,"
        parts += [where.encode("ascii"), bytes(255 - byte for byte in graphic.bits), b"\r\n"]
    # The enhanced model is named: a printer's default is the original one, which phones do not read.
    drawn = f'QRCODE {code.x},{code.y},{code.level},{code.dots},A,0,M2,S7,"{code.payload}"\r\nPRINT 1,1\r\n'
    return b"".join([*parts, drawn.encode("ascii")])


def read_tspl(data: bytes, dpi: int) -> list[DotLabel]:
    """Return the labels of a file for a printer of `dpi`; raises `MalformedError` for what `tspl` does not write."""
    labels, at = list[DotLabel](), 0
    while at < len(data) or not labels:
        opening = _take(_OPENING, data, at, "SIZE")
        width, height = in_dots((float(opening[1]), float(opening[2])), dpi)
        if max(width, height) > _MAX_SIDE:
            raise _bad("SIZE")
        at, graphics = opening.end(), list[Graphic]()
        while data.startswith(b"BITMAP", at):
            picture = _take(_PICTURE, data, at, "BITMAP")
            x, y, stride, rows = (int(picture[number]) for number in range(1, 5))
            at = picture.end() + stride * rows
            bits = data[picture.end() : at]
            if len(bits) != stride * rows or data[at : at + 2] != b"\r\n":
                raise _bad("BITMAP")
            at += 2
            graphics.append(Graphic(x, y, stride * 8, rows, bytes(255 - byte for byte in bits)))
        found = _take(_CODE, data, at, "QRCODE")
        if int(found[4]) > MAX_MAGNIFICATION:
            raise _bad("QRCODE")
        code = NativeCode(
            int(found[1]), int(found[2]), int(found[4]), "M" if found[3] == b"M" else "Q", found[5].decode("ascii")
        )
        at = _take(_CLOSING, data, found.end(), "PRINT").end()
        labels.append(DotLabel(width, height, code, tuple(graphics)))
    return labels


def _mm(length: float) -> str:
    return f"{length:.2f}".rstrip("0").rstrip(".")


def _take(pattern: re.Pattern[bytes], data: bytes, at: int, field: str) -> re.Match[bytes]:
    match = pattern.match(data, at)
    if match is None:
        raise _bad(field)
    return match


def _bad(field: str) -> MalformedError:
    return MalformedError("bad-printer-file", "This is no file for a label printer as tags are.", field=field)
