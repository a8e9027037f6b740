"""A node that lies: whatever it answers becomes the project's own error, soon, and never a false record."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from provenance.encoding import Address, Hash32, KeyId
from provenance.errors import LedgerError
from provenance.evm.abi import interface
from provenance.evm.accounts import Account, transaction_fields
from provenance.evm.deploy import deploy
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider, EmbeddedRPC, RPCError
from provenance.evm.fees import MAX_FEE_PER_GAS, MAX_TIP, fees
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import MAX_ANSWER, MAX_PARTS, BoundedHTTPProvider
from provenance.evm.opening import open_ledger
from provenance.evm.transactions import least_gas
from provenance.ledger import AccreditCall, Allotment, AnchorCall, LedgerIdentity, make_token_id
from provenance.testing.conformance.world import random_root
from tests.conformance.nodes import connected
from tests.support.ports import free_port

Answer = tuple[int, bytes]
Lie = Callable[[dict[str, Any], Callable[[], Any]], Answer | dict[str, Any] | None]
"""Given a request and a way to the truth: an HTTP answer, a JSON-RPC answer, or ``None`` for the truth."""

TOKEN, KEY = make_token_id(1, 0), KeyId(bytes(32))


def words(*numbers: int) -> str:
    """Return numbers as 32-byte words of the ABI, in hex."""
    return "".join(f"{number:064x}" for number in numbers)


def interface_selector(error: str) -> str:
    """Return the selector of one of the contract's errors, in hex."""
    return next(selector.hex() for selector, (name, _) in interface().errors.items() if name == error)


class Door:
    """An HTTP node over a real chain, which lies as the test tells it to."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self.lie: Lie = lambda _request, _truth: None
        self.rpc = EmbeddedRPC(chain)
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status, body = door.answer(request)
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, request: dict[str, Any]) -> Answer:
        def truth() -> Any:
            return self.rpc.request(request["method"], request["params"])

        try:
            told = self.lie(request, truth)
            if told is None:
                told = {"result": truth()}
        except RPCError as error:
            told = {"error": error.to_json()}
        if isinstance(told, tuple):
            return told
        return 200, json.dumps({"jsonrpc": "2.0", "id": request["id"], **told}).encode()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class LyingNode(Door):
    """A door to a chain of its own, with a ledger and an anchor."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_800_000_000
        self.account = Account.generate()[0]
        self.chain = EmbeddedChain(folder / "chain.db", funded=[self.account.address], clock=lambda: self.now)
        self.root = random_root()
        self.identity = self._prepare()
        super().__init__(self.chain)

    def _prepare(self) -> LedgerIdentity:
        me = self.account
        ledger = deploy(
            EmbeddedProvider(self.chain),
            me,
            admin=me.address,
            steward=me.address,
            anchorer=me.address,
            base_uri="https://registry.example/tokens/",
            wait=self._seal,
        )
        allotments = (Allotment(me.address, 3),)
        for call in (AccreditCall(me.address, "did:a", "A"), AnchorCall(self.root, 3, 1, allotments)):
            ledger.send(ledger.prepare(call, me, ledger.next_nonce(me.address)))
            self._seal()
        return ledger.identity

    def _seal(self) -> None:
        self.now += 1
        self.chain.seal()

    def close(self) -> None:
        super().close()
        self.chain.close()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LyingNode]:
    node = LyingNode(tmp_path_factory.mktemp("lying"))
    yield node
    node.close()


@pytest.fixture
def ledger(node: LyingNode) -> Iterator[EVMLedger]:
    node.lie = lambda _request, _truth: None
    with connected(node.url) as provider:
        yield EVMLedger(provider, node.identity.contract, node.identity)


def always(answer: Answer | dict[str, Any]) -> Lie:
    return lambda _request, _truth: answer


def about(method: str, change: Callable[[Any], Any]) -> Lie:
    """Lie about one method only."""
    return lambda request, truth: {"result": change(truth())} if request["method"] == method else None


def test_truth_is_believed(node: LyingNode, ledger: EVMLedger) -> None:
    record = ledger.record(TOKEN, KEY, ledger.head())
    assert record is not None
    assert record.anchor.root == node.root


