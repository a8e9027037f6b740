"""A node's connection that ends before the answer is no answer yet: a question is asked again, a transaction is not."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from web3.types import RPCEndpoint

from provenance.errors import LedgerError
from provenance.evm import node as node_module
from provenance.evm.node import ATTEMPTS, BoundedHTTPProvider, Node
from tests.conformance.nodes import connected
from tests.support.chains import Server


class HangingUp:
    """A node that hangs up on the next `times` requests, each after `seconds`, in the middle of an answer or before."""

    def __init__(self) -> None:
        self.times, self.seconds, self.asked, self.midway = 0, 0.0, 0, False
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                served.asked += 1
                hangs_up = served.asked <= served.times
                if hangs_up:
                    self.close_connection = True
                    time.sleep(served.seconds)
                    if not served.midway:
                        return
                body = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": "0x2a"}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[:10] if hangs_up else body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def served() -> Iterator[HangingUp]:
    made = HangingUp()
    yield made
    made.close()


@pytest.fixture
def provider(served: HangingUp) -> Iterator[BoundedHTTPProvider]:
    with connected(served.url) as opened:
        yield opened


@pytest.fixture
def _a_busy_machine_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_module, "QUICKLY", 60.0)


@pytest.mark.usefixtures("_a_busy_machine_is_quick")
@pytest.mark.parametrize("midway", [False, True])
def test_a_question_is_asked_again(served: HangingUp, provider: BoundedHTTPProvider, midway: bool) -> None:
    served.times, served.midway = ATTEMPTS - 1, midway
    assert Node(provider).quantity("eth_blockNumber") == 42
    assert served.asked == ATTEMPTS


@pytest.mark.usefixtures("_a_busy_machine_is_quick")
def test_it_is_given_up_in_the_end(served: HangingUp, provider: BoundedHTTPProvider) -> None:
    served.times = 100
    with pytest.raises(LedgerError) as caught:
        Node(provider).quantity("eth_blockNumber")
    assert (caught.value.code, served.asked) == ("node-unreachable", ATTEMPTS)


def test_a_transaction_is_sent_once(served: HangingUp, provider: BoundedHTTPProvider) -> None:
    served.times = 1
    with pytest.raises(LedgerError) as caught:
        provider.make_request(RPCEndpoint("eth_sendRawTransaction"), ["0x00"])
    assert (caught.value.code, served.asked) == ("node-unreachable", 1)


def test_who_keeps_one_waiting_first_is_not_asked_again(
    served: HangingUp, provider: BoundedHTTPProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_module, "QUICKLY", 0.05)
    served.times, served.seconds = 1, 0.1
    with pytest.raises(LedgerError):
        Node(provider).quantity("eth_blockNumber")
    assert served.asked == 1
