"""What others do with the same documents on the same machine: Digital Bazaar's cryptosuite and OpenAttestation.

Their packages are no dependencies of the project: a benchmark that needs them installs locked versions, without their
install scripts, into a cache folder outside the tree, and says aloud where that cannot be done.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from benchmarks import sample
from benchmarks.table import Aim
from provenance.certificate import render
from provenance.piece import Piece

FOLDER = Path(__file__).resolve().parent / "peers"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kilnmark" / "peers"
DOCUMENTS, ROUNDS = 200, 5
NAMES = {"digitalBazaar": "Digital Bazaar, ecdsa-jcs-2019", "openAttestation": "OpenAttestation 2.0"}


def measured(work: Literal["issue", "verify"], pieces: Iterable[Piece]) -> dict[str, float]:
    """Return how many certificates of `pieces` others issue or verify in a second of CPU time; nothing without them."""
    if not _installed():
        return {}
    documents = [render(piece, sample.ISSUER, sample.entry(7), sample.NOW, None) for piece in pieces]
    request = json.dumps({"work": work, "documents": documents[:DOCUMENTS], "rounds": ROUNDS})
    process = subprocess.run(
        ["node", "peers.mjs"], cwd=CACHE, input=request, capture_output=True, text=True, check=False
    )
    if process.returncode != 0:
        print(f"NOT COMPARED: the others' packages failed: {process.stderr[-300:]}", file=sys.stderr)
        return {}
    rates: dict[str, float] = json.loads(process.stdout)
    return {NAMES[name]: rate for name, rate in rates.items()}


def compared(work: Literal["issue", "verify"], pieces: Iterable[Piece], ours: float, unit: str) -> list[Aim]:
    """Return rows with the others' values and the ratios to `ours`: certificates a second, or milliseconds each."""
    rows = []
    for name, rate in measured(work, pieces).items():
        value, ratio = (rate, ours / rate) if work == "issue" else (1_000 / rate, 1_000 / rate / ours)
        rows += [Aim(name, value, unit=unit), Aim("  ours is faster by", ratio, unit="x")]
    return rows


def _installed() -> bool:
    if shutil.which("npm") is None or shutil.which("node") is None:
        print("NOT COMPARED with others: there is no npm.", file=sys.stderr)
        return False
    lock = (FOLDER / "package-lock.json").read_bytes()
    stamp = CACHE / "installed.json"
    if not stamp.is_file() or stamp.read_bytes() != lock:
        CACHE.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copyfile(FOLDER / name, CACHE / name)
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        print(f"Installing the others' packages into {CACHE} ...", file=sys.stderr)
        if subprocess.run(command, cwd=CACHE, check=False, stdout=subprocess.DEVNULL).returncode != 0:
            print("NOT COMPARED with others: their packages cannot be installed, is there a network?", file=sys.stderr)
            return False
        stamp.write_bytes(lock)
    shutil.copyfile(FOLDER / "peers.mjs", CACHE / "peers.mjs")
    return True
