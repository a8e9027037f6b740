"""One request whose answers are read while it is still sent: certificates go out, and what became of each comes back.

A client that first sent all and then read would stand still with a registry that waits for its answers to be taken.
One thread does both, since a TLS connection is not for two.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from collections.abc import Generator, Iterable, Iterator
from urllib.parse import urlsplit

import h11

from provenance.errors import UnreachableError

SILENCE = 60.0
"""Seconds without a byte in either direction after which the registry counts as out of reach."""
PIECE = 2**16
"""Bytes that are read or prepared at once."""
MAX_LINE = 2**16
"""Bytes of one answer: digest, serial, state, or a problem."""
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class BadAnswerError(Exception):
    """What answers is no registry that streams; `status` is that of HTTP, and `body` what it said."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status, self.body = status, body


def stream(base_url: str, path: str, lines: Iterable[bytes]) -> Generator[bytes]:
    """Send `lines` to `path` under `base_url` and yield the lines of the answer as they come.

    Raises `UnreachableError` where the connection fails or nothing moves, `BadAnswerError` for an answer of another
    kind.  What was yielded was acknowledged, whatever comes after.
    """
    try:
        with _connect(base_url) as connection:
            yield from _Exchange(connection, lines).run(base_url, path)
    except (OSError, h11.ProtocolError, UnicodeError):
        raise UnreachableError(
            "registry-unreachable",
            "The registry {url} does not answer.",
            hint="Check the network, then run the same command again: nothing is lost.",
            url=base_url,
        ) from None


def _connect(base_url: str) -> socket.socket:
    parts = urlsplit(base_url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    connection = socket.create_connection((parts.hostname or "", port), timeout=SILENCE)
    try:
        if secure:
            connection = ssl.create_default_context().wrap_socket(connection, server_hostname=parts.hostname)
        connection.setblocking(False)
    except BaseException:
        connection.close()
        raise
    return connection


class _Exchange:
    """The state of one request and its answer."""

    def __init__(self, connection: socket.socket, lines: Iterable[bytes]) -> None:
        self._connection = connection
        self._lines: Iterator[bytes] | None = iter(lines)
        self._http = h11.Connection(h11.CLIENT)
        self._outgoing = memoryview(b"")
        self._status, self._said = 0, bytearray()

    def run(self, base_url: str, path: str) -> Generator[bytes]:
        """Send and receive until the answer has ended."""
        headers = [
            ("host", urlsplit(base_url).netloc), ("content-type", "application/x-ndjson"),
            ("accept", "application/x-ndjson"), ("accept-encoding", "identity"), ("transfer-encoding", "chunked"),
        ]  # fmt: skip
        self._outgoing = memoryview(self._http.send(h11.Request(method="POST", target=path, headers=headers)) or b"")
        moved = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self._connection, selectors.EVENT_READ)
            while True:
                self._prepare()
                both = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outgoing else 0)
                selector.modify(self._connection, both)
                if not selector.select(max(moved + SILENCE - time.monotonic(), 0.0)):
                    raise TimeoutError
                sent, came = self._send(), self._receive()
                if sent or came:
                    moved = time.monotonic()
                if came:
                    ended = yield from self._read()
                    if ended:
                        return

    def _prepare(self) -> None:
        """Take more lines to send where everything before is sent."""
        if self._outgoing or self._lines is None or self._status >= 400:
            return
        piece = bytearray()
        for line in self._lines:
            piece += line + b"\n"
            if len(piece) >= PIECE:
                break
        else:
            self._lines = None
        sent = (self._http.send(h11.Data(bytes(piece))) or b"") if piece else b""
        if self._lines is None:
            sent += self._http.send(h11.EndOfMessage()) or b""
        self._outgoing = memoryview(sent)

    def _send(self) -> bool:
        if not self._outgoing:
            return False
        try:
            sent = self._connection.send(self._outgoing)
        except _NOT_NOW:
            return False
        except ConnectionError:  # Who refuses may close before all is sent, and what it said is there to be read.
            self._outgoing, self._lines = memoryview(b""), None
            return False
        self._outgoing = self._outgoing[sent:]
        return True

    def _receive(self) -> bool:
        try:
            data = self._connection.recv(PIECE)
            while isinstance(self._connection, ssl.SSLSocket) and self._connection.pending():
                data += self._connection.recv(PIECE)
        except _NOT_NOW:
            return False
        self._http.receive_data(data)
        return True

    def _read(self) -> Generator[bytes, None, bool]:
        """Yield the lines that have come; return whether the answer has ended."""
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Response):
                self._status = event.status_code
            elif isinstance(event, h11.Data):
                self._said += event.data
                if self._status == 200:
                    *lines, rest = bytes(self._said).split(b"\n")
                    self._said[:] = rest
                    yield from lines
                if len(self._said) > MAX_LINE:
                    raise BadAnswerError(502 if self._status == 200 else self._status, b"")
            elif isinstance(event, h11.EndOfMessage):
                if self._status != 200:
                    raise BadAnswerError(self._status, bytes(self._said))
                return True
            else:
                if event is h11.NEED_DATA:
                    return False
                raise ConnectionResetError  # It was closed in the middle.
