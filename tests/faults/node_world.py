"""A registry on a ledger at anvil, with a flaky proxy between them."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from provenance.evm.accounts import Account
from provenance.evm.deploy import deploy
from provenance.evm.ledger import EVMLedger
from tests.conformance.nodes import anvil
from tests.faults.clocks import FastClock
from tests.faults.flaky import FlakyNode
from tests.faults.forked import ForkedRegistry, Submitter
from tests.support.forks import ForkServer

HIGHEST = 500
"""Height of a chain on which no trial is begun any more: some 900 blocks on, anvil forgets the contract."""
IDLE = 10
"""Turns without a transaction after which a block is mined all the same."""
_MONEY = hex(10**21)


class World:
    """A node, the way to it, a registry and a studio."""

    def __init__(self, node: FlakyNode, registry: ForkedRegistry, ledger: EVMLedger) -> None:
        self.node, self.registry, self.studio = node, registry, Submitter(registry)
        self.ledger = ledger
        """The ledger as the node has it, with nothing between."""

    def mine(self, blocks: int = 1) -> None:
        self.node.ask("anvil_mine", hex(blocks), "0x0")

    def reorganise(self, depth: int) -> None:
        """Replace the newest blocks by as many others, and let what was in them be gone."""
        someone = self.node.ask("eth_accounts")[0]
        # Within one second an empty block in the place of an empty one would be the same.
        payment = {"from": someone, "to": someone, "value": "0x1"}
        self.node.ask("anvil_reorg", depth, [[payment, 0]])

    @property
    def height(self) -> int:
        """The newest block's number."""
        return int(self.node.ask("eth_blockNumber"), 16)

    @contextmanager
    def mining(self, every: float = 0.05) -> Iterator[None]:
        """Mine what waits while the block lasts, and now and then an empty block."""
        over = threading.Event()

        def mine() -> None:
            turn = 0
            while not over.wait(every):
                turn += 1
                if turn % IDLE == 0 or self.node.ask("txpool_status")["pending"] != "0x0":
                    self.mine()

        thread = threading.Thread(target=mine, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@contextmanager
def world(server: ForkServer, folder: Path, rng: random.Random, **settings: str) -> Iterator[World]:
    """Hold a world while the block lasts; it begins without faults."""
    with ExitStack() as opened:
        provider = opened.enter_context(anvil())
        node = FlakyNode(provider.url, rng)
        opened.callback(node.close)
        anchorer, secret = Account.generate()
        relayer, relayer_secret = Account.generate()
        (folder / "secrets").mkdir(parents=True)
        (folder / "secrets/anchorer").write_text(secret.hex())
        (folder / "secrets/relayer").write_text(relayer_secret.hex())
        registry = ForkedRegistry(server, folder, FastClock(*_true_time()))
        for account in (anchorer, relayer, registry.admin, registry.steward):
            node.ask("anvil_setBalance", str(account.address), _MONEY)
        ledger = deploy(
            provider,
            registry.admin,
            admin=registry.admin.address,
            steward=registry.steward.address,
            anchorer=anchorer.address,
            base_uri=f"{registry.base_url}/tokens/",
            wait=lambda: node.ask("anvil_mine", "0x1", "0x0"),
        )
        registry.settings = {
            "KILNMARK_LEDGER": node.url,
            "KILNMARK_CONTRACT": str(ledger.identity.contract),
            **settings,
        }
        made = World(node, registry, ledger)
        with made.mining():
            registry.start()
            opened.callback(registry.kill)
            made.studio.accredit()
        yield made


def _true_time() -> tuple[float, float, float]:
    now = FastClock.now()
    return now.start, now.monotonic, 1.0
