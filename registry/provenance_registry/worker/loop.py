"""The worker's loop: one thread that does all that talks to the chain, step after step.

A step that fails is tried again at the next turn and keeps no other step from its work; each failure is a named state
for as long as it lasts, never a silent stall.
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
        self._found: list[tuple[ProvenanceError, ...]] = [()] * len(steps)

    @property
    def troubles(self) -> tuple[ProvenanceError, ...]:
        """What each step found wrong when it last ran, in the order of the steps."""
        return tuple(error for found in self._found for error in found)

    @property
    def trouble(self) -> ProvenanceError | None:
        """The first of `troubles`, or ``None``."""
        return next(iter(self.troubles), None)

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
        """Run every step once; `troubles` are then what kept them from their work."""
        for number, step in enumerate(self._steps):
            if self._stopping:
                return
            before = {error.code for error in self._found[number]}
            found: tuple[ProvenanceError, ...] = ()
            try:
                step()
            except ProvenanceError as error:
                found = (error,)
            except ExceptionGroup as group:
                found = tuple(each if isinstance(each, ProvenanceError) else _bug() for each in group.exceptions)
            except Exception:
                # A bug must not stop the pipeline for good, nor go unseen, nor fill the disk with its traces.
                found = (_bug(),)
                if "internal" not in before:
                    log.exception("the worker failed")
            for trouble in found:
                if trouble.code not in before and trouble.code != "internal":
                    log.warning("%s: %s", trouble.code, trouble.message)
            self._found[number] = found


def tell(troubles: Sequence[ProvenanceError]) -> None:
    """Raise all of `troubles`, if there are any: one as it is, several as a group."""
    if len(troubles) == 1:
        raise troubles[0]
    if troubles:
        raise ExceptionGroup("several things are wrong", troubles)


def _bug() -> ProvenanceError:
    return ProvenanceError("internal", "The worker failed; see the log.")
