"""A guarded door to a chain: an allow-list of reads, and calls, logs and transactions of one contract only.

A registry opens it to phones, wallets and stewards; nobody can use its node for anything else.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint

from provenance.encoding import Address
from provenance.errors import LedgerError
from provenance.evm.accounts import recipient_of
from provenance.evm.signatures import MAX_SIGNATURE_GAS

log = logging.getLogger(__name__)

READS = frozenset(
    (
        "web3_clientVersion",
        "net_version",
        "eth_chainId",
        "eth_syncing",
        "eth_blockNumber",
        "eth_gasPrice",
        "eth_maxPriorityFeePerGas",
        "eth_feeHistory",
        "eth_getBlockByNumber",
        "eth_getBlockByHash",
        "eth_getBalance",
        "eth_getCode",
        "eth_getTransactionCount",
        "eth_call",
        "eth_estimateGas",
        "eth_getLogs",
        "eth_getTransactionReceipt",
        "eth_getTransactionByHash",
    )
)
OF_THE_CONTRACT = {"eth_call": "to", "eth_estimateGas": "to", "eth_getLogs": "address"}
"""Reads that cost the node work, and the member of their first parameter that must name a contract of the ledger."""
WITH_LOGS = frozenset(("eth_getLogs", "eth_getTransactionReceipt"))
"""Reads whose answers hold logs: the receipt of the largest anchor is of 5 MB."""
MAX_CALL_GAS = 4_000_000
"""Gas of the simulated calls of one batch: `record` takes 23,000, a steward's own transaction under a million.

A call that names no gas may take an even share of it.  What a companion is asked may take `MAX_SIGNATURE_GAS`.
"""
MAX_BATCH_LOGS = 20_000
"""Logs that one batch is answered with, but for those of a single question: a node has a limit of its own for that."""
MAX_TOPIC_OPTIONS = 32
"""Alternatives for one topic of a log filter: the ledger has 21 events of its own."""
_QUANTITY = re.compile(r"0x[0-9a-f]{1,16}\Z")


@dataclass(slots=True)
class _Budget:
    """What the requests of one batch may still cost."""

    share: int = MAX_CALL_GAS
    gas: int = MAX_CALL_GAS
    logs: int | None = None
    """``None`` before the first question."""


class Gate:
    """Answers JSON-RPC 2.0 request objects from a provider, where they may pass.

    `companions` are contracts that the ledger stands on: they may be asked too, and take no transactions.
    """

    def __init__(self, provider: JSONBaseProvider, contract: Address, companions: Iterable[Address] = ()) -> None:
        self._provider = provider
        self._contract = contract
        self._asked = {str(contract), *map(str, companions)}

    def answer(self, request: object) -> dict[str, Any]:
        """Return the response object; whatever is wrong with the request becomes its ``error``."""
        return self._answer(request, _Budget())

    def answer_all(self, requests: Sequence[object]) -> list[dict[str, Any]]:
        """Return the response objects of a batch in order; together they cost little more than one may alone."""
        budget = _Budget(share=MAX_CALL_GAS // max(1, len(requests)))
        return [self._answer(request, budget) for request in requests]

    def _answer(self, request: object, budget: _Budget) -> dict[str, Any]:
        if not isinstance(request, dict) or request.get("jsonrpc") != "2.0":
            return _error(None, -32600, "invalid request")
        number, method, params = request.get("id"), request.get("method"), request.get("params", [])
        if not (number is None or isinstance(number, (int, str))):
            return _error(None, -32600, "invalid request")
        if not isinstance(method, str) or not isinstance(params, list) or len(params) > 8:
            return _error(number, -32600, "invalid request")
        if method == "eth_sendRawTransaction":
            if not self._may_send(params):
                return _error(number, -32000, "only transactions to the ledger are accepted here")
        elif method not in READS:
            return _error(number, -32601, "the method does not exist here")
        elif method in OF_THE_CONTRACT:
            if not self._is_of_the_contract(OF_THE_CONTRACT[method], params):
                return _error(number, -32602, "only the ledger can be asked here")
            if not _is_modest(params[0]):
                return _error(number, -32602, "the request is too large")
            if method != "eth_getLogs":
                gas = self._gas_of(params[0], budget.share)
                if gas > budget.gas:
                    return _limited(number)
                budget.gas -= gas
                params = [{**params[0], "gas": hex(gas)}, *params[1:]]
        if method in WITH_LOGS and budget.logs is not None and budget.logs <= 0:
            return _limited(number)
        try:
            answer = self._provider.make_request(RPCEndpoint(method), params)
        except LedgerError as error:
            return _error(number, -32000, error.message)
        except Exception:  # One request of a batch must not take the others along.
            log.exception("the node's door failed on %s", method)
            return _error(number, -32603, "internal error")
        members: dict[str, Any] = {"jsonrpc": "2.0", "id": number}
        if answer.get("error") is not None:
            if method == "eth_getLogs":
                budget.logs = 0  # The node may have looked at as many as it ever does.
            return {**members, "error": answer["error"]}
        if method in WITH_LOGS and not _has_room(budget, answer.get("result")):
            return _limited(number)
        return {**members, "result": answer.get("result")}

    def _is_of_the_contract(self, member: str, params: list[Any]) -> bool:
        # A third parameter would override the state, and run any code in the contract's place.
        if not 1 <= len(params) <= 2 or not isinstance(params[0], dict):
            return False
        named = params[0].get(member)
        if isinstance(named, list) and len(named) == 1:
            named = named[0]
        return isinstance(named, str) and named.lower() in self._asked

    def _gas_of(self, call: dict[str, Any], share: int) -> int:
        """Return the gas that a call may take: what it names, or its share, and no more than the most."""
        to, named = call["to"], call.get("gas")
        most = MAX_CALL_GAS if isinstance(to, str) and to.lower() == str(self._contract) else MAX_SIGNATURE_GAS
        return min(int(named, 16) if isinstance(named, str) and _QUANTITY.match(named) else share, most)

    def _may_send(self, params: list[Any]) -> bool:
        if len(params) != 1 or not isinstance(params[0], str) or not params[0].startswith("0x"):
            return False
        try:
            raw = bytes.fromhex(params[0][2:])
        except ValueError:
            return False
        return recipient_of(raw) == self._contract


def _is_modest(request: dict[str, Any]) -> bool:
    """Tell whether the topics of a log filter are few."""
    topics = request.get("topics") or []
    if not isinstance(topics, list) or len(topics) > 4:
        return False
    return all(len(topic) <= MAX_TOPIC_OPTIONS for topic in topics if isinstance(topic, list))


def _has_room(budget: _Budget, answer: object) -> bool:
    """Take what a question brought from the budget; the first of a batch is answered whole."""
    logs = answer.get("logs") if isinstance(answer, dict) else answer
    found = len(logs) if isinstance(logs, list) else 0
    first, left = budget.logs is None, MAX_BATCH_LOGS if budget.logs is None else budget.logs
    budget.logs = max(0, left - found)
    return first or found <= left


def _limited(number: object) -> dict[str, Any]:
    return _error(number, -32005, "limit exceeded: ask for less at once")


def _error(number: object, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}
