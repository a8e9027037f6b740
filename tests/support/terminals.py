"""A terminal of 80 by 24 cells that is typed into and read, as a person does: tmux holds it."""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.registries import ROOT

COLUMNS, ROWS = 80, 24
PATIENCE = 90.0
"""Seconds until what is waited for must stand on the screen; the machine may be busy."""
KILNMARK = [sys.executable, "-P", "-m", "provenance_cli"]
_CONFIG = """
set -g remain-on-exit on
set -g remain-on-exit-format ''
set -g status off
set -g default-terminal tmux-256color
"""
_KEEP_STATUS = 'trap : INT; file=$1; shift; "$@"; echo $? > "$file"'
_NUMBERS = itertools.count()


def is_there() -> bool:
    """Tell whether a terminal can be had here."""
    return shutil.which("tmux") is not None


class Terminal:
    """A command in a terminal of its own; to be closed."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[object],
        lang: str = "en_GB.UTF-8",
        env: Mapping[str, str] | None = None,
        start: Path | None = None,
    ) -> None:
        self._socket = f"kilnmark-{os.getpid()}-{next(_NUMBERS)}"
        config = folder / f"{self._socket}.conf"
        config.write_text(_CONFIG, "utf-8")
        given = {
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "cli", ROOT / "registry"))),
            "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"], "HOME": str(folder), "LANG": lang,
            "TZ": "UTC", "TERM": "tmux-256color", **(env or {}),
        }  # fmt: skip
        self._status = config.with_suffix(".status")
        shell = ["sh", "-c", _KEEP_STATUS, "sh", str(self._status)]
        words = [*shell, "env", "-i", *(f"{name}={value}" for name, value in given.items()), *map(str, command)]
        size = ("-x", str(COLUMNS), "-y", str(ROWS))
        place = ("-c", str(start or folder))
        self._tmux("-u", "-f", str(config), "new-session", "-d", *size, *place, shlex.join(words))

    def type(self, text: str, *, enter: bool = True) -> None:
        """Type text, and Enter after it."""
        if text:
            self._tmux("send-keys", "-l", text)
        if enter:
            self._tmux("send-keys", "Enter")

    def press(self, key: str) -> None:
        """Press a key by tmux's name for it, like ``C-c``."""
        self._tmux("send-keys", key)

    def wait(self, text: str, times: int = 1, patience: float = PATIENCE) -> str:
        """Return the screen once `text` stands on it so often, wherever lines are broken; raises `AssertionError`."""
        wanted, deadline = "".join(text.split()), time.monotonic() + patience
        while time.monotonic() < deadline:
            screen = self.screen()
            if "".join(screen.split()).count(wanted) >= times:
                return screen
            time.sleep(0.1)
        raise AssertionError(f"{text!r} did not come:\n{self.screen()}")

    def asked(self, question: str, patience: float = PATIENCE) -> None:
        """Return once `question` stands last on the screen, so that it is the one that is asked now."""
        wanted, deadline = "".join(question.split()), time.monotonic() + patience
        while not "".join(self.screen().split()).endswith(wanted):
            assert time.monotonic() < deadline, f"{question!r} is not asked:\n{self.screen()}"
            time.sleep(0.1)

    def ended(self, patience: float = PATIENCE) -> int:
        """Return the exit code once the command has ended."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            # A pane is dead once tmux has read all that the command wrote: before, its last lines may not stand there.
            if self._tmux("display-message", "-p", "#{pane_dead}") == "1":
                return int(self._status.read_text("utf-8"))
            time.sleep(0.1)
        raise AssertionError(f"it did not end:\n{self.screen()}")

    @property
    def has_ended(self) -> bool:
        """Whether the command has ended."""
        return self._status.exists()

    def screen(self, *, styled: bool = False) -> str:
        """Return what stands on the screen, its colours as escape sequences where asked."""
        return self._tmux("capture-pane", "-p", *(["-e"] if styled else []))

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], capture_output=True, check=False, timeout=60)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *caught: object) -> None:
        self.close()

    def _tmux(self, *arguments: str) -> str:
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["tmux", "-L", self._socket, *arguments], capture_output=True, text=True, encoding="utf-8", check=True,
            timeout=60, env=environment,
        )  # fmt: skip
        return done.stdout.rstrip("\n")
