"""Stopping a process for a while, where it keeps nobody else from writing."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from pathlib import Path

import psycopg

from provenance_registry.db.engine import WRITING


def is_free(database: Path | str) -> bool:
    """Tell whether nobody holds the lock of whoever writes."""
    if isinstance(database, str):
        with psycopg.connect(database) as server:
            row = server.execute("SELECT pg_try_advisory_xact_lock(%s)", (WRITING,)).fetchone()
            return row == (True,)
    connection = sqlite3.connect(database, timeout=0.5, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    else:
        return True
    finally:
        connection.close()


def stop_outside_a_write(process: int, database: Path | str) -> None:
    """Stop a process where it does not hold that lock, which would keep everybody from writing."""
    while True:
        os.kill(process, signal.SIGSTOP)
        time.sleep(0.05)
        if is_free(database):
            return
        os.kill(process, signal.SIGCONT)
        time.sleep(0.05)
