"""Kills a registry again and again, at every checkpoint in turn and at random instants, and counts what is lost.

``python -m tests.faults.kills --trials 10000``
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provenance.errors import ProvenanceError
from provenance_registry.service.checkpoints import CHECKPOINTS, RARE
from tests.faults import rare
from tests.faults.clocks import FastClock
from tests.faults.forked import PATIENCE, ForkedRegistry, Submitter, warm_server
from tests.faults.tables import Tally

TRIALS = 500
AIM = 5.0
"""Seconds in which a registry must have recovered."""
ON_PURPOSE = ("after-stream", "after-lease")
"""Checkpoints that certificates which come one by one do not lead to, nor the registry's work on them."""
AT_ANVIL = 50
"""One trial in so many is made at anvil, where what seldom happens is brought about."""
EACH_FOLDER = 250
"""Kills of one folder, before the chain is judged and a new one is begun."""
UNREACHED = 4.0
"""Seconds after which a checkpoint that was not passed is given up, and the process killed where it is.

A block takes a second, and on a busy machine what follows on it another one: one trial of a few must come there."""


@dataclass
class Kills:
    """One run."""

    trials: int
    chance: random.Random
    naive: bool = False
    each_folder: int = EACH_FOLDER
    tell: Callable[[str], None] = lambda _: None

    def run(self) -> Tally:
        """Carry out the trials."""
        tally = Tally()
        server = warm_server()
        with tempfile.TemporaryDirectory(prefix="kilnmark-kills-") as folder:
            number = 0
            while tally.trials.total() < self.trials:
                number += 1
                least = min(self.each_folder, self.trials - tally.trials.total())
                life = _Folder(
                    self, ForkedRegistry(server, Path(folder, str(number)), FastClock.now(), naive=self.naive)
                )
                try:
                    life.run(tally, least)
                except (AssertionError, ProvenanceError) as error:
                    tally.faults.append(f"a registry ended by itself: {error!r}")
                    break
                self.tell(f"{tally.trials.total():,} trials: {tally.lost} lost, {tally.double} double")
        return tally


def run_all(trials: int, seed: int, jobs: int, *, naive: bool, tell: Callable[[str], None]) -> Tally:
    """Carry out trials of every kind; a checkpoint at which no process died makes the run a failure."""
    if naive:
        return run_many(trials, seed, jobs, naive=True, tell=tell)
    at_anvil = max(len(rare.WAYS), trials // AT_ANVIL)
    with ThreadPoolExecutor(1) as beside:
        others = beside.submit(rare.run, at_anvil, random.Random(seed))
        tally = run_many(trials - at_anvil, seed, jobs, tell=tell) + others.result()
    tally.faults += [f"no process died at {name}" for name in (*CHECKPOINTS, *RARE) if not tally.deaths[name]]
    return tally


def run_many(trials: int, seed: int, jobs: int, **options: Any) -> Tally:
    """Carry out trials in several loops beside each other, each on folders and a fork server of its own."""
    shares = [trials // jobs + (1 if number < trials % jobs else 0) for number in range(jobs)]
    runs = [Kills(share, random.Random(seed * 1_000 + number), **options) for number, share in enumerate(shares)]
    with ThreadPoolExecutor(jobs) as pool:
        return sum(pool.map(Kills.run, runs), Tally())


class _Folder:
    """A registry's life in one folder, from its first start to the judgement of its chain."""

    def __init__(self, run: Kills, registry: ForkedRegistry) -> None:
        self.chance, self.naive, self.registry = run.chance, run.naive, registry
        self.patience = 1.0 if run.naive else PATIENCE

    def run(self, tally: Tally, trials: int) -> None:
        registry = self.registry
        registry.start()
        self.studio = studio = Submitter(registry)
        studio.accredit()
        purpose = () if self.naive else ON_PURPOSE
        points = [*CHECKPOINTS, *purpose, *("random",) * (len(CHECKPOINTS) // 2)]
        last, turn = tally.trials.total() + trials, 0
        while tally.trials.total() < last:
            point = points[turn % len(points)]
            turn += 1
            again = self.chance.random() < 0.3 and tally.trials.total() + 1 < last
            if point != "random":
                tally.killed_at(point, passed=self._kill(point))
            else:
                self._kill_at_random()
            began = time.monotonic()
            if again:  # What recovers is killed while it does.
                self._kill_while_starting()
                tally.tried("while recovering", 0.0)
                began = time.monotonic()
            registry.start()
            if not studio.settled(self.patience) and not self.naive:
                tally.faults.append(f"not recovered after {point}: {registry.client.ready()}")
            tally.tried(point, time.monotonic() - began)
        studio.offer()
        studio.settled(self.patience)
        studio.judge(tally, self.chance, verdicts=0 if self.naive else 20)
        registry.kill()
        log = registry.log
        if "Traceback" in log:
            tally.faults.append("a traceback in the log: " + log[log.index("Traceback") :][:2_000])

    def _kill(self, point: str) -> bool:
        """Kill a running registry at a checkpoint while certificates are submitted; tell whether it was passed."""
        registry, studio = self.registry, self.studio
        assert registry.pid is not None
        studio.more(self.chance.randint(1, 6))
        if point == "after-lease":
            registry.kill()
            registry.start(wait=False, KILNMARK_TEST_KILL_AT=point)
            reached = registry.server.wait(registry.pid, PATIENCE) is not None
            registry.kill()
            return reached
        times = 1 if point == "after-stream" else self.chance.choice((1, 1, 1, 2, 3))
        registry.server.tell(registry.pid, arm=f"{point}:{times}", stop=False)
        if point == "after-stream":
            studio.stream()
        deadline = time.monotonic() + UNREACHED
        while not registry.is_dead() and time.monotonic() < deadline:
            if not studio.waiting:
                studio.more(1)  # Until the checkpoint is passed as often as it must be.
            studio.offer(lambda: time.sleep(self.chance.choice((0, 0, 0.02))))
        reached = registry.is_dead()
        registry.kill()
        return reached

    def _kill_at_random(self) -> None:
        registry, studio = self.registry, self.studio
        assert registry.pid is not None
        studio.more(self.chance.randint(1, 6))
        timer = threading.Timer(self.chance.uniform(0, 0.15), registry.server.kill, [registry.pid])
        timer.start()
        studio.offer()
        timer.join()
        registry.kill()

    def _kill_while_starting(self) -> None:
        registry = self.registry
        if self.chance.random() < 0.5:
            registry.start(wait=False, KILNMARK_TEST_KILL_AT=self.chance.choice(CHECKPOINTS))
            assert registry.pid is not None
            registry.server.wait(registry.pid, 0.4)
        else:
            registry.start(wait=False)
            time.sleep(self.chance.uniform(0, 0.3))
        registry.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill a registry again and again, and count what is lost or doubled.")
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--naive", action="store_true", help="with a sender that is wrong, to see it found out")
    parser.add_argument("--jobs", type=int, default=2, help="loops beside each other")
    options = parser.parse_args()
    began = time.monotonic()
    tell = lambda text: print(text, flush=True)  # noqa: E731
    tally = run_all(options.trials, options.seed, options.jobs, naive=options.naive, tell=tell)
    print(tally)
    print(f"{time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f} at the end")
    slow = tally.slowest >= AIM and not options.naive
    if slow:
        print(f"MISSED: a recovery took {tally.slowest:.2f} s, {AIM:.0f} s are the aim")
    return 1 if tally.failed or slow else 0


if __name__ == "__main__":
    sys.exit(main())