@pytest.mark.parametrize("status", [301, 400, 429, 500, 502, 503])
def test_http_errors_may_be_tried_again(node: LyingNode, ledger: EVMLedger, status: int) -> None:
    node.lie = always((status, b"{}"))
    with pytest.raises(LedgerError) as caught:
        ledger.head()
    assert caught.value.retryable


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<html>",
        b"\xff\xfe",
        b'{"jsonrpc":"2.0"}',
        b'{"id":99999,"result":"0x1"}',
    ],
    ids=["empty", "null", "list", "html", "bytes", "bare", "other-id"],
)
def test_bodies_that_are_no_answer_are_errors(node: LyingNode, ledger: EVMLedger, body: bytes) -> None:
    node.lie = always((200, body))
    with pytest.raises(LedgerError) as caught:
        ledger.head()
    assert caught.value.retryable
    assert len(caught.value.message) < 300


def test_answers_that_are_too_long_are_not_read_to_their_end(node: LyingNode, ledger: EVMLedger) -> None:
    node.lie = lambda _request, truth: {"result": truth(), "padding": "0" * MAX_ANSWER}
    with pytest.raises(LedgerError) as caught:
        ledger.head()
    assert caught.value.retryable


@pytest.mark.parametrize("part", ["{}", "[]", "0", '{"a":[[]]}'])
def test_answers_of_too_many_parts_take_no_memory(node: LyingNode, ledger: EVMLedger, part: str) -> None:
    body = b'{"jsonrpc":"2.0","id":%d,"result":[' + b",".join([part.encode()] * (MAX_PARTS + 1)) + b"]}"
    number = next(ledger.contract.node._provider._ids) + 1  # type: ignore[attr-defined]
    node.lie = always((200, body % number))
    with pytest.raises(LedgerError) as caught:
        ledger.contract.node.request("eth_getLogs", {})
    assert "too many parts" in caught.value.message


ODD: list[Any] = [None, True, 5, -1, 1.5, "", "0x", "0xzz", "0x0", "1", "0x" + "f" * 71, [], {}, [[]], {"a": None}]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_results_never_become_an_answer(node: LyingNode, ledger: EVMLedger, odd: object) -> None:
    head = ledger.head()
    node.lie = always({"result": odd})
    asks: list[Callable[[], object]] = [
        ledger.head,
        lambda: ledger.block(1),
        lambda: ledger.record(TOKEN, KEY, head),
        ledger.next_lot,
        lambda: ledger.prepare(AccreditCall(node.account.address, "did:a", "B"), node.account, 3),
    ]
    for ask in asks:
        with pytest.raises(LedgerError):
            ask()


@pytest.mark.parametrize("odd", [odd for odd in ODD if odd not in ([], None)], ids=repr)
def test_odd_events_are_errors(node: LyingNode, ledger: EVMLedger, odd: object) -> None:
    head = ledger.head()
    for change in (lambda _logs: odd, lambda _logs: [odd]):
        node.lie = about("eth_getLogs", change)
        with pytest.raises(LedgerError):
            ledger.events(0, head.number)
        with pytest.raises(LedgerError):
            ledger.anchor_evidence(node.root, head.hash)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("topics", []),
        ("topics", ["0x" + "11" * 32]),
        ("topics", ["0x12"]),
        ("data", "0x"),
        ("data", "0x" + "ff" * 320),
        ("address", "0x" + "11" * 20),
        ("blockNumber", "0x1"),
        ("blockNumber", "0x" + "f" * 64),
        ("blockHash", "0x" + "11" * 32),
        ("transactionHash", None),
        ("logIndex", -1),
    ],
)
def test_bent_logs_are_errors(node: LyingNode, ledger: EVMLedger, member: str, value: object) -> None:
    head = ledger.head()
    node.lie = about("eth_getLogs", lambda logs: [{**log, member: value} for log in logs])
    with pytest.raises(LedgerError):
        ledger.events(0, head.number)
    with pytest.raises(LedgerError):
        ledger.anchor_evidence(node.root, head.hash)


def test_evidence_of_another_root_is_an_error(node: LyingNode, ledger: EVMLedger) -> None:
    head = ledger.head()
    node.lie = about("eth_getLogs", lambda _logs: bent_root(node, head.hash))
    with pytest.raises(LedgerError):
        ledger.anchor_evidence(random_root(), head.hash)


