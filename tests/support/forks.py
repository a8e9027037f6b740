"""A fork server: it imports the registry once, and forks a child for each start, which takes no seconds then."""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class ForkServer:
    """The server's client: starts, tells, kills and awaits registries.  Any thread may ask.

    The module `child` says what children do: its ``warm_up`` runs in the server, its ``run`` in each child, which reads
    what it is told from a pipe.
    """

    def __init__(self, child: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KILNMARK_")}
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "cli"), str(ROOT / "registry")])
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forks", child],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(120)
        self._process.stdout.close()

    def _ask(self, **order: Any) -> Any:
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def start(self, order: dict[str, Any]) -> int:
        """Fork a registry and return its process id."""
        return int(self._ask(start=order))

    def tell(self, pid: int, **what: Any) -> None:
        """Tell a running registry something, in a line of JSON."""
        self._ask(tell=what, pid=pid)

    def close(self, pid: int) -> None:
        """Close the pipe that a running registry reads from."""
        self._ask(close=pid)

    def kill(self, pid: int) -> None:
        """Kill a registry by SIGKILL, unless it is dead."""
        self._ask(kill=pid)

    def code(self, pid: int) -> int | None:
        """Return how a registry ended: an exit code, or a signal's number below zero; ``None`` while it lives."""
        answer = self._ask(code=pid)
        return None if answer is None else int(answer)

    def wait(self, pid: int, patience: float) -> int | None:
        """Return how a registry ended, or ``None`` where it lives on after `patience` seconds."""
        deadline = time.monotonic() + patience
        while (code := self.code(pid)) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return code


class ForkedProcess:
    """A registry that a fork server started, with what `subprocess.Popen` has that is needed of it."""

    def __init__(self, server: ForkServer, order: dict[str, Any]) -> None:
        self._server = server
        self.pid = server.start(order)
        self.stdin = self

    def close(self) -> None:
        """Close its standard input."""
        self._server.close(self.pid)

    def kill(self) -> None:
        """Kill it, unless it is dead."""
        self._server.kill(self.pid)

    def poll(self) -> int | None:
        """Return how it ended; ``None`` while it lives."""
        return self._server.code(self.pid)

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended; raises `subprocess.TimeoutExpired` where it lives on after `timeout` seconds."""
        code = self._server.wait(self.pid, inf if timeout is None else timeout)
        if code is None:
            raise subprocess.TimeoutExpired("a forked registry", timeout or inf)
        return code


@functools.cache
def registries() -> ForkServer | None:
    """Return the fork server of this process for plain registries; ``None`` where there is no forking."""
    if sys.platform != "linux":
        return None
    server = ForkServer("tests.support.forked_child")
    atexit.register(server.__exit__)
    return server


class _Children:
    """The server's side."""

    def __init__(self, run: Callable[[dict[str, Any], int], int]) -> None:
        self.run = run
        self.pipes: dict[int, int] = {}
        self.codes: dict[int, int] = {}
        self.living: set[int] = set()

    def start(self, order: dict[str, Any]) -> int:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                os.close(writing)
                for other in self.pipes.values():
                    os.close(other)
                code = self.run(order, reading)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(reading)
        self.pipes[pid] = writing
        self.living.add(pid)
        self.codes.pop(pid, None)  # The system gives numbers of processes again.
        return pid

    def code(self, pid: int) -> int | None:
        if pid not in self.codes:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                self.codes[pid] = os.waitstatus_to_exitcode(status)
                self.living.discard(pid)
                self.close(pid)
        return self.codes.get(pid)

    def close(self, pid: int) -> None:
        if pid in self.pipes:
            os.close(self.pipes.pop(pid))

    def end(self) -> None:
        for pid in self.living:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def kill(self, pid: int) -> None:
        if self.code(pid) is None:
            os.kill(pid, signal.SIGKILL)

    def tell(self, pid: int, what: dict[str, Any]) -> None:
        if self.code(pid) is None:
            with contextlib.suppress(BrokenPipeError):  # It is dying, and cannot be waited for yet.
                os.write(self.pipes[pid], json.dumps(what).encode() + b"\n")


def main() -> int:
    child = importlib.import_module(sys.argv[1])
    child.warm_up()
    gc.freeze()  # What is shared with the children stays shared.
    children = _Children(child.run)
    for line in sys.stdin.buffer:
        order = json.loads(line)
        answer: int | None = None
        if "start" in order:
            answer = children.start(order["start"])
        elif "tell" in order:
            children.tell(order["pid"], order["tell"])
        elif "close" in order:
            children.close(order["close"])
        elif "kill" in order:
            children.kill(order["kill"])
        else:
            answer = children.code(order["code"])
        print(json.dumps(answer), flush=True)
    children.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
