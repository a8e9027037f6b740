"""Puts a node that loses, refuses, lies and lags between a registry and its ledger, and counts what is lost.

``python -m tests.faults.rpc --trials 200``
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.flaky import FAULTS
from tests.faults.forked import PATIENCE, warm_server
from tests.faults.node_world import HIGHEST, World, world
from tests.faults.tables import Tally, carry_out

TRIALS = 60
EACH_WORLD = 50
"""Trials on one chain at most."""
CHANCE = 0.3
"""Part of the answers that are spoilt while faults last."""


def run(trials: int, rng: random.Random, tell: Callable[[str], None] = lambda _: None) -> Tally:
    """Carry out the trials: one kind of fault after another, then all of them mixed."""
    tally = Tally()
    server = warm_server()
    with tempfile.TemporaryDirectory(prefix="kilnmark-rpc-") as folder:
        while tally.trials.total() < trials:
            name = str(tally.trials.total())
            with world(server, Path(folder, name), rng) as made:
                for _ in range(min(EACH_WORLD, trials - tally.trials.total())):
                    if made.height >= HIGHEST:
                        break
                    kind = [*FAULTS, "mixed"][tally.trials.total() % (len(FAULTS) + 1)]
                    with made.mining():
                        _trial(made, kind, tally, rng)
                made.studio.judge(tally, rng, node=made.node.node_url)
                if "Traceback" in made.registry.log:
                    tally.faults.append("a traceback in the log: " + made.registry.log[-2_000:])
                tally.notes.update(made.node.done)
            tell(f"{tally.trials.total():,} trials: {tally.lost} lost, {tally.double} double")
    return tally


def _trial(made: World, kind: str, tally: Tally, rng: random.Random) -> None:
    """Submit while answers are spoilt, then let the node be as it should, and wait."""
    made.node.kinds = FAULTS if kind == "mixed" else (kind,)
    made.node.chance = CHANCE
    made.studio.more(rng.randint(1, 4))
    made.studio.offer(lambda: time.sleep(rng.choice((0, 0.1))))
    made.studio.settled(rng.uniform(0, 1.5))
    made.node.chance = 0.0
    began = time.monotonic()
    if not made.studio.settled(PATIENCE):
        states = made.registry.client.states([certificate.digest for certificate in made.studio.open])
        tally.faults.append(f"not recovered after {kind}: {made.registry.client.ready()} {states}")
    tally.tried(kind, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(carry_out(run, TRIALS, "Spoil a node's answers, and count what is lost or doubled."))
