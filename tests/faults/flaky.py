"""A proxy before a node that loses answers, refuses, errs, lies and lags, as real nodes and the way to them do."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
from web3 import Web3

from tests.support.chains import Server

FAULTS = (
    "lost-question",
    "lost-answer",
    "slow",
    "429",
    "502",
    "502-accepted",
    "nonsense",
    "wrong-answer",
    "stale-head",
)
LOSSES = ("lost-question", "lost-answer")
"""The connection ends before the node was asked, or after it did what it was asked."""
LAG = 3
"""Blocks by which a stale head is behind."""
_WRONG: dict[str, list[Any]] = {
    "eth_sendRawTransaction": ["0x" + "00" * 32],
    "eth_getTransactionReceipt": [None],
    "eth_getTransactionCount": ["0x0", "0xffff"],
    "eth_blockNumber": ["0x0", "0xffffff"],
    "eth_call": ["0x", "0x" + "00" * 32],
    "eth_estimateGas": ["0x0", "0x5208"],
    "eth_getLogs": [[]],
    "eth_getBlockByNumber": [None],
    "eth_getBlockByHash": [None],
    "eth_getBalance": ["0x0"],
}
"""Answers of the right form that are not true: a node that has just started, or looks at another state, gives such."""


class FlakyNode:
    """The proxy; `chance` of a fault is 0 until it is set."""

    def __init__(self, url: str, rng: random.Random) -> None:
        self.node_url, self.chance = url, 0.0
        self.kinds: tuple[str, ...] = FAULTS
        self.done = Counter[str]()
        self.forgets = False
        """Whether it answers for every transaction that is sent as if it had it, and has none."""
        self._node, self._rng = httpx.Client(base_url=url, timeout=60, trust_env=False), rng
        flaky = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status, answer = flaky.answer(json.loads(body))
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._node.close()

    def ask(self, method: str, *params: Any) -> Any:
        """Ask the node itself; raises `RuntimeError` where it refuses."""
        answer = self._pass_on({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _pass_on(self, asked: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = self._node.post("/", json=asked).json()
        return told

    def answer(self, asked: dict[str, Any]) -> tuple[int, bytes | None]:
        """Return status and body, or no body for a connection that just ends."""
        fault = self._rng.choice(self.kinds) if self._rng.random() < self.chance else ""
        if fault == "stale-head" and asked["method"] not in ("eth_blockNumber", "eth_getBlockByNumber", "eth_call"):
            fault = ""
        if fault == "wrong-answer" and asked["method"] not in _WRONG:
            fault = "nonsense"
        if self.forgets and asked["method"] == "eth_sendRawTransaction":
            taken = "0x" + Web3.keccak(hexstr=asked["params"][0]).hex()
            return 200, json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": taken}).encode()
        if fault:
            self.done[fault] += 1
        if fault == "lost-question":
            return 0, None
        if fault in ("429", "502"):
            return int(fault), b"busy"
        if fault == "stale-head":
            return 200, json.dumps(self._stale(asked)).encode()
        told = self._pass_on(asked)
        if fault == "lost-answer":
            return 0, None
        if fault == "502-accepted":
            return 502, b"the gateway gave up"
        if fault == "slow":
            time.sleep(0.3)
        if fault == "nonsense":
            return 200, self._rng.choice((b"", b"<html>", b"{}", json.dumps(told).encode()[:-9]))
        if fault == "wrong-answer":
            wrong = self._rng.choice(_WRONG[asked["method"]])
            told = {"jsonrpc": "2.0", "id": asked["id"], "result": wrong}
        return 200, json.dumps(told).encode()

    def _stale(self, asked: dict[str, Any]) -> dict[str, Any]:
        old = hex(max(int(self.ask("eth_blockNumber"), 16) - LAG, 0))
        if asked["method"] == "eth_blockNumber":
            return {"jsonrpc": "2.0", "id": asked["id"], "result": old}
        params = [old if param == "latest" else param for param in asked["params"]]
        return self._pass_on({**asked, "params": params})
