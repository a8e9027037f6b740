"""The embedded chain: its clock, its durability, its lock, and its JSON-RPC."""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth.vm.forks.prague import PragueVM
from web3 import Web3

from provenance.encoding import Address
from provenance.errors import ConflictError, LedgerError, StorageError
from provenance.evm.accounts import Account, transaction_fields
from provenance.evm.deploy import deploy
from provenance.evm.embedded import CHAIN_ID, MAX_PAUSE, EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider, EmbeddedRPC, RPCError
from provenance.ledger import AccreditCall, Allotment, AnchorCall, make_token_id
from provenance.testing.conformance.world import random_root

ROOT = Path(__file__).resolve().parents[2]
FRIDAY = 1_800_000_000
WEEKEND = 60 * 3600


class Place:
    """A chain with one rich account and a clock in the test's hand."""

    def __init__(self, path: Path) -> None:
        self.path = path / "chain.db"
        self.account, self.secret = Account.generate()
        self.now: float = FRIDAY
        self.open()

    def open(self) -> None:
        self.chain = EmbeddedChain(self.path, funded=[self.account.address], clock=lambda: self.now)
        self.rpc = EmbeddedRPC(self.chain)

    def nonce(self) -> int:
        return int(self.rpc.request("eth_getTransactionCount", [str(self.account.address), "latest"]), 16)

    def pay(self, nonce: int, **changes: Any) -> str:
        fields = {"type": 2, "chainId": CHAIN_ID, "nonce": nonce, "to": bytes(20), "value": 1}
        prices = {"gas": 100_000, "maxFeePerGas": 1_000, "maxPriorityFeePerGas": 1, "data": b""}
        signed = self.account.sign_transaction({**fields, **prices, **changes})
        result: str = self.rpc.request("eth_sendRawTransaction", ["0x" + signed.raw.hex()])
        return result

    def block(self, at: str = "latest") -> dict[str, Any]:
        answer: dict[str, Any] = self.rpc.request("eth_getBlockByNumber", [at, False])
        return answer

    def time(self) -> int:
        return int(self.block()["timestamp"], 16)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.chain.close()


# --- the clock ---------------------------------------------------------------------------------------------------


def test_block_after_an_idle_weekend_is_dated_when_it_is_sealed(place: Place) -> None:
    place.now += 1
    place.pay(0)
    assert place.chain.seal()
    place.now += WEEKEND
    place.pay(1)
    assert place.chain.seal()
    assert place.time() == FRIDAY + 1 + WEEKEND


def test_transaction_that_waited_is_dated_when_it_is_sealed_not_when_it_came(place: Place) -> None:
    place.pay(0)
    place.now += WEEKEND
    assert place.chain.seal()
    assert place.time() == FRIDAY + WEEKEND


def test_burst_makes_one_block_a_second_that_holds_all_that_waits(place: Place) -> None:
    place.now += 1
    place.pay(0)
    assert place.chain.seal()
    late = [place.pay(nonce) for nonce in range(1, 6)]
    for fraction in (0.0, 0.4, 0.5):
        place.now += fraction
        assert not place.chain.seal()  # All of this is the second of the newest block.
    place.now += 0.1
    assert place.chain.seal()
    assert place.time() == FRIDAY + 2
    assert place.block()["transactions"] == late


def test_nothing_to_seal_makes_no_block(place: Place) -> None:
    place.now += WEEKEND
    assert not place.chain.seal()
    assert place.block()["number"] == "0x0"


def test_clock_that_went_back_is_reported_and_nothing_is_misdated(place: Place) -> None:
    place.now += 3600
    place.pay(0)
    place.chain.seal()
    head = place.block()["hash"]
    waiting = place.pay(1)
    place.now -= 1800
    with pytest.raises(LedgerError) as caught:
        place.chain.seal()
    assert (caught.value.code, caught.value.retryable) == ("clock-behind", True)
    assert place.block()["hash"] == head
    place.now += 1801
    assert place.chain.seal()
    assert place.block()["transactions"] == [waiting]


