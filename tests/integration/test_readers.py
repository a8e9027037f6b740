"""Helper processes that read certificates, and die at the worst moment."""

from __future__ import annotations

import os
import signal
import struct
import sys
import threading
import time
from concurrent.futures import Future

from provenance_registry.service.reading import WORTHWHILE, Readers


def begin_an_answer_and_die() -> None:
    """Send the head of an answer, which promises a hundred bytes, and nothing more."""
    frame = sys._getframe()
    while "result_queue" not in frame.f_locals:
        assert frame.f_back is not None
        frame = frame.f_back
    os.write(frame.f_locals["result_queue"]._writer.fileno(), struct.pack("!i", 100))
    os.kill(os.getpid(), signal.SIGKILL)


def wait_until(what: Future[None] | threading.Thread) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if what.done() if isinstance(what, Future) else not what.is_alive():
            return True
        time.sleep(0.02)
    return False


def test_a_helper_that_dies_amid_an_answer_keeps_nobody_waiting() -> None:
    readers, before = Readers("http://127.0.0.1:1"), set(threading.enumerate())
    asked = readers.ask([b"{}"] * WORTHWHILE)
    assert asked is not None
    assert asked.result(60) == [None] * WORTHWHILE
    assert readers._pool is not None
    processes = list(readers._pool._processes.values())
    broken = readers._pool.submit(begin_an_answer_and_die)
    while all(process.is_alive() for process in processes):
        time.sleep(0.02)
    time.sleep(0.5)
    assert not broken.done()  # The rest of the answer is still waited for: nothing else told of the death.
    readers.end()
    assert wait_until(broken)
    for thread in set(threading.enumerate()) - before:
        assert wait_until(thread), thread
