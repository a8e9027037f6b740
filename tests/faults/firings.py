"""Kills `kilnmark firing` at random instants, and runs it again until it is done.

``python -m tests.faults.firings --trials 200``
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl.reader import excel

from provenance.bundle import Bundle
from provenance.printing.readback import read_sheet
from provenance_cli.files import write_file
from provenance_cli.firing.record import RECORD, FiringRecord
from provenance_cli.firing.workbook import BOOK, LOST
from provenance_cli.store import Store
from tests.faults.tables import Tally, carry_out
from tests.support.kiln import Phone, Shoot
from tests.support.registries import ROOT, RunningRegistry

TRIALS = 200
PIECES = 3
LOST_NUMBER = 2
EACH_FIRING = 10
"""Kills of one firing: the first two while it is begun, the others while it is looked at, signed, sent and printed."""
_RUN = """
import sys
import provenance.tag
provenance.tag.is_public_host = lambda base_url: True
from provenance_cli import main
sys.exit(main.run(sys.argv[1:]))
"""
_PATIENCE = 900.0
"""Seconds that a run may take to its end: a machine that does much else takes minutes."""


class Potter:
    """A workshop at a registry, whose command line runs as a process that can be killed."""

    def __init__(self, top: Path, registry: RunningRegistry, slug: str = "killed-kiln") -> None:
        self.top, self.path = top, top / "shop"
        write_file(top / "passphrase", b"four words of mine\n")
        write_file(top / "steward.key", bytes(registry.steward._account.key).hex().encode())
        write_file(top / "policy.json", registry.policy.to_bytes())
        self.run("init", self.path, "--registry", registry.base_url, "--name", "Sample Studio", "--slug", slug)
        self.run("studio", "apply")
        steward = ("--key-file", top / "steward.key", "--policy", top / "policy.json")
        self.run("studio", "accredit", self.path / "application.json", *steward)
        self.run("ledger", "pin", registry.base_url)

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Begin a run."""
        paths = os.pathsep.join(map(str, (ROOT, ROOT / "cli", ROOT / "registry")))
        options = ["-y", "--lang", "en", "--passphrase-file", self.top / "passphrase", "-C", self.path]
        return subprocess.Popen(
            [sys.executable, "-c", _RUN, *map(str, (*options, *arguments))],
            env={**os.environ, "PYTHONPATH": paths}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *arguments: object) -> float:
        """Run to the end and return the seconds; raises `RuntimeError` for a failure."""
        began = time.monotonic()
        running = self.start(*arguments)
        said = running.communicate(timeout=_PATIENCE)[1]
        if running.returncode:
            raise RuntimeError(said)
        return time.monotonic() - began

    def killed(self, seconds: float, *arguments: object) -> bool:
        """Run, and kill it after some seconds; tell whether it was killed before its end."""
        running = self.start(*arguments)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(seconds)
        running.kill()
        said = running.communicate(timeout=_PATIENCE)[1]
        if "bug in Kilnmark" in said:
            raise RuntimeError(said)
        return running.returncode < 0

    @property
    def store(self) -> Store:
        return Store(self.path / "workshop.db")


def run(trials: int, rng: random.Random, tell: Callable[[str], None] = lambda _: None) -> Tally:
    """Carry out the trials."""
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="kilnmark-firings-") as name:
        top = Path(name)
        registry = RunningRegistry(top / "registry")
        registry.start()
        try:
            potter, number = Potter(top, registry), 0
            while tally.trials.total() < trials:
                number += 1
                _firing(
                    potter,
                    registry,
                    top / f"firing-{number}",
                    min(EACH_FIRING, trials - tally.trials.total()),
                    rng,
                    tally,
                )
                tell(f"{tally.trials.total():,} kills: {tally.lost} lost, {tally.double} double")
        finally:
            registry.stop()
    return tally


