"""Certificates in a stream as long as its sender likes: lines come, and each is answered once it is on disk.

What is in memory is bounded by the groups on their way.  Nothing more is read while they are, and nothing more is made
durable while the answers are not taken: a sender must read while it sends.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import Future
from contextlib import aclosing
from typing import Any, TypeAlias
from weakref import WeakSet

import msgspec
from litestar import Request, Response, post
from litestar.handlers.base import BaseRouteHandler
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import Receive, Send

from provenance.certificate import MAX_CERTIFICATE_BYTES
from provenance.errors import LimitError, MalformedError, ProvenanceError
from provenance_registry.http.api import accepted_members
from provenance_registry.http.problems import problem
from provenance_registry.http.relaying import client_of
from provenance_registry.http.services import Services
from provenance_registry.service.checkpoints import checkpoint
from provenance_registry.service.limits import site_of
from provenance_registry.service.reading import Reading
from provenance_registry.service.submissions import Accepted

log = logging.getLogger(__name__)

GROUP_LINES = 500
"""Certificates that share one transaction."""
GROUP_BYTES = 2**20
"""Bytes after which a group is full, however few its lines."""
GROUP_WAIT = 0.2
"""Seconds after which what has come is registered, though more could join it."""
GROUPS_AHEAD = 2
"""Groups that are read while one is registered."""
MAX_SILENCE = 30.0
"""Seconds for a client to end a line that it began, or to begin one, and to take answers: then it is dropped."""
SLOWEST = 256
"""Bytes a second, in whole lines, that keep a place: who sends fewer uses up `MAX_SILENCE` little by little."""
HELPER_PATIENCE = 20.0
"""Seconds for helpers to read one group, which takes them a second."""
MAX_STREAMS = 8
"""Streams at once."""
MAX_CLIENT_STREAMS = 2
"""Of those, one client's."""
NDJSON = "application/x-ndjson"

_Lines: TypeAlias = list[tuple[int, bytes | ProvenanceError]]
"""Numbered lines, or why one cannot be read."""
_Group: TypeAlias = tuple[_Lines, Future[list[Reading | None]] | None]
"""Lines, and what helpers read in them meanwhile."""
_Groups: TypeAlias = asyncio.Queue[_Group | ProvenanceError | None]


class _Place:
    """One stream's place; it is free again when the stream has ended, and when nobody ever began to read it."""

    __slots__ = ("__weakref__", "client")

    def __init__(self, client: str) -> None:
        self.client = client


class _Duplex(ASGIStreamingResponse):
    """An answer that is sent while its request is still read, so that nobody else may read that."""

    __slots__ = ()

    async def send_body(self, send: Send, receive: Receive) -> None:
        async def sent_in_time(event: Any) -> None:
            await asyncio.wait_for(send(event), MAX_SILENCE)

        try:
            await self._stream(sent_in_time)
        except TimeoutError:
            log.info("a stream is dropped: its answers are not taken")
        except asyncio.CancelledError:  # So the server tells that the client is gone, and nobody waits for this.
            log.info("a stream broke off")
        finally:
            if isinstance(self.iterator, AsyncGenerator):
                await self.iterator.aclose()  # Its place is free at once, not when it is found to be garbage.


class Answers(Stream):
    """A stream of answers to a stream of lines."""

    def to_asgi_response(self, *args: Any, **options: Any) -> ASGIResponse:
        """Return the response that the server sends."""
        made = super().to_asgi_response(*args, **options)
        if isinstance(made, ASGIStreamingResponse):
            made.__class__ = _Duplex
        return made


def streaming_routes(services: Services) -> list[BaseRouteHandler]:
    """Return the endpoint."""
    streams = WeakSet[_Place]()

    @post("/api/v1/certificates:stream", request_max_body_size=None, status_code=200, summary="Register a stream")
    async def submit_stream(request: Request[Any, Any, Any]) -> Response[Any]:
        """Register newline-delimited certificates as they come, and answer each by one line once it is on disk."""
        client = site_of(client_of(request))
        if len(streams) >= MAX_STREAMS or sum(place.client == client for place in streams) >= MAX_CLIENT_STREAMS:
            raise LimitError("too-many-streams", "Too many streams are on their way.", retry_after=5)
        taken = _Place(client)
        streams.add(taken)

        async def counted(place: _Place = taken) -> AsyncGenerator[bytes, None]:
            try:
                async with aclosing(_answers(services, request)) as answers:
                    async for answer in answers:
                        yield answer
            finally:
                streams.discard(place)

        return Answers(counted(), media_type=NDJSON)

    return [submit_stream]


async def _answers(services: Services, request: Request[Any, Any, Any]) -> AsyncGenerator[bytes, None]:
    """Yield the answers to group after group, each once it is on disk; the next groups are read meanwhile."""
    groups: _Groups = asyncio.Queue(GROUPS_AHEAD)
    reading = asyncio.create_task(_read(services, request, groups))
    try:
        while (group := await groups.get()) is not None:
            if isinstance(group, ProvenanceError):
                yield msgspec.json.encode(problem(group)) + b"\n"
                return
            lines, asked = group
            told: list[Reading | None] = []
            if asked is not None:
                told = await _told(services, asked)
            yield await asyncio.to_thread(_register, services, lines, told)
            services.wake()
    except ProvenanceError as error:  # Nothing of the group is registered.
        yield msgspec.json.encode(problem(error)) + b"\n"
    finally:
        reading.cancel()