def bent_root(node: LyingNode, block_hash: Hash32) -> Any:
    query = {"address": str(node.identity.contract), "blockHash": str(block_hash)}
    return [log for log in EmbeddedRPC(node.chain).request("eth_getLogs", [query]) if len(log["topics"]) == 3]


@pytest.mark.parametrize(
    ("member", "value"),
    [("transactionHash", "0x" + "11" * 32), ("status", None), ("gasUsed", "many"), ("blockNumber", [])],
)
def test_bent_receipts_are_errors(node: LyingNode, ledger: EVMLedger, member: str, value: object) -> None:
    query = {"address": str(node.identity.contract), "fromBlock": "0x0"}
    transaction = EmbeddedRPC(node.chain).request("eth_getLogs", [query])[-1]["transactionHash"]
    assert ledger.outcome(Hash32.parse(transaction)) is not None
    node.lie = about("eth_getTransactionReceipt", lambda receipt: {**receipt, member: value})
    with pytest.raises(LedgerError):
        ledger.outcome(Hash32.parse(transaction))


def test_receipt_of_a_block_that_is_not_canonical_is_no_outcome(node: LyingNode, ledger: EVMLedger) -> None:
    query = {"address": str(node.identity.contract), "fromBlock": "0x0"}
    transaction = EmbeddedRPC(node.chain).request("eth_getLogs", [query])[-1]["transactionHash"]
    node.lie = about("eth_getTransactionReceipt", lambda receipt: {**receipt, "blockHash": "0x" + "11" * 32})
    assert ledger.outcome(Hash32.parse(transaction)) is None


def test_block_of_another_number_is_an_error(node: LyingNode, ledger: EVMLedger) -> None:
    node.lie = about("eth_getBlockByNumber", lambda block: {**block, "number": "0x99"})
    with pytest.raises(LedgerError):
        ledger.block(1)


@pytest.mark.parametrize("message", ["execution reverted", "\u001b[31mred\u001b[0m" * 50, "x" * 10_000, {"a": 1}, None])
def test_refusals_are_short_errors(node: LyingNode, ledger: EVMLedger, message: object) -> None:
    head = ledger.head()
    reverts: list[object] = [None, "0x", "0xdeadbeef", "0x08c379a0" + "ff" * 64, {"data": 5}, []]
    for revert in reverts:
        node.lie = always({"error": {"code": 3, "message": message, "data": revert}})
        with pytest.raises(LedgerError) as caught:
            ledger.record(TOKEN, KEY, head)
        assert len(caught.value.message) < 400


@pytest.mark.parametrize(
    ("member", "code"),
    [
        ("chain_id", "wrong-chain-id"),
        ("genesis", "wrong-genesis"),
        ("code_hash", "wrong-code"),
        ("deployment_id", "wrong-deployment"),
    ],
)
def test_other_ledgers_are_told_apart(node: LyingNode, ledger: EVMLedger, member: str, code: str) -> None:
    changes: dict[str, Any] = {member: 1 if member == "chain_id" else Hash32(b"\x11" * 32)}
    pinned = replace(ledger.identity, **changes)
    with connected(node.url) as provider, pytest.raises(LedgerError) as caught:
        EVMLedger(provider, pinned.contract, pinned)
    assert (caught.value.code, caught.value.retryable) == (code, False)


@pytest.mark.parametrize(
    "told",
    [
        (429, b"slow down"),
        {"error": {"code": 429, "message": "capacity exceeded"}},
        {"error": {"code": -32005, "message": "daily request count exceeded, request rate limited"}},
    ],
)
def test_node_that_counts_too_many_requests_is_named(node: LyingNode, ledger: EVMLedger, told: Any) -> None:
    node.lie = lambda _request, _truth: told
    with pytest.raises(LedgerError) as caught:
        ledger.head()
    assert (caught.value.code, caught.value.retryable) == ("node-rate-limited", True)


def test_ledger_that_becomes_another_one_is_found_at_the_next_look(node: LyingNode, ledger: EVMLedger) -> None:
    ledger.recheck()
    node.lie = lambda request, _truth: {"result": "0x1"} if request["method"] == "eth_chainId" else None
    with pytest.raises(LedgerError) as caught:
        ledger.recheck()
    assert (caught.value.code, caught.value.retryable) == ("wrong-chain-id", False)
    node.lie = lambda request, _truth: {"result": "0x6001"} if request["method"] == "eth_getCode" else None
    with pytest.raises(LedgerError) as caught:
        ledger.recheck()
    assert caught.value.code == "wrong-code"


