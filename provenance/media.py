"""Photos in: checked before they are decoded, freed of what they tell of place and camera, made small enough to send.

A photo's header is read first: an image with too many pixels is refused before memory is spent on it.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from provenance.encoding import Digest
from provenance.errors import MalformedError, StorageError

MAX_PHOTO_BYTES = 64 * 2**20
"""Largest photo file: a 200-megapixel JPEG of a phone."""
MAX_PIXELS = 120_000_000
"""Most pixels that are decoded: 360 MB of memory."""
LONG_SIDE = 3_000
"""Pixels of the longer side after preparing: enough to compare a brush stroke."""
JPEG_QUALITY = 88
_FORMATS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True, slots=True)
class PreparedPhoto:
    """A photo ready to be named in a certificate: JPEG, upright, without metadata."""

    data: bytes
    digest: Digest
    width: int
    height: int
    media_type: str = "image/jpeg"


def read_photo(path: Path) -> bytes:
    """Return the bytes of the photo at `path`; raises `MalformedError` or `StorageError`."""
    try:
        if path.stat().st_size > MAX_PHOTO_BYTES:
            raise MalformedError(
                "photo-too-large", "The photo is larger than {limit} MB.", limit=MAX_PHOTO_BYTES // 2**20
            )
        return path.read_bytes()
    except (FileNotFoundError, ValueError):
        raise MalformedError("no-photo", "There is no such photo.", field="photos") from None
    except OSError as error:
        raise StorageError("unreadable", "{path} cannot be read: {reason}.", path=path, reason=error) from None


def prepare_photo(data: bytes) -> PreparedPhoto:
    """Prepare a photo given by its bytes; raises `MalformedError`."""
    image = _open(data)
    upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    bare = Image.new("RGB", upright.size)  # A fresh image carries no metadata along.
    bare.paste(upright)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=JPEG_QUALITY, optimize=True)
    prepared = out.getvalue()
    return PreparedPhoto(prepared, Digest.of(prepared), bare.width, bare.height)


def read_tags(data: bytes) -> list[str]:
    """Return the payloads of the QR codes in a photo; raises `MalformedError` where it is no photo."""
    import zxingcpp

    image = _open(data)
    upright = ImageOps.exif_transpose(image).convert("L")
    for side in (2_400, 1_200, 4_800):
        shown = upright.copy()
        shown.thumbnail((side, side), Image.Resampling.LANCZOS)
        codes = zxingcpp.read_barcodes(shown, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
        if codes:
            return [code.text for code in codes]
    return []


def _open(data: bytes) -> Image.Image:
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftyphevc"):
        raise MalformedError(
            "heic",
            "The photo is in Apple's HEIC format.",
            field="photos",
            hint="On the phone: Settings, Camera, Formats, Most Compatible; or send it as JPEG.",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own limit warns; ours below refuses.
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
            if image.width * image.height > MAX_PIXELS:
                raise MalformedError(
                    "too-many-pixels",
                    "The photo has {size} megapixels, the limit is {limit}.",
                    field="photos",
                    hint="Make it smaller first.",
                    size=image.width * image.height // 1_000_000,
                    limit=MAX_PIXELS // 1_000_000,
                )
            image.load()
    except UnidentifiedImageError:
        raise MalformedError(
            "not-a-photo", "The file is not a JPEG, PNG or WebP image.", field="photos", hint="Choose another file."
        ) from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, MemoryError, EOFError):
        raise MalformedError(
            "broken-photo", "The photo is damaged or cut short.", field="photos", hint="Copy it again from the camera."
        ) from None
    return image
