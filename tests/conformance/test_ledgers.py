"""One suite, four ledgers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from web3.providers.base import JSONBaseProvider

from provenance.evm.accounts import Account, is_signed_by
from provenance.evm.deploy import deploy
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import BoundedHTTPProvider, Node
from provenance.testing.conformance import LedgerConformance, World
from provenance.testing.memory import MemoryLedger
from tests.conformance import nodes

# One chain serves all tests of a back-end, each of them on a deployment of its own.
MONEY = hex(10**20)


def people() -> list[Account]:
    return [Account.generate()[0] for _ in range(5)]


def world_on(provider: JSONBaseProvider, mine: Callable[[], None], deployer: Account, accounts: list[Account]) -> World:
    steward, anchorer, studio, other, stranger = accounts
    ledger = deploy(
        provider,
        deployer,
        admin=deployer.address,
        steward=steward.address,
        anchorer=anchorer.address,
        base_uri="https://registry.example/tokens/",
        wait=mine,
    )

    def reopen() -> EVMLedger:
        return EVMLedger(provider, ledger.identity.contract, ledger.identity)

    return World(ledger, mine, reopen, steward, anchorer, studio, other, stranger)


def world_at(provider: BoundedHTTPProvider, setter: str) -> World:
    node, deployer, accounts = Node(provider), Account.generate()[0], people()
    for account in (deployer, *accounts):
        node.request(setter, str(account.address), MONEY)

    def mine() -> None:
        node.request("evm_increaseTime", 1)  # anvil gives blocks of one second the same time.
        node.request("evm_mine")

    return world_on(provider, mine, deployer, accounts)


class TestMemory(LedgerConformance):
    @pytest.fixture
    def world(self) -> World:
        steward, anchorer, studio, other, stranger = people()

        ledger = MemoryLedger(steward=steward.address, anchorer=anchorer.address, is_signed=is_signed_by)
        return World(ledger, ledger.mine, lambda: ledger, steward, anchorer, studio, other, stranger)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedChain, list[int], list[Account]]]:
    now, accounts = [1_800_000_000], [Account.generate()[0] for _ in range(6)]
    path = tmp_path_factory.mktemp("embedded") / "chain.db"
    chain = EmbeddedChain(path, funded=[account.address for account in accounts], clock=lambda: now[0])
    yield chain, now, accounts
    chain.close()


@pytest.fixture(scope="module")
def anvil() -> Iterator[BoundedHTTPProvider]:
    with nodes.anvil() as provider:
        yield provider


@pytest.fixture(scope="module")
def hardhat() -> Iterator[BoundedHTTPProvider]:
    with nodes.hardhat() as provider:
        yield provider


class TestEmbedded(LedgerConformance):
    @pytest.fixture
    def world(self, embedded: tuple[EmbeddedChain, list[int], list[Account]]) -> World:
        chain, now, accounts = embedded

        def mine() -> None:
            now[0] += 1
            chain.seal()

        return world_on(EmbeddedProvider(chain), mine, accounts[0], accounts[1:])


class TestAnvil(LedgerConformance):
    @pytest.fixture
    def world(self, anvil: BoundedHTTPProvider) -> World:
        return world_at(anvil, "anvil_setBalance")


class TestHardhat(LedgerConformance):
    @pytest.fixture
    def world(self, hardhat: BoundedHTTPProvider) -> World:
        return world_at(hardhat, "hardhat_setBalance")