def test_address_without_a_contract_is_no_ledger(node: LyingNode, ledger: EVMLedger) -> None:
    assert ledger.head()
    with connected(node.url) as provider, pytest.raises(LedgerError) as caught:
        EVMLedger(provider, Address(b"\x11" * 20))
    assert (caught.value.code, caught.value.retryable) == ("no-ledger", False)


def test_node_that_is_not_there_may_be_tried_again() -> None:
    with connected(f"http://127.0.0.1:{free_port()}") as provider, pytest.raises(LedgerError) as caught:
        EVMLedger(provider, Address(b"\x11" * 20))
    assert (caught.value.code, caught.value.retryable) == ("node-unreachable", True)


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://127.0.0.1/", "http://", "http://[", "file:///etc/passwd"])
def test_addresses_that_are_none_are_errors(url: str) -> None:
    provider = BoundedHTTPProvider(url)
    with pytest.raises(LedgerError):
        EVMLedger(provider, Address(b"\x11" * 20))
    provider._client.close()


def test_no_node_at_all_is_a_question_of_configuration(node: LyingNode) -> None:
    with pytest.raises(Exception, match="names no node") as caught:
        open_ledger((), node.identity)
    assert getattr(caught.value, "code", None) == "no-node"


@pytest.mark.parametrize(
    "revert",
    [
        "0x" + interface_selector("DidTaken") + words(0x40, 1, 2) + "fffe".ljust(64, "0"),
        "0x08c379a0" + words(0x20, 13) + b"UnknownToken(".hex().ljust(64, "0"),
        "0x08c379a0" + words(0x20, 2) + "fffe".ljust(64, "0"),
        "0x08c379a0" + "ff" * 32,
        "0x",
    ],
)
def test_revert_data_that_lies_is_no_answer(node: LyingNode, ledger: EVMLedger, revert: str) -> None:
    head = ledger.head()
    error = {"code": 3, "message": "execution reverted", "data": revert}
    node.lie = lambda request, _truth: {"error": error} if request["method"] == "eth_call" else None
    with pytest.raises(LedgerError):
        ledger.record(TOKEN, KEY, head)


@pytest.mark.parametrize("advised", [6 * 10**18, 2**255])
def test_a_tip_that_the_node_advises_is_paid_within_bounds(node: LyingNode, ledger: EVMLedger, advised: int) -> None:
    def lie(request: dict[str, Any], _truth: Callable[[], Any]) -> dict[str, Any] | None:
        return {"result": hex(advised)} if request["method"] == "eth_maxPriorityFeePerGas" else None

    node.lie = lie
    assert fees(ledger.contract.node)["maxPriorityFeePerGas"] == MAX_TIP


def test_nothing_is_signed_for_gas_that_costs_a_fortune(node: LyingNode, ledger: EVMLedger) -> None:
    def lie(request: dict[str, Any], truth: Callable[[], Any]) -> dict[str, Any] | None:
        if request["method"] != "eth_getBlockByNumber":
            return None
        return {"result": {**truth(), "baseFeePerGas": hex(MAX_FEE_PER_GAS // 2 + 1)}}

    node.lie = lie
    with pytest.raises(LedgerError) as caught:
        ledger.prepare(AccreditCall(node.account.address, "did:a", "B"), node.account, 9)
    assert (caught.value.code, caught.value.retryable) == ("fees-too-high", True)


@pytest.mark.parametrize("told", ["0x0", "0x5208"])
def test_nothing_is_signed_with_less_gas_than_every_node_asks_for(
    node: LyingNode, ledger: EVMLedger, told: str
) -> None:
    """Such a transaction could never be sent, and those after it would wait for ever."""
    call = AccreditCall(node.account.address, "did:a", "B")
    node.lie = about("eth_estimateGas", lambda _: told)
    with pytest.raises(LedgerError) as caught:
        ledger.prepare(call, node.account, 9)
    assert caught.value.code == "bad-node-answer"
    assert caught.value.retryable
    node.lie = lambda _request, _truth: None
    signed = ledger.prepare(call, node.account, ledger.next_nonce(node.account.address))
    fields = transaction_fields(signed.raw)
    assert fields["gas"] > least_gas(bytes(fields["data"])), "what is true is above it"
