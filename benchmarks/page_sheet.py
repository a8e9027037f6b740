"""Every state of a piece's page in every language, on a phone and on a desk, as one picture: `page_sheet.py FILE`."""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import sync_playwright

from provenance.catalogs import LANGUAGES
from tests.support.page_states import STATES, PageStates
from tests.support.registries import RunningRegistry, Studio

SIZES = {"phone": (390, 844), "desk": (1280, 800)}
HEIGHT, WORDS, GAP = 500, 20, 8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--languages", nargs="*", default=list(LANGUAGES), choices=list(LANGUAGES))
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        parser.error("no Chromium")
    rows = list[list[tuple[str, Image.Image]]]()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        registry = RunningRegistry(Path(folder) / "data")
        registry.start()
        try:
            studio = Studio(registry)
            studio.accredit()
            states = PageStates(registry, studio)
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            for name, (width, height) in SIZES.items():
                size: Any = {"width": width, "height": height}
                page = browser.new_context(viewport=size, reduced_motion="reduce").new_page()
                for language in options.languages:
                    row = list[tuple[str, Image.Image]]()
                    for state in STATES:
                        states.show(page, state, language)
                        row.append((f"{state}, {language}, {name}", Image.open(io.BytesIO(page.screenshot()))))
                    rows.append(row)
            browser.close()
        finally:
            registry.stop()
    _sheet(rows).save(options.file, quality=80)
    return 0


def _sheet(rows: list[list[tuple[str, Image.Image]]]) -> Image.Image:
    for row in rows:
        for _, picture in row:
            picture.thumbnail((10_000, HEIGHT))
    widths = [sum(picture.width + GAP for _, picture in row) for row in rows]
    sheet = Image.new("RGB", (max(widths), len(rows) * (HEIGHT + WORDS + GAP)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for place, row in enumerate(rows):
        x, y = 0, place * (HEIGHT + WORDS + GAP)
        for words, picture in row:
            draw.text((x + 2, y + 2), words, fill=0, font=font)
            sheet.paste(picture, (x, y + WORDS))
            x += picture.width + GAP
    return sheet


if __name__ == "__main__":
    sys.exit(main())