async def _told(services: Services, asked: Future[list[Reading | None]]) -> list[Reading | None]:
    """Return what helpers read, nothing where they do not answer: then the registry reads for itself."""
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(asked)), HELPER_PATIENCE)
    except TimeoutError:
        log.warning("helpers that read certificates do not answer: they are ended")
        services.submissions.give_readers_up()
        return []


async def _read(services: Services, request: Request[Any, Any, Any], groups: _Groups) -> None:
    """Put the lines of a request into groups; the end of all is ``None``, or why there is no more."""
    lines = Lines()
    body = aiter(request.stream())
    coming: asyncio.Task[bytes] | None = None
    heard = time.monotonic()
    try:
        while True:
            coming = coming or asyncio.ensure_future(_next(body))
            patience = GROUP_WAIT if lines.complete else max(heard + MAX_SILENCE - time.monotonic(), 0.0)
            done, _ = await asyncio.wait({coming}, timeout=patience)
            if not done:
                if not lines.complete:
                    await groups.put(MalformedError("stream-stalled", "The stream stopped coming."))
                    return
                began = time.monotonic()
                await groups.put(_ahead(services, lines.take()))
                heard += time.monotonic() - began
                continue
            chunk, coming = coming.result(), None
            if not chunk:
                break
            # Bytes that end no line keep no place, and a short line keeps it for a short while.
            heard = min(time.monotonic(), heard + lines.feed(chunk) / SLOWEST)
            while lines.full:
                began = time.monotonic()
                await groups.put(_ahead(services, lines.take()))
                heard += time.monotonic() - began  # Waiting for our own disk is no silence of the client's.
        lines.end()
        while lines.complete:
            await groups.put(_ahead(services, lines.take()))
        await groups.put(None)
    except Exception:  # The client is gone: what is registered is registered.
        await groups.put(None)
    finally:
        if coming is not None:
            coming.cancel()


def _ahead(services: Services, lines: _Lines) -> _Group:
    return lines, services.submissions.read_ahead(_readable(lines))


def _readable(lines: _Lines) -> list[bytes]:
    return [line for _, line in lines if isinstance(line, bytes)]


async def _next(body: AsyncIterator[bytes]) -> bytes:
    return await anext(body, b"")


class Lines:
    """Cuts a stream into numbered lines; one that is too long is told by its number and never kept whole."""

    def __init__(self) -> None:
        self.complete: _Lines = []
        self._rest = bytearray()
        self._number = self._size = 0
        self._overlong = False

    @property
    def full(self) -> bool:
        """Whether a whole group has come."""
        return len(self.complete) >= GROUP_LINES or self._size >= GROUP_BYTES

    def feed(self, chunk: bytes) -> int:
        """Take in the next bytes; return how many the lines have that end with them."""
        *ended, rest = chunk.split(b"\n")
        size = len(self._rest) + len(chunk) - len(rest) if ended else 0
        for part in ended:
            self._keep(part)
            self.end(empty=True)
        self._keep(rest)
        return size

    def end(self, *, empty: bool = False) -> None:
        """End the line under way; at the stream's end, an empty one is none."""
        if not (self._rest or self._overlong or empty):
            return
        self._number += 1
        line: bytes | ProvenanceError = bytes(self._rest)
        if self._overlong:
            line = MalformedError(
                "too-large", "A certificate has at most {limit:,} bytes.", limit=MAX_CERTIFICATE_BYTES
            )
        self.complete.append((self._number, line))
        self._size += len(self._rest)
        self._rest.clear()
        self._overlong = False

    def take(self) -> _Lines:
        """Return the lines of the next group."""
        taken, self.complete = self.complete[:GROUP_LINES], self.complete[GROUP_LINES:]
        self._size = sum(len(line) for _, line in self.complete if isinstance(line, bytes))
        return taken

    def _keep(self, part: bytes) -> None:
        if self._overlong or len(self._rest) + len(part) > MAX_CERTIFICATE_BYTES:
            self._overlong = True
            self._rest.clear()
        else:
            self._rest += part


def _register(services: Services, group: _Lines, told: Sequence[Reading | None]) -> bytes:
    """Register a group in one transaction and return one line for each certificate."""
    readable = _readable(group)
    results = iter(services.submissions.submit_many(readable, told) if readable else ())
    checkpoint("after-stream")
    answers = list[bytes]()
    for number, line in group:
        answer = next(results) if isinstance(line, bytes) else line
        members = (
            accepted_members(services, answer.certificate) | {"new": answer.new}
            if isinstance(answer, Accepted)
            else problem(answer)
        )
        answers.append(msgspec.json.encode(members | {"line": number}))
    return b"\n".join(answers) + b"\n"
