"""A registry that is told to stop does so, whatever its clients do."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from provenance_registry.running import MAX_ENDING
from tests.support.processes import helpers_of
from tests.support.registries import RunningRegistry

STREAM = b"POST /api/v1/certificates:stream HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


def half_a_head(client: socket.socket) -> None:
    client.sendall(b"GET / HT")


def half_a_body(client: socket.socket) -> None:
    client.sendall(b"POST /api/v1/certificates HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{")


def a_stream_that_stays_open(client: socket.socket) -> None:
    client.sendall(STREAM)


def answers_that_are_not_taken(client: socket.socket) -> None:
    client.settimeout(1)
    with suppress(OSError):  # Nothing more is read.
        client.sendall(STREAM)
        while True:
            client.sendall(b"c350\r\n%s\r\n" % (b"{}\n" * 16_666 + b"{}"))


def test_who_does_not_end_is_cut_off(tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "data")
    registry.start(forked=False)
    assert registry.process is not None
    with ExitStack() as stack:
        for leave in (half_a_head, half_a_body, a_stream_that_stays_open, answers_that_are_not_taken):
            client = stack.enter_context(closing(socket.create_connection(("127.0.0.1", registry.port), timeout=30)))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            leave(client)
        deadline = time.monotonic() + 60
        while not (helpers := helpers_of(registry.process.pid)):  # They come with the first lines of a stream.
            assert time.monotonic() < deadline
            time.sleep(0.05)
        began = time.monotonic()
        assert registry.stop() == 0
        assert time.monotonic() - began < MAX_ENDING + 60
    assert "cut off" in registry.log
    assert "Traceback" not in registry.log
    while any(Path(f"/proc/{helper}").exists() for helper in helpers):
        assert time.monotonic() - began < MAX_ENDING + 120
        time.sleep(0.05)
    registry.start()
    assert registry.stop() == 0
    assert registry.log.count("cut off") == 1
