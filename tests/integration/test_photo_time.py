"""Photos have a time: all that one verification fetches together, and each that is sent."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from provenance.encoding import Digest
from provenance.errors import UnreachableError
from provenance_cli import client as client_module
from provenance_cli.client import RegistryClient
from provenance_cli.commands.verify import PhotosAt

PHOTOS = [bytes([number]) * 1_000 for number in range(20)]


class Slow(BaseHTTPRequestHandler):
    """Gives each photo within a second, piece by piece."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        data = next(item for item in PHOTOS if hashlib.sha256(item).hexdigest() in self.path)
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        for start in range(0, len(data), 100):
            time.sleep(0.1)
            try:
                self.wfile.write(data[start : start + 100])
            except OSError:  # Given up.
                return

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def slow() -> Iterator[ThreadingHTTPServer]:
    Slow.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_slow_photos_have_one_time_together(slow: ThreadingHTTPServer) -> None:
    photos = PhotosAt(RegistryClient(f"http://127.0.0.1:{slow.server_port}"), 3.5)
    began = time.monotonic()
    found = [photos.get(Digest.of(photo)) for photo in PHOTOS]
    took = time.monotonic() - began
    assert found[0] == PHOTOS[0]
    came = found.index(None)
    assert found == PHOTOS[:came] + [None] * (len(PHOTOS) - came), "what did not come is not at hand, and never altered"
    assert 1 <= came <= 3
    assert took < 15, "all would have taken twenty seconds and more"
    assert came <= len(Slow.asked) <= came + 1, "nothing is asked for any more"


def test_an_upload_has_a_total_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other side takes a few bytes again and again, so that no single write ever waits for long."""
    monkeypatch.setattr(client_module, "DEADLINE", 1.0)
    monkeypatch.setattr(client_module, "SLOWEST", 2**40)
    data, ends = bytes(32 * 2**20), threading.Event()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**14)
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def sip() -> None:
            connection, _ = listener.accept()
            with connection:
                while not ends.is_set():
                    connection.recv(2**14)
                    time.sleep(0.02)

        thread = threading.Thread(target=sip, daemon=True)
        thread.start()
        client = RegistryClient(f"http://127.0.0.1:{listener.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(UnreachableError):
            client.upload(Digest.of(data), data)
        took = time.monotonic() - began
        ends.set()
        thread.join(60)
    assert took < 30
