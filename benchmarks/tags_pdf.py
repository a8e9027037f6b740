"""How long 1,000 tags take, and how much memory 10,000: A4 sheets with Chinese and English text, codes included.

For its memory a size is printed in a process of its own, as a job is: volume after volume, each read back and written.
It is the peak of that process.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.table import Aim, report
from provenance.printing.label import Label
from provenance.printing.layouts import layout_named
from provenance.printing.readback import check_sheet
from provenance.printing.sheet import print_sheet
from provenance.printing.volumes import Division
from provenance.serial import Serial
from provenance.tag import tag_url

TAGS, ROUNDS = 1_000, 3
SLACK = 1.25
"""How much more memory many tags may take than one volume: what is left of the volume before lies beside the next."""


def label(number: int) -> Label:
    serial = Serial.random()
    return Label(
        tag_url("https://registry.example", serial),
        str(serial),
        f"青花缠枝莲纹梅瓶 No. {number}",
        ("示例工作室", "Meiping vase with lotus scroll", "31.2 × 18.4 cm"),
    )


def in_volumes(tags: int, answer: Connection) -> None:
    """Print tags in volumes, and tell the peak of memory in MiB."""
    layout = layout_named("L7160")
    division = Division(tags, layout.per_page)
    with tempfile.TemporaryDirectory() as folder:
        for volume in division.volumes():
            labels, out = [label(number) for number in range(volume.first, volume.last)], io.BytesIO()
            print_sheet(labels, out, layout, created=datetime.now(UTC), start=volume.start)
            check_sheet(out.getvalue(), [item.url for item in labels])
            division.path(Path(folder) / "tags.pdf", volume.number).write_bytes(out.getvalue())
    answer.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024)


def peak(tags: int) -> float:
    """Return the peak of memory of a process that prints so many tags, in MiB."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=in_volumes, args=(tags, there))
    process.start()
    there.close()
    told = float(here.recv())
    process.join()
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tags", type=int, default=TAGS, help="measure the memory of so many tags too")
    many = parser.parse_known_args()[0].tags  # ``--json`` is the report's.
    seconds, size = [], 0
    for _ in range(ROUNDS):
        tags, out = [label(number) for number in range(TAGS)], io.BytesIO()
        started = time.perf_counter()
        print_sheet(tags, out, layout_named("L7160"), created=datetime.now(UTC))
        seconds.append(time.perf_counter() - started)
        size = len(out.getvalue())
    aims = [
        Aim("seconds", statistics.median(seconds), "<=", 4.0, "s"),
        Aim("size", size / 1e6, "<=", 2.0, "MB"),
    ]
    if many != TAGS:
        one = peak(TAGS)
        aims.append(Aim(f"peak memory of {TAGS:,} tags", one, unit="MiB"))
        aims.append(Aim(f"peak memory of {many:,} tags", peak(many), "<=", one * SLACK, "MiB"))
    return report("tags_pdf", f"{TAGS} tags on L7160, median of {ROUNDS}", aims)


if __name__ == "__main__":
    sys.exit(main())
