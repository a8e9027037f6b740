"""Photos in: checked before they are decoded, freed of what they tell of place and camera, drawn smaller for pages.

A photo's header is read first: an image with too many pixels is refused before memory is spent on it.  What decodes
can still be led astray by a photo that is made for it: `provenance.decoding` does all this in a process of its own.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from provenance.encoding import Digest
from provenance.errors import MalformedError, StorageError

MAX_PHOTO_BYTES = 64 * 2**20
"""Largest photo file: a 200-megapixel JPEG of a phone."""
MAX_PIXELS = 120_000_000
"""Most pixels that are decoded: 360 MB of memory."""
LONG_SIDE = 8_192
"""Pixels of the longer side after preparing: a phone's 48 megapixels stay whole, so that crackle can be compared."""
MAX_PREPARED_BYTES = 20 * 2**20
"""Most bytes of a prepared photo: what a registry takes unless it is told otherwise."""
JPEG_QUALITIES = (90, 80, 70)
"""The first of these with which a prepared photo is small enough; beyond them, it is made smaller."""
RENDITION_WIDTHS = (480, 640, 960, 1_600)
"""Pixels of what pages show: a phone's first view, the same on a finer screen, a desk's, and a closer look."""
MAX_VIEW_BYTES = 24_000
"""Most bytes of a phone's first view, as long as some quality is small enough: an eighth of a second with slow 4G."""
VIEW_WIDTH = 640
"""Pixels of the widest rendition that is a first view."""
RENDITION_TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}
"""Endings and media types of renditions, the smallest first: a browser takes the first that it knows."""
Image.MAX_IMAGE_PIXELS = None  # Its limit warns first and refuses late; MAX_PIXELS refuses.
_FORMATS = ("JPEG", "PNG", "WEBP")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""What iPhones save, and some others: ISO/IEC 23008-12, annex B."""
_TURN = Image.Transpose
_TURNS = {
    2: _TURN.FLIP_LEFT_RIGHT,
    3: _TURN.ROTATE_180,
    4: _TURN.FLIP_TOP_BOTTOM,
    5: _TURN.TRANSPOSE,
    6: _TURN.ROTATE_270,
    7: _TURN.TRANSVERSE,
    8: _TURN.ROTATE_90,
}
"""What makes a photo stand upright, by its orientation (EXIF 2.3, 4.6.4 A)."""
_SAVED_AS: dict[str, tuple[str, tuple[int, ...], dict[str, int | bool]]] = {
    "avif": ("AVIF", (60, 50, 40, 30), {"speed": 7}),
    "webp": ("WEBP", (80, 65, 50, 35), {"method": 4}),
    "jpg": ("JPEG", (82,), {"optimize": True, "progressive": True}),
}
"""Each ending's format, qualities, and how it is written; qualities beyond the first are for first views only."""


