"""Photos are decoded in a process of its own, with a limit on its memory and its time.

Decoders are the part of any program that a made-up photo attacks first.  What this process is led into, it does alone:
it holds no key, it may write no file, and what it answers is read as data.  Where the system cannot limit a process
(Windows; macOS limits no memory), its time is limited by whoever asks.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import threading
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

import msgspec

from provenance.corners import Corners, Sight
from provenance.encoding import Digest
from provenance.errors import MalformedError, StorageError
from provenance.media import MAX_PHOTO_BYTES, PreparedPhoto, photo_fault, prepare_photo, read_codes, render_photo

MAX_MEMORY = 2 * 2**30
"""Bytes of address space: 120 megapixels with transparency, twice, and the libraries."""
MAX_CPU = 60
"""Seconds of processor time for one photo."""
MAX_WAIT = 120.0
"""Seconds that whoever asks waits for one photo: a busy machine gives no whole processor."""
_MAX_ANSWER = 2 * MAX_PHOTO_BYTES


class _Question(msgspec.Struct, array_like=True, frozen=True):
    what: str
    data: bytes


class _Answer(msgspec.Struct, array_like=True, frozen=True):
    fault: str = ""
    megapixels: int = 0
    data: bytes = b""
    width: int = 0
    height: int = 0
    texts: list[str] = []
    files: dict[str, bytes] = {}
    sights: list[tuple[str, Corners]] = []


class Decoder:
    """A process that decodes photos, started when first needed and anew where one brought it down.

    Safe for several threads, which wait for each other.  Use it as a context, or `close` it.
    """

    def __init__(self, *, max_memory: int = MAX_MEMORY, max_cpu: int = MAX_CPU, max_wait: float = MAX_WAIT) -> None:
        self._limits = (max_memory, max_cpu)
        self._max_wait = max_wait
        self._lock = threading.Lock()
        self._running: tuple[BaseProcess, Connection] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def prepare(self, photo: bytes) -> PreparedPhoto:
        """Return a photo as a certificate names it; raises `MalformedError`, and `StorageError` without a process."""
        answer = self._ask("prepare", photo)
        return PreparedPhoto(answer.data, Digest.of(answer.data), answer.width, answer.height)

    def render(self, photo: bytes) -> dict[str, bytes]:
        """Return a photo's renditions by name, as `render_photo` does; raises as `prepare` does."""
        return self._ask("render", photo).files

    def read_codes(self, photo: bytes) -> list[str]:
        """Return the payloads of the QR codes in a photo; raises as `prepare` does."""
        return self._ask("read", photo).texts

    def find_codes(self, photo: bytes) -> list[Sight]:
        """Return all QR codes that can be found on a photo, as `provenance.sighting.find_codes` does; raises as
        `prepare` does.
        """
        return [Sight(*sight) for sight in self._ask("find", photo).sights]

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _ask(self, what: str, photo: bytes) -> _Answer:
        if len(photo) > MAX_PHOTO_BYTES:
            raise photo_fault("photo-too-costly")
        with self._lock:
            _, connection = self._running or self._start()
            try:
                connection.send_bytes(msgspec.msgpack.encode(_Question(what, photo)))
                if not connection.poll(self._max_wait):
                    raise EOFError
                answer = msgspec.msgpack.decode(connection.recv_bytes(_MAX_ANSWER), type=_Answer)
            except (OSError, EOFError, msgspec.MsgspecError):
                self._end()
                raise photo_fault("photo-too-costly") from None
            except BaseException:  # Ctrl-C: the answer to this would be taken for that of the next.
                self._end()
                raise
        if answer.fault:
            raise photo_fault(answer.fault, answer.megapixels)
        return answer

    def _start(self) -> tuple[BaseProcess, Connection]:
        spawn = multiprocessing.get_context("spawn")  # A fork would take our keys and files along.
        try:
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=_serve, args=(theirs, *self._limits), name="kilnmark-decoder", daemon=True)
            process.start()
        except OSError as error:
            raise StorageError(
                "no-decoder",
                "No process could be started to decode photos: {reason}.",
                hint="Close other programs and try again.",
                reason=error,
            ) from None
        theirs.close()
        self._running = process, ours
        return self._running

    def _end(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            process, connection = running
            connection.close()
            process.kill()
            process.join()
            process.close()


def _serve(connection: Connection, max_memory: int, max_cpu: int) -> None:
    """Answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError):
        while True:
            question = msgspec.msgpack.decode(connection.recv_bytes(), type=_Question)
            _limit(max_memory, max_cpu)
            connection.send_bytes(msgspec.msgpack.encode(_answered(question)))


def _limit(max_memory: int, max_cpu: int) -> None:
    """Limit what the next photo may take."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    for what, most in (
        (resource.RLIMIT_AS, max_memory),
        (resource.RLIMIT_CPU, spent + max_cpu),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(OSError, ValueError):  # macOS knows no limit of the address space.
            resource.setrlimit(what, (most, resource.getrlimit(what)[1]))


def _answered(question: _Question) -> _Answer:
    try:
        match question.what:
            case "prepare":
                photo = prepare_photo(question.data)
                return _Answer(data=photo.data, width=photo.width, height=photo.height)
            case "render":
                return _Answer(files=render_photo(question.data))
            case "find":
                from provenance.sighting import find_codes  # Few who decode photos look for codes.

                return _Answer(sights=[(sight.text, sight.corners) for sight in find_codes(question.data)])
            case _:
                return _Answer(texts=read_codes(question.data))
    except MalformedError as error:
        size = error.facts.get("size", 0)
        return _Answer(fault=error.code, megapixels=size if isinstance(size, int) else 0)
    except MemoryError:
        return _Answer(fault="photo-too-costly")
