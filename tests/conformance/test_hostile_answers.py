"""Answers that are meant to exhaust or mislead whoever asked: refused by both clients, soon."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from provenance.errors import LedgerError, MalformedError, ProvenanceError, UnreachableError
from provenance.evm import node
from provenance.evm.node import BoundedHTTPProvider, Node
from provenance_cli import client
from provenance_cli.client import RegistryClient
from provenance_cli.commands.verify import _from_text, _is_file
from provenance_cli.context import App
from provenance_cli.problems import problem_error
from provenance_cli.showing import show_verdict
from tests.support.scene import Scene

Asking = Callable[[str], object]
ASKING: list[Asking] = [
    lambda url: Node(BoundedHTTPProvider(url)).quantity("eth_chainId"),
    lambda url: RegistryClient(url).about(),
]
NO_HOSTS = ["https://xn--a", "http://a..b", "http://" + "a" * 64 + ".example"]


class Handler(BaseHTTPRequestHandler):
    """Packs what it answers at `/packed`, and drips elsewhere."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("location", "//xn--a/")
            self.send_header("content-length", "0")
            self.end_headers()
            return
        if self.path.startswith("/slowly"):
            self._drip(b"HTTP/1.1 200 OK\r\nx-long: " + b"x" * 40)
            return
        self.send_response(200)
        if self.path.startswith("/packed"):
            body = gzip.compress(b'{"jsonrpc":"2.0","id":1,"result":"0x1"}')
            self.send_header("content-encoding", "gzip")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.end_headers()
        self._drip(b" " * 40)

    def _drip(self, data: bytes) -> None:
        for byte in data:
            try:
                self.wfile.write(bytes([byte]))
            except OSError:
                return
            time.sleep(0.1)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("ask", ASKING, ids=["node", "registry"])
def test_packed_answers_are_not_unpacked(url: str, ask: Asking) -> None:
    with pytest.raises(ProvenanceError) as caught:
        ask(url + "/packed")
    assert caught.value.code in {"bad-node-answer", "not-a-registry"}


@pytest.mark.parametrize("way", ["", "/slowly"], ids=["body", "headers"])
@pytest.mark.parametrize("ask", ASKING, ids=["node", "registry"])
def test_an_answer_that_drips_is_given_up(url: str, way: str, ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "DEADLINE", 0.3)
    monkeypatch.setattr(client, "DEADLINE", 0.3)
    monkeypatch.setattr(client, "SLOWEST", 2**30)
    start = time.monotonic()
    with pytest.raises(ProvenanceError) as caught:
        ask(url + way)
    assert caught.value.code in {"node-unreachable", "registry-unreachable"}
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("ask", ASKING, ids=["node", "registry"])
@pytest.mark.parametrize("name", NO_HOSTS)
def test_names_that_are_no_hosts_are_errors(name: str, ask: Asking) -> None:
    with pytest.raises((LedgerError, UnreachableError)):
        ask(name)


@pytest.mark.parametrize("ask", ASKING, ids=["node", "registry"])
def test_a_way_that_leads_to_no_host_is_an_error(url: str, ask: Asking) -> None:
    with pytest.raises((LedgerError, UnreachableError)):
        ask(url + "/moved")


@pytest.mark.parametrize("code", ["a\u009b31m", "a\u202eb", "A", "", "a" * 81, "a\n"])
def test_a_code_is_plain_or_replaced(code: str) -> None:
    assert problem_error({"code": code}, 404).code == "registry-refused"


def test_what_is_longer_than_a_files_name_is_malformed() -> None:

    assert not _is_file(Path("A" * 300))
    with pytest.raises(MalformedError):
        _from_text("A" * 300)


@pytest.mark.parametrize("known", [True, False])
def test_a_title_begins_no_line(known: bool, capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene()
    verdict = scene.verify(scene.piece())
    for columns in range(40, 80):
        title = "x" * columns + " ✓ Genuine record. (3) Anchor: confirmed"
        show_verdict(App(), verdict if known else replace(verdict, serial=None, findings=()), title)
        lines = capsys.readouterr().out.splitlines()
        assert not any(line.strip().startswith(("✓ Genuine", "x")) for line in lines)
