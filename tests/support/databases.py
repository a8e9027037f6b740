"""Where the test at hand keeps its database: an SQLite file in its folder, or one on the tests' PostgreSQL server."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from tests.support.postgres import Server

_server: Server | None = None
_made: dict[Path, str] = {}


def use(server: Server | None) -> None:
    """Choose for the tests that follow: a server, or SQLite."""
    global _server
    _server = server
    _made.clear()


def where(folder: Path) -> Path | str:
    """Return the place of the database that belongs to `folder`: the same one whenever it is asked for."""
    if _server is None:
        return folder / "registry.db"
    if folder not in _made:
        _made[folder] = _server.make_migrated()
    return _made[folder]


def empty(folder: Path) -> sa.Engine:
    """Return an engine of a database without any table, which is new, for migrations to fill."""
    if _server is None:
        return sa.create_engine(sa.URL.create("sqlite", database=str(folder / "empty.db")))
    return sa.create_engine(sa.make_url(_server.make()).set(drivername="postgresql+psycopg"))


def copy(folder: Path, to: Path) -> Path:
    """Copy the database of `folder`, as it is now, to a folder of that name."""
    to.mkdir()
    if _server is not None:
        _made[to] = _server.copy(_made[folder])
    else:
        with sqlite3.connect(folder / "registry.db") as source, sqlite3.connect(to / "registry.db") as made:
            source.backup(made)
    return to
