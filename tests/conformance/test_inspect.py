"""What a steward sees of a ledger before pinning it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from provenance.encoding import Address
from provenance.errors import LedgerError
from provenance.evm.abi import interface
from provenance.evm.accounts import Account
from provenance.evm.calls import role_id
from provenance.evm.deploy import deploy
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.evm.inspect import inspect
from provenance.evm.ledger import EVMLedger
from provenance.ledger import (
    BeginAdminTransferCall,
    CancelAdminTransferCall,
    Deployment,
    GrantRoleCall,
    LedgerCall,
    NameSuccessorCall,
    RevokeRoleCall,
    Role,
    SealCall,
)

ADMIN, STEWARD, ANCHORER, IMPORTER, GUEST = (Account.generate()[0] for _ in range(5))


class Place:
    """A chain whose provider can be told to lie."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_800_000_000
        people = (ADMIN, STEWARD, ANCHORER, IMPORTER, GUEST)
        self.chain = EmbeddedChain(
            folder / "chain.db", funded=[account.address for account in people], clock=lambda: self.now
        )
        self.provider = EmbeddedProvider(self.chain)

    def mine(self) -> None:
        self.now += 1
        self.chain.seal()

    def deploy(self, **options: Any) -> EVMLedger:
        return deploy(
            self.provider,
            ADMIN,
            admin=ADMIN.address,
            steward=STEWARD.address,
            anchorer=ANCHORER.address,
            base_uri="https://x/",
            admin_delay=3_600,
            wait=self.mine,
            **options,
        )

    def do(self, ledger: EVMLedger, call: LedgerCall, account: Account) -> None:
        transaction = ledger.prepare(call, account, ledger.next_nonce(account.address))
        ledger.send(transaction)
        self.mine()
        outcome = ledger.outcome(transaction.hash)
        assert outcome is not None
        assert outcome.succeeded, outcome.error


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.chain.close()


class Lying(JSONBaseProvider):
    """A provider that gives some answers its own way."""

    def __init__(self, provider: JSONBaseProvider, lie: Callable[[str, Any, RPCResponse], RPCResponse]) -> None:
        super().__init__()
        self._provider, self._lie = provider, lie

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        return self._lie(method, params, self._provider.make_request(method, params))


def test_a_new_ledger_is_the_shipped_one_and_names_its_people(place: Place) -> None:
    found = inspect(place.deploy())
    assert (found.code_is_shipped, found.verifier_is_shipped) == (True, True)
    assert found.roles == {
        Role.ANCHORER: (ANCHORER.address,),
        Role.STEWARD: (STEWARD.address,),
        Role.IMPORTER: (),
    }
    assert (found.admin, found.pending_admin, found.pending_from, found.admin_delay) == (
        ADMIN.address, None, None, 3600,
    )  # fmt: skip
    assert (found.transferable, found.sealed, found.predecessor, found.successor) == (False, True, None, None)
    assert inspect(place.deploy(transferable=True)).transferable


@pytest.mark.parametrize(
    ("asked", "word", "what"),
    [("defaultAdmin", 0, "admin"), ("predecessor", 2, "predecessor"), ("deploymentId", 0, "deployment")],
)
def test_a_node_that_shows_another_deployment_is_not_believed(place: Place, asked: str, word: int, what: str) -> None:
    selector = "0x" + interface().functions[asked].encode().hex()

    def lie(method: str, params: Any, truth: RPCResponse) -> RPCResponse:
        if method == "eth_call" and params[0]["data"] == selector:
            words = bytearray.fromhex(cast(str, truth["result"])[2:])
            words[32 * word + 31] ^= 1
            return {**truth, "result": "0x" + words.hex()}
        return truth

    old, honest = place.deploy(), place.provider
    place.provider = cast(Any, Lying(honest, lie))
    before = Deployment(old.identity.contract, old.identity.chain_id, 4)
    with pytest.raises(LedgerError, match=f"its {what} differs") as caught:
        place.deploy(importer=IMPORTER.address, predecessor=before)
    assert not caught.value.retryable


def test_a_node_that_names_another_address_or_denies_a_role_is_not_believed(place: Place) -> None:
    decoy, honest = place.deploy(), place.provider

    def renamed(method: str, params: Any, truth: RPCResponse) -> RPCResponse:
        if method == "eth_getTransactionReceipt" and truth["result"] is not None:
            receipt = {**cast(Any, truth["result"]), "contractAddress": str(decoy.identity.contract)}
            return cast(RPCResponse, {**truth, "result": receipt})
        return truth

    place.provider = cast(Any, Lying(honest, renamed))
    with pytest.raises(LedgerError, match="its address differs"):
        place.deploy()
    for role, account in ((Role.STEWARD, STEWARD), (Role.ANCHORER, ANCHORER)):
        data = "0x" + interface().functions["hasRole"].encode(role_id(role), str(account.address)).hex()

        def denied(method: str, params: Any, truth: RPCResponse, data: str = data) -> RPCResponse:
            lied = method == "eth_call" and params[0]["data"] == data
            return {**truth, "result": "0x" + "00" * 32} if lied else truth

        place.provider = cast(Any, Lying(honest, denied))
        with pytest.raises(LedgerError, match=f"its {role.value} differs"):
            place.deploy()


