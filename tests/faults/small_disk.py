"""A file system of a few megabytes in memory, to be full, and system calls that fail, where the system lets us."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.faults.tables import NotPermittedError


class SmallDisk:
    """A small file system, which `mounted` holds."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ballast = folder, folder / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Leave only `leave` bytes free; what others write meanwhile may leave less."""
        free = os.statvfs(self.folder)
        try:
            with self.ballast.open("ab") as file:
                file.write(bytes(max(0, free.f_bavail * free.f_frsize - leave)))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

    def make_room(self) -> None:
        self.ballast.unlink()


@contextmanager
def mounted(folder: Path, size: str = "48m") -> Iterator[SmallDisk]:
    """Mount a small file system while the block lasts; raises `NotPermittedError`."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if not sys.platform.startswith("linux") or shutil.which("mount") is None:
        raise NotPermittedError("no small file system can be mounted here: that needs Linux")
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotPermittedError(f"no small file system can be mounted here, run as root: {done.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def failing(pid: int, calls: str, error: str, when: str, paths: Sequence[Path], log: Path) -> Iterator[None]:
    """Let a process's system calls fail while the block lasts, those on `paths` if there are any.

    `when` is strace's, and counts in each thread by itself.  Raises `NotPermittedError` where no process may be traced.
    """
    if shutil.which("strace") is None:
        raise NotPermittedError("system calls cannot be made to fail: strace is not installed")
    command = ["strace", "-f", "-q", "-o", str(log), "-p", str(pid), "-e", f"trace={calls}"]
    for path in paths:
        command += ["-P", str(path)]
    command += ["-e", f"inject={calls}:error={error}:when={when}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as tracing:
        try:
            _wait_traced(pid, tracing)
            yield
        finally:
            tracing.terminate()  # It lets go of the process, which goes on.
            tracing.communicate(timeout=120)


def injected(log: Path) -> int:
    """Return how many calls failed, by a tracer's log."""
    return log.read_text("utf-8", "replace").count("(INJECTED)") if log.exists() else 0


def _wait_traced(pid: int, tracing: subprocess.Popen[str]) -> None:
    """Return once all threads of a process are traced; or it is dead."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if tracing.poll() is not None:
            told = tracing.stderr.read().strip() if tracing.stderr else ""
            if "attach" in told and "No such process" not in told:
                raise NotPermittedError(f"no process may be traced here: {told}")
            return
        try:
            states = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
        except OSError:
            return
        if states and all(not re.search(r"^TracerPid:\s+0$", state, re.MULTILINE) for state in states):
            return
        time.sleep(0.005)
