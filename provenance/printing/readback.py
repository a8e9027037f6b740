"""Reading a sheet back with another reader before it is handed over."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Sequence

import pypdfium2
import zxingcpp
from PIL import Image

from provenance.errors import VerificationError

_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
"""The form that tags have: its smaller kin is found where there is none, among letters and lines."""
_SCALE = 200 / 72
"""200 dpi: four dots a module of 0.5 mm, less than any printer gives."""


def read_sheet(pdf: bytes, progress: Callable[[int], None] = lambda number: None) -> list[str]:
    """Return the payloads of all codes on the pages of `pdf`."""
    payloads: list[str] = []
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            image = page.render(scale=_SCALE, grayscale=True).to_pil()
            codes = zxingcpp.read_barcodes(image, formats=_QR)
            payloads += [code.text for code in codes]
            progress(1)
    finally:
        document.close()
    return payloads


def check_sheet(pdf: bytes, expected: Sequence[str]) -> None:
    """Return if the codes on `pdf` are exactly `expected`; raise `VerificationError` naming the others."""
    found, wanted = Counter(read_sheet(pdf)), Counter(expected)
    if found != wanted:
        missing = [payload.rpartition("/")[2] for payload in (wanted - found)]
        extra = [payload[-40:] for payload in (found - wanted)]
        if missing:
            raise VerificationError(
                "sheet-unreadable",
                "{count} codes of the sheet cannot be read back: {codes}.",
                count=len(missing),
                codes=", ".join(missing[:5]),
            )
        raise VerificationError(
            "sheet-unreadable",
            "The sheet holds {count} codes that are not its own: {codes}.",
            count=len(extra),
            codes=", ".join(extra[:5]),
        )


def check_page(pdf: bytes, expected: str) -> None:
    """Return if a code on `pdf` is `expected`, whatever its photos show; raise `VerificationError` otherwise."""
    if expected not in read_sheet(pdf):
        raise VerificationError(
            "sheet-unreadable", "The code of {serial} does not read back.", serial=expected.rpartition("/")[2]
        )


def check_image(png: bytes, expected: str) -> None:
    """Return if the one code on an image is `expected`; raise `VerificationError` otherwise."""
    with Image.open(io.BytesIO(png)) as image:
        codes = zxingcpp.read_barcodes(image.convert("L"), formats=_QR)
    if [code.text for code in codes] != [expected]:
        raise VerificationError(
            "sheet-unreadable", "The tag {serial} does not read back.", serial=expected.rpartition("/")[2]
        )
