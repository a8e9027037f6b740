"""A kiln of pieces from the first run to the tags: seconds of each run, peak memory, and where every photo went.

Photos are drawn at the size of a phone's, two thirds as JPEG and a third as HEIC, by two phones whose clocks are ten
minutes apart, under shuffled names.  Some pieces are lost, and one slip cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl.reader import excel

from benchmarks.table import Aim, report
from provenance.encoding import Digest
from provenance.printing.readback import read_sheet
from provenance.serial import Serial
from provenance_cli.files import write_file
from provenance_cli.firing.record import FiringRecord
from provenance_cli.firing.workbook import BOOK, LOST, PHOTOS
from provenance_cli.store import Store
from tests.support.kiln import Phone, Shoot
from tests.support.registries import ROOT, RunningRegistry

_RUN = """
import sys
import provenance.tag
provenance.tag.is_public_host = lambda base_url: True
from provenance_cli import main
sys.exit(main.run(sys.argv[1:]))
"""
TITLE = "名称 Title (zh)"


class Potter:
    """Runs the command line as a process of its own, and knows how long each run took and the processor was busy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seconds, self.busy = list[float](), list[float]()

    def run(self, *arguments: object) -> dict[str, Any]:
        """Return what the command line writes as JSON."""
        paths = os.pathsep.join(map(str, (ROOT, ROOT / "cli", ROOT / "registry")))
        options = [
            "--json",
            "-y",
            "--lang",
            "en",
            "--passphrase-file",
            self._folder / "passphrase",
            "-C",
            self._folder / "shop",
        ]
        began, before = time.monotonic(), _busy()
        done = subprocess.run(
            [sys.executable, "-c", _RUN, *map(str, (*options, *arguments))],
            env={**os.environ, "PYTHONPATH": paths}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        self.seconds.append(time.monotonic() - began)
        self.busy.append(_busy() - before)
        if done.returncode not in (0, 3):
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {}


def _busy() -> float:
    """Return the seconds of processor time of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def shoot(folder: Path, record: FiringRecord, lost: set[int], unread: int, rng: random.Random, width: int) -> Shoot:
    """Photograph all pieces that were not lost, with two phones."""
    taken = Shoot(folder / "photos", rng, (width, width * 3 // 4))
    pieces = [serial for serial, number in record.numbers.items() if number not in lost]
    half = 2 * len(pieces) // 3
    hidden = [record.serials[unread - 1]]
    for phone, own in (
        (Phone("Phone A", datetime(2026, 11, 2, 10, 0)), pieces[:half]),  # noqa: DTZ001
        (Phone("Phone B", datetime(2026, 11, 2, 9, 50), "HEIF", "DSC"), pieces[half:]),  # noqa: DTZ001
    ):
        taken.all_of(phone, own, (0, 1, 2), hidden)
    names = list(taken.truth)
    for ending in (".jpg", ".HEIC"):
        own_names = [name for name in names if name.endswith(ending)]
        for old, new in zip(own_names, rng.sample(range(len(own_names)), len(own_names)), strict=True):
            (taken.folder / old).rename(taken.folder / f"P{new:05}{ending}")
            taken.truth[f"P{new:05}{ending}"] = taken.truth.pop(old)
    return taken


def traces(folder: Path) -> str:
    """Return one digest of all photos, with their times of change."""
    told = io.StringIO()
    for path in sorted((folder / "photos").iterdir()):
        told.write(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime_ns}\n")
    return hashlib.sha256(told.getvalue().encode()).hexdigest()


def fill_in(folder: Path, record: FiringRecord, lost: set[int], named: dict[int, str]) -> None:
    """Fill in the spreadsheet as a potter does."""
    opened: Any = excel.load_workbook
    book = opened(folder / BOOK)
    sheet = book.active
    places = {cell.value: cell.column for cell in sheet[1]}
    for number in record.numbers.values():
        sheet.cell(number + 2, places[TITLE]).value = f"青花缠枝莲纹碗 之{number}"
        sheet.cell(number + 2, places["高 Height (mm)"]).value = 40 + number % 90
        if number in lost:
            sheet.cell(number + 2, places[LOST]).value = "是 yes"
        if number in named:
            sheet.cell(number + 2, places[PHOTOS]).value = named[number]
    book.save(folder / BOOK)


def main() -> int:
    """Measure, print and judge."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--pieces", type=int, default=200)
    reading.add_argument("--lost", type=int, default=6)
    reading.add_argument("--width", type=int, default=4_032, help="pixels of a photo's longer side")
    reading.add_argument("--seed", type=int, default=1)
    reading.add_argument("--json", action="store_true")
    chosen = reading.parse_args()
    rng = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory(prefix="kilnmark-firing-") as name:
        top = Path(name)
        registry = RunningRegistry(top / "registry")
        registry.start()
        try:
            return measure(top, registry, chosen, rng)
        finally:
            registry.stop()


