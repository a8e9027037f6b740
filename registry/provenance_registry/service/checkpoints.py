"""Named points at which a test may kill the process, to see what survives.

Outside tests a checkpoint costs one comparison.
"""

from __future__ import annotations

import os
import signal

CHECKPOINTS = ("after-accept", "after-seal", "before-send", "after-send", "after-final", "after-index")
_KILL_AT = os.environ.get("KILNMARK_TEST_KILL_AT")


def checkpoint(name: str) -> None:
    """Die here, as by a power cut, where the environment asks for it."""
    if name == _KILL_AT:
        os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
