"""JSON-RPC nodes for tests: one writes down what is asked, some lag, lie or fail, and one answers from JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from tests.support.answers import unreachable


class RecordingNode(JSONBaseProvider):
    """Passes requests on to `provider`, and writes each down once, with its result or its error."""

    def __init__(self, provider: JSONBaseProvider) -> None:
        super().__init__()
        self.provider = provider
        self.told: list[dict[str, Any]] = []

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        answer = self.provider.make_request(method, params)
        (name,) = answer.keys() & {"result", "error"}
        # Through JSON, as over a wire: what is kept shares nothing with what is used.
        entry = json.loads(json.dumps({"method": method, "params": params, name: dict(answer)[name]}))
        if entry not in self.told:
            assert all([known["method"], known["params"]] != [method, entry["params"]] for known in self.told)
            self.told.append(entry)
        return answer


class LaggingNode(JSONBaseProvider):
    """A node of the same chain that has not seen the blocks after number `last` yet."""

    def __init__(self, provider: JSONBaseProvider, last: int) -> None:
        super().__init__()
        self._provider, self._last = provider, last

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        if method == "eth_getBlockByNumber" and params[0] == "latest":
            return self._provider.make_request(method, [hex(self._last), *params[1:]])
        if method == "eth_getLogs" and "blockHash" in params[0]:
            block: Any = self._provider.make_request(RPCEndpoint("eth_getBlockByHash"), [params[0]["blockHash"], False])
            if block["result"] is not None and int(block["result"]["number"], 16) > self._last:
                return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "header not found"}}
        return self._provider.make_request(method, params)


class LyingNode(JSONBaseProvider):
    """A node that answers one method by what `change` makes of the true answer, a result or an error."""

    def __init__(self, provider: JSONBaseProvider, method: str, change: Callable[[Any], Any]) -> None:
        super().__init__()
        self._provider, self._method, self._change = provider, method, change

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        answer = self._provider.make_request(method, params)
        if method != self._method:
            return answer
        changed: RPCResponse = {"jsonrpc": "2.0", "id": 1, **self._change(dict(answer))}  # type: ignore[typeddict-item]
        return changed


def result(change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return the lie that changes a result."""
    return lambda answer: {"result": change(answer["result"])}


class FailingNode(JSONBaseProvider):
    """A node that answers `answers` requests and then no more."""

    def __init__(self, provider: JSONBaseProvider, answers: int) -> None:
        super().__init__()
        self._provider, self._left = provider, answers

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        if not self._left:
            raise unreachable()
        self._left -= 1
        return self._provider.make_request(method, params)


class AnsweringNode(JSONBaseProvider):
    """Answers what was `told` and nothing else: a node that stops where the telling stops."""

    def __init__(self, told: list[dict[str, Any]]) -> None:
        super().__init__()
        self._told = told

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        asked = json.loads(json.dumps([method, params]))
        for entry in self._told:
            if [entry["method"], entry["params"]] == asked:
                answer: Any = {"jsonrpc": "2.0", "id": 1, **{n: entry[n] for n in ("result", "error") if n in entry}}
                return answer  # type: ignore[no-any-return]
        raise unreachable()
