"""The worker's loop: one thread that does all that talks to the chain, step after step.

A step that fails is tried again at the next turn; a ledger that cannot be reached is a named state, never a silent
stall.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from provenance.errors import LedgerError, ProvenanceError

log = logging.getLogger(__name__)


class Worker:
    """Runs `steps` in order, again and again, every `interval` seconds or when woken."""

    def __init__(self, steps: list[Callable[[], object]], interval: float = 0.25) -> None:
        self._steps = steps
        self._interval = interval
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self.trouble: ProvenanceError | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Do not wait for the interval to pass."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the step under way and end."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stopping:
            self._turn()
            self._wake.wait(self._interval)
            self._wake.clear()

    def _turn(self) -> None:
        for step in self._steps:
            if self._stopping:
                return
            try:
                step()
            except ProvenanceError as error:
                if self.trouble is None or self.trouble.code != error.code:
                    log.warning("%s: %s", error.code, error.message)
                self.trouble = error
                if isinstance(error, LedgerError):
                    return
            except Exception:
                # A bug must not stop the pipeline for good, nor go unseen.
                log.exception("the worker failed")
                self.trouble = ProvenanceError("internal", "The worker failed; see the log.")
                return
        self.trouble = None
