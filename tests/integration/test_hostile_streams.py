"""Streams of certificates from senders that mean ill, or are broken: each is bounded, and disturbs nobody else."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from provenance.certificate import MAX_CERTIFICATE_BYTES
from provenance_cli.streaming import BadAnswerError, stream
from tests.support.processes import helpers_of
from tests.support.registries import ROOT, RunningRegistry, Studio

PATH = "/api/v1/certificates:stream"
HEAD = b"POST %s HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" % PATH.encode()
SILENCE = 3.0
PLACES = 3

PATIENCE = f"""
import provenance_registry.http.streaming as streaming
streaming.MAX_SILENCE = {SILENCE}
streaming.HELPER_PATIENCE = 20.0
streaming.MAX_CLIENT_STREAMS = {PLACES}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """A registry that is as patient as others, in a fifteenth of the time."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "sitecustomize.py").write_text(PATIENCE, "utf-8")
    made = RunningRegistry(folder / "data", KILNMARK_BATCH_AGE="3600")
    roots = [str(folder), str(ROOT), str(ROOT / "cli"), str(ROOT / "registry")]
    made.start(forked=False, PYTHONPATH=os.pathsep.join(roots))
    yield made
    assert made.stop() == 0
    assert "Traceback" not in made.log


@pytest.fixture(scope="module")
def studio(registry: RunningRegistry) -> Studio:
    made = Studio(registry)
    made.accredit()
    return made


def connect(registry: RunningRegistry) -> socket.socket:
    return socket.create_connection(("127.0.0.1", registry.port), timeout=60)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def rest_of(connection: socket.socket) -> bytes:
    said = b""
    try:
        while data := connection.recv(65_536):
            said += data
            if said.endswith(b"0\r\n\r\n"):
                break
    except ConnectionResetError:
        pass
    return said


def is_alive(registry: RunningRegistry, studio: Studio) -> None:
    """The next in the line is served at once, and no place is lost."""
    certificate = studio.sign("after")
    deadline = time.monotonic() + 120
    while True:
        try:
            (answer,) = [json.loads(line) for line in stream(registry.base_url, PATH, [certificate.data])]
        except BadAnswerError as error:
            if error.status != 429 or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            assert answer["digest"] == str(certificate.digest)
            return


@pytest.mark.parametrize("begun", [b"", b'{"half":'], ids=["nothing", "half a line"])
def test_who_sends_nothing_is_dropped(registry: RunningRegistry, studio: Studio, begun: bytes) -> None:
    with connect(registry) as first, connect(registry) as second:
        for connection in (first, second):
            connection.sendall(HEAD + (chunk(begun) if begun else b""))
        began = time.monotonic()
        said = rest_of(first)
        assert b'"stream-stalled"' in said
        assert time.monotonic() - began < SILENCE + 60
        is_alive(registry, studio)


def test_who_trickles_a_line_that_never_ends_is_dropped(registry: RunningRegistry, studio: Studio) -> None:
    with connect(registry) as connection:
        connection.sendall(HEAD)
        connection.settimeout(0.2)
        said, began = b"", time.monotonic()
        while b"stream-stalled" not in said:
            assert time.monotonic() - began < SILENCE + 60
            try:
                connection.sendall(chunk(b"x"))
                said += connection.recv(65_536)
            except TimeoutError:
                continue
            except ConnectionError:  # It was dropped a moment ago.
                said += rest_of(connection)
                break
        assert b"stream-stalled" in said
    is_alive(registry, studio)


def test_who_sends_a_short_line_now_and_then_keeps_no_place(registry: RunningRegistry, studio: Studio) -> None:
    with connect(registry) as connection:
        connection.sendall(HEAD)
        connection.settimeout(0.8 * SILENCE)
        said, began = b"", time.monotonic()
        while b"stream-stalled" not in said:
            assert time.monotonic() - began < SILENCE + 60
            try:
                connection.sendall(chunk(b"{}\n"))
                while b"stream-stalled" not in said:
                    said += connection.recv(65_536) or pytest.fail("it ended")
            except TimeoutError:
                continue
            except ConnectionError:  # It was dropped a moment ago.
                said += rest_of(connection)
                break
        assert b"stream-stalled" in said
        assert b'"line":1' in said
    is_alive(registry, studio)


def test_who_takes_no_answers_costs_neither_place_nor_memory(registry: RunningRegistry, studio: Studio) -> None:
    assert registry.process is not None
    lines, sent = chunk(b"{}\n" * 20_000), 0
    before, before_log = memory_of(registry.process.pid), registry.log.count("its answers are not taken")
    with connect(registry) as first, connect(registry) as second:
        for connection in (first, second):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.settimeout(2)
            connection.sendall(HEAD)
            with suppress(OSError):  # Nothing more is read, or all is over.
                while sent < 2**30:
                    connection.sendall(lines)
                    sent += len(lines)
        assert sent < 2**28
        deadline = time.monotonic() + 120
        while registry.log.count("its answers are not taken") < before_log + 2:  # Though both are still there.
            assert time.monotonic() < deadline
            time.sleep(0.1)
        is_alive(registry, studio)
    grown = memory_of(registry.process.pid) - before
    print(f"sent {sent:,} bytes without reading; the registry grew by {grown:,} bytes")
    assert grown < 64 * 2**20


def memory_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def test_lines_of_every_kind_are_answered_one_by_one(registry: RunningRegistry, studio: Studio) -> None:
    good = [studio.sign(f"good {number}") for number in range(2)]
    lines = [
        good[0].data, b"\xff\xfe\x80", b"[1, 2", b"null", b"[" * 10_000, b'{"a":"\\ud800"}', b"1" * 5_000,
        b"x" * (MAX_CERTIFICATE_BYTES + 1), b"x" * (MAX_CERTIFICATE_BYTES * 8), b"\x00", b"", good[1].data,
    ]  # fmt: skip
    answers = [json.loads(answer) for answer in stream(registry.base_url, PATH, lines)]
    assert [answer["line"] for answer in answers] == list(range(1, len(lines) + 1))
    assert [answer.get("digest") for answer in (answers[0], answers[-1])] == [str(item.digest) for item in good]
    assert all(answer["status"] in (413, 422) and answer["code"] != "internal" for answer in answers[1:-1])
    assert [answer["code"] for answer in answers[7:9]] == ["too-large", "too-large"]


def test_a_stream_without_an_end_stays_in_bounds(registry: RunningRegistry, studio: Studio) -> None:
    """Its lines are answered as they come, memory does not grow with them, and others are served meanwhile."""
    assert registry.process is not None
    known, ends, answered = studio.sign("again and again"), time.monotonic() + 6, 0
    served = list[Future[None]]()

    def without_end() -> Iterator[bytes]:
        while time.monotonic() < ends or not any(other.done() for other in served):
            yield known.data
            yield b"{}"

    before = memory_of(registry.process.pid)
    with ThreadPoolExecutor(1) as other:
        for answer in stream(registry.base_url, PATH, without_end()):
            answered += 1
            assert json.loads(answer)["line"] == answered
            if answered == 1_000:
                served.append(other.submit(is_alive, registry, studio))
        served[0].result()
    grown = memory_of(registry.process.pid) - before
    print(f"{answered:,} lines answered; the registry grew by {grown:,} bytes")
    assert grown < 64 * 2**20


def hold(registry: RunningRegistry, studio: Studio) -> socket.socket:
    """Take a place, as soon as one is free that a test before had."""
    deadline = time.monotonic() + 120
    while True:
        certificate, connection, said = studio.sign("holds a place"), connect(registry), b""
        connection.sendall(HEAD + chunk(certificate.data + b"\n"))
        while str(certificate.digest).encode() not in said and (data := connection.recv(65_536)):
            said += data
            if b"too-many-streams" in said:
                break
        if str(certificate.digest).encode() in said:
            return connection
        connection.close()
        assert time.monotonic() < deadline, said
        time.sleep(0.2)


def test_too_many_streams_are_told_when_to_come_again(registry: RunningRegistry, studio: Studio) -> None:
    is_alive(registry, studio)
    for _ in range(20):  # Whoever takes places slowly loses the first to silence.
        with ExitStack() as stack:
            for _place in range(PLACES):
                stack.enter_context(hold(registry, studio))
            another = stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", registry.port, timeout=60)))
            another.request("POST", PATH, b"{}\n")
            told = another.getresponse()
            problem = json.loads(told.read())
        if told.status == 429:
            break
    assert (told.status, problem["code"], told.headers["retry-after"]) == (429, "too-many-streams", "5")
    is_alive(registry, studio)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["dies", "hangs"])
def test_a_helper_that_fails_is_done_without(registry: RunningRegistry, studio: Studio, how: signal.Signals) -> None:
    assert registry.process is not None
    pid = registry.process.pid
    certificates = [studio.sign(f"{how.name} {number}") for number in range(1_200)]
    warm = [studio.sign(f"warm {number}") for number in range(100)]
    assert len(list(stream(registry.base_url, PATH, (certificate.data for certificate in warm)))) == 100
    hit, answers = list[int](), list[dict[str, object]]()
    for answer in stream(registry.base_url, PATH, (certificate.data for certificate in certificates)):
        if not answers:
            hit = helpers_of(pid)
            assert hit
            for helper in hit:
                os.kill(helper, how)
        answers.append(json.loads(answer))
    assert [answer.get("digest") for answer in answers] == [str(certificate.digest) for certificate in certificates]
    known = registry.client.states([certificate.digest for certificate in certificates[-1_000:]])
    assert len(known) == 1_000
    more = [studio.sign(f"after {number}") for number in range(100)]
    assert len(list(stream(registry.base_url, PATH, (certificate.data for certificate in more)))) == 100
    assert not set(hit) & set(helpers_of(pid))
