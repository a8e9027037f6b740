"""How often tags are read: sizes, printers and levels in simulated pictures, by zxing-cpp and by OpenCV.

`--captures N` scenes a condition, `--conditions NAME ...`, `--sizes MM ...`, `--recommended MM` for the one that aims
are for, `--dpis DPI ...`, `--seed S`, `--host NAME` of the registry, `--jobs N` processes, `--quick` for a minute's
run, `--opencv PYTHON` that has cv2, `--without-opencv`, `--shots CSV` for each scene's outcome, `--again CSV` to report
on those once more, `--json`.  Sizes are those of the whole code with its white margin.  Every code of every size
stands in the same scenes.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing, nullcontext
from dataclasses import astuple, fields
from functools import partial
from itertools import islice
from pathlib import Path

import zxingcpp
from PIL import Image

from benchmarks.captures import HARD, ORDINARY, frames, model
from benchmarks.printed import printed
from benchmarks.scan_codes import ALL, EVERYWHERE, RECOMMENDED, drawn, payload_of
from benchmarks.scan_tables import (
    DPIS,
    FRAMES,
    LARGE,
    SIZES,
    USUAL,
    Shot,
    aims,
    conditions_table,
    cups,
    duels,
    larger,
    scene_of,
    table,
)
from benchmarks.second_reader import SecondReader, second_reader
from benchmarks.table import report

KINDS = (int, int, str, str, int, int, int)
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)


def first_read(pictures: list[Image.Image], read: Callable[[Image.Image], bool]) -> int:
    """Return which picture was read first, from 1; 0 is none."""
    return next((number for number, picture in enumerate(pictures, 1) if read(picture)), 0)


def _zxing(wanted: str, picture: Image.Image) -> bool:
    return any(code.text.lower() == wanted.lower() for code in zxingcpp.read_barcodes(picture, formats=_QR))


def _opencv(second: SecondReader | None, wanted: str, picture: Image.Image) -> bool:
    return second is not None and second.read(picture).lower() == wanted.lower()


def shots(size: int, dpi: int, options: argparse.Namespace) -> list[Shot]:
    """Take all pictures of one size from one printer; scenes are the same for all sizes, printers and codes."""
    second = None if options.without_opencv else second_reader(options.opencv)
    with closing(second) if second else nullcontext():
        return list(_shots(size, dpi, options, second))


def _shots(size: int, dpi: int, options: argparse.Namespace, second: SecondReader | None) -> Iterator[Shot]:
    for number in range(options.captures):
        payload = payload_of(options.host, options.seed, number)
        readers = partial(_zxing, payload), partial(_opencv, second, payload)
        for name in ALL if size == options.recommended else EVERYWHERE:
            dots = drawn(name, payload, size, dpi)
            if dots is None:
                continue
            label = printed(dots, dpi, size)
            for condition in options.conditions:
                scene = frames(label, condition, scene_of(options.seed, condition, number))
                pictures = list(islice(scene, 1))
                if not all(read(pictures[0]) for read in readers[: 1 + (second is not None)]):
                    pictures += islice(scene, FRAMES - 1)
                had = [first_read(pictures, read) for read in readers]
                yield Shot(size, dpi, name, condition, number, had[0], had[1])


def measured(options: argparse.Namespace) -> list[Shot]:
    """Take all pictures that are asked for."""
    taken: list[Shot] = []
    work = [(size, dpi) for size in options.sizes for dpi in options.dpis]
    with ProcessPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(shots, size, dpi, options) for size, dpi in work]
        for done, future in enumerate(as_completed(waiting), 1):
            taken += future.result()
            if sys.stderr.isatty():
                print(f"\r{done} of {len(work)} sizes and printers", end="\n" * (done == len(work)), file=sys.stderr)
    return taken


def kept(path: Path) -> list[Shot]:
    """Return the outcomes that `--shots` wrote."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Shot(*(kind(row[field.name]) for field, kind in zip(fields(Shot), KINDS, strict=True)))
            for row in csv.DictReader(file)
        ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captures", type=int)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="MM")
    parser.add_argument("--recommended", type=int, default=RECOMMENDED, metavar="MM")
    parser.add_argument("--dpis", type=int, nargs="+", default=DPIS, metavar="DPI")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--host", default="registry.example")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--conditions", nargs="+", choices=ORDINARY + HARD, default=ORDINARY + HARD)
    parser.add_argument("--shots", type=Path, metavar="CSV")
    parser.add_argument("--again", type=Path, metavar="CSV")
    parser.add_argument("--opencv", type=Path, metavar="PYTHON")
    for flag in ("--quick", "--without-opencv", "--json"):
        parser.add_argument(flag, action="store_true")
    options = parser.parse_args()
    if options.captures is None:
        options.captures = 3 if options.quick else 24
    if not options.without_opencv:
        first = second_reader(options.opencv)
        options.without_opencv = first is None
        if first is not None:
            first.close()
    readers = ["zxing"] + ["opencv"] * (not options.without_opencv)
    taken = kept(options.again) if options.again else measured(options)
    captures = 1 + max(shot.number for shot in taken)
    if options.shots:
        with options.shots.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(field.name for field in fields(Shot))
            rows.writerows(map(astuple, taken))
    if not options.json:
        print(model(), "\n")
        print(f"Read of 100 scenes, with 1 frame / with the best of {FRAMES} that differ in their noise:\n")
        print(table(taken, options.host, readers), "\n")
        size = options.recommended
        if any(shot.size == size for shot in taken):
            print(f"{size} mm, by condition, all printers:\n\n{conditions_table(taken, readers, size)}\n")
            print(f"{size} mm, hard scenes read only as M : only otherwise, 1 frame, {FRAMES} frames:\n")
            print(f"{duels(taken, readers, size)}\n")
        if {LARGE, USUAL} <= {shot.size for shot in taken}:
            print("Level M, read only with the larger modules : only with the smaller ones:\n")
            print(f"{larger(taken, readers, options.host)}\n")
        if "cylinder" in options.conditions:
            print(f"Round cups, level M:\n\n{cups(taken, readers, options.host, options.seed)}\n")
    return report(
        "scan_rate",
        f"https://{options.host}/P/…, {captures} scenes a condition, seed {options.seed}, {len(taken)} in all",
        aims(taken, readers, options.recommended),
    )


if __name__ == "__main__":
    sys.exit(main())
