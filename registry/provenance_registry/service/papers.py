"""What is drawn, in a process of its own: certificates and pictures to share, kept for a while, and shops' tags.

Drawing one takes a second of a processor, fonts and all: next to the web server it would hold up every scan.
"""

from __future__ import annotations

import io
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from datetime import datetime
from typing import TYPE_CHECKING, Any

from provenance.errors import LimitError, ProvenanceError, StorageError
from provenance_registry.service.helpers import Helpers
from provenance_registry.service.sheets import Sheet, draw_sheet

if TYPE_CHECKING:
    from provenance.printing.authenticity import AuthenticityPage
    from provenance.printing.share_card import ShareCard

MAX_KEPT = 64
"""Papers that are kept in memory: some 20 MB."""
MAX_AGE = 3_600.0
"""Seconds for which one is kept."""
MAX_WAITING = 8
"""Papers that are drawn or wait for it."""
MAX_SHEETS = 2
"""Of them, sheets of tags: they take longest, and buyers are not to wait for many of them."""


class Papers:
    """Draws papers one by one, in a process that is started when first needed."""

    def __init__(self) -> None:
        self._helpers = Helpers(1)
        self._lock = threading.Lock()
        self._waiting = self._sheets = 0
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
        return self._ask(key, _draw, page, created)

    def ask_card(self, key: Hashable, card: ShareCard) -> Future[bytes]:
        """Return what will be the PNG of `card`, which is then kept under `key`; raises like `ask`."""
        return self._ask(key, _draw_card, card)

    def ask_sheet(self, sheet: Sheet, created: datetime) -> Future[bytes]:
        """Return what will be the PDF of `sheet`, or why it cannot be printed; raises like `ask`."""
        return self._ask(None, draw_sheet, sheet, created)

    def _ask(self, key: Hashable | None, work: Callable[..., bytes], *what: Any) -> Future[bytes]:
        with self._lock:
            if self._waiting >= MAX_WAITING or (key is None and self._sheets >= MAX_SHEETS):
                raise LimitError(
                    "too-many-papers", "Too many pages are being drawn.", retry_after=5 if key is not None else 15
                )
            try:
                asked = self._helpers.ask(work, *what)
            except (OSError, RuntimeError) as error:
                raise _failed(error) from None
            self._waiting += 1
            self._sheets += key is None
        told: Future[bytes] = Future()
        asked.add_done_callback(lambda done: self._tell(done, key, told))
        return told

    def close(self) -> None:
        """End the process, whatever it draws."""
        self._helpers.end()

    def _tell(self, done: Future[bytes], key: Hashable | None, told: Future[bytes]) -> None:
        error = None if done.cancelled() else done.exception()
        with self._lock:
            self._waiting -= 1
            self._sheets -= key is None
            if key is not None and error is None and not done.cancelled():
                self._kept[key] = time.monotonic(), done.result()
                self._kept.move_to_end(key)
                while len(self._kept) > MAX_KEPT:
                    self._kept.popitem(last=False)
        if not told.set_running_or_notify_cancel():
            return
        if done.cancelled() or error is not None:
            told.set_exception(error if isinstance(error, ProvenanceError) else _failed(error))
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


def _draw_card(card: ShareCard) -> bytes:
    from provenance.printing.share_card import draw_share_card

    return draw_share_card(card)
