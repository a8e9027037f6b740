"""A fork server: it imports the registry once, and forks a child for each start; children die by SIGKILL."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class ForkServer:
    """The server's client: starts, arms, kills and awaits registries.  Any thread may ask."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KILNMARK_")}
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "cli"), str(ROOT / "registry")])
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forks"],
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

    def arm(self, pid: int, point: str, *, stop: bool = False) -> None:
        """Let a running registry die, or stop, at a checkpoint."""
        self._ask(arm=point, pid=pid, stop=stop)

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
            time.sleep(0.003)
        return code


class _Children:
    """The server's side."""

    def __init__(self) -> None:
        self.pipes: dict[int, int] = {}
        self.codes: dict[int, int] = {}

    def start(self, order: dict[str, Any]) -> int:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                os.close(writing)
                for other in self.pipes.values():
                    os.close(other)
                from tests.faults.child import run

                code = run(order, reading)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(reading)
        self.pipes[pid] = writing
        self.codes.pop(pid, None)  # The system gives numbers of processes again.
        return pid

    def code(self, pid: int) -> int | None:
        if pid not in self.codes:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                self.codes[pid] = os.waitstatus_to_exitcode(status)
                os.close(self.pipes.pop(pid))
        return self.codes.get(pid)

    def kill(self, pid: int) -> None:
        if self.code(pid) is None:
            os.kill(pid, signal.SIGKILL)

    def arm(self, pid: int, point: str, stop: bool) -> None:
        if self.code(pid) is None:
            os.write(self.pipes[pid], json.dumps({"arm": point, "stop": stop}).encode() + b"\n")


def main() -> int:
    import tests.faults.child

    tests.faults.child.warm_up()
    gc.freeze()  # What is shared with the children stays shared.
    children = _Children()
    for line in sys.stdin.buffer:
        order = json.loads(line)
        answer: int | None = None
        if "start" in order:
            answer = children.start(order["start"])
        elif "arm" in order:
            children.arm(order["pid"], order["arm"], order["stop"])
        elif "kill" in order:
            children.kill(order["kill"])
        else:
            answer = children.code(order["code"])
        print(json.dumps(answer), flush=True)
    for pid in list(children.pipes):
        children.kill(pid)
        os.waitpid(pid, 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
