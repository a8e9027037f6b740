"""Opens the database: SQLite in WAL mode with every commit forced to disk, migrated to the newest form.

``synchronous=NORMAL`` would lose acknowledged certificates when the power fails; ``FULL`` does not.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event

from provenance.errors import StorageError

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32768")


def open_engine(path: Path) -> sa.Engine:
    """Return the engine of the database at `path`, made and migrated where needed; raises `StorageError`."""
    engine = sa.create_engine(
        f"sqlite:///{path}",
        poolclass=sa.QueuePool,
        pool_size=8,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": 30},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # The driver must not begin transactions on its own.
        try:
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            connection.close()
            raise unusable(path, error) from None

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A transaction that means to write takes the lock at once, or it may find later that it cannot.
        deferred = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if deferred else "BEGIN IMMEDIATE")

    try:
        migrate(engine)
    except StorageError:
        engine.dispose()
        raise
    except sa.exc.DBAPIError as error:
        raise unusable(path, error) from None
    return engine


def unusable(path: Path, error: Exception) -> StorageError:
    """Return the error for a database that cannot be opened or read, in the driver's words."""
    reason = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return StorageError("database-unusable", "The database {path} cannot be used: {reason}.", path=path, reason=reason)


def migrate(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the schema to `revision`, up or down; raises `StorageError` for one that is newer than this version."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        now = MigrationContext.configure(connection).get_current_revision() or ""
        if now and now not in known:
            raise StorageError(
                "database-newer",
                "The database {path} is of a newer version, in form {form}.",
                hint="Start that version, or restore the copy that was made before it.",
                path=engine.url.database,
                form=now,
            )
        if revision == "base" or (revision != "head" and revision < now):  # Revisions are numbered.
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)
