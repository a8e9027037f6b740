"""Reading printer files back before they are handed over.

The file is parsed, its pictures are laid on a white label, its code is drawn in the printer's stead by another encoder
than that of the sheets, once as small as it can be and once as large as a printer may make it, and the whole is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import zxingcpp
from PIL import Image, ImageOps

from provenance.errors import VerificationError
from provenance.printing.codes import MIN_MODULE_MM, Level, widest
from provenance.printing.dots import DotLabel, NativeCode, code_room, in_dots
from provenance.printing.raster import INCH
from provenance.printing.tspl import read_tspl
from provenance.printing.zpl import read_zpl

_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)


def check_zpl(data: bytes, expected: Sequence[str], size: tuple[float, float], dpi: int, level: Level) -> None:
    """Return if the labels of a ZPL file are `expected` on labels of `size` (mm); raise `VerificationError` otherwise.

    Raises `MalformedError` where it is not even such a file.
    """
    _check(read_zpl(data), expected, size, dpi, level)


def check_tspl(data: bytes, expected: Sequence[str], size: tuple[float, float], dpi: int, level: Level) -> None:
    """Return if the labels of a TSPL file are `expected` on labels of `size` (mm); raise `VerificationError` otherwise.

    Raises `MalformedError` where it is not even such a file.
    """
    _check(read_tspl(data, dpi), expected, size, dpi, level)


def _check(
    labels: Sequence[DotLabel], expected: Sequence[str], size: tuple[float, float], dpi: int, level: Level
) -> None:
    if len(labels) != len(expected):
        raise VerificationError(
            "printer-file-unreadable",
            "The file for the printer holds {count} tags, not {wanted}.",
            count=len(labels),
            wanted=len(expected),
        )
    for label, url in zip(labels, expected, strict=True):
        fits = (
            (label.width, label.height) == in_dots(size, dpi)
            and label.code.level == level
            and label.code.dots * INCH / dpi >= MIN_MODULE_MM - 1e-6
            and _within(label)
            and all(_read(page) == [url] for page in _drawn(label))
        )
        if not fits:
            raise VerificationError(
                "sheet-unreadable", "The tag {serial} does not read back.", serial=url.rpartition("/")[2]
            )


def draw(label: DotLabel, version: int | None = None) -> Image.Image:
    """Return a label as a printer prints it, its code of `version` or as small as it can be."""
    return _with(pictures(label), label.code, _code(label.code, version))


def _drawn(label: DotLabel) -> Iterator[Image.Image]:
    """Give the label as it may be printed: with the smallest code, and with the largest where that is another."""
    page, smallest = pictures(label), _code(label.code, None)
    yield _with(page.copy(), label.code, smallest)
    largest = widest(label.code.payload, label.code.level)
    if smallest.width != largest * label.code.dots:
        yield _with(page, label.code, _code(label.code, (largest - 17) // 4))


def _code(code: NativeCode, version: int | None) -> Image.Image:
    options = {} if version is None else {"version": version}
    drawn: Any = zxingcpp.create_barcode(
        code.payload, zxingcpp.BarcodeFormat.QRCode, ec_level=code.level, **options
    ).to_image(scale=code.dots, add_quiet_zones=False)
    dots = bytes(memoryview(drawn))
    side = math.isqrt(len(dots))
    return Image.frombytes("L", (side, side), dots)


def _with(page: Image.Image, code: NativeCode, drawn: Image.Image) -> Image.Image:
    page.paste(0, (code.x, code.y), ImageOps.invert(drawn))
    return page


def pictures(label: DotLabel) -> Image.Image:
    """Return a label without its code."""
    page = Image.new("L", (label.width, label.height), 255)
    for graphic in label.graphics:
        page.paste(graphic.image(), (graphic.x, graphic.y))
    return page


def _within(label: DotLabel) -> bool:
    """Tell whether all stands on the label, and nothing in the room of its code."""
    for graphic in label.graphics:
        if graphic.x + graphic.columns > label.width or graphic.y + graphic.rows > label.height:
            return False
    left, top, right, bottom = code_room(label.code)
    if min(label.code.x, label.code.y) < 0 or right > label.width or bottom > label.height:
        return False
    room = pictures(label).crop((max(0, left), max(0, top), right, bottom))
    return room.getextrema() == (255, 255)


def _read(page: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(page, formats=_QR)]
