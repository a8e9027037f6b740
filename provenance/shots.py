"""What a photo of a firing tells of itself: when and by what it was taken, and the slips on it.

Every photo of a firing is looked at, hundreds in a row: quickly, at two sizes.  A slip fills a good part of a photo.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

from PIL import Image

from provenance.corners import Corners, Sight, square
from provenance.media import open_photo, upright

PREVIEW = 360
"""Pixels of the longer side of the picture on a contact sheet."""
_SIZES = (1_600, 800, 2_000)
"""Pixels of the longer side at which codes are looked for, until one is read."""
_LARGEST = _SIZES[-1]
_MAX_TEXT = 512
_MAX_CODES = 8
_MOMENT = re.compile(r"([0-9]{4}):([0-9]{2}):([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})\Z")
_MAKE, _MODEL, _DETAILS, _TAKEN, _FRACTION, _BODY = 0x010F, 0x0110, 0x8769, 0x9003, 0x9291, 0xA431


@dataclass(frozen=True, slots=True)
class Shot:
    """What was seen of a photo.

    `taken` is the camera's own time, ``2026-11-02T10:00:00.250``, without a zone, empty where it is not told; `camera`
    is its make, model and number, as far as they are told; `preview` is a small JPEG.
    """

    taken: str
    camera: str
    sights: tuple[Sight, ...]
    preview: bytes


def look(data: bytes) -> Shot:
    """Look at a photo given by its bytes; raises `MalformedError` where it is none."""
    image = open_photo(data, enough=_LARGEST)
    taken, camera = _told(image)
    shown = upright(image).convert("RGB")
    shown.thumbnail((_LARGEST, _LARGEST), Image.Resampling.BILINEAR)
    sights = _codes(shown.convert("L"))
    shown.thumbnail((PREVIEW, PREVIEW), Image.Resampling.BICUBIC)
    preview = io.BytesIO()
    shown.save(preview, "JPEG", quality=72, optimize=True)
    return Shot(taken, camera, tuple(sights), preview.getvalue())


def _told(image: Image.Image) -> tuple[str, str]:
    """Return when and by what camera a photo was taken; what is no such thing is taken for nothing."""
    try:
        exif = image.getexif()
        details = exif.get_ifd(_DETAILS)
    except Exception:  # As in `upright`.
        return "", ""
    match = _MOMENT.match(str(details.get(_TAKEN, "")).strip("\0 "))
    taken = ""
    if match:
        fraction = re.sub(r"[^0-9]", "", str(details.get(_FRACTION, "")))[:6]
        taken = "{}-{}-{}T{}:{}:{}".format(*match.groups()) + (f".{fraction}" if fraction else "")
    parts = [str(value).strip("\0 ") for value in (exif.get(_MAKE, ""), exif.get(_MODEL, ""), details.get(_BODY, ""))]
    return taken, " ".join("".join(c for c in part if c.isprintable())[:60] for part in parts if part)


def _codes(image: Image.Image) -> list[Sight]:
    """Return the codes that are read, else those that were seen and cannot be."""
    import zxingcpp  # Here, so that what only asks another process to look starts quickly.

    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
    unread = list[Sight]()
    for size in _SIZES:
        shown = image.copy()
        shown.thumbnail((size, size), Image.Resampling.BILINEAR)
        read = list[Sight]()
        for code in zxingcpp.read_barcodes(shown, formats=formats, return_errors=True)[:_MAX_CODES]:
            place = code.position
            points = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
            a, b, c, d = ((float(point.x), float(point.y)) for point in points)
            if code.valid:
                read.append(Sight(code.text[:_MAX_TEXT], _share((a, b, c, d), shown.width)))
            elif square((a, b, c, d)):
                unread.append(Sight("", _share((a, b, c, d), shown.width)))
        if read:
            return read
        if size >= max(image.size):
            break
    return unread[:1]


def _share(corners: Corners, width: int) -> Corners:
    a, b, c, d = ((x / width, y / width) for x, y in corners)
    return a, b, c, d
