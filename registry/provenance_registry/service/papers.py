"""Certificates of authenticity, drawn in a process of their own and kept for a while.

Drawing one takes a second of a processor, fonts and all: next to the web server it would hold up every scan.
"""

from __future__ import annotations

import io
import multiprocessing
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from typing import TYPE_CHECKING

from provenance.errors import LimitError, StorageError
from provenance_registry.service.reading import begin_helper

if TYPE_CHECKING:
    from provenance.printing.authenticity import AuthenticityPage

MAX_KEPT = 64
"""Papers that are kept in memory: some 20 MB."""
MAX_AGE = 3_600.0
"""Seconds for which one is kept."""
MAX_WAITING = 8
"""Papers that are drawn or wait for it."""


class Papers:
    """Draws papers one by one, in a process that is started when first needed."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        self._waiting = 0
        self._kept: OrderedDict[Hashable, tuple[float, bytes]] = OrderedDict()

    def kept(self, key: Hashable) -> bytes | None:
        """Return the paper that was kept under `key`, if it is still there."""
        with self._lock:
            made, paper = self._kept.get(key, (0.0, b""))
            return paper if paper and time.monotonic() - made < MAX_AGE else None

    def ask(self, key: Hashable, page: AuthenticityPage, created: datetime) -> Future[bytes]:
        """Return what will be the PDF of `page`, which is then kept under `key`.

        Raises `LimitError` where too many wait; `StorageError` where no process can be started, or one has died.
        """
        with self._lock:
            if self._waiting >= MAX_WAITING:
                raise LimitError("too-many-papers", "Too many pages are being drawn.", retry_after=5)
            try:
                if self._pool is None:
                    spawn = multiprocessing.get_context("spawn")
                    self._pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=begin_helper)
                asked = self._pool.submit(_draw, page, created)
            except (OSError, RuntimeError) as error:
                self._pool = None
                raise _failed(error) from None
            self._waiting += 1
        told: Future[bytes] = Future()
        asked.add_done_callback(lambda done: self._tell(done, key, told))
        return told

    def close(self) -> None:
        """End the process."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _tell(self, done: Future[bytes], key: Hashable, told: Future[bytes]) -> None:
        error = None if done.cancelled() else done.exception()
        with self._lock:
            self._waiting -= 1
            if isinstance(error, BrokenProcessPool):
                self._pool = None  # The next to ask starts another.
            if error is None and not done.cancelled():
                self._kept[key] = time.monotonic(), done.result()
                self._kept.move_to_end(key)
                while len(self._kept) > MAX_KEPT:
                    self._kept.popitem(last=False)
        if not told.set_running_or_notify_cancel():
            return
        if done.cancelled() or error is not None:
            told.set_exception(_failed(error))
        else:
            told.set_result(done.result())


def _failed(error: BaseException | None) -> StorageError:
    return StorageError(
        "paper-failed", "The page could not be drawn: {reason}.", hint="Try again.", reason=error or "it was stopped"
    )


def _draw(page: AuthenticityPage, created: datetime) -> bytes:
    from provenance.printing.authenticity import print_authenticity

    out = io.BytesIO()
    print_authenticity(page, out, created=created)
    return out.getvalue()
