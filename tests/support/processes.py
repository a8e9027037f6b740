"""Processes of a registry, as Linux tells of them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def helpers_of(pid: int) -> list[int]:
    """Return the helper processes of a registry, those of Python's resource tracker left out."""
    found = list[int]()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # It has ended meanwhile.
            parent = int((process / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[1])
            if parent == pid and b"spawn_main" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return found