def test_roles_are_those_that_count_now(place: Place) -> None:
    ledger = place.deploy()
    place.do(ledger, GrantRoleCall(Role.STEWARD, GUEST.address), ADMIN)
    place.do(ledger, GrantRoleCall(Role.ANCHORER, GUEST.address), ADMIN)
    place.do(ledger, RevokeRoleCall(Role.ANCHORER, GUEST.address), ADMIN)
    place.do(ledger, BeginAdminTransferCall(GUEST.address), ADMIN)
    start = ledger.head().time + timedelta(hours=1)
    found = inspect(ledger)
    assert found.roles[Role.STEWARD] == tuple(sorted((STEWARD.address, GUEST.address)))
    assert found.roles[Role.ANCHORER] == (ANCHORER.address,)
    assert (found.admin, found.pending_admin, found.pending_from) == (ADMIN.address, GUEST.address, start)
    place.do(ledger, CancelAdminTransferCall(), ADMIN)
    assert inspect(ledger).pending_admin is None


def test_where_a_ledger_came_from_and_where_it_leads(place: Place) -> None:
    old = place.deploy()
    named = Deployment(old.identity.contract, old.identity.chain_id, old.head().number)
    new = place.deploy(importer=IMPORTER.address, predecessor=named)
    found = inspect(new)
    assert (found.sealed, found.predecessor) == (False, named)
    assert found.roles[Role.IMPORTER] == (IMPORTER.address,)
    successor = Deployment(new.identity.contract, new.identity.chain_id, old.head().number)
    place.do(old, NameSuccessorCall(successor), ADMIN)
    assert inspect(old).successor == successor
    for expected in (None, new.identity):
        with pytest.raises(LedgerError) as caught:
            EVMLedger(place.provider, new.identity.contract, expected)
        assert (caught.value.code, caught.value.retryable) == ("not-sealed", False)
    assert not EVMLedger(place.provider, new.identity.contract, new.identity, importing=True).sealed()
    place.do(new, SealCall(), IMPORTER)
    assert EVMLedger(place.provider, new.identity.contract, new.identity).sealed()


def test_one_byte_of_other_code_shows(place: Place) -> None:
    ledger = place.deploy()
    verifier = ledger.passkey_verifier()
    for of, expected in ((ledger.identity.contract, (False, True)), (verifier, (True, False))):

        def lie(method: str, params: Any, truth: RPCResponse, of: Address = of) -> RPCResponse:
            if method != "eth_getCode" or params[0] != str(of):
                return truth
            code = str(truth["result"])
            return {**truth, "result": code[:-2] + f"{int(code[-2:], 16) ^ 1:02x}"}

        found = inspect(EVMLedger(Lying(place.provider, lie), ledger.identity.contract))
        assert (found.code_is_shipped, found.verifier_is_shipped) == expected


def test_a_node_that_limits_the_range_is_asked_in_parts(place: Place) -> None:
    ledger = place.deploy()
    for _ in range(4):
        place.do(ledger, GrantRoleCall(Role.STEWARD, GUEST.address), ADMIN)
        place.do(ledger, RevokeRoleCall(Role.STEWARD, GUEST.address), ADMIN)
    place.do(ledger, GrantRoleCall(Role.STEWARD, GUEST.address), ADMIN)
    place.now += 1
    asked, head = list[int](), ledger.head().number

    def lie(method: str, params: Any, truth: RPCResponse) -> RPCResponse:
        if method == "eth_getBlockByNumber" and params[0] == "latest":
            return {**truth, "result": {**dict(truth["result"]), "number": hex(1_000)}}
        if method != "eth_getLogs":
            return truth
        first, last = (int(params[0][name], 16) for name in ("fromBlock", "toBlock"))
        asked.append(last - first + 1)
        error = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32005, "message": "range too wide"}}
        if asked[-1] > 200:
            return cast(RPCResponse, error)
        there = {**params[0], "toBlock": hex(min(last, head))}
        if first > head:
            return cast(RPCResponse, {"jsonrpc": "2.0", "id": 1, "result": []})
        return place.provider.make_request(RPCEndpoint(method), [there])

    found = inspect(EVMLedger(Lying(place.provider, lie), ledger.identity.contract))
    assert GUEST.address in found.roles[Role.STEWARD]
    assert asked[0] == 1_001
    assert min(asked) > 64
