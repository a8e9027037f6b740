"""A guarded door to a chain: an allow-list of reads, and calls, logs and transactions of one contract only.

A registry opens it to phones, wallets and stewards; nobody can use its node for anything else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint

from provenance.encoding import Address
from provenance.errors import LedgerError
from provenance.evm.accounts import recipient_of

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
MAX_CALL_GAS = 4_000_000
"""Gas of a simulated call: `record` takes 23,000, a steward's or studio's own transaction under a million."""
MAX_TOPIC_OPTIONS = 32
"""Alternatives for one topic of a log filter: the ledger has 21 events of its own."""


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
                params = [{**params[0], "gas": hex(MAX_CALL_GAS)}, *params[1:]]
        try:
            answer = self._provider.make_request(RPCEndpoint(method), params)
        except LedgerError as error:
            return _error(number, -32000, error.message)
        except Exception:  # One request of a batch must not take the others along.
            log.exception("the node's door failed on %s", method)
            return _error(number, -32603, "internal error")
        members: dict[str, Any] = {"jsonrpc": "2.0", "id": number}
        if answer.get("error") is not None:
            return {**members, "error": answer["error"]}
        return {**members, "result": answer.get("result")}

    def _is_of_the_contract(self, member: str, params: list[Any]) -> bool:
        # A third parameter would override the state, and run any code in the contract's place.
        if not 1 <= len(params) <= 2 or not isinstance(params[0], dict):
            return False
        named = params[0].get(member)
        if isinstance(named, list) and len(named) == 1:
            named = named[0]
        return isinstance(named, str) and named.lower() in self._asked

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


def _error(number: object, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}
