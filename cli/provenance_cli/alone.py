"""Work that two programs must not do in one folder at the same time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provenance.errors import ConflictError, StorageError


@contextmanager
def alone_at(path: Path, taken: ConflictError) -> Iterator[None]:
    """Hold the lock at `path`, which ends with the process that holds it.

    Raises `taken` where another program holds it, and `StorageError` where the folder cannot be written.
    """
    try:
        lock = sqlite3.connect(path, isolation_level=None, timeout=0)
    except sqlite3.OperationalError as error:
        raise _unwritable(path, error) from None
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise taken from None
            raise _unwritable(path, error) from None
        yield
    finally:
        lock.close()


def _unwritable(path: Path, error: sqlite3.OperationalError) -> StorageError:
    return StorageError("cannot-write", "{path} cannot be written: {reason}.", path=path.parent, reason=error)