def _firing(
    potter: Potter, registry: RunningRegistry, folder: Path, kills: int, rng: random.Random, tally: Tally
) -> None:
    """Go the whole way once, killed on the way, and judge what came of it."""
    early = min(2, kills)
    begin: tuple[object, ...] = ("firing", folder, "--pieces", PIECES, "--kiln", "Dragon kiln")
    for _ in range(early):
        whole = potter.killed(rng.uniform(0.3, 2.5), *begin)
        tally.tried("begun" if whole else "begun, and over before the kill", 0.0)
        if (folder / RECORD).exists():
            begin = ("firing", folder)
    reserved = FiringRecord.read(folder)
    if reserved is None:
        usual = potter.run(*begin)
        reserved = FiringRecord.read(folder)
    else:
        usual = potter.run("firing", folder, "--check")
    record = FiringRecord.read(folder)
    if record is None or record != reserved:
        tally.faults.append("the serials of a firing changed")
        return
    shoot = Shoot(folder, random.Random(rng.random()), (640, 480))
    kept = [serial for serial, number in record.numbers.items() if number != LOST_NUMBER]
    shoot.all_of(Phone("Phone", datetime(2026, 11, 2, 10, 0)), kept, (0, 1))  # noqa: DTZ001
    before = _traces(folder)
    _fill_in(folder, record)
    longest = max(5.0, 3 * usual)  # So that a machine that does much else is not always killed while it begins.
    for _ in range(kills - early):
        died = potter.killed(rng.uniform(0.3, longest), "firing", folder)
        state = potter.store.states().get(kept[0].compact, "nothing signed") if died else "over before the kill"
        printed = " and printed" if any((folder / "out").glob("*.pdf")) else ""
        tally.tried(f"killed: {state}{printed if died else ''}", 0.0)
    for path in (folder / "out").glob("seals*.pdf"):
        path.unlink()  # What a run that was killed has drawn is told to be thrown away: the last one draws anew.
    seconds = potter.run("firing", folder)
    tally.longest("seconds of a run that was let go to its end", seconds)
    _judge(potter, registry, folder, record, before, tally)


def _fill_in(folder: Path, record: FiringRecord) -> None:
    opened: Any = excel.load_workbook
    book = opened(folder / BOOK)
    sheet = book.active
    places = {cell.value: cell.column for cell in sheet[1]}
    for number in record.numbers.values():
        sheet.cell(number + 2, places["名称 Title (zh)"]).value = f"青花碗 {number}"
    sheet.cell(LOST_NUMBER + 2, places[LOST]).value = "是 yes"
    book.save(folder / BOOK)


def _traces(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.glob("*.jpg")
    }


def _judge(
    potter: Potter,
    registry: RunningRegistry,
    folder: Path,
    record: FiringRecord,
    before: dict[str, tuple[str, int]],
    tally: Tally,
) -> None:
    """Hold workshop, registry, papers and photos against each other."""
    store = potter.store
    for serial, number in record.numbers.items():
        if number == LOST_NUMBER:
            if serial.compact in store.states():
                tally.faults.append("a lost piece was signed")
            continue
        tally.acknowledged += 1
        verdict = registry.client.verdict(serial)
        own = store.certificate(serial).certificate.digest
        tally.lost += verdict["outcome"] != "AUTHENTIC" or len(store.certificate(serial).certificate.piece.photos) != 2
        tally.double += Bundle.from_bytes(registry.client.bundle(serial)).certificate.digest != own
    tags = Counter(text for path in (folder / "out").glob("tags*.pdf") for text in read_sheet(path.read_bytes()))
    if sorted(tags.values()) != [1] * (PIECES - 1):
        tally.faults.append(f"tags in files: {sorted(tags.values())}")
    codes = [code for serial, code in store.drawn_codes().items() if serial in record.numbers]
    if len(codes) != PIECES - 1 or not all(code.printed for code in codes):
        tally.faults.append("not every piece has a secret code on paper")
    if _traces(folder) != before:
        tally.faults.append("a photo was changed")


if __name__ == "__main__":
    sys.exit(carry_out(run, TRIALS, __doc__))
