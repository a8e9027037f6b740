"""When copies of a tag are noticed by their scans, and whom that wrongs: the registry's own counting and rule.

Every scan goes through `Scans.note` under a simulated clock, four months of each traffic; the rule is asked at each
day's end, as a registry asks it.  Honest traffic: a stall with 300 scans a day in six languages, before and after a
hand-over; a post that goes round, twice; an exhibition; a rival's program on ten machines under thousands of names.
Cloned traffic: so many scans a day by people with phones of their own, growing over three weeks to their number.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.table import Aim, report
from provenance.encoding import Address
from provenance.serial import Serial
from provenance_registry.records import ScanCount
from provenance_registry.service.alarm import Thresholds, is_alarming
from provenance_registry.service.scans import Scans, day_of
from provenance_registry.settings import Settings

START = datetime(2027, 1, 1, 4, tzinfo=UTC)
DAYS, CLAIMED = 120, 10
SEEDS = 8
LANGUAGES = "zh-CN", "en-GB", "ja", "ko-KR", "fr-FR", "de"
READERS = 25, 50, 100, 200, 300, 400, 600, 800, 1_600
CLONED = 100, 200, 500, 1_000, 2_000
SERIAL = Serial("0" * 13)
Reader = tuple[str, str, str]
Traffic = Callable[[random.Random, int], Iterator[Reader]]


class Clock:
    """A clock in the benchmark's hand."""

    now = START

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


class Kept:
    """What a repository keeps of counts."""

    def __init__(self) -> None:
        self.days: dict[int, dict[str, int]] = {}

    def write(self, work: Callable[[Any], object]) -> None:
        """Carry out work at once."""
        work(self)

    def note_scans(self, counts: Sequence[ScanCount], _oldest: int) -> None:
        """Keep counts; within one process they only grow."""
        for count in counts:
            self.days.setdefault(count.day, {})[count.region] = count.readers


def person(draw: random.Random) -> Reader:
    """Draw somebody with a phone: a third stand behind an address that a network shares among a few hundred."""
    shared = draw.random() < 0.33
    address = f"10.{draw.randrange(4)}.0.{draw.randrange(50)}" if shared else str(draw.randrange(1 << 16)) + ".example"
    return address, f"Phone {draw.randrange(400)}", draw.choice(LANGUAGES)


def crowd(draw: random.Random, size: float) -> Iterator[Reader]:
    for _ in range(max(0, round(draw.gauss(size, size * 0.15)))):
        yield person(draw)


def stall(draw: random.Random, day: int) -> Iterator[Reader]:
    return crowd(draw, 300 * (1.3 if day % 7 > 4 else 1.0))


def viral(draw: random.Random, day: int) -> Iterator[Reader]:
    """Two posts, each seen by thousands on its first day and by half as many each day or two."""
    sizes = [8_000 * 0.5 ** ((day - first) / 1.5) for first in (20, 34) if day >= first]
    return crowd(draw, 2 + sum(sizes))


def exhibition(draw: random.Random, day: int) -> Iterator[Reader]:
    return crowd(draw, 350 if 30 <= day < 90 else 2)


def rival(draw: random.Random, day: int) -> Iterator[Reader]:
    for _ in range(3_000 if day >= 15 else 0):
        yield f"192.0.2.{draw.randrange(10)}", f"Phone {draw.randrange(10_000)}", draw.choice(LANGUAGES)


def rented(draw: random.Random, day: int) -> Iterator[Reader]:
    """A rival who rents 2,000 addresses a day for months: to a registry these are people."""
    for number in range(2_000 if day >= 15 else 0):
        yield f"{number}.example", "Phone", "en"


def cloned(size: int) -> Traffic:
    def traffic(draw: random.Random, day: int) -> Iterator[Reader]:
        return crowd(draw, 2 if day < 20 else size * min(1.0, (day - 19) / 21))

    return traffic


def daily(traffic: Traffic, seed: int) -> dict[int, int]:
    """Return the readers by day that the registry's counting makes of some traffic."""
    draw, clock, kept = random.Random(seed), Clock(), Kept()
    scans = Scans(kept, clock)  # type: ignore[arg-type]
    for day in range(DAYS):
        clock.now = START + timedelta(days=day)
        for address, agent, languages in traffic(draw, day):
            scans.note(SERIAL, 1, address, agent, languages)
        scans.flush(now=True)
    return {day: sum(regions.values()) for day, regions in kept.days.items()}


def noticed(counts: dict[int, int], thresholds: Thresholds, claimed: int = CLAIMED) -> int | None:
    """Return on which day the alarm is raised."""
    first = day_of(START)
    for today in range(first, first + DAYS):
        seen = {day: readers for day, readers in counts.items() if day <= today}
        if is_alarming(seen, today, first + claimed + 1, thresholds):
            return today - first
    return None


def main() -> int:
    nobody = Address(bytes(20))
    usual = Settings(Path(), "https://registry.example", admin=nobody, steward=nobody)
    factor, days = usual.alarm_factor, usual.alarm_days
    default = Thresholds(usual.alarm_readers, factor, days)
    honest = {each.__name__: [daily(each, seed) for seed in range(SEEDS)] for each in (stall, viral, exhibition, rival)}
    clones = {size: [daily(cloned(size), seed) for seed in range(SEEDS)] for size in CLONED}
    print(
        f"more than N readers on {days} days in a row, and {factor:g} times the busiest day before; {SEEDS} runs each"
    )
    print(f"{'N':>6}  " + "".join(f"{name:>12}" for name in honest) + "".join(f"{f'{n} a day':>12}" for n in clones))
    for readers in READERS:
        rule = Thresholds(readers, factor, days)
        shares = [
            sum(noticed(run, rule) is not None for run in runs) / SEEDS for runs in (*honest.values(), *clones.values())
        ]
        print(f"{readers:>6}  " + "".join(f"{share:>12.0%}" for share in shares))
    wronged = sum(noticed(run, default) is not None for runs in honest.values() for run in runs)
    every = [run for runs in (*honest.values(), *clones.values()) for run in runs]
    unclaimed = sum(noticed(run, Thresholds(1, 1.0, 1), DAYS) is not None for run in every)
    found = {size: [day for run in runs if (day := noticed(run, default)) is not None] for size, runs in clones.items()}
    waits = [day - 20 for day in found[1_000]]
    aims = [
        Aim("honest pieces in doubt, at the default", wronged, "<=", 0),
        Aim("unclaimed pieces in doubt, whatever comes", unclaimed, "<=", 0),
        Aim("copies with 1,000 scans a day noticed, at the default", len(found[1_000]) / SEEDS, ">=", 1),
        Aim("days until then, from the first copy", median(waits) if waits else float("inf")),
        Aim("a rival with 2,000 rented addresses raises it", float(noticed(daily(rented, 0), default) is not None)),
    ]
    return report("copy_detection", f"{DAYS} simulated days, {SEEDS} runs of each traffic", aims)


if __name__ == "__main__":
    sys.exit(main())