def test_a_clock_far_ahead_is_doubted_until_somebody_vouches_for_it(place: Place) -> None:
    place.now += 1
    place.pay(0)
    assert place.chain.seal()
    head = place.block()["hash"]
    right = place.now + WEEKEND
    place.now += MAX_PAUSE + 1
    waiting = place.pay(1)
    with pytest.raises(LedgerError) as caught:
        place.chain.seal()
    assert (caught.value.code, caught.value.retryable) == ("clock-ahead", True)
    assert "KILNMARK_MAX_PAUSE_DAYS" in str(caught.value.hint)
    assert place.block()["hash"] == head
    place.now = right
    assert place.chain.seal()
    assert place.block()["transactions"] == [waiting]
    place.now += 2 * MAX_PAUSE
    place.chain.max_pause = 3 * MAX_PAUSE
    place.pay(2)
    assert place.chain.seal()


def test_what_offers_less_than_the_base_fee_is_refused_and_makes_no_block(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.now += 1
    with pytest.raises(RPCError, match="base fee"):
        place.pay(0, maxFeePerGas=6)
    with monkeypatch.context() as patch:  # It was enough when it came.
        patch.setattr(
            EmbeddedChain, "head", property(lambda chain: chain.chain.get_canonical_head().copy(base_fee_per_gas=1))
        )
        place.pay(0, maxFeePerGas=6)
    assert not place.chain.seal()
    assert (place.block()["number"], place.chain.pending) == ("0x0", {})
    place.pay(0)
    assert place.chain.seal()
    assert place.nonce() == 1


# --- durability --------------------------------------------------------------------------------------------------


def test_chain_is_the_same_when_opened_again_and_forgets_what_waited(place: Place) -> None:
    place.now += 1
    mined = place.pay(0)
    place.chain.seal()
    waiting = place.pay(1)
    genesis, head = place.block("0x0"), place.block()
    receipt = place.rpc.request("eth_getTransactionReceipt", [mined])
    place.chain.close()
    place.open()
    assert (place.block("0x0"), place.block()) == (genesis, head)
    assert place.rpc.request("eth_getTransactionReceipt", [mined]) == receipt
    assert place.rpc.request("eth_getTransactionByHash", [waiting]) is None
    assert place.pay(1) == waiting  # The outbox sends the same bytes again.
    place.now += 1
    assert place.chain.seal()
    assert place.nonce() == 2


def test_full_disk_loses_nothing_and_the_block_is_sealed_later(place: Place) -> None:
    place.now += 1
    place.pay(0)
    place.chain.seal()
    head = place.block()
    place.now += 1
    waiting = place.pay(1, data=secrets.token_bytes(50_000), gas=4_000_000)
    connection = place.chain.store.connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageError):
        place.chain.seal()
    assert place.block() == head
    assert place.nonce() == 1
    connection.execute("PRAGMA max_page_count=1000000")
    assert place.chain.seal()
    assert place.block()["transactions"] == [waiting]


@pytest.mark.slow
def test_kill_at_any_moment_loses_no_sealed_block(place: Place) -> None:
    genesis = place.block("0x0")["hash"]
    place.chain.close()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "tests/conformance/sealing_child.py"), str(place.path), place.secret.hex()]
    dice = random.Random()
    for _ in range(6):
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            acknowledged = 0
            for _ in range(dice.randrange(1, 12)):
                acknowledged = int(child.stdout.readline())
            timer = threading.Timer(dice.random() * 0.05, child.send_signal, [signal.SIGKILL])
            timer.start()
            for line in child.stdout:
                acknowledged = int(line) if line.endswith("\n") else acknowledged
            timer.join()
        assert child.returncode == -signal.SIGKILL
        place.open()
        # The last block may have become durable just before its acknowledgement was written.
        assert place.nonce() in (acknowledged, acknowledged + 1)
        assert place.block("0x0")["hash"] == genesis
        check_chain(place)
        place.chain.close()
    place.open()


def check_chain(place: Place) -> None:
    """Hold that every block hangs on its parent and every transaction has its receipt."""
    parent, seen = None, 0
    for number in range(int(place.block()["number"], 16) + 1):
        block = place.block(hex(number))
        assert parent is None or block["parentHash"] == parent["hash"]
        assert parent is None or int(block["timestamp"], 16) > int(parent["timestamp"], 16)
        for transaction in block["transactions"]:
            receipt = place.rpc.request("eth_getTransactionReceipt", [transaction])
            assert (receipt["status"], receipt["blockHash"]) == ("0x1", block["hash"])
            seen += 1
        parent = block
    assert seen == place.nonce()


