"""The worker's loop: one thread that does all that talks to the chain, step after step.

A step that fails is tried again at the next turn and keeps no other step from its work; the first failure of a turn is
a named state, never a silent stall.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from provenance.errors import ProvenanceError

log = logging.getLogger(__name__)


class Worker:
    """Runs `steps` in order, again and again, every `interval` seconds or when woken."""

    def __init__(self, steps: Sequence[Callable[[], object]], interval: float = 0.25) -> None:
        self._steps = steps
        self._interval = interval
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._named = set[tuple[int, str]]()
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
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stopping:
            self.turn()
            self._wake.wait(self._interval)
            self._wake.clear()

    def turn(self) -> None:
        """Run every step once; `trouble` is then the first error, or ``None``."""
        troubles: list[tuple[int, ProvenanceError]] = []
        for number, step in enumerate(self._steps):
            if self._stopping:
                return
            try:
                step()
            except ProvenanceError as error:
                if (number, error.code) not in self._named:
                    log.warning("%s: %s", error.code, error.message)
                troubles.append((number, error))
            except Exception:
                # A bug must not stop the pipeline for good, nor go unseen, nor fill the disk with its traces.
                if (number, "internal") not in self._named:
                    log.exception("the worker failed")
                troubles.append((number, ProvenanceError("internal", "The worker failed; see the log.")))
            if troubles:
                self.trouble = troubles[0][1]
        self._named = {(number, error.code) for number, error in troubles}
        if not troubles:
            self.trouble = None