def measure(top: Path, registry: RunningRegistry, chosen: argparse.Namespace, rng: random.Random) -> int:
    """Go the whole way in two runs after the first."""
    potter, folder = Potter(top), top / "shop" / "firing"
    write_file(top / "passphrase", b"four words of mine\n")
    write_file(top / "steward.key", bytes(registry.steward._account.key).hex().encode())
    write_file(top / "policy.json", registry.policy.to_bytes())
    potter.run("init", top / "shop", "--registry", registry.base_url, "--name", "Sample Studio", "--slug", "kiln")
    potter.run("studio", "apply")
    steward = ("--key-file", top / "steward.key", "--policy", top / "policy.json")
    potter.run("studio", "accredit", top / "shop" / "application.json", *steward)
    potter.run("ledger", "pin", registry.base_url)
    potter.seconds.clear()
    potter.busy.clear()
    potter.run("firing", folder, "--pieces", chosen.pieces, "--kiln", "龙窑", "--fired", "2026-11-02")
    record = FiringRecord.read(folder)
    if record is None:
        raise RuntimeError("nothing was begun")
    lost = set(rng.sample(range(3, chosen.pieces - 3), chosen.lost))
    unread = rng.choice([number for number in range(4, chosen.pieces // 2) if not lost & {number - 1, number}])
    taken = shoot(folder, record, lost, unread, rng, chosen.width)
    before = traces(folder)
    fill_in(folder, record, lost, {})
    told = potter.run("firing", folder)
    store = Store(top / "shop" / "workshop.db")
    first = len(store.serials("anchored"))
    missing = _untold(store, folder, taken, told)
    shown = {number: record.serials[number - 1] for number in (unread - 1, unread)}
    named = {
        number: ";".join(name for name, serial in taken.truth.items() if serial == of) for number, of in shown.items()
    }
    fill_in(folder, record, lost, named)
    told = potter.run("firing", folder)
    missing += _untold(store, folder, taken, told)
    wrong = sum(_is_wrong(store, folder, taken, serial) for serial in store.serials("anchored"))
    tags = sum(len(read_sheet(path.read_bytes())) for path in (folder / "out").glob("tags*.pdf"))
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    photos = sum(serial is not None for serial in taken.truth.values())
    return report(
        "firing",
        f"{chosen.pieces} pieces, {chosen.lost} lost, {photos} photos of {chosen.width} pixels and "
        f"{len(taken.truth) - photos} of slips, one slip not readable, two phones",
        [
            Aim("tags after the third", tags, ">=", chosen.pieces - chosen.lost),
            Aim("pieces with tags after two runs", first, ">=", chosen.pieces - chosen.lost - 2),
            Aim("photos on a wrong piece", wrong, "<=", 0),
            Aim("photos neither on a piece nor named", missing, "<=", 0),
            Aim("photos changed", 0 if traces(folder) == before else 1, "<=", 0),
            Aim("first run: slips, spreadsheet", potter.seconds[0], unit="s"),
            Aim("second run: look, sign, send, print", potter.seconds[1], unit="s"),
            Aim("third run: the two in doubt", potter.seconds[2], unit="s"),
            *(Aim(f"processor time of run {run}", busy, unit="s") for run, busy in enumerate(potter.busy, 1)),
            Aim("memory of a process at most", memory, unit="MiB"),
        ],
    )


def _is_wrong(store: Store, folder: Path, taken: Shoot, serial: Serial) -> int:
    """Count the photos of a certificate that are of another piece, by what they were prepared from."""
    own = {_prepared(store, folder, name) for name, shows in taken.truth.items() if shows == serial}
    return len(_photos(store, serial) - own)


def _untold(store: Store, folder: Path, taken: Shoot, told: dict[str, Any]) -> int:
    """Count the photos of pieces that are on no certificate of their piece, and that a run did not name either."""
    signed = {serial: _photos(store, serial) for serial in store.serials("anchored")}
    named = {item["photo"].removeprefix("photos/") for item in told["unassigned"]}
    return sum(
        name not in named and _prepared(store, folder, name) not in signed.get(shows, set())
        for name, shows in taken.truth.items()
        if shows is not None
    )


def _photos(store: Store, serial: Serial) -> set[Digest]:
    return {photo.digest for photo in store.certificate(serial).certificate.piece.photos}


def _prepared(store: Store, folder: Path, name: str) -> Digest | None:
    return store.prepared_photo(Digest.of((folder / "photos" / name).read_bytes()))


if __name__ == "__main__":
    sys.exit(main())
