"""Kills at the checkpoints that are passed only where something else has gone wrong: each is brought about on purpose.

A studio is suspended while its anchor is on its way, so that it is reverted; a node takes transactions and forgets
them, so that fees are raised; the chain is rearranged, so that the index goes back.  These happen at anvil.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from provenance.ledger import ReinstateCall, SuspendCall
from provenance_cli.ledgers import send_and_wait
from tests.faults.forked import PATIENCE, warm_server
from tests.faults.node_world import HIGHEST, World, world
from tests.faults.tables import Tally

RAISE_AFTER = 0.3
"""Seconds after which fees are raised here."""
EACH_WORLD = 30


def run(trials: int, rng: random.Random) -> Tally:
    """Carry out so many kills, at each of these checkpoints in turn."""
    tally = Tally()
    settings = {"KILNMARK_RAISE_FEES_AFTER": str(RAISE_AFTER)}
    server = warm_server()
    with tempfile.TemporaryDirectory(prefix="kilnmark-rare-") as folder:
        while (done := tally.trials.total()) < trials:
            with world(server, Path(folder, str(done)), rng, **settings) as made:
                for number in range(done, min(done + EACH_WORLD, trials)):
                    if made.height < HIGHEST:
                        _trial(made, list(WAYS)[number % len(WAYS)], tally, rng)
                made.studio.judge(tally, rng, node=made.node.node_url)
                if "Traceback" in made.registry.log:
                    tally.faults.append("a traceback in the log: " + made.registry.log[-2_000:])
    return tally


def _trial(made: World, point: str, tally: Tally, rng: random.Random) -> None:
    """Bring a registry to a checkpoint where it dies, start it again, and wait until all is anchored."""
    registry, studio = made.registry, made.studio
    assert registry.pid is not None
    registry.server.tell(registry.pid, arm=point, stop=False)
    studio.more(rng.randint(1, 3))
    began_with = list(studio.waiting)
    WAYS[point](made, rng)
    tally.killed_at(point, passed=registry.is_dead())
    registry.kill()
    studio.open = began_with  # Whatever it was told before: the chain may have been rearranged.
    began = time.monotonic()
    with made.mining():
        registry.start()
        studio.offer()
        if not studio.settled(PATIENCE):
            tally.faults.append(f"not recovered after {point}: {registry.client.ready()}")
    tally.tried(point, time.monotonic() - began)


def _forgotten(made: World, _rng: random.Random) -> None:
    """A node forgets what it was sent, and blocks come without it."""
    made.node.forgets = True
    with made.mining():
        made.studio.offer()
        _wait(made.registry.is_dead)
    made.node.forgets = False


def _refused(made: World, _rng: random.Random) -> None:
    """A steward suspends the studio in the block that would have held its anchor."""
    ledger, steward, studio = made.ledger, made.registry.steward, made.studio.account.address
    made.studio.offer()
    _wait(lambda: made.node.ask("txpool_status")["pending"] != "0x0")
    suspension = ledger.prepare(SuspendCall(studio), steward, ledger.next_nonce(steward.address))
    for _ in range(3):  # Who pays more comes first in a block.
        suspension = ledger.raise_fees(suspension, steward)
    ledger.send(suspension)
    made.mine()
    with made.mining():
        _wait(made.registry.is_dead)
        send_and_wait(ledger, ReinstateCall(studio), steward)


def _rearranged(made: World, rng: random.Random) -> None:
    """Blocks that were indexed are replaced by others, with an anchor in them or not."""
    made.studio.offer()
    for _ in range(rng.randint(3, 8)):
        made.mine()
        time.sleep(rng.uniform(0.02, 0.1))
    deadline = time.monotonic() + PATIENCE
    while not made.registry.is_dead() and time.monotonic() < deadline:
        time.sleep(0.2)  # The index must have reached what is replaced.
        made.reorganise(rng.randint(1, 3))
        time.sleep(0.2)
        made.mine()


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not until() and time.monotonic() < deadline:
        time.sleep(0.02)


WAYS = {"after-raise": _forgotten, "after-revert": _refused, "after-rewind": _rearranged}
