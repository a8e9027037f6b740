"""How often tags are read: sizes, printers and levels in simulated pictures, by zxing-cpp and by OpenCV.

`--captures N` scenes a condition, `--conditions NAME ...`, `--seed S`, `--host NAME` of the registry, `--jobs N`
processes, `--quick` for a minute's run, `--opencv PYTHON` that has cv2, `--without-opencv`, `--shots CSV` for each
scene's outcome, `--json`.  Sizes are those of the whole code with its white margin.  Every code of every size stands in
the same scenes.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing, nullcontext
from dataclasses import astuple, dataclass, fields
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import zxingcpp
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode
from qrcode.util import QRData, optimal_data_chunks

from benchmarks.captures import HARD, ORDINARY, cup, frames, model
from benchmarks.printed import INCH, printed
from benchmarks.second_reader import SecondReader, second_reader
from benchmarks.table import Aim, report
from provenance.printing.codes import MAX_MODULE_MM, MIN_MODULE_MM, QUIET_MODULES, Level, Matrix, matrix
from provenance.serial import ALPHABET, BODY_SYMBOLS, Serial
from provenance.tag import tag_url

SIZES = (15, 17, 20, 25)
DPIS = (203, 300, 600)
RECOMMENDED = 20
FRAMES = 3
LEVELS: tuple[Level, ...] = ("M", "Q")
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)


@dataclass(frozen=True, slots=True)
class Shot:
    """One scene: of which code, and with which frame each reader had it; 0 is never."""

    size: int
    dpi: int
    code: str
    condition: str
    number: int
    zxing: int
    opencv: int


def dots_of(modules: int, size: float, dpi: int) -> int:
    """Return the dots of a module: what fits `size` mm with the white margin, and is no more than we print."""
    return int(min(size / (modules + 2 * QUIET_MODULES), MAX_MODULE_MM) * dpi / INCH + 1e-6)


def at_whole_dots(modules: Matrix, size: float, dpi: int) -> Image.Image | None:
    """Return a code of at most `size` mm as a printer's dots, each module as many; nothing where there is no room."""
    dots = dots_of(len(modules), size, dpi)
    if dots == 0:
        return None
    image = Image.new("L", (len(modules),) * 2)
    image.putdata([0 if dark else 255 for row in modules for dark in row])
    return image.resize((len(modules) * dots,) * 2, Image.Resampling.NEAREST)


def _plain(payload: str) -> QRCode[Any]:
    code: QRCode[Any] = QRCode()
    code.add_data(payload)
    return code


def plain(payload: str, size: float, dpi: int) -> Image.Image:
    """Return what `qrcode` makes where nothing is asked for, scaled to `size` mm by a printer that has two tones."""
    picture: Image.Image = _plain(payload).make_image().get_image().convert("L")
    side = round(size * dpi / INCH)
    return picture.resize((side, side), Image.Resampling.BOX).point([0] * 128 + [255] * 128)


def best_mask(payload: str) -> Matrix:
    """Return our code of `payload`, but with the mask that is best by the standard's rules."""
    code: QRCode[Any] = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    for chunk in optimal_data_chunks(QRData(payload.encode("ascii"), check_data=False).data, minimum=4):
        code.add_data(chunk, optimize=0)
    code.make(fit=True)
    return tuple(tuple(bool(module) for module in row) for row in code.modules)


def capitals(payload: str) -> Matrix:
    """Return the code of `payload` with its host in capitals, at level Q where that takes no more modules than M."""
    scheme, _, rest = payload.partition("://")
    at_m, at_q = (matrix(f"{scheme}://{rest.upper()}", level) for level in LEVELS)
    return at_q if len(at_q) == len(at_m) else at_m


CODES: dict[str, Callable[[str], Matrix]] = {
    "M": lambda payload: matrix(payload, "M"),
    "Q": lambda payload: matrix(payload, "Q"),
    "M, best mask": best_mask,
    "capitals": capitals,
}
"""Ours at two levels, and what could be changed about it."""
PLAIN = "plain"
AS_LARGE = "plain, as large"
"""A plain code as large as ours at level M is in whole dots, while `PLAIN` fills the place."""
ALL = (*CODES, PLAIN, AS_LARGE)
EVERYWHERE = ("M", "Q", PLAIN)
"""Codes of all sizes; the others are of the recommended one only."""


