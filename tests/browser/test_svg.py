"""A tag as SVG in a renderer that knows nothing of who drew it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat
from playwright.sync_api import Browser

from provenance.printing.label import Label
from provenance.printing.png import tag_png
from provenance.printing.readback import check_image
from provenance.printing.svg import tag_svg

LABEL = Label(
    "https://registry.kilnmark.org/P/7K3M9QX2VD5T6",
    "7K3M-9QX2-VD5T-6",
    "青花缠枝莲纹梅瓶 Meiping vase",
    ("示例工作室", "Lin Meihua"),
)
DOTS = 8
"""Device dots a CSS pixel: 768 an inch."""


@pytest.mark.parametrize("demo", [False, True])
def test_a_browser_draws_what_a_printer_gets(browser: Browser, tmp_path: Path, demo: bool) -> None:
    label, size = Label(LABEL.url, LABEL.serial, LABEL.title, LABEL.lines, demo), (63.5, 38.1)
    (tmp_path / "tag.svg").write_bytes(tag_svg(label, size=size))
    context = browser.new_context(viewport={"width": 240, "height": 144}, device_scale_factor=DOTS)
    page = context.new_page()
    page.goto((tmp_path / "tag.svg").as_uri())
    drawn = page.screenshot()
    context.close()
    check_image(drawn, label.url)
    with Image.open(io.BytesIO(drawn)) as seen, Image.open(io.BytesIO(tag_png(label, dpi=96 * DOTS))) as printed:
        assert seen.size == printed.size == (240 * DOTS, 144 * DOTS)
        # Hinting and half a dot of rounding vanish in a blur of a quarter of a millimetre; a wrong letter does not.
        blurred = [image.convert("L").filter(ImageFilter.GaussianBlur(8)) for image in (seen, printed)]
    difference = ImageChops.difference(*blurred)
    words = difference.crop((120 * DOTS, 0, 240 * DOTS, 144 * DOTS))
    assert ImageStat.Stat(words).mean[0] < 1.5
    assert max(words.histogram()[90:]) == 0
