"""An HTTP transport that gives an answer up at a time, however steadily it drips.

Timeouts of HTTP libraries are those of one read: who sends one byte of a header every few seconds keeps them waiting
for hours.  Here the clock starts with the first read after a request was written, and no read waits past its end.
Sending has a clock of its own, which starts with the request: who takes one byte every few seconds is no better.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

PIECE = 2**14
"""Bytes that are written between two looks at the clock."""


class _Clock(threading.local):
    """When the answer that this thread waits for must have come: monotonic seconds, from `seconds` after the asking."""

    seconds = 60.0
    end: float | None = None
    sent_by = 0.0

    def left(self, timeout: float | None) -> float:
        """Return the seconds that a read may take; raises `httpcore.ReadTimeout` where none are left."""
        now = time.monotonic()
        if self.end is None:
            self.end = now + self.seconds
        if self.end <= now:
            raise httpcore.ReadTimeout("the deadline")
        return self.end - now if timeout is None else min(timeout, self.end - now)

    def left_to_send(self, timeout: float | None) -> float:
        """Return the seconds that a write may take; raises `httpcore.WriteTimeout` where none are left."""
        left = self.sent_by - time.monotonic()
        if left <= 0:
            raise httpcore.WriteTimeout("the deadline")
        return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, clock: _Clock) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._clock.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._clock.end = None
        for start in range(0, len(buffer), PIECE):
            self._stream.write(buffer[start : start + PIECE], self._clock.left_to_send(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend, clock: _Clock) -> None:
        self._backend = backend
        self._clock = clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self._clock)


class DeadlineTransport(httpx.HTTPTransport):
    """A transport whose requests may say in ``extensions["deadline"]`` how many seconds the answer has, and in
    ``extensions["sending"]`` how many they have themselves.

    An answer that takes longer raises `httpx.ReadTimeout`, a request `httpx.WriteTimeout`.
    """

    def __init__(self) -> None:
        super().__init__(trust_env=False)
        self._clock = _Clock()
        # httpx has no parameter for this; a test with a server that drips holds that it takes effect.
        self._pool._network_backend = _Backend(self._pool._network_backend, self._clock)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the clock of the answer starts once it is written."""
        self._clock.seconds = float(request.extensions.get("deadline", _Clock.seconds))
        self._clock.end = None
        self._clock.sent_by = time.monotonic() + float(request.extensions.get("sending", _Clock.seconds))
        return super().handle_request(request)
