"""The fork server tells a process from another one that had its number before."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tests.faults.child import run
from tests.support.forks import _Children


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="SKIPPED: it forks, which needs Linux")
def test_a_number_that_is_given_again_is_a_new_process(tmp_path: Path) -> None:
    children = _Children(run)
    children.codes = dict.fromkeys(range(int(Path("/proc/sys/kernel/pid_max").read_text("ascii"))), -9)
    pid = children.start({"environment": {"KILNMARK_PORT": "none"}, "log": str(tmp_path / "log"), "clock": [0, 0, 1]})
    deadline = time.monotonic() + 60
    while children.code(pid) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert children.code(pid) == 70, "it ended by its bad settings, and was not killed"
