"""The registry's data folder: one process has it at a time, and what is written there is whole or not there."""

from __future__ import annotations

import os
import secrets
import sqlite3
import sys
from pathlib import Path

from provenance.errors import ConfigurationError, ConflictError, StorageError
from provenance_registry.settings import Settings


class FolderLock:
    """Holds the folder for this process; the lock dies with its owner, however it dies.

    An SQLite file in exclusive mode is a lock on every system.  Raises `ConflictError` where another process has it for
    longer than `patience` seconds.
    """

    def __init__(self, folder: Path, patience: float = 0.5) -> None:
        try:
            self._connection = sqlite3.connect(folder / "lock", isolation_level=None, timeout=patience)
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise ConflictError(
                    "registry-running",
                    "Another registry has the folder {path} open.",
                    hint="Stop the other registry first.",
                    path=folder,
                ) from None
            raise StorageError("cannot-write", "{path} cannot be used: {reason}.", path=folder, reason=error) from None

    def release(self) -> None:
        """Let another process have the folder."""
        self._connection.close()


def make_folders(settings: Settings) -> None:
    """Make the folders and databases that are missing, for their owner alone; raises `StorageError`.

    What is there keeps its mode: its owner may have opened it to a group.
    """
    databases = [settings.data / "lock"]
    if settings.database_url is None:
        databases.append(settings.database)
    if settings.ledger_url is None:
        databases.append(settings.chain)
    try:
        for folder in (settings.data, settings.media, settings.renditions, settings.secrets):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in databases:  # SQLite takes an empty file for a new database, and its mode for those beside it.
            path.touch(mode=0o600)
    except OSError as error:
        raise StorageError(
            "cannot-write", "{path} cannot be used: {reason}.", path=settings.data, reason=error
        ) from None


def secret(path: Path) -> bytes:
    """Return the secret in a file that only its owner can read; made at the first start."""
    try:
        if not path.exists():
            write_durably(path, secrets.token_bytes(32).hex().encode())
        value = bytes.fromhex(path.read_text("ascii").strip())
    except OSError as error:
        raise StorageError("cannot-write", "{path} cannot be used: {reason}.", path=path, reason=error) from None
    except ValueError:
        raise ConfigurationError("bad-secret", "{path} does not hold a secret in hex.", path=path) from None
    if len(value) != 32:
        raise ConfigurationError("bad-secret", "{path} does not hold 32 bytes in hex.", path=path)
    return value


def write_durably(path: Path, data: bytes) -> None:
    """Write a file readable by its owner alone, whole or not at all; raises `OSError`."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Force to disk which names a folder has; raises `OSError`.  Where folders cannot be opened, the system does so."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
