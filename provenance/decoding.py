"""Photos are decoded in a process of its own, with a limit on its memory and its time.

Decoders are the part of any program that a made-up photo attacks first.  What this process is led into, it does alone:
it holds no key, knows nothing of our environment, where passwords may stand, and opens no file and no connection once
it has loaded what it needs.  What it answers is read as data.  Where the system cannot limit a process (Windows; macOS
limits no memory), its time is limited by whoever asks.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec
from PIL import Image

from provenance.corners import Corners, Sight
from provenance.encoding import Digest
from provenance.errors import MalformedError, StorageError
from provenance.media import (
    MAX_PHOTO_BYTES,
    PreparedPhoto,
    load_heif,
    photo_fault,
    prepare_photo,
    read_codes,
    render_photo,
)
from provenance.shots import Shot, look

MAX_MEMORY = 2 * 2**30
"""Bytes of address space: 120 megapixels with transparency, twice, and the libraries."""
MAX_CPU = 60
"""Seconds of processor time for one photo."""
MAX_WAIT = 120.0
"""Seconds that whoever asks waits for one photo: a busy machine gives no whole processor."""
_MAX_ANSWER = 2 * MAX_PHOTO_BYTES
_MAX_QUESTION = MAX_PHOTO_BYTES + 1_024
_LENGTH = 8
"""Bytes that tell the length of a question or an answer, before it."""
_ENVIRONMENT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What the process gets of our environment: where its libraries are."""
_BEGIN = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from provenance.decoding import serve
serve(int(sys.argv[2]), int(sys.argv[3]))
"""


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
        self._process: subprocess.Popen[bytes] | None = None

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

    def look(self, photo: bytes) -> Shot:
        """Return what a photo tells of itself, as `provenance.shots.look` does; raises as `prepare` does."""
        answer = self._ask("look", photo)
        taken, camera = answer.texts
        return Shot(taken, camera, tuple(Sight(*sight) for sight in answer.sights), answer.data)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _ask(self, what: str, photo: bytes) -> _Answer:
        if len(photo) > MAX_PHOTO_BYTES:
            raise photo_fault("photo-too-costly")
        with self._lock:
            process = self._process or self._start()
            # Whatever it does, it does not keep us: neither by not reading, nor by half an answer.
            patience = threading.Timer(self._max_wait, process.kill)
            patience.daemon = True
            patience.start()
            try:
                if process.stdin is None or process.stdout is None:
                    raise EOFError
                _send(process.stdin, msgspec.msgpack.encode(_Question(what, photo)))
                answer = msgspec.msgpack.decode(_received(process.stdout, _MAX_ANSWER), type=_Answer)
            except (OSError, EOFError, msgspec.MsgspecError):
                self._end()
                raise photo_fault("photo-too-costly") from None
            except BaseException:  # Ctrl-C: the answer to this would be taken for that of the next.
                self._end()
                raise
            finally:
                patience.cancel()
        if answer.fault:
            raise photo_fault(answer.fault, answer.megapixels)
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        """Start a process of its own: a fork would take our keys and files along."""
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        places = json.dumps([path or str(Path.cwd()) for path in sys.path])
        limits = (str(limit) for limit in self._limits)
        command = [sys.executable, "-IB", "-W", "ignore", "-c", _BEGIN, places, *limits]
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe)
        except OSError as error:
            raise StorageError(
                "no-decoder",
                "No process could be started to decode photos: {reason}.",
                hint="Close other programs and try again.",
                reason=error,
            ) from None
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()
            process.wait()


def _send(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(len(data).to_bytes(_LENGTH, "big"))
    pipe.write(data)
    pipe.flush()


def _received(pipe: IO[bytes], limit: int) -> bytes:
    """Return what was sent; raises `EOFError` where it is cut short, or has more than `limit` bytes."""
    size = int.from_bytes(_whole(pipe, _LENGTH), "big")
    if size > limit:
        raise EOFError
    return _whole(pipe, size)


def _whole(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) != size:
        raise EOFError
    return data


def serve(max_memory: int, max_cpu: int) -> None:
    """Answer until nobody asks any more: what the process of a `Decoder` does."""
    questions, answers = open(0, "rb"), open(os.dup(1), "wb")  # noqa: PTH123, SIM115  # As long as the process.
    os.dup2(2, 1)  # What a library prints is no answer.
    _warm_up()
    _limit(max_memory)
    with contextlib.suppress(EOFError, OSError):
        while True:
            question = msgspec.msgpack.decode(_received(questions, _MAX_QUESTION), type=_Question)
            _limit_time(max_cpu)
            _send(answers, msgspec.msgpack.encode(_answered(question)))


def _warm_up() -> None:
    """Load all that photos of any kind need, by decoding one: nothing can be opened afterwards."""
    Image.init()
    load_heif()
    photo = io.BytesIO()
    Image.new("RGB", (32, 32)).save(photo, "JPEG")
    for what in ("prepare", "render", "find", "look", "read"):
        _answered(_Question(what, photo.getvalue()))


def _limit(max_memory: int) -> None:
    """Give up for good what decoding does not need: memory without end, and opening files and connections."""
    if sys.platform == "win32":
        return
    import resource

    for what, most in (
        (resource.RLIMIT_AS, max_memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 0),  # What is open stays so; a connection is a file too.
    ):
        with contextlib.suppress(OSError, ValueError):  # macOS knows no limit of the address space.
            resource.setrlimit(what, (most, most))


def _limit_time(max_cpu: int) -> None:
    """Limit the processor time that the next photo may take."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (spent + max_cpu, resource.getrlimit(resource.RLIMIT_CPU)[1]))


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
            case "look":
                shot = look(question.data)
                sights = [(sight.text, sight.corners) for sight in shot.sights]
                return _Answer(data=shot.preview, texts=[shot.taken, shot.camera], sights=sights)
            case _:
                return _Answer(texts=read_codes(question.data))
    except MalformedError as error:
        size = error.facts.get("size", 0)
        return _Answer(fault=error.code, megapixels=size if isinstance(size, int) else 0)
    except MemoryError:
        return _Answer(fault="photo-too-costly")
    except Exception:  # Whatever a library says of a photo that it cannot read, the next one is read.
        return _Answer(fault="broken-photo")
