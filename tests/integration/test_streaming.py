"""Certificates in a stream: each is answered once it is on disk, and nothing that was answered is lost."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import pytest

from provenance.certificate import MAX_CERTIFICATE_BYTES
from provenance.errors import UnreachableError
from provenance_cli.streaming import stream
from tests.support.registries import RunningRegistry, Studio

PATH = "/api/v1/certificates:stream"


def test_a_bad_line_is_told_by_its_number_and_the_others_go_on(registry: RunningRegistry, studio: Studio) -> None:
    good = [studio.sign(f"{number}") for number in range(3)]
    overlong = b'{"x":"' + b"y" * MAX_CERTIFICATE_BYTES + b'"}'
    lines = [good[0].data, b"{ nothing", good[1].data, overlong, b"", good[2].data, good[0].data]
    answers = [json.loads(answer) for answer in stream(registry.base_url, PATH, lines)]
    assert [answer["line"] for answer in answers] == [1, 2, 3, 4, 5, 6, 7]
    assert [answer.get("digest") for answer in answers] == [
        str(good[0].digest), None, str(good[1].digest), None, None, str(good[2].digest), str(good[0].digest),
    ]  # fmt: skip
    assert [answer.get("new") for answer in answers] == [True, None, True, None, None, True, False]
    assert answers[3]["code"] == "too-large"
    studio.wait_anchored(*good)


def test_what_has_come_is_answered_before_the_stream_ends(registry: RunningRegistry, studio: Studio) -> None:
    """A sender that waits for an answer before it sends on gets it: a group need not be full."""
    first, second = studio.sign("1"), studio.sign("2")
    head = b"POST %s HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" % PATH.encode()
    with socket.create_connection(("127.0.0.1", registry.port), timeout=30) as connection:
        connection.sendall(head)
        for certificate in (first, second):
            line = certificate.data + b"\n"
            connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            said = b""
            while not said.endswith(b"}\n\r\n"):
                said += connection.recv(65_536) or pytest.fail("it ended")
            assert str(certificate.digest).encode() in said


def test_a_kill_in_the_middle_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "data")
    registry.start()
    studio = Studio(registry)
    studio.accredit()
    certificates = [studio.sign(f"{number}") for number in range(1_500)]
    acknowledged = list[str]()
    process = registry.process
    assert process is not None

    def submit_all() -> None:
        for answer in stream(registry.base_url, PATH, (certificate.data for certificate in certificates)):
            acknowledged.append(json.loads(answer)["digest"])
            if len(acknowledged) == 501:  # The first group is told, and another is on its way.
                os.kill(process.pid, signal.SIGKILL)

    with pytest.raises(UnreachableError):
        submit_all()
    registry.wait_dead(asked=False)
    assert 501 <= len(acknowledged) < len(certificates)
    registry.start()
    again = [json.loads(line) for line in stream(registry.base_url, PATH, (item.data for item in certificates))]
    known = {answer["digest"] for answer in again if not answer["new"]}
    assert known.issuperset(acknowledged)
    assert len(again) == len(certificates)
    studio.wait_anchored(*certificates[:10], *certificates[-10:])
    assert registry.stop() == 0
