"""Named points at which a test may kill the process, to see what survives.

Outside tests a checkpoint costs one comparison.
"""

from __future__ import annotations

import os
import signal
import threading

CHECKPOINTS = ("after-accept", "after-sign", "after-seal", "before-send", "after-send", "after-final", "after-index")

RARE = ("after-stream", "after-lease", "after-raise", "after-revert", "after-rewind")
"""Those that are passed only on other ways than the usual one, or where something has gone wrong before."""


class _Armed:
    """Where the process dies, and how many times it passes there before that."""

    name, passes, stops = "", 0, False


def arm(point: str | None, *, stop: bool = False) -> None:
    """Let the process die at a checkpoint, given as its name or as ``name:times``: when it is passed so many times.

    Where it is to `stop` it sleeps there, as a machine does that is suspended, until it is told to go on.
    """
    name, _, times = (point or "").partition(":")
    _Armed.name, _Armed.passes, _Armed.stops = name, int(times or 1), stop


def checkpoint(name: str) -> None:
    """Die here, as by a power cut, where a test asks for it."""
    if name == _Armed.name:
        _Armed.passes -= 1
        if _Armed.passes > 0:
            return
        if _Armed.stops:
            _Armed.name = ""
            # To this thread: another one might be slow to take it, and this one go on meanwhile.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        else:
            os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)


arm(os.environ.get("KILNMARK_TEST_KILL_AT"))
