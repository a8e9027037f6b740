"""Stops the one of two registries that sends for longer than its lease, lets it wake, and counts what it does then.

``python -m tests.faults.senders --trials 100``
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.forked import PATIENCE, ForkedRegistry, warm_server
from tests.faults.sender_world import Pair, pair
from tests.faults.tables import Tally, carry_out
from tests.support.postgres import Server

TRIALS = 100
EACH_WORLD = 15
"""Trials on one chain: anvil forgets the state of blocks that are a thousand behind."""
LEASE = 5.0
"""Seconds of the lease, as the registry has it."""
UNREACHED = 20.0
"""Seconds after which a checkpoint that was not passed is given up, and the process stopped where it is."""
KINDS = (
    "after-sign",
    "before-send",
    "random",
    "after-seal",
    "after-send",
    "after-final",
    "after-index",
    "random, woken early",
)
"""Where who sends is stopped: at each checkpoint that the worker passes, and anywhere."""
WANTED = frozenset[str]()
"""Who is not stopped refuses nothing."""


def run(
    trials: int,
    rng: random.Random,
    tell: Callable[[str], None] = lambda _: None,
    *,
    lease: float = LEASE,
    unfenced: bool = False,
) -> Tally:
    """Carry out the trials, one kind of instant after another; `unfenced` takes the fence away, to see it missed."""
    tally = Tally()
    postgres = Server()
    try:
        server = warm_server()
        with tempfile.TemporaryDirectory(prefix="kilnmark-senders-") as folder:
            while (done := tally.trials.total()) < trials:
                database = postgres.make_migrated()
                with pair(server, Path(folder, str(done)), database, lease=lease, unfenced=unfenced) as made:
                    for _ in range(min(EACH_WORLD, trials - done)):
                        _trial(made, KINDS[tally.trials.total() % len(KINDS)], tally, rng, lease)
                    if unfenced:
                        made.wait_unfenced(PATIENCE)
                    _judge(made, tally, rng)
                tell(f"{tally.trials.total():,} trials: {tally.lost} lost, {tally.double} double")
    finally:
        postgres.close()
    return tally


def _trial(made: Pair, kind: str, tally: Tally, rng: random.Random, lease: float) -> None:
    number = made.holder(PATIENCE)
    first, other = made.registries[number], made.registries[1 - number]
    studio = made.studio
    studio.registry = other
    studio.more(rng.randint(1, 3))
    stopped = _stop(made, first, kind, tally, rng)
    if kind == "random, woken early":
        time.sleep(rng.uniform(0.1, 1.2) * lease)
        taken = made.taken_over(number, 0)
    else:
        taken = made.taken_over(number, PATIENCE)
        if not taken:
            tally.faults.append(f"{kind}: nobody took over within {PATIENCE} s")
        tally.longest("s until the other held the lease", time.monotonic() - stopped)
        studio.more(1)
        studio.offer_all(PATIENCE)
        time.sleep(rng.choice((0, 0.3, 1.0)))  # The other has sent what there was, or is about to.
    woken = time.time()
    os.kill(first.pid or 0, signal.SIGCONT)
    if not studio.recovered(PATIENCE):
        tally.faults.append(f"not recovered after {kind}: {other.client.ready()}")
    tally.tried(kind, time.monotonic() - stopped)
    time.sleep(0.3)
    first.wait_up()
    if taken:
        _want_silence(made, number, woken, kind, tally)


def _stop(made: Pair, first: ForkedRegistry, kind: str, tally: Tally, rng: random.Random) -> float:
    """Stop who sends, where it passes a checkpoint or at once; return when."""
    assert first.pid is not None
    if kind.startswith("random"):
        made.studio.offer_all(PATIENCE)
        time.sleep(rng.uniform(0, 0.25))
    else:
        first.server.tell(first.pid, arm=kind, stop=True)
        deadline = time.monotonic() + UNREACHED
        while not _is_stopped(first.pid) and time.monotonic() < deadline:
            if not made.studio.waiting:
                made.studio.more(1)
            made.studio.offer_once()
            time.sleep(0.03)
        if not _is_stopped(first.pid):
            tally.notes[f"{kind} was not passed, stopped at once"] += 1
            first.server.tell(first.pid, arm="", stop=False)
    os.kill(first.pid, signal.SIGSTOP)
    return time.monotonic()


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _want_silence(made: Pair, number: int, woken: float, kind: str, tally: Tally) -> None:
    """Want that who woke has sent nothing but, at most, what was under way: bytes that are the outbox's own."""
    again = made.held_again(number, woken)
    if again != float("inf"):
        tally.notes["who woke got the lease back: the other was too slow"] += 1
    sent = made.nodes[number].sent_between(woken, again)
    known = made.signed()
    for raw in sent:
        if raw not in known:
            tally.faults.append(f"{kind}: who woke sent what is not in the outbox")
        elif not kind.startswith("random"):
            tally.faults.append(f"{kind}: who woke sent under a lease that was over")
        else:
            tally.notes["sends that were under way, of bytes that the other sends as well"] += 1


def _judge(made: Pair, tally: Tally, rng: random.Random) -> None:
    tally.notes["writes of who sends"] += made.writes()
    for fault, times in made.unfenced_writes().items():
        tally.faults.append(f"{times} x {fault}")
    made.studio.tell_answers(tally, WANTED)
    made.studio.judge(tally, rng, node=made.nodes[0].node_url)
    if "Traceback" in made.registries[0].log:
        tally.faults.append("a traceback in the log: " + made.registries[0].log[-2_000:])


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lease", type=float, default=LEASE, help="seconds that the lease lasts")
    parser.add_argument("--unfenced", action="store_true", help="without the fence, to see it missed")


if __name__ == "__main__":
    sys.exit(carry_out(run, TRIALS, "Stop who sends for longer than its lease, and count what it does then.", _options))
