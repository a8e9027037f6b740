"""Files with secrets: readable by their owner alone, and with room on the disk before anything depends on them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provenance.durable import sync_folder

SPARE = 65_536
"""Bytes of room beyond what was asked for: a page that is drawn anew may be a little longer."""


class PrivateFile:
    """A file that does not exist under its name before it is whole."""

    def __init__(self, path: Path, handle: int, temporary: Path) -> None:
        self.path = path
        self._handle, self._temporary = handle, temporary

    def fill(self, data: bytes) -> None:
        """Write the whole file, and give it its name; raises `OSError`."""
        os.lseek(self._handle, 0, os.SEEK_SET)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._handle, rest) :]
        os.ftruncate(self._handle, len(data))
        os.fsync(self._handle)
        self._close()
        self._temporary.replace(self.path)
        sync_folder(self.path.parent)

    def _close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def discard(self) -> None:
        """Let go of the file; where it was not filled, nothing is left of it."""
        with contextlib.suppress(OSError):
            self._close()
        with contextlib.suppress(OSError):
            self._temporary.unlink()


@contextmanager
def reserved(path: Path, size: int) -> Iterator[PrivateFile]:
    """Take room for `size` bytes at `path`, filled with zeros until there is more to write; raises `OSError`.

    What a run that was killed left there is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    temporary.unlink(missing_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    file = PrivateFile(path, os.open(temporary, flags, 0o600), temporary)
    try:
        zeros, left = bytes(2**16), size + SPARE
        while left > 0:
            left -= os.write(file._handle, zeros[:left])
        os.fsync(file._handle)
        yield file
    finally:
        file.discard()
