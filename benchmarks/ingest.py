"""How fast a registry takes in certificates, from the HTTP stream to the anchor, on SQLite with the embedded chain.

Certificates are issued beforehand by processes of their own and told apart.  The clock runs from the first byte that is
sent until the last certificate is anchored.  `--pieces N` says how many; `--curve` measures 10,000, 100,000 and
1,000,000 one after the other.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import click
import httpx

from benchmarks import sample
from benchmarks.table import Aim, report
from provenance.certificate import STATUS_LIST_BITS, Issuer, StatusEntry
from provenance.evm.abi import interface
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.serial import Serial
from provenance_cli.streaming import stream
from provenance_cli.workshop import new_list_id
from tests.support.registries import RunningRegistry, Studio

CURVE = 10_000, 100_000, 1_000_000
RECORDS = 1_000
POLL = 0.25
"""Seconds between two questions for a short run; a long one is asked less often, since each answer counts all."""
MIB = 2**20


def make(path: Path, count: int, issuer: Issuer, signer: P256Signer) -> None:
    """Issue `count` certificates into a file, one a line."""
    pieces, list_id, now = sample.museum_pieces(RECORDS), "", datetime.now(UTC)
    with path.open("wb") as file:
        for number in range(count):
            if number % STATUS_LIST_BITS == 0:
                list_id = new_list_id()
            piece = replace(pieces[number % RECORDS], serial=Serial.random())
            entry = StatusEntry(list_id, number % STATUS_LIST_BITS)
            file.write(issue(piece, issuer, signer, status_entry=entry, now=now).data + b"\n")


def issued(folder: Path, count: int, studio: Studio) -> tuple[list[Path], float]:
    """Have certificates issued by a process a core; return their files and the seconds that took."""
    began, cores = time.perf_counter(), os.cpu_count() or 1
    paths = [folder / f"certificates-{number}" for number in range(cores)]
    context = multiprocessing.get_context("fork")
    makers = [
        context.Process(
            target=make, args=(path, count // cores + (number < count % cores), studio.issuer, studio.signer)
        )
        for number, path in enumerate(paths)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    if any(maker.exitcode for maker in makers):
        raise RuntimeError("issuing failed")
    return paths, time.perf_counter() - began


def lines_of(paths: list[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as file:
            for line in file:
                yield line[:-1]


def anchored(registry: RunningRegistry) -> int:
    text = httpx.get(f"{registry.base_url}/metrics", timeout=60, trust_env=False).text
    found = re.search(r'kilnmark_certificates\{state="anchored"\} (\d+)', text)
    return int(found[1]) if found else 0


def peak_memory(pid: int) -> float:
    """Return the most memory that a process had, in MiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_of(pid: int) -> list[int]:
    found = list[int]()
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def size_of(data: Path, name: str) -> int:
    return sum(path.stat().st_size for path in data.glob(f"{name}*") if path.is_file())


def anchoring_gas(data: Path) -> int:
    """Return the gas of all anchors in a stopped registry's chain."""
    anchors = "SELECT transaction_hash FROM logs WHERE topic0 = ?"
    query = f"SELECT sum(gas_used) FROM transactions WHERE hash IN ({anchors})"
    with contextlib.closing(sqlite3.connect(data / "chain.db")) as chain:
        return int(chain.execute(query, (interface().topic("Anchored"),)).fetchone()[0])


def run(count: int, **settings: str) -> dict[str, float]:
    """Take in `count` certificates at a new registry and return what that took."""
    with tempfile.TemporaryDirectory(prefix="kilnmark-ingest-") as name:
        folder = Path(name)
        registry = RunningRegistry(folder / "data", KILNMARK_BATCH_SIZE="7800", KILNMARK_BATCH_AGE="2", **settings)
        registry.start()
        try:
            studio = Studio(registry)
            studio.accredit()
            paths, issuing = issued(folder, count, studio)
            before = {name: size_of(registry.folder, name) for name in ("registry.db", "chain.db")}
            pid = registry.process.pid if registry.process else 0
            began, used = time.perf_counter(), cpu_seconds(pid)
            with click.progressbar(length=count, label=f"{count:,} taken in", file=sys.stderr) as bar:
                for answer in stream(registry.base_url, "/api/v1/certificates:stream", lines_of(paths)):
                    if json.loads(answer).get("new") is not True:
                        raise RuntimeError(f"refused: {answer!r}")
                    bar.update(1)
            taken = time.perf_counter() - began
            done = 0
            with click.progressbar(length=count, label=f"{count:,} anchored", file=sys.stderr) as bar:
                while done < count:
                    if registry.process is None or registry.process.poll() is not None:
                        raise RuntimeError(registry.log)
                    time.sleep(max(POLL, count / 250_000))
                    now = anchored(registry)
                    bar.update(now - done)
                    done = now
            seconds = time.perf_counter() - began
            found = {
                "count": count,
                "issuing": issuing,
                "taken": taken,
                "seconds": seconds,
                "cpu": cpu_seconds(pid) - used,
                "helpers": sum(map(cpu_seconds, children_of(pid))),
                "memory": peak_memory(pid) + sum(map(peak_memory, children_of(pid))),
            }
        finally:
            registry.stop()
            if "--log" in sys.argv:
                print(registry.log, file=sys.stderr)
        # Once it has stopped: what its write-ahead logs held is in the files by then.
        sizes = {name: (size_of(registry.folder, name) - size) / count for name, size in before.items()}
        return {**found, **sizes, "gas": anchoring_gas(registry.folder) / count}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pieces", type=int, default=100_000)
    parser.add_argument("--curve", action="store_true", help="measure 10,000, 100,000 and 1,000,000")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--log", action="store_true", help="show the registry's log")
    chosen = parser.parse_args()
    runs = [run(count) for count in (CURVE if chosen.curve else (chosen.pieces,))]
    aims = list[Aim]()
    for found in runs:
        count = f"{found['count']:,.0f}"
        aims += [
            Aim(f"{count}: issuing, apart", found["issuing"], unit="s"),
            Aim(f"{count}: acknowledged after", found["taken"], unit="s"),
            Aim(f"{count}: anchored after", found["seconds"], unit="s"),
            Aim(f"{count}: end to end", found["count"] / found["seconds"], ">=", 2_000, "/s"),
            Aim(f"{count}: registry's processor, a piece", 1_000 * found["cpu"] / found["count"], unit="ms"),
            Aim(f"{count}: helpers' processor, a piece", 1_000 * found["helpers"] / found["count"], unit="ms"),
            Aim(f"{count}: database, a piece", found["registry.db"], unit="bytes"),
            Aim(f"{count}: chain, a piece", found["chain.db"], unit="bytes"),
            Aim(f"{count}: gas, a piece", found["gas"]),
            Aim(f"{count}: peak memory, all processes", found["memory"], "<=", 1_024, "MiB"),
        ]
    for one, next_ in pairwise(runs):
        growth = (next_["seconds"] / one["seconds"]) / (next_["count"] / one["count"])
        aims.append(Aim(f"{one['count']:,.0f} to {next_['count']:,.0f}: growth by linear", growth, "<=", 1.1, "x"))
    return report("ingest", "one client, one registry process, SQLite, embedded chain", aims)


if __name__ == "__main__":
    sys.exit(main())
