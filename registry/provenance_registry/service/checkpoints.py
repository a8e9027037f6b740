"""Named points at which a test may kill the process, to see what survives.

Outside tests a checkpoint costs one comparison.
"""

from __future__ import annotations

import os
import signal

CHECKPOINTS = ("after-accept", "after-seal", "before-send", "after-send", "after-final", "after-index")


class _Armed:
    """Where the process dies, and how many times it passes there before that."""

    name, passes = "", 0


def arm(point: str | None) -> None:
    """Let the process die at a checkpoint, given as its name or as ``name:times``: when it is passed so many times."""
    name, _, times = (point or "").partition(":")
    _Armed.name, _Armed.passes = name, int(times or 1)


def checkpoint(name: str) -> None:
    """Die here, as by a power cut, where a test asks for it."""
    if name == _Armed.name:
        _Armed.passes -= 1
        if _Armed.passes <= 0:
            os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)


arm(os.environ.get("KILNMARK_TEST_KILL_AT"))
