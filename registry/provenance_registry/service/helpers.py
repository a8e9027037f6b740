"""Processes that work for the registry, and may be killed at any moment: by the system, or by the registry itself."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

T = TypeVar("T")


class Helpers:
    """Up to `count` processes, started when first needed, and others in their stead when one has died."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def ask(self, work: Callable[..., T], *what: Any) -> Future[T]:
        """Return what `work` will return, or raise `BrokenProcessPool` if a helper dies meanwhile.

        Raises `OSError` or `RuntimeError` where no process can be started, or one has died.
        """
        with self._lock:
            try:
                if self._pool is None:
                    spawn = multiprocessing.get_context("spawn")  # A fork would take our locks and files along.
                    self._pool = ProcessPoolExecutor(self._count, mp_context=spawn, initializer=_begin)
                pool = self._pool
                asked = pool.submit(work, *what)
            except (OSError, RuntimeError):
                self._end()
                raise
            if len(_processes(pool)) == self._count:
                _write_no_more(pool)
        asked.add_done_callback(lambda done: self._look_at(done, pool))
        return asked

    def end(self) -> None:
        """End all helpers, by force: what they were asked is cancelled, or told as broken."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            # The executor has no method for it before Python 3.14, and would wait for them at the registry's end.
            stuck = _processes(pool)
            _write_no_more(pool)
            pool.shutdown(wait=False, cancel_futures=True)
            for process in stuck:
                process.kill()

    def _look_at(self, done: Future[Any], pool: ProcessPoolExecutor) -> None:
        if not done.cancelled() and isinstance(done.exception(), BrokenProcessPool):
            with self._lock:
                if self._pool is pool:
                    self._pool = None  # The next to ask starts others.


def _processes(pool: ProcessPoolExecutor) -> list[Any]:
    return list((getattr(pool, "_processes", None) or {}).values())


def _write_no_more(pool: ProcessPoolExecutor) -> None:
    """Close our end of what helpers write into: as long as it is open, half an answer of the dead is waited for."""
    answers = getattr(pool, "_result_queue", None)
    if answers is not None:
        answers._writer.close()


def _begin() -> None:
    """Make a helper end with the registry, however that ends, and leave Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    from multiprocessing.connection import wait

    wait([sentinel])
    os._exit(0)
