"""The door to a node: what one batch may cost is bounded, whatever its requests are."""

from __future__ import annotations

from typing import Any

import pytest
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from provenance.encoding import Address
from provenance.evm.gate import MAX_BATCH_LOGS, MAX_CALL_GAS, Gate
from provenance.evm.signatures import MAX_SIGNATURE_GAS

LEDGER, COMPANION = Address(b"\xab" * 20), Address(b"\xcd" * 20)


class Node(JSONBaseProvider):
    """A node that has so many logs, and notes what it is asked."""

    def __init__(self, logs: int = 0) -> None:
        super().__init__()
        self.logs = logs
        self.receipt: dict[str, Any] | None = None
        self.error: dict[str, Any] | None = None
        self.asked = list[tuple[str, Any]]()

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        self.asked.append((method, params))
        results: dict[str, Any] = {"eth_getLogs": [{}] * self.logs, "eth_getTransactionReceipt": self.receipt}
        answer: Any = {"jsonrpc": "2.0", "id": 1, "result": results.get(method, "0x")}
        if self.error is not None:
            answer["error"] = self.error
        said: RPCResponse = answer
        return said

    @property
    def gas(self) -> list[int]:
        return [int(params[0]["gas"], 16) for _, params in self.asked]


def filters(count: int) -> list[object]:
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [{"address": str(LEDGER)}]}
    return [request] * count


def call(to: Address = LEDGER, method: str = "eth_call", **members: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": [{"to": str(to), **members}, "latest"]}


def codes(answers: list[dict[str, Any]]) -> list[int | None]:
    return [answer["error"]["code"] if "error" in answer else None for answer in answers]


@pytest.mark.parametrize(
    ("logs", "answered", "asked"),
    [
        (MAX_BATCH_LOGS // 4, 4, 4),
        (MAX_BATCH_LOGS // 4 + 1, 3, 4),
        (MAX_BATCH_LOGS, 1, 1),
        (MAX_BATCH_LOGS + 1, 1, 1),  # Of one block, which only comes whole.
        (0, 10, 10),
    ],
)
def test_the_log_filters_of_a_batch_share_a_limit(logs: int, answered: int, asked: int) -> None:
    node = Node(logs)
    answers = Gate(node, LEDGER).answer_all(filters(10))
    assert codes(answers) == [None] * answered + [-32005] * (10 - answered)
    assert len(node.asked) == asked
    assert codes(Gate(node, LEDGER).answer_all(filters(1))) == [None]


def test_the_logs_in_receipts_are_counted_too() -> None:
    node = Node()
    node.receipt = {"logs": [{}] * (MAX_BATCH_LOGS // 2)}
    receipt: object = {"jsonrpc": "2.0", "id": 1, "method": "eth_getTransactionReceipt", "params": ["0x" + "11" * 32]}
    assert codes(Gate(node, LEDGER).answer_all([receipt] * 5)) == [None] * 2 + [-32005] * 3
    assert len(node.asked) == 2
    node.receipt = None
    assert codes(Gate(node, LEDGER).answer_all([receipt] * 5)) == [None] * 5


def test_after_a_log_filter_that_failed_none_of_the_batch_is_asked() -> None:
    node = Node()
    node.error = {"code": -32005, "message": "too many logs: ask for fewer blocks"}
    assert codes(Gate(node, LEDGER).answer_all(filters(10))) == [-32005] * 10
    assert len(node.asked) == 1


def test_the_calls_of_a_batch_share_their_gas() -> None:
    node = Node()
    chain_id = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
    most = hex(MAX_CALL_GAS)
    batch = [call(gas=most), call(method="eth_estimateGas"), call(gas="0x1"), chain_id]
    assert codes(Gate(node, LEDGER).answer_all(batch)) == [None, -32005, -32005, None]
    assert [method for method, _ in node.asked] == ["eth_call", "eth_chainId"]


def test_calls_of_a_batch_that_name_no_gas_are_all_answered() -> None:
    node = Node()
    assert codes(Gate(node, LEDGER, [COMPANION]).answer_all([call()] * 19 + [call(COMPANION)])) == [None] * 20
    assert node.gas == [MAX_CALL_GAS // 20] * 20


def test_a_call_takes_the_gas_that_it_names_and_no_more_than_there_is() -> None:
    node = Node()
    batch = [call(gas=hex(MAX_CALL_GAS // 4))] * 5
    assert codes(Gate(node, LEDGER).answer_all(batch)) == [None] * 4 + [-32005]
    assert sum(node.gas) == MAX_CALL_GAS
    for named in (hex(2**60), "0x", "-0x5", "1", 5, None, "0x" + "1" * 99):
        node.asked.clear()
        Gate(node, LEDGER).answer(call(gas=named))
        assert node.gas == [MAX_CALL_GAS], named


def test_a_companion_takes_no_more_gas_than_a_signature_does() -> None:
    node = Node()
    answers = Gate(node, LEDGER, [COMPANION]).answer_all([call(COMPANION, gas=hex(MAX_CALL_GAS))] * 20)
    assert codes(answers) == [None] * 6 + [-32005] * 14
    assert node.gas == [MAX_SIGNATURE_GAS] * 6
    listed = {**call(), "params": [{"to": [str(LEDGER)]}]}
    assert codes(Gate(node, LEDGER).answer_all([listed])) == [None]  # The node says what it thinks of that.
