"""Photos in: checked before they are decoded, freed of what they tell of place and camera, drawn smaller for pages.

A photo's header is read first: an image with too many pixels is refused before memory is spent on it.  What decodes
can still be led astray by a photo that is made for it: `provenance.decoding` does all this in a process of its own.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

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
RENDITION_WIDTHS = (480, 960, 1_600)
"""Pixels of what pages show: a phone's column, the same on its finer screen, a desk's."""
RENDITION_TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}
"""Endings and media types of renditions, the smallest first: a browser takes the first that it knows."""
Image.MAX_IMAGE_PIXELS = None  # Its limit warns first and refuses late; MAX_PIXELS refuses.
_FORMATS = ("JPEG", "PNG", "WEBP")
_SAVED_AS: dict[str, tuple[str, dict[str, int | bool]]] = {
    "avif": ("AVIF", {"quality": 60, "speed": 7}),
    "webp": ("WEBP", {"quality": 80, "method": 4}),
    "jpg": ("JPEG", {"quality": 82, "optimize": True, "progressive": True}),
}


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
        for ending, (form, options) in _SAVED_AS.items():
            drawn[f"{width}.{ending}"] = _saved(smaller, form, **options)
    return drawn


def read_codes(data: bytes) -> list[str]:
    """Return the payloads of the QR codes in a photo; raises `MalformedError` where it is no photo."""
    import zxingcpp

    upright = ImageOps.exif_transpose(open_photo(data)).convert("L")
    for side in (2_400, 1_200, 4_800):
        shown = upright.copy()
        shown.thumbnail((side, side), Image.Resampling.LANCZOS)
        codes = zxingcpp.read_barcodes(shown, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2))
        if codes:
            return [code.text for code in codes]
    return []


def photo_fault(code: str, megapixels: int = 0) -> MalformedError:
    """Return what is wrong with a photo by its code; one that is not known is told as a photo that takes too much."""
    match code:
        case "heic":
            return MalformedError(
                "heic",
                "The photo is in Apple's HEIC format.",
                field="photos",
                hint="On the phone: Settings, Camera, Formats, Most Compatible; or send it as JPEG.",
            )
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
                "not-a-photo", "The file is not a JPEG, PNG or WebP image.", field="photos", hint="Choose another file."
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


def open_photo(data: bytes) -> Image.Image:
    """Return a photo decoded; raises `MalformedError`."""
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftyphevc"):
        raise photo_fault("heic")
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=_FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise photo_fault("too-many-pixels", image.width * image.height // 1_000_000)
        image.load()
        if image.mode.startswith("I"):  # Grey in 16 bits: a plain conversion makes almost all of it white.
            image = image.point(lambda value: value * (1 / 256)).convert("L")
    except UnidentifiedImageError:
        raise photo_fault("not-a-photo") from None
    except (OSError, ValueError, SyntaxError, EOFError):
        raise photo_fault("broken-photo") from None
    return image


def _bare(image: Image.Image) -> Image.Image:
    """Return the picture alone: upright, in the colours that every screen knows, on white where it is transparent."""
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        shown = upright.convert("RGBA")
        bare = Image.new("RGB", shown.size, "white")
        bare.paste(shown, mask=shown.getchannel("A"))
    else:
        bare = Image.new("RGB", upright.size)  # A fresh image carries no metadata along.
        bare.paste(upright.convert("RGB"))
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