@dataclass(frozen=True, slots=True)
class PreparedPhoto:
    """A photo ready to be named in a certificate: JPEG, upright, in sRGB, without metadata."""

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
    """Prepare a photo given by its bytes, at its full size; raises `MalformedError`."""
    bare = _bare(open_photo(data))
    bare.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    while True:
        for quality in JPEG_QUALITIES:
            prepared = _saved(bare, "JPEG", quality=quality, optimize=True)
            if len(prepared) <= MAX_PREPARED_BYTES:
                return PreparedPhoto(prepared, Digest.of(prepared), bare.width, bare.height)
        bare.thumbnail((bare.width // 2, bare.height // 2), Image.Resampling.LANCZOS)


def render_photo(data: bytes) -> dict[str, bytes]:
    """Return the renditions of a photo by their names, like ``960.avif``; raises `MalformedError`.

    None is wider than the photo, but for the smallest, of which every photo has one.
    """
    bare = _bare(open_photo(data))
    drawn = dict[str, bytes]()
    for width in RENDITION_WIDTHS:
        if width > bare.width and width != RENDITION_WIDTHS[0]:
            break
        smaller = bare.copy()
        smaller.thumbnail((width, width * 4), Image.Resampling.LANCZOS)
        for ending, (form, qualities, options) in _SAVED_AS.items():
            for quality in qualities if width <= VIEW_WIDTH else qualities[:1]:
                data = drawn[f"{width}.{ending}"] = _saved(smaller, form, quality=quality, **options)
                if len(data) <= MAX_VIEW_BYTES:
                    break
    return drawn


def read_codes(data: bytes) -> list[str]:
    """Return the payloads of the QR codes in a photo; raises `MalformedError` where it is no photo."""
    import zxingcpp

    grey = upright(open_photo(data)).convert("L")
    for side in (2_400, 1_200, 4_800):
        shown = grey.copy()
        shown.thumbnail((side, side), Image.Resampling.LANCZOS)
        codes = zxingcpp.read_barcodes(shown, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2))
        if codes:
            return [code.text for code in codes]
    return []


def load_heif() -> None:
    """Load what decodes HEIC; its libraries are for who needs them alone."""
    import pi_heif

    heif: Any = pi_heif
    heif.register_heif_opener()


def upright(image: Image.Image) -> Image.Image:
    """Return a photo as it was held, by its own word; a word that is damaged counts for nothing."""
    try:
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Pillow raises half a dozen kinds of errors for it; the picture is whole.
        return image
    return image if turn is None else image.transpose(turn)


def photo_fault(code: str, megapixels: int = 0) -> MalformedError:
    """Return what is wrong with a photo by its code; one that is not known is told as a photo that takes too much."""
    match code:
        case "too-many-pixels":
            return MalformedError(
                "too-many-pixels",
                "The photo has {size} megapixels, the limit is {limit}.",
                field="photos",
                hint="Make it smaller first.",
                size=megapixels,
                limit=MAX_PIXELS // 1_000_000,
            )
        case "not-a-photo":
            return MalformedError(
                "not-a-photo",
                "The file is not a JPEG, HEIC, PNG or WebP image.",
                field="photos",
                hint="Choose another file.",
            )
        case "broken-photo":
            return MalformedError(
                "broken-photo",
                "The photo is damaged or cut short.",
                field="photos",
                hint="Copy it again from the camera.",
            )
        case _:
            return MalformedError(
                "photo-too-costly",
                "The photo takes more memory or time than a photo may.",
                field="photos",
                hint="Open it in another program, save it as JPEG, and give that.",
            )


def open_photo(data: bytes, *, enough: int | None = None) -> Image.Image:
    """Return a photo decoded; raises `MalformedError`.

    `enough` are the pixels of the longer side that suffice: a JPEG is decoded at half or a quarter of its size then.
    """
    is_heif = data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS
    if is_heif:
        load_heif()
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=("HEIF",) if is_heif else _FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise photo_fault("too-many-pixels", image.width * image.height // 1_000_000)
        if enough is not None:
            image.draft("RGB", (enough, enough))
        image.load()
        if image.mode.startswith("I"):  # Grey in 16 bits: a plain conversion makes almost all of it white.
            image = image.point(lambda value: value * (1 / 256)).convert("L")
    except UnidentifiedImageError:
        raise photo_fault("broken-photo" if is_heif else "not-a-photo") from None
    except (OSError, ValueError, SyntaxError, EOFError):
        raise photo_fault("broken-photo") from None
    return image


def _bare(image: Image.Image) -> Image.Image:
    """Return the picture alone: upright, in the colours that every screen knows, on white where it is transparent."""
    profile = image.info.get("icc_profile")
    held = upright(image)
    if held.has_transparency_data:
        shown = held.convert("RGBA")
        bare = Image.new("RGB", shown.size, "white")
        bare.paste(shown, mask=shown.getchannel("A"))
    else:
        bare = Image.new("RGB", held.size)  # A fresh image carries no metadata along.
        bare.paste(held.convert("RGB"))
    if profile and image.mode in ("RGB", "RGBA"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            # Phones photograph in wider colours: taken as sRGB, a celadon would look greyer than it is.
            ImageCms.profileToProfile(bare, source, ImageCms.createProfile("sRGB"), inPlace=True)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # A profile that cannot be read says nothing.
    return bare


def _saved(image: Image.Image, form: str, **options: int | bool) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()