def drawn(name: str, payload: str, size: float, dpi: int) -> Image.Image | None:
    """Return the code of that name as a printer's dots; nothing where a module has not even one."""
    if name == PLAIN:
        return plain(payload, size, dpi)
    if name == AS_LARGE:
        return plain(payload, side_of(payload, size, dpi), dpi)
    return at_whole_dots(CODES[name](payload), size, dpi)


def side_of(payload: str, size: float, dpi: int) -> float:
    """Return the millimetres that our code at level M takes of `size`, its white margin included."""
    count = len(CODES["M"](payload))
    return (count + 2 * QUIET_MODULES) * dots_of(count, size, dpi) * INCH / dpi


def payload_of(host: str, seed: int, number: int) -> str:
    body = "".join(Random(f"{seed} serial {number}").choices(ALPHABET, k=BODY_SYMBOLS))
    return tag_url(f"https://{host}", Serial(body + Serial.check_symbol(body)))


def scene_of(seed: int, condition: str, number: int) -> str:
    """Return the seed of one scene, whatever stands in it."""
    return f"{seed} {condition} {number}"


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
        for name in ALL if size == RECOMMENDED else EVERYWHERE:
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


def rate(taken: list[Shot], reader: str, within: int) -> float:
    """Return the percentage of scenes that `reader` had within so many frames."""
    had = [shot for shot in taken if 1 <= getattr(shot, reader) <= within]
    return 100 * len(had) / max(1, len(taken))


def module_of(host: str, name: str, size: int, dpi: int) -> float:
    """Return the millimetres of a module."""
    payload = payload_of(host, 0, 0)
    if name in (PLAIN, AS_LARGE):
        side = size if name == PLAIN else side_of(payload, size, dpi)
        return side / len(_plain(payload).get_matrix())
    return dots_of(len(CODES[name](payload)), size, dpi) * INCH / dpi


