"""Photos drawn for tests."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw


def photo_bytes(size: tuple[int, int] = (640, 800), *, kind: str = "JPEG", gps: bool = False, seed: int = 0) -> bytes:
    """Return a drawn vase as an image file, with a place in its metadata where asked."""
    image = Image.new("RGB", size, (214, 221, 224))
    draw = ImageDraw.Draw(image)
    w, h = size
    draw.ellipse((w * 0.25, h * 0.25, w * 0.75, h * 0.8), fill=(246, 249, 251), outline=(29, 63, 156), width=4)
    draw.rectangle((w * 0.42, h * 0.12, w * 0.58, h * 0.3), fill=(246, 249, 251), outline=(29, 63, 156), width=4)
    draw.arc((w * 0.3, h * 0.4, w * 0.7, h * 0.7), seed % 360, seed % 360 + 200, fill=(29, 63, 156), width=6)
    out = io.BytesIO()
    exif = Image.Exif()
    if gps:
        exif[0x0112] = 6  # Turned by 90 degrees.
        exif[0x010F] = "CameraMaker"
        exif.get_ifd(0x8825)[1] = "N"
        exif.get_ifd(0x8825)[2] = (29.0, 17.0, 30.0)
    image.save(out, kind, exif=exif) if kind != "PNG" else image.save(out, kind)
    return out.getvalue()
