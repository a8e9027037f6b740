"""Reorganises the chain under a registry, 1 to 64 blocks deep, while three in ten of the node's answers are lost.

``python -m tests.faults.reorgs --trials 1000``
"""

from __future__ import annotations

import hashlib
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from provenance.certificate import Certificate
from provenance.errors import ProvenanceError
from tests.faults.flaky import LOSSES
from tests.faults.forked import PATIENCE
from tests.faults.forks import ForkServer
from tests.faults.node_world import HIGHEST, World, world
from tests.faults.tables import Tally, carry_out

TRIALS = 100
DEEPEST = 64
CONFIRMATIONS = DEEPEST + 1
"""Blocks after which a verdict is final: no reorganisation of these trials reaches so deep."""
TOGETHER = 12
"""Reorganisations that follow each other at most before all is waited for: final is what lies 65 blocks deep then."""
EACH_WORLD = 40
LAST = HIGHEST + 350
"""Trials on one chain, and the height from which no block is added any more."""
LOST = 0.3
REORG_PATIENCE = 3 * PATIENCE
"""Seconds to recover while answers go on being lost: a turn of the worker that asks seven times fails nine in ten."""
WATCHED = 12
"""Pieces whose verdict was final, which are looked at after each reorganisation."""


def run(trials: int, rng: random.Random, tell: Callable[[str], None] = lambda _: None) -> Tally:
    """Carry out the trials."""
    tally = Tally()
    settings = {"KILNMARK_CONFIRMATIONS": str(CONFIRMATIONS)}
    with ForkServer() as server, tempfile.TemporaryDirectory(prefix="kilnmark-reorgs-") as folder:
        while tally.trials.total() < trials:
            with world(server, Path(folder, str(tally.trials.total())), rng, **settings) as made:
                made.node.kinds = LOSSES
                made.mine(DEEPEST)
                final = list[Certificate]()
                last = min(tally.trials.total() + EACH_WORLD, trials)
                while tally.trials.total() < last and made.height < HIGHEST:
                    _trials(made, tally, rng, final, min(rng.randint(1, TOGETHER), last - tally.trials.total()))
                made.studio.judge(tally, rng, node=made.node.node_url)
                if "Traceback" in made.registry.log:
                    tally.faults.append("a traceback in the log: " + made.registry.log[-2_000:])
                tally.notes.update(made.node.done)
            tell(f"{tally.trials.total():,} trials: {tally.lost} lost, {tally.double} double")
    return tally


def _trials(made: World, tally: Tally, rng: random.Random, final: list[Certificate], number: int) -> None:
    """Reorganise so often while anchors are on their way, then wait until all that was acknowledged is final."""
    kinds = list[str]()
    made.node.chance = LOST
    for _ in range(number):
        depth = rng.randint(1, DEEPEST)
        kinds.append(f"{8 * ((depth - 1) // 8) + 1} to {8 * ((depth - 1) // 8) + 8} blocks deep")
        made.studio.more(rng.randint(1, 3))
        made.studio.offer()
        for _ in range(rng.randint(0, 12)):  # The anchor is not made, or waits, or is mined, or lies deep already.
            time.sleep(rng.uniform(0, 0.1))
            made.mine(rng.choice((1, 1, 1, 8)))
        made.reorganise(depth)
        began = time.monotonic()
        _want_final(made, tally, rng, final)
    while made.studio.open and time.monotonic() - began < REORG_PATIENCE:
        if made.height < LAST:
            made.mine(16 if _all_mined(made) else 1)
        made.studio.settled(0.1)
    _want_final(made, tally, rng, final)
    if made.studio.open:
        tally.faults.append(f"not recovered after {kinds}: {made.registry.client.ready()}")
    for kind in kinds:
        tally.tried(kind, time.monotonic() - began)
    made.node.chance = 0.0
    made.registry.wait_up()
    known = {certificate.digest for certificate in final}
    newer = [certificate for certificate in made.studio.acknowledged.values() if certificate.digest not in known]
    final += [certificate for certificate in newer if _outcome(made, certificate) == "AUTHENTIC"]


def _all_mined(made: World) -> bool:
    """Tell whether all that was acknowledged is in blocks, as far as the registry and the node's pool know."""
    states = made.registry.client.states([certificate.digest for certificate in made.studio.open])
    batched = all(progress.state != "waiting" for progress in states.values())
    return batched and made.node.ask("txpool_status")["pending"] == "0x0"


def _want_final(made: World, tally: Tally, rng: random.Random, final: list[Certificate]) -> None:
    """Want that no verdict which was final is withdrawn."""
    for certificate in rng.sample(final, min(WATCHED, len(final))):
        outcome = _outcome(made, certificate)
        tally.verdicts += 1
        if outcome in ("INCONCLUSIVE", "UNREACHABLE"):
            tally.notes["verdicts that could not be given for the moment"] += 1
        elif outcome != "AUTHENTIC":
            digest = hashlib.sha256(certificate.data).hexdigest()
            tally.faults.append(f"the verdict on {digest} was final, and is {outcome} now")


def _outcome(made: World, certificate: Certificate) -> str:
    try:
        return str(made.registry.client.verdict(certificate.piece.serial)["outcome"])
    except ProvenanceError:
        return "UNREACHABLE"


if __name__ == "__main__":
    sys.exit(carry_out(run, TRIALS, "Reorganise the chain, and count what is lost, doubled or withdrawn."))