def test_second_process_cannot_have_the_chain(place: Place) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from provenance.evm.embedded import EmbeddedChain\nfrom provenance.errors import ConflictError\n"
        "try: EmbeddedChain(Path(sys.argv[1]))\nexcept ConflictError as error: print(error.code)"
    )
    command = [sys.executable, "-c", script, str(place.path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "chain-in-use"
    with pytest.raises(ConflictError):
        EmbeddedChain(place.path)


def test_file_that_is_no_chain_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "chain.db"
    path.write_bytes(b"not a database" * 1_000)
    with pytest.raises(StorageError):
        EmbeddedChain(path)


def test_threads_take_turns(place: Place) -> None:
    place.now += 1
    problems: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(30):
                place.block()
                place.nonce()
        except BaseException as problem:  # Whatever a thread meets must reach the test.
            problems.append(problem)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for nonce in range(10):
        place.pay(nonce)
        place.now += 1
        place.chain.seal()
    for thread in threads:
        thread.join()
    assert problems == []
    assert place.nonce() == 10


# --- JSON-RPC ----------------------------------------------------------------------------------------------------


def test_chains_differ_in_their_genesis(place: Place, tmp_path: Path) -> None:
    # The same accounts and the same second: nothing but the chain's own randomness tells the two apart.
    other = EmbeddedChain(tmp_path / "other.db", funded=[place.account.address], clock=lambda: place.now)
    assert "0x" + other.head.hash.hex() != place.block("0x0")["hash"]
    assert other.head.timestamp == place.time()
    other.close()


def test_chain_id_is_the_same_inside_and_outside(place: Place) -> None:
    code = "0x465f5260205ff3"  # CHAINID PUSH0 MSTORE, return 32 bytes
    assert int(place.rpc.request("eth_call", [{"data": code}]), 16) == CHAIN_ID
    assert place.rpc.request("eth_chainId", []) == hex(CHAIN_ID)
    assert place.rpc.request("net_version", []) == str(CHAIN_ID)


def test_a_simulated_call_is_dated_by_its_block_and_an_estimate_by_the_clock(place: Place) -> None:
    for _ in range(2):
        place.now += 1_000
        place.pay(place.nonce())
        place.chain.seal()
    place.now += 1_000  # Idle since.
    for number in ("0x1", "0x2", "latest"):
        for opcode, member in (("42", "timestamp"), ("43", "number")):
            code = f"0x{opcode}5f5260205ff3"
            answer = place.rpc.request("eth_call", [{"data": code}, number])
            assert int(answer, 16) == int(place.block(number)[member], 16)
    later_reverts = "0x63{:08x}421160{:02x}575f5ff35b5f5ffd"  # TIMESTAMP > limit: revert
    place.rpc.request("eth_estimateGas", [{"data": later_reverts.format(int(place.now), 13)}])
    with pytest.raises(RPCError, match="reverted"):
        place.rpc.request("eth_estimateGas", [{"data": later_reverts.format(int(place.now) - 1, 13)}])


def test_what_a_call_did_is_undone_and_no_later_call_knows_of_it(place: Place) -> None:
    # It counts in storage, which the first touch makes dearer than later ones, and returns the number.
    counter = bytes.fromhex("5f5460010180" + "5f55" + "5f52" + "60205ff3")
    made = place.pay(0, to=b"", data=b"\x6d" + counter + bytes.fromhex("5f52600e6012f3"))
    place.now += 1
    place.chain.seal()
    receipt = place.rpc.request("eth_getTransactionReceipt", [made])
    to = {"to": receipt["contractAddress"], "from": str(place.account.address)}

    def told(rpc: EmbeddedRPC, at: str = "latest") -> list[int]:
        asked = 3 * ["eth_call"] + 3 * ["eth_estimateGas"]
        return [int(rpc.request(method, [to, at]), 16) for method in asked]

    first = told(EmbeddedRPC(place.chain))
    assert first == 3 * [1] + 3 * first[-1:]
    assert told(place.rpc) == first
    with pytest.raises(RPCError):  # Nobody has so much.
        place.rpc.request("eth_call", [{**to, "value": hex(2**200)}, "latest"])
    assert told(place.rpc) == first
    place.pay(1, to=bytes.fromhex(to["to"][2:]), value=0)
    place.now += 1
    place.chain.seal()
    assert told(place.rpc) == told(EmbeddedRPC(place.chain))
    assert [told(place.rpc, at)[0] for at in ("latest", receipt["blockNumber"], "latest")] == [2, 1, 2]


def test_state_is_read_at_a_block_by_number_and_by_hash(place: Place) -> None:
    receiver = str(Address(secrets.token_bytes(20)))
    blocks = [place.block()]
    for nonce in range(2):
        place.now += 1
        place.pay(nonce, to=bytes.fromhex(receiver[2:]), value=7)
        place.chain.seal()
        blocks.append(place.block())
    for paid, block in enumerate(blocks):
        for at in (block["number"], {"blockHash": block["hash"]}, {"blockNumber": block["number"]}):
            assert place.rpc.request("eth_getBalance", [receiver, at]) == hex(7 * paid)
    for nowhere in ("0x99", {"blockHash": "0x" + "11" * 32}):
        with pytest.raises(RPCError):
            place.rpc.request("eth_getBalance", [receiver, nowhere])


HOSTILE: list[tuple[str, list[Any]]] = [
    ("eth_nonsense", []),
    ("eth_sendTransaction", [{}]),
    ("eth_call", []),
    ("eth_call", [5]),
    ("eth_call", [None]),
    ("eth_call", [{"to": 5}]),
    ("eth_call", [{"to": "0x12"}]),
    ("eth_call", [{"data": "0x1"}]),
    ("eth_call", [{"data": "\u0665"}]),
    ("eth_call", [{"data": "0x" + "00" * 200_000}]),
    ("eth_call", [{"to": "0x" + "00" * 20, "gas": "0x0"}]),
    ("eth_call", [{"to": "0x" + "00" * 20, "value": "0x" + "f" * 64}]),
    ("eth_call", [{"to": "0x" + "00" * 20}, {"blockHash": 5}]),
    ("eth_getLogs", [[]]),
    ("eth_getLogs", [{"topics": 5}]),
    ("eth_getLogs", [{"address": {"a": 1}}]),
    ("eth_getLogs", [{"fromBlock": "0x" + "f" * 64}]),
    ("eth_getLogs", [{"blockHash": "0x" + "00" * 32}]),
    ("eth_getBalance", ["0x" + "00" * 20, {"blockNumber": []}]),
    ("eth_getTransactionCount", ["\U0001f3fa"]),
    ("eth_sendRawTransaction", ["0x02"]),
    ("eth_sendRawTransaction", ["0x02c0"]),
    ("eth_sendRawTransaction", ["0x02" + "f8" * 50]),
    ("eth_sendRawTransaction", [None]),
    ("web3_clientVersion", [1, 2, 3]),
]


@pytest.mark.parametrize(("method", "params"), HOSTILE)
def test_hostile_parameters_become_errors(place: Place, method: str, params: list[Any]) -> None:
    with pytest.raises(RPCError) as caught:
        place.rpc.request(method, params)
    assert caught.value.code < 0
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "changes",
    [
        {"chainId": 1},
        {"gas": 2**24 + 1},
        {"gas": 20_000},
        {"value": 10**30},
        {"nonce": 5},
        {"maxPriorityFeePerGas": 2**63, "maxFeePerGas": 2**63},  # More than a row can hold: it would stop the chain.
    ],
)
def test_transaction_that_could_never_be_mined_is_refused(place: Place, changes: dict[str, int]) -> None:
    with pytest.raises(RPCError):
        place.pay(changes.pop("nonce", 0), **changes)
    assert place.chain.pending == {}


def test_wallet_that_knows_nothing_of_lots_finds_every_token(place: Place) -> None:
    def seal() -> None:
        place.now += 1
        place.chain.seal()

    me, provider = place.account, EmbeddedProvider(place.chain)
    base = "https://registry.example/tokens/"
    ledger = deploy(provider, me, admin=me.address, steward=me.address, anchorer=me.address, base_uri=base, wait=seal)
    studios = [Address(secrets.token_bytes(20)) for _ in range(2)]
    calls: list[Any] = [AccreditCall(studio, f"did:{studio}", "Kiln") for studio in studios]
    calls.append(AnchorCall(random_root(), 700, 1, (Allotment(studios[0], 300), Allotment(studios[1], 400))))
    for call in calls:
        ledger.send(ledger.prepare(call, me, ledger.next_nonce(me.address)))
        seal()
    abi = [
        {"type": "event", "name": "Transfer", "anonymous": False, "inputs": [
            {"name": name, "type": kind, "indexed": True}
            for name, kind in (("from", "address"), ("to", "address"), ("tokenId", "uint256"))
        ]},
        *(
            {"type": "function", "name": name, "stateMutability": "view", "inputs": [{"name": "x", "type": given}],
             "outputs": [{"name": "", "type": result}]}
            for name, given, result in (
                ("ownerOf", "uint256", "address"), ("balanceOf", "address", "uint256"),
                ("tokenURI", "uint256", "string"), ("supportsInterface", "bytes4", "bool"),
            )
        ),
    ]  # fmt: skip
    web3 = Web3(provider)
    token = web3.eth.contract(Web3.to_checksum_address(str(ledger.identity.contract)), abi=abi)
    logs = token.events.Transfer().get_logs(from_block=0)
    owners = {log["args"]["tokenId"]: bytes.fromhex(log["args"]["to"][2:]) for log in logs}
    expected = {make_token_id(1, i): studios[0].value for i in range(300)}
    expected |= {make_token_id(2, i): studios[1].value for i in range(400)}
    assert owners == expected
    for token_id in (make_token_id(1, 0), make_token_id(1, 299), make_token_id(2, 399)):
        assert bytes.fromhex(token.functions.ownerOf(token_id).call()[2:]) == expected[token_id]
        assert token.functions.tokenURI(token_id).call() == f"{base}{token_id}"
    held = [token.functions.balanceOf(Web3.to_checksum_address(str(studio))).call() for studio in studios]
    assert held == [300, 400]
    for interface in ("0x01ffc9a7", "0x80ac58cd", "0x5b5e139f", "0x49064906", "0xb45a3c0e"):
        assert token.functions.supportsInterface(interface).call()
    assert not token.functions.supportsInterface("0xffffffff").call()


def test_receipts_are_those_of_the_rules_to_the_byte(place: Place) -> None:
    class Plain(type(place.chain.chain)):  # type: ignore[misc]
        vm_configuration = ((0, PragueVM),)

    def seal() -> None:
        place.now += 1
        place.chain.seal()

    me, provider = place.account, EmbeddedProvider(place.chain)
    base = "https://registry.example/tokens/"
    ledger = deploy(provider, me, admin=me.address, steward=me.address, anchorer=me.address, base_uri=base, wait=seal)
    studio = Address(secrets.token_bytes(20))
    good = AccreditCall(studio, f"did:{studio}", "Kiln"), AnchorCall(random_root(), 50, 1, (Allotment(studio, 50),))
    raw = [ledger.prepare(call, me, ledger.next_nonce(me.address)) for call in good[:1]]
    ledger.send(raw[0])
    seal()
    anchor = ledger.prepare(good[1], me, ledger.next_nonce(me.address))
    fields = transaction_fields(anchor.raw)
    failing = me.sign_transaction({**fields, "nonce": anchor.nonce + 1})  # The same root again.
    old = place.chain.head
    for signed in (anchor, failing):
        ledger.send(signed)
    seal()
    block = place.chain.chain.get_canonical_block_by_number(place.chain.head.block_number)
    assert len(block.transactions) == 2
    plain = Plain(place.chain.store)
    plain.header = plain.create_header_from_parent(old).copy(timestamp=block.header.timestamp)
    for transaction in block.transactions:
        plain.apply_transaction(transaction)
    again = plain.header
    assert (again.bloom, again.receipt_root, again.gas_used) == (
        block.header.bloom,
        block.header.receipt_root,
        block.header.gas_used,
    )
    assert again.bloom
