"""Where the embedded chain lives: one SQLite file, one transaction a block.

The file is opened in exclusive locking mode: a second process cannot have it, and the lock dies with its owner.
Beside py-evm's own key-value pairs it keeps transactions and logs in tables of their own, so that finding an event
among thousands needs no decoding of receipts.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from eth.db.atomic import AtomicDBWriteBatch
from eth.db.backends.base import BaseAtomicDB

from provenance.errors import ConflictError, StorageError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pairs (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS transactions (
    hash BLOB PRIMARY KEY, block INTEGER NOT NULL, position INTEGER NOT NULL, sender BLOB NOT NULL,
    status INTEGER NOT NULL, gas_used INTEGER NOT NULL, price INTEGER NOT NULL, created BLOB, output BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS logs (
    block INTEGER NOT NULL, log_index INTEGER NOT NULL, transaction_hash BLOB NOT NULL, position INTEGER NOT NULL,
    address BLOB NOT NULL, topic0 BLOB, topics BLOB NOT NULL, data BLOB NOT NULL, PRIMARY KEY (block, log_index)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS logs_by_topic ON logs (topic0, block);
"""


class ChainStore(BaseAtomicDB):
    """py-evm's database over SQLite.  Not thread-safe: its owner holds a lock."""

    def __init__(self, path: Path) -> None:
        try:
            self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.5)
            for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
                self.connection.execute(f"PRAGMA {pragma}")
            self.connection.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise ConflictError(
                    "chain-in-use",
                    "Another process has the chain {path} open.",
                    hint="Stop the other registry first.",
                    path=path,
                ) from None
            raise StorageError(
                "chain-unusable", "The chain {path} cannot be used: {reason}.", path=path, reason=error
            ) from None
        except sqlite3.DatabaseError as error:
            raise StorageError(
                "chain-unusable", "The chain {path} cannot be used: {reason}.", path=path, reason=error
            ) from None

    def __getitem__(self, key: bytes) -> bytes:
        row = self.connection.execute("SELECT value FROM pairs WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return bytes(row[0])

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.connection.execute("INSERT OR REPLACE INTO pairs VALUES (?, ?)", (key, value))

    def __delitem__(self, key: bytes) -> None:
        if self.connection.execute("DELETE FROM pairs WHERE key = ?", (key,)).rowcount == 0:
            raise KeyError(key)

    def _exists(self, key: bytes) -> bool:
        return self.connection.execute("SELECT 1 FROM pairs WHERE key = ?", (key,)).fetchone() is not None

    @contextmanager
    def atomic_batch(self) -> Iterator[Any]:
        """Group writes, as py-evm asks; they become durable with the block's transaction."""
        with AtomicDBWriteBatch._commit_unless_raises(self) as batch:
            yield batch

    @contextmanager
    def block(self) -> Iterator[None]:
        """Make all that is written inside durable together, or not at all; raises `StorageError` for a failing disk."""
        try:
            self._undo()  # What could not be undone when it failed.
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with suppress(sqlite3.Error):  # Why the block failed is to be told, not that.
                    self._undo()
                raise
            self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self._undo()
            raise StorageError("chain-unusable", "The chain could not be written: {reason}.", reason=error) from None

    def _undo(self) -> None:
        if self.connection.in_transaction:  # On a failing disk SQLite has undone it by itself.
            self.connection.execute("ROLLBACK")

    def copy(self, target: Path) -> None:
        """Copy all that is durable into a new file, readable by its owner alone, and force that to disk."""
        target.touch(mode=0o600, exist_ok=False)
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            self.connection.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # All is in the one file.
        with target.open("rb+") as file:
            os.fsync(file.fileno())

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()
