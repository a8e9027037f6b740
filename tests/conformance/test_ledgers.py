"""One suite, four ledgers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes
from web3.providers.base import JSONBaseProvider

from provenance.encoding import Address, Root
from provenance.errors import LedgerError
from provenance.evm.accounts import Account, is_signed_by
from provenance.evm.deploy import deploy
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import BoundedHTTPProvider, Node
from provenance.handover import HolderAction, HolderOrder
from provenance.ledger import AccreditCall, Allotment, AnchorCall, Deployment, HolderOrderCall, ReportFoundCall
from provenance.testing.conformance import LedgerConformance, World
from provenance.testing.memory import START, MemoryLedger
from tests.conformance import nodes
from tests.support.signatures import high_s

# One chain serves all tests of a back-end, each of them on a deployment of its own.
MONEY = hex(10**20)
ADMIN_DELAY = 3_600


def people() -> list[Account]:
    return [Account.generate()[0] for _ in range(5)]


def world_on(
    provider: JSONBaseProvider,
    mine: Callable[[], None],
    later: Callable[[int], None],
    deployer: Account,
    accounts: list[Account],
) -> World:
    steward, anchorer, studio, other, stranger = accounts

    def deployed(importer: Address | None = None, predecessor: Deployment | None = None) -> EVMLedger:
        return deploy(
            provider,
            deployer,
            admin=deployer.address,
            steward=steward.address,
            anchorer=anchorer.address,
            base_uri="https://registry.example/tokens/",
            admin_delay=ADMIN_DELAY,
            importer=importer,
            predecessor=predecessor,
            wait=mine,
        )

    def reopen() -> EVMLedger:
        return EVMLedger(provider, ledger.identity.contract, ledger.identity)

    def succeed(predecessor: Deployment) -> EVMLedger:
        return deployed(deployer.address, predecessor)

    ledger = deployed()
    return World(ledger, mine, later, reopen, succeed, deployer, steward, anchorer, studio, other, stranger)


def world_at(provider: BoundedHTTPProvider, setter: str) -> World:
    node, deployer, accounts = Node(provider), Account.generate()[0], people()
    for account in (deployer, *accounts):
        node.request(setter, str(account.address), MONEY)

    def mine() -> None:
        later(1)  # anvil gives blocks of one second the same time.

    def later(seconds: int) -> None:
        node.request("evm_increaseTime", seconds)
        node.request("evm_mine")

    return world_on(provider, mine, later, deployer, accounts)


class Costs:
    """What the simulator has not: gas, and money."""

    def test_what_takes_more_gas_than_is_allowed_is_refused_and_says_so(self, world: World) -> None:
        call = AccreditCall(world.studio.address, "did:web:registry.example:studios:lin", "Lin")
        for limit in (1_000, 30_000, 60_000):
            with pytest.raises(LedgerError) as caught:
                world.ledger.prepare(call, world.steward, world.ledger.next_nonce(world.steward.address), max_gas=limit)
            assert (caught.value.code, caught.value.retryable) == ("too-costly", False), caught.value.message
        world.do(call, world.steward)

    def test_a_transactions_gas_stays_under_its_limit(self, world: World) -> None:
        call = AccreditCall(world.studio.address, "did:web:registry.example:studios:lin", "Lin")
        nonce = world.ledger.next_nonce(world.steward.address)
        signed = world.ledger.prepare(call, world.steward, nonce, max_gas=1_000_000)
        assert TypedTransaction.from_bytes(HexBytes(signed.raw)).as_dict()["gas"] <= 1_000_000
        world.ledger.send(signed)
        world.mine()
        outcome = world.ledger.outcome(signed.hash)
        assert outcome is not None
        assert outcome.succeeded

    def test_who_cannot_pay_learns_it_before_anything_is_signed(self, world: World) -> None:
        poor = Account.generate()[0]
        studio = AccreditCall(world.studio.address, "did:web:registry.example:studios:lin", "Lin")
        world.do(studio, world.steward)
        root = Root(secrets.token_bytes(32))
        world.do(AnchorCall(root, 1, 1, (Allotment(world.studio.address, 1),)), world.anchorer)
        order = HolderOrder(HolderAction.REPORT_LOST, 1 << 32, 0)
        signature = world.studio.sign_message(world.ledger.identity, order)
        with pytest.raises(LedgerError) as caught:
            world.ledger.prepare(HolderOrderCall(order, signature), poor, 0)
        assert (caught.value.code, caught.value.retryable) == ("low-balance", True)
        assert str(poor.address) in caught.value.message
        assert f"chain {world.ledger.identity.chain_id}" in caught.value.message

    def test_the_ledger_tells_who_signed(self, world: World) -> None:
        order, head = HolderOrder(HolderAction.REPORT_LOST, 1 << 32, 0), world.ledger.head()
        signature = world.studio.sign_message(world.ledger.identity, order)

        def says(signer: Address, signature: bytes) -> bool:
            return world.ledger.signed_by(signer, order, signature, head)

        assert says(world.studio.address, signature)
        assert not says(world.other.address, signature)
        assert not says(world.studio.address, high_s(signature))
        assert not says(world.studio.address, signature[:64])
        assert not says(world.studio.address, b"")
        assert not says(Address(bytes(20)), bytes(65))


class TestMemory(LedgerConformance):
    @pytest.fixture
    def world(self) -> World:
        admin, (steward, anchorer, studio, other, stranger) = Account.generate()[0], people()

        def made(importer: Address | None = None, predecessor: Deployment | None = None) -> MemoryLedger:
            return MemoryLedger(
                steward=steward.address,
                anchorer=anchorer.address,
                is_signed=is_signed_by,
                admin=admin.address,
                admin_delay=ADMIN_DELAY,
                importer=importer,
                predecessor=predecessor,
                now=START if predecessor is None else ledger.now,
            )

        made_so_far: list[MemoryLedger] = []

        def succeed(predecessor: Deployment) -> MemoryLedger:
            made_so_far.append(made(admin.address, predecessor))
            return made_so_far[-1]

        def mine() -> None:
            later(0)

        def later(seconds: int) -> None:
            for each in made_so_far:
                each.now += timedelta(seconds=seconds)
                each.mine()

        ledger = made()
        made_so_far.append(ledger)
        return World(ledger, mine, later, lambda: ledger, succeed, admin, steward, anchorer, studio, other, stranger)


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


class TestEmbedded(Costs, LedgerConformance):
    @pytest.fixture
    def world(self, embedded: tuple[EmbeddedChain, list[int], list[Account]]) -> World:
        chain, now, accounts = embedded

        def mine() -> None:
            later(1)

        def later(seconds: int) -> None:
            now[0] += seconds
            chain.seal()

        return world_on(EmbeddedProvider(chain), mine, later, accounts[0], accounts[1:])


class TestAnvil(Costs, LedgerConformance):
    @pytest.fixture
    def world(self, anvil: BoundedHTTPProvider) -> World:
        return world_at(anvil, "anvil_setBalance")

    def test_account_with_delegated_code_still_signs_with_its_key(
        self, world: World, anvil: BoundedHTTPProvider
    ) -> None:
        # EIP-7702: the holder's address has code, which does not know ERC-1271.
        token, holder = world.anchored(), Account.generate()[0]
        world.hand_over(token, world.studio, holder)
        code = "0xef0100" + world.ledger.identity.contract.hex()
        Node(anvil).request("anvil_setCode", str(holder.address), code)
        assert Node(anvil).request("eth_getCode", str(holder.address), "latest") == code
        world.refuses("InvalidHolderSignature", world.claim_call(token, world.other, world.studio), world.stranger)
        world.do(world.order_call(HolderAction.REPORT_LOST, token, holder), world.stranger)
        world.do(ReportFoundCall(token), world.steward)
        world.hand_over(token, holder, world.other)


class TestHardhat(Costs, LedgerConformance):
    @pytest.fixture
    def world(self, hardhat: BoundedHTTPProvider) -> World:
        return world_at(hardhat, "hardhat_setBalance")
