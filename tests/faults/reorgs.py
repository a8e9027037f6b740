"""Reorganises the chain under a registry, 1 to 64 blocks deep, while three in ten of the node's answers are lost.

``python -m tests.faults.reorgs --trials 1000``
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from provenance.certificate import Certificate
from provenance.errors import ProvenanceError
from tests.faults.flaky import LOSSES
from tests.faults.forked import PATIENCE, warm_server
from tests.faults.node_world import HIGHEST, IDLE, World, world
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
"""Seconds to recover while answers go on being lost: each question is asked three times, and a turn asks many."""
WATCHED = 12
"""Pieces whose verdict was final, which are looked at after each reorganisation."""

_UNDER_WAY = "SELECT count(*) FROM outbox WHERE sending NOT IN ('final', 'reverted')"


def run(trials: int, rng: random.Random, tell: Callable[[str], None] = lambda _: None) -> Tally:
    """Carry out the trials."""
    tally = Tally()
    settings = {"KILNMARK_CONFIRMATIONS": str(CONFIRMATIONS)}
    server = warm_server()
    with tempfile.TemporaryDirectory(prefix="kilnmark-reorgs-") as folder:
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
            found = f"{tally.lost} lost, {tally.double} double, {len(tally.faults)} faults"
            tell(f"{tally.trials.total():,} trials: {found}")
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
    turn, burying = 0, _Burying(made)
    while made.studio.open and time.monotonic() - began < REORG_PATIENCE:
        turn += 1
        if made.height < LAST:
            burying.turn(turn)
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


class _Burying:
    """Mines for a registry that waits, with few blocks: anvil has not many of them."""

    def __init__(self, made: World) -> None:
        self._made = made
        self._mined: tuple[object, int] | None = None

    def turn(self, number: int) -> None:
        """Bury what is mined, since the next anchor waits for its end; mine what waits, and now and then a block."""
        made, signed = self._made, self._all_mined()
        if signed is not None and (self._mined is None or self._mined[0] != signed):
            self._mined = signed, made.height
        if signed is not None and self._mined is not None and made.height < self._mined[1] + CONFIRMATIONS:
            made.mine(16)
        elif made.node.ask("txpool_status")["pending"] != "0x0" or number % IDLE == 0:
            made.mine()

    def _all_mined(self) -> object | None:
        """Return what the registry has signed, where all of it is in blocks and something has yet to become final."""
        made = self._made
        with closing(sqlite3.connect(made.registry.folder / "registry.db")) as database:
            signed = database.execute("SELECT account, max(nonce) FROM outbox GROUP BY account").fetchall()
            (under_way,) = database.execute(_UNDER_WAY).fetchone()
        if not under_way:
            states = made.registry.client.states([certificate.digest for certificate in made.studio.open])
            if any(progress.state == "waiting" for progress in states.values()):
                return None
        used = (
            int(made.node.ask("eth_getTransactionCount", f"0x{account.hex()}", "latest"), 16) for account, _ in signed
        )
        return signed if all(count > nonce for count, (_, nonce) in zip(used, signed, strict=True)) else None


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