def table(taken: list[Shot], host: str, readers: list[str]) -> str:
    """Return the rates in rows as Markdown: within one frame / within three."""
    heads = [f"{reader} {kind}" for reader in readers for kind in ("ordinary", "hard")]
    lines = [
        "| mm | dpi | code | module | " + " | ".join(heads) + " |",
        "| ---: " * 2 + "| --- " + "| ---: " * (len(heads) + 1) + "|",
    ]
    groups: dict[tuple[int, int, str], list[Shot]] = defaultdict(list)
    for shot in taken:
        groups[shot.size, shot.dpi, shot.code].append(shot)
    for (size, dpi, name), group in sorted(groups.items(), key=lambda item: (*item[0][:2], ALL.index(item[0][2]))):
        module = module_of(host, name, size, dpi)
        small = "" if name in (PLAIN, AS_LARGE) or module >= MIN_MODULE_MM else " refused"
        cells = [
            f"{rate(some, reader, 1):.1f} / {rate(some, reader, FRAMES):.1f}"
            for reader in readers
            for some in ([s for s in group if s.condition in ORDINARY], [s for s in group if s.condition in HARD])
        ]
        lines.append(f"| {size} | {dpi} | {name} | {module:.3f}{small} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def conditions_table(taken: list[Shot], readers: list[str]) -> str:
    """Return the rates at the recommended size by condition, as Markdown."""
    heads = [f"{reader} {name}" for reader in readers for name in ALL]
    lines = ["| condition | " + " | ".join(heads) + " |", "| --- " + "| ---: " * len(heads) + "|"]
    for condition in dict.fromkeys(shot.condition for shot in taken):
        some = [shot for shot in taken if shot.size == RECOMMENDED and shot.condition == condition]
        cells = [
            f"{rate(own, reader, 1):.1f} / {rate(own, reader, FRAMES):.1f}"
            for reader in readers
            for own in ([shot for shot in some if shot.code == name] for name in ALL)
        ]
        lines.append(f"| {condition} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


CUPS = ((36, 45), (45, 60), (60, 80))


def cups(taken: list[Shot], readers: list[str], host: str, seed: int) -> str:
    """Return the rates of our code at level M round cups, by the cup's diameter and the module, as Markdown."""
    groups: dict[float, list[Shot]] = defaultdict(list)
    for shot in taken:
        if shot.condition == "cylinder" and shot.code == "M":
            groups[round(module_of(host, "M", shot.size, shot.dpi), 2)].append(shot)
    heads = [f"{reader} {low} to {high} mm" for reader in readers for low, high in CUPS]
    lines = ["| module | " + " | ".join(heads) + " |", "| ---: " * (len(heads) + 1) + "|"]
    for module, group in sorted(groups.items()):
        round_cups = [(cup(scene_of(seed, "cylinder", shot.number)), shot) for shot in group]
        cells = [
            f"{rate(own, reader, 1):.0f} / {rate(own, reader, FRAMES):.0f} of {len(own)}"
            for reader in readers
            for own in ([shot for wide, shot in round_cups if low <= wide < high] for low, high in CUPS)
        ]
        lines.append(f"| {module:.2f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def aims(taken: list[Shot], readers: list[str], ours: str = "M") -> list[Aim]:
    """Compare the recommended size with what is wanted of it, and with plain codes in the same scenes."""
    size = [shot for shot in taken if shot.size == RECOMMENDED]
    ordinary = [shot for shot in size if shot.code == ours and shot.condition in ORDINARY]
    rows = []
    for reader in readers:
        rows.append(Aim(f"{reader}, ordinary, 1 frame", rate(ordinary, reader, 1), ">=", 99, "%"))
        rows.append(Aim(f"{reader}, ordinary, of {FRAMES} frames", rate(ordinary, reader, FRAMES), ">=", 99, "%"))
        for other in (AS_LARGE, PLAIN):
            for within in (1, FRAMES):
                had, lost = duel([shot for shot in size if shot.condition in HARD], reader, within, (ours, other))
                heading = f"{reader}, hard, {within} frame{'s' * (within > 1)}, only"
                rows.append(Aim(f"{heading} {other}", lost))
                rows.append(Aim(f"{heading} ours", had, ">=", lost + 1))
    return rows


def duel(taken: list[Shot], reader: str, within: int, names: tuple[str, str]) -> tuple[int, int]:
    """Return in how many scenes only the first of two codes was read, and in how many only the second."""
    first, second = (
        {
            (shot.dpi, shot.condition, shot.number)
            for shot in taken
            if shot.code == name and 1 <= getattr(shot, reader) <= within
        }
        for name in names
    )
    return len(first - second), len(second - first)


def duels(taken: list[Shot], readers: list[str]) -> str:
    """Return as Markdown in how many hard scenes only level M was read, and in how many only another code."""
    size = [shot for shot in taken if shot.size == RECOMMENDED and shot.condition in HARD]
    lines = ["| against | " + " | ".join(readers) + " |", "| --- " + "| ---: " * len(readers) + "|"]
    for name in ALL[1:]:
        cells = [
            ", ".join("{} : {}".format(*duel(size, reader, within, ("M", name))) for within in (1, FRAMES))
            for reader in readers
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captures", type=int)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="MM")
    parser.add_argument("--dpis", type=int, nargs="+", default=DPIS, metavar="DPI")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--host", default="registry.example")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--conditions", nargs="+", choices=ORDINARY + HARD, default=ORDINARY + HARD)
    parser.add_argument("--shots", type=Path, metavar="CSV")
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
    taken: list[Shot] = []
    work = [(size, dpi) for size in options.sizes for dpi in options.dpis]
    with ProcessPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(shots, size, dpi, options) for size, dpi in work]
        for done, future in enumerate(as_completed(waiting), 1):
            taken += future.result()
            if sys.stderr.isatty():
                print(f"\r{done} of {len(work)} sizes and printers", end="\n" * (done == len(work)), file=sys.stderr)
    if options.shots:
        with options.shots.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(field.name for field in fields(Shot))
            rows.writerows(map(astuple, taken))
    if not options.json:
        print(model(), "\n")
        print(f"Read of 100 scenes, with 1 frame / with the best of {FRAMES} that differ in their noise:\n")
        print(table(taken, options.host, readers), "\n")
        print(f"{RECOMMENDED} mm, by condition, all printers:\n\n{conditions_table(taken, readers)}\n")
        print(f"{RECOMMENDED} mm, hard scenes read only as M : only otherwise, 1 frame, {FRAMES} frames:\n")
        print(f"{duels(taken, readers)}\n")
        if "cylinder" in options.conditions:
            print(f"Round cups, level M:\n\n{cups(taken, readers, options.host, options.seed)}\n")
    return report(
        "scan_rate",
        f"https://{options.host}/P/…, {options.captures} scenes a condition, seed {options.seed}, {len(taken)} in all",
        aims(taken, readers),
    )


if __name__ == "__main__":
    sys.exit(main())
