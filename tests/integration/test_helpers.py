"""Helper processes that die at the worst moment."""

from __future__ import annotations

import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool

import pytest

from provenance_registry.service.helpers import Helpers


def begin_an_answer_and_die() -> None:
    """Send the head of an answer, which promises a hundred bytes, and nothing more."""
    frame = sys._getframe()
    while "result_queue" not in frame.f_locals:
        assert frame.f_back is not None
        frame = frame.f_back
    os.write(frame.f_locals["result_queue"]._writer.fileno(), struct.pack("!i", 100))
    os.kill(os.getpid(), signal.SIGKILL)


def nothing() -> None:
    """Work done."""


def sleep() -> None:
    time.sleep(600)


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(name="threads")
def fixture_threads() -> Iterator[set[threading.Thread]]:
    """The threads that there were before; after the test there are no others for long."""
    before = set(threading.enumerate())
    yield before
    wait_for(lambda: set(threading.enumerate()) <= before)


@pytest.mark.usefixtures("threads")
def test_the_death_of_the_only_helper_is_told_at_once() -> None:
    helpers = Helpers(1)
    broken = helpers.ask(begin_an_answer_and_die)
    assert isinstance(broken.exception(60), BrokenProcessPool)
    assert helpers.ask(nothing).result(60) is None  # Another has come in its stead.
    helpers.end()


@pytest.mark.usefixtures("threads")
def test_half_an_answer_of_one_of_many_is_waited_for_until_they_are_ended() -> None:
    helpers = Helpers(3)
    broken = helpers.ask(begin_an_answer_and_die)
    with pytest.raises(TimeoutError):
        broken.result(5)
    helpers.end()
    assert isinstance(broken.exception(60), BrokenProcessPool)


@pytest.mark.usefixtures("threads")
def test_helpers_are_ended_whatever_they_do() -> None:
    helpers = Helpers(2)
    asked = [helpers.ask(sleep) for _ in range(8)]
    helpers.end()
    for future in asked:
        wait_for(future.done)
        assert future.cancelled() or isinstance(future.exception(), BrokenProcessPool)
    assert helpers.ask(nothing).result(60) is None
    helpers.end()
    helpers.end()
