"""Photos of printed sheets, drawn: seen from the side, in half shade, a little out of focus, stored as JPEG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from statistics import NormalDist

import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from benchmarks.warp import homography
from provenance.printing.label import Label
from provenance.printing.layouts import layout_named
from provenance.printing.sheet import print_sheet

_DPI = 300


def printed_page(urls: Sequence[str], layout: str = "L7160") -> Image.Image:
    """Return the page on which the tags of `urls` are printed, as paper at 300 dots an inch."""
    labels = [Label(url, url[-13:], "青花缠枝莲纹梅瓶 Meiping", ("林家窑",)) for url in urls]
    drawn = io.BytesIO()
    print_sheet(labels, drawn, layout_named(layout), created=datetime(2026, 1, 1, tzinfo=UTC))
    document = pypdfium2.PdfDocument(drawn.getvalue())
    try:
        page: Image.Image = document[0].render(scale=_DPI / 72).to_pil()
        return page.convert("RGB")
    finally:
        document.close()


def photographed(
    page: Image.Image,
    *,
    size: tuple[int, int] = (3_000, 4_000),
    tilt: float = 0.18,
    blur: float = 1.6,
    noise: float = 4,
    quality: int = 70,
    turn: int = 0,
    seed: int = 0,
) -> bytes:
    """Return a photo of a page on a table: its far edge is shorter by `tilt`, `blur` in pixels, `turn` in degrees."""
    random, (width, height) = Random(seed), size

    def by() -> float:
        return random.uniform(-0.03, 0.03)

    near = 0.06 + tilt / 2
    corners = [
        (width * (near + by()), height * (0.10 + by())),
        (width * (1 - near + by()), height * (0.06 + by())),
        (width * (0.97 + by() / 2), height * (0.95 + by())),
        (width * (0.03 + by() / 2), height * (0.93 + by())),
    ]
    across, down = map(float, page.size)
    way = homography(corners, [(0, 0), (across, 0), (across, down), (0, down)])
    kind = Image.Transform.PERSPECTIVE
    photo = Image.new("RGB", size, (122, 98, 74))
    paper = Image.new("L", page.size, 255).transform(size, kind, way, Image.Resampling.NEAREST)
    photo.paste(page.transform(size, kind, way, Image.Resampling.BICUBIC), (0, 0), paper)
    shadow = Image.new("L", (size[0] // 10, size[1] // 10), 255)
    edge = [(shadow.width * x, shadow.height * y) for x, y in ((0.35, 0), (1, 0), (1, 0.8), (0.7, 1))]
    ImageDraw.Draw(shadow).polygon(edge, fill=105)
    soft = shadow.filter(ImageFilter.GaussianBlur(12)).resize(size)
    photo = ImageChops.multiply(photo, Image.merge("RGB", [soft] * 3)).filter(ImageFilter.GaussianBlur(blur))
    # Pillow's own noise is another one in each run.
    strength = NormalDist(128, noise * 2)
    grain = Image.frombytes("L", size, random.randbytes(width * height))
    grain = grain.point([min(255, max(0, round(strength.inv_cdf((byte + 0.5) / 256)))) for byte in range(256)])
    photo = ImageChops.add(photo, grain.convert("RGB"), 1, -128)
    if turn:
        photo = photo.rotate(turn, expand=True)
    stored = io.BytesIO()
    photo.save(stored, "JPEG", quality=quality)
    return stored.getvalue()
