"""Kills PostgreSQL under a registry that goes on, starts it again, and counts what is lost.

``python -m tests.faults.postgres --trials 100``
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.faults.clocks import FastClock
from tests.faults.forked import PATIENCE, ForkedRegistry, warm_server
from tests.faults.insistent import Insistent
from tests.faults.tables import Tally, carry_out
from tests.support.postgres import Server

TRIALS = 100
EACH_FOLDER = 25
KINDS = ("killed", "stopped at once", "killed, and again while it recovers")
NAMES = frozenset({"database-away"})
WANTED = frozenset({"503 database-away"})


def run(trials: int, rng: random.Random, tell: Callable[[str], None] = lambda _: None) -> Tally:
    """Carry out the trials, one kind of end after another."""
    tally = Tally()
    postgres = Server()
    try:
        server = warm_server()
        with tempfile.TemporaryDirectory(prefix="kilnmark-postgres-") as folder:
            while (done := tally.trials.total()) < trials:
                address = postgres.make_migrated()
                registry = ForkedRegistry(server, Path(folder, str(done)), FastClock.now(), KILNMARK_DATABASE=address)
                registry.start()
                studio = Insistent(registry)
                studio.accredit()
                kept = _anchor_one(studio)
                for _ in range(min(EACH_FOLDER, trials - done)):
                    _trial(postgres, studio, kept, tally, rng)
                studio.tell_answers(tally, WANTED)
                studio.judge(tally, rng)
                studio.close()
                registry.kill()
                if "Traceback" in registry.log:
                    log = registry.log
                    tally.faults.append("a traceback in the log: " + log[log.index("Traceback") :][:2_000])
                tell(f"{tally.trials.total():,} trials: {tally.lost} lost, {tally.double} double")
    finally:
        postgres.close()
    return tally


def _anchor_one(studio: Insistent) -> str:
    """Return the address of a piece's verdict."""
    studio.more(1)
    first = studio.waiting[0]
    assert studio.recovered(PATIENCE)
    return f"{studio.registry.base_url}/api/v1/pieces/{first.piece.serial.compact}"


def _trial(postgres: Server, studio: Insistent, kept: str, tally: Tally, rng: random.Random) -> None:
    kind = KINDS[tally.trials.total() % len(KINDS)]
    with studio.submitting():
        time.sleep(rng.uniform(0, 0.4))
        postgres.kill(at_once=kind != "stopped at once")
        down = time.monotonic()
        if not studio.named(NAMES):
            tally.faults.append(f"{kind}: /readyz names {studio.troubles()}")
        tally.longest("s until /readyz named it", time.monotonic() - down)
        _want(httpx.get(kept, timeout=60, trust_env=False), 503, "database-away", kind, tally)
        alive = httpx.get(f"{studio.registry.base_url}/healthz", timeout=60, trust_env=False)
        _want(alive, 200, None, kind, tally)
        time.sleep(rng.choice((0, 0.3, 1.5)))
        postgres.start_again()
        if kind == "killed, and again while it recovers":
            time.sleep(rng.uniform(0, 0.3))
            postgres.kill()
            postgres.start_again()
        began = time.monotonic()
    if not studio.recovered(PATIENCE):
        tally.faults.append(f"not recovered after {kind}: {studio.registry.client.ready()}")
    tally.tried(kind, time.monotonic() - began)
    if httpx.get(kept, timeout=60, trust_env=False).json().get("outcome") != "AUTHENTIC":
        tally.faults.append(f"{kind}: a piece that was anchored is not AUTHENTIC any more")


def _want(answer: httpx.Response, status: int, code: str | None, kind: str, tally: Tally) -> None:
    told = answer.json().get("code")
    if (answer.status_code, told) != (status, code):
        tally.faults.append(f"{kind}: {answer.url} answers {answer.status_code} {told}")


if __name__ == "__main__":
    sys.exit(carry_out(run, TRIALS, "Kill PostgreSQL under a registry, and count what is lost or doubled."))
