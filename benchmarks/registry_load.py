"""The verify endpoint under load, beside static answers of the same server: requests a second of the server's CPU time.

``wrk`` asks for pieces at random.  The first round meets most pieces for the first time since the registry started, the
later one those that it has answered for: between the two each piece is asked for once.
"""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.loaded import LoadedRegistry
from benchmarks.table import Aim, report
from provenance.serial import Serial

CONNECTIONS = 16
_A_DAY = 86_400
_GLANCE = 0.1  # Seconds between two looks whether all was asked for.
_SCRIPT = """
local paths = {}
for line in io.lines("PATHS") do paths[#paths + 1] = line end
math.randomseed(SEED)
local headers = {["accept"] = "application/json"}
local place = 0
function request()
  place = place + 1
  if IN_ORDER and place == #paths + 1 then io.open("ALL_ASKED", "w"):close() end
  return wrk.format("GET", paths[IN_ORDER and (place - 1) % #paths + 1 or math.random(#paths)], headers)
end
function done(summary, latency, requests)
  local wrong = summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect
  io.write(string.format('\\n{"requests": %d, "wrong": %d, "p50": %d, "p99": %d}\\n', summary.requests, wrong,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a round: requests, requests a second of the server's CPU; milliseconds that half, and 99%, took."""

    requests: int
    rate: float
    p50: float
    p99: float


def load(registry: LoadedRegistry, paths: list[str], seconds: int, folder: Path, *, in_order: bool = False) -> Load:
    """Ask for `paths`, at random or in order, for some seconds; raises `RuntimeError` for a wrong answer."""
    listed, script, all_asked = folder / "paths.txt", folder / "load.lua", folder / "all-asked"
    all_asked.unlink(missing_ok=True)
    listed.write_text("\n".join(paths) + "\n", "ascii")
    text = _SCRIPT.replace("PATHS", str(listed)).replace("SEED", str(secrets.randbits(30)))
    text = text.replace("IN_ORDER", "true" if in_order else "false").replace("ALL_ASKED", str(all_asked))
    script.write_text(text, "ascii")
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("wrk is not installed: apt install wrk")
    before = registry.cpu()
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), registry.base_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:
        while in_order and asking.poll() is None and not all_asked.exists():
            time.sleep(_GLANCE)
        if in_order:
            asking.send_signal(signal.SIGINT)  # wrk itself would go on to the end of its time.
        told, _ = asking.communicate()
    if asking.returncode:
        raise RuntimeError("wrk failed")
    used = registry.cpu() - before
    found = json.loads(told.strip().splitlines()[-1])
    if found["wrong"] or not found["requests"]:
        raise RuntimeError(f"not every request was answered: {told}")
    return Load(found["requests"], found["requests"] / used, found["p50"] / 1_000, found["p99"] / 1_000)


def main() -> int:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--pieces", type=int, default=20_000)
    reading.add_argument("--seconds", type=int, default=10, help="of each round")
    reading.add_argument("--batch-size", type=int, default=8_000)
    reading.add_argument("--database", help="address of an empty PostgreSQL database, instead of SQLite")
    reading.add_argument("--json", action="store_true")
    chosen = reading.parse_args()
    with tempfile.TemporaryDirectory(prefix="kilnmark-load-") as name:
        folder = Path(name)
        registry = LoadedRegistry(folder, chosen.batch_size, chosen.database)
        with registry:
            serials = registry.fill(chosen.pieces)
        with registry:
            return measure(registry, serials, chosen, folder)


def measure(registry: LoadedRegistry, serials: list[Serial], chosen: argparse.Namespace, folder: Path) -> int:
    """Measure, print and judge."""
    pieces = [f"/api/v1/pieces/{serial.compact}" for serial in serials]
    scans = [f"/P/{serial.compact}" for serial in serials]
    size = len(httpx.get(registry.base_url + pieces[0]).content)
    static = "/static/typed_data.js"
    place, aim = ("SQLite", 50) if chosen.database is None else ("PostgreSQL", 25)
    first = load(registry, pieces, chosen.seconds, folder)
    asked = load(registry, pieces, _A_DAY, folder, in_order=True).requests  # It stops once each was asked for.
    if asked < len(pieces):
        raise RuntimeError(f"{asked} pieces of {len(pieces)} were asked for")
    later = load(registry, pieces, chosen.seconds, folder)
    scanned = load(registry, scans, chosen.seconds, folder)
    healthy = load(registry, ["/healthz"], chosen.seconds, folder)
    filed = load(registry, [static], chosen.seconds, folder)
    return report(
        "registry_load",
        f"{chosen.pieces:,} pieces on {place}, answers of {size:,} bytes, {CONNECTIONS} connections, "
        f"{chosen.seconds} s a round; a static file of {len(httpx.get(registry.base_url + static).content):,}",
        [
            Aim("verdicts, of a static file's rate", 100 * later.rate / filed.rate, ">=", aim, "%"),
            Aim("verdicts, of the shortest answer's rate", 100 * later.rate / healthy.rate, ">=", aim, "%"),
            Aim("verdicts, as yet unasked for", 100 * first.rate / filed.rate, unit="%"),
            Aim("verdicts", later.rate, unit="/s"),
            Aim("verdicts, as yet unasked for", first.rate, unit="/s"),
            Aim("verdicts under /P", scanned.rate, unit="/s"),
            Aim("static file", filed.rate, unit="/s"),
            Aim("shortest answer", healthy.rate, unit="/s"),
            Aim("half within", later.p50, unit="ms"),
            Aim("99 of 100 within", later.p99, unit="ms"),
            Aim("99 of 100, as yet unasked for, within", first.p99, unit="ms"),
            Aim("99 of 100 static files within", filed.p99, unit="ms"),
            Aim("memory at most", registry.memory(), unit="MiB"),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
