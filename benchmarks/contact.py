"""A sheet of simulated captures to look at, one of each condition: `contact.py FILE`, `--seed S`, `--size MM`."""

from __future__ import annotations

import argparse
from pathlib import Path

import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from benchmarks.captures import HARD, ORDINARY, frames
from benchmarks.printed import printed
from benchmarks.scan_codes import drawn, payload_of
from benchmarks.scan_tables import scene_of

TILE, WORDS, COLUMNS = 230, 22, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=22)
    options = parser.parse_args()
    payload, conditions = payload_of("registry.example", options.seed, 0), ORDINARY + HARD
    dots = drawn("M", payload, options.size, 300)
    if dots is None:
        parser.error("a module has no dot there")
    label = printed(dots, 300, options.size)
    rows = -(-len(conditions) // COLUMNS)
    sheet = Image.new("L", (COLUMNS * TILE, rows * (TILE + WORDS)), 255)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for place, condition in enumerate(conditions):
        picture = next(frames(label, condition, scene_of(options.seed, condition, 0)))
        read = any(code.text == payload for code in zxingcpp.read_barcodes(picture))
        x, y = place % COLUMNS * TILE, place // COLUMNS * (TILE + WORDS)
        draw.text((x + 4, y + 3), f"{condition}: {'read' if read else 'missed'}", fill=0, font=font)
        # As large as it is beside the others: a picture from further away stays smaller.
        picture.thumbnail((TILE - 4, TILE - 4))
        sheet.paste(picture, (x + 2, y + WORDS))
    sheet.save(options.file, quality=70)


if __name__ == "__main__":
    main()
