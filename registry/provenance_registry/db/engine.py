"""Opens the database, migrated to the newest form: an SQLite file, or PostgreSQL by its address.

Both force every commit to disk.  In SQLite that takes ``synchronous=FULL``: in WAL mode, ``NORMAL`` would lose
acknowledged certificates when the power fails.  Either way one transaction writes at a time, so that what it has read
stays true until it is on disk: SQLite's lock is the file's, PostgreSQL's an advisory one that all registries take.
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

from provenance.errors import ConfigurationError, ProvenanceError, StorageError, UnreachableError

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-32768",
    # 64 MiB, not 4: certificates change pages all over the indexes, and many transactions change the same ones.
    "wal_autocheckpoint=16384",
)

SESSION = {
    "synchronous_commit": "on",
    # Else the state that a transaction sees could be older than the lock that it waited for.
    "default_transaction_isolation": "read committed",
    "timezone": "UTC",
    "statement_timeout": "0",
    "lock_timeout": "15s",
    "idle_in_transaction_session_timeout": "10s",
}
"""How PostgreSQL treats a session, whatever its defaults are for this database or user.

One that stops in the middle of writing must not keep the others waiting; one that works on may take its time.
"""
CONNECTING = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "application_name": "kilnmark",
    "client_encoding": "UTF8",
}
"""Seconds, and milliseconds without an answer, after which a server is given up."""
WRITING = 0x6B696C6E
"""The advisory lock of whoever writes: "kiln"."""

_READ_ONLY = "25006"
"""PostgreSQL's state for a write where none is taken."""
_NOT_OURS = "42501", "42P01", "3F000"
"""States of tables that this user may not write, or that are gone."""

_POOL: dict[str, Any] = {"poolclass": sa.QueuePool, "pool_size": 8, "max_overflow": 0}


def open_engine(where: Path | str) -> sa.Engine:
    """Return the engine of the database at a path or an address, made and migrated where needed.

    Raises `StorageError`, `UnreachableError` for a server that does not answer, and `ConfigurationError` for an address
    that is not of PostgreSQL.
    """
    engine = _sqlite(where) if isinstance(where, Path) else _postgresql(where)
    try:
        _demand_encoding(engine)
        migrate(engine)
    except ProvenanceError:
        engine.dispose()
        raise
    except sa.exc.DBAPIError as error:
        engine.dispose()
        raise unusable(where_of(engine), error) from None
    return engine


def open_reading(where: Path | str) -> sa.Engine:
    """Return an engine that only reads the database at a path or an address, in whatever form it is.

    On PostgreSQL a connection sees the database as it was at its first statement.  Raises `ConfigurationError` for an
    address that is not of PostgreSQL; a server that does not answer is found out when it is asked.
    """
    if isinstance(where, Path):
        address = f"{where.absolute().as_uri()}?mode=ro"
        url = sa.URL.create("sqlite", database=str(where))
        return sa.create_engine(url, creator=lambda: sqlite3.connect(address, uri=True), poolclass=sa.NullPool)
    # Nobody waits for a reader, however long it thinks between two rows.
    session = {**SESSION, "idle_in_transaction_session_timeout": "0"}
    engine = _connecting(where, session, poolclass=sa.NullPool)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def where_of(engine: sa.Engine) -> str:
    """Return where an engine's database is, as people may be told: without a password."""
    url = engine.url
    return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def _sqlite(path: Path) -> sa.Engine:
    arguments = {"check_same_thread": False, "timeout": 30}
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), connect_args=arguments, **_POOL)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # The driver must not begin transactions on its own.
        try:
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            connection.close()
            raise unusable(str(path), error) from None

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A transaction that means to write takes the lock at once, or it may find later that it cannot.
        deferred = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if deferred else "BEGIN IMMEDIATE")

    return engine


def _connecting(address: str, session: dict[str, str], **pool: Any) -> sa.Engine:
    # Blanks part the options; one in a value is escaped.
    options = " ".join("-c {}={}".format(name, value.replace(" ", r"\ ")) for name, value in session.items())
    try:
        url = sa.make_url(address)
        if url.get_backend_name() not in ("postgresql", "postgres"):
            raise ValueError(url.drivername)
        url = url.set(drivername="postgresql+psycopg")
        return sa.create_engine(url, connect_args={**CONNECTING, "options": options}, **pool)
    except (sa.exc.ArgumentError, ValueError):  # What was given holds a password, and is not repeated.
        raise ConfigurationError(
            "bad-settings",
            "KILNMARK_DATABASE is not the address of a PostgreSQL database.",
            hint="It looks like postgresql://user:password@host/database.",
        ) from None


def _postgresql(address: str) -> sa.Engine:
    engine = _connecting(address, SESSION, pool_pre_ping=True, **_POOL)

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        if not connection.get_execution_options().get("reading", False):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITING})")

    return engine


def _demand_encoding(engine: sa.Engine) -> None:
    """Return if the database can keep every name; raises `ConfigurationError`."""
    if engine.dialect.name == "sqlite":
        return
    with engine.execution_options(reading=True).connect() as connection:
        encoding = str(connection.execute(sa.text("SHOW server_encoding")).scalar_one())
    if encoding != "UTF8":
        raise ConfigurationError(
            "wrong-encoding",
            "The database {path} is encoded in {encoding}, which cannot hold all names.",
            hint="Make an empty database in UTF-8: createdb --encoding=UTF8 --template=template0.",
            path=where_of(engine),
            encoding=encoding,
        )


def unusable(where: str, error: Exception) -> StorageError | UnreachableError:
    """Return the error for a database that cannot be opened, read or written, in the driver's words."""
    reason = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if getattr(reason, "sqlstate", None) == _READ_ONLY:
        return UnreachableError(
            "database-read-only",
            "The database {path} takes no writes for the moment: {reason}.",
            hint="The server is a standby, or was told so. Give the address of the one that writes, or let it write "
            "again; it is asked again by itself.",
            path=where,
            reason=reason,
        )
    if isinstance(error, sa.exc.TimeoutError) or _is_full(reason):
        return UnreachableError(
            "database-busy",
            "The database {path} has no connection to give for the moment: {reason}.",
            hint="It is asked again by itself. If this lasts, let the server take more connections, or start fewer "
            "registries: each takes up to {limit}.",
            path=where,
            reason=reason,
            limit=_POOL["pool_size"],
        )
    if _is_away(reason):
        return UnreachableError(
            "database-away",
            "The database {path} does not answer for the moment: {reason}.",
            hint="It is asked again by itself. Nothing that was acknowledged is lost.",
            path=where,
            reason=reason,
        )
    return StorageError("database-unusable", "The database {path} cannot be used: {reason}.", path=where, reason=reason)


def _is_full(error: object) -> bool:
    """Tell whether a server takes no more connections; one that refuses the connection itself only says so in words."""
    state = getattr(error, "sqlstate", "")
    words = "too many clients", "too many connections", "connection slots"
    return state == "53300" or (state is None and any(each in str(error) for each in words))


def _is_away(error: object) -> bool:
    """Tell whether a server is gone, going or coming, or has no connection or lock to give, and not its disk failing.

    Only PostgreSQL's errors have a state, and that is ``None`` where the server never came to say why.
    """
    state: str | None = getattr(error, "sqlstate", "")
    # A process that was paused in the middle of a transaction finds it ended by the server (25P03).
    return state is None or state == "25P03" or (state[:2] in ("08", "53", "55", "57") and state != "53100")


def concerns_all(error: Exception) -> bool:
    """Tell whether an error in the middle of a write is the database's, so that no other write can be trusted either.

    What a statement's own values or the tables' rules cause is the matter of whoever wrote it.
    """
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.InternalError):
        return True  # The disk or the server.
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, sa.exc.ProgrammingError) else None
    return state in _NOT_OURS


def is_damage(error: sa.exc.DBAPIError) -> bool:
    """Tell whether the database itself is damaged, as the driver says, and not merely away or closed to this user."""
    if isinstance(error.orig, sqlite3.Error):
        return isinstance(error.orig, sqlite3.DatabaseError)
    state = getattr(error.orig, "sqlstate", None) or ""
    return state[:2] == "XX" or state in ("22021", "58030")  # Damaged pages, wrong text, a disk that cannot be read.


def newer(where: str, form: str) -> StorageError:
    """Return the error for a database in a form that this version does not know."""
    return StorageError(
        "database-newer",
        "The database {path} is of a newer version, in form {form}.",
        hint="Start that version, or restore the copy that was made before it.",
        path=where,
        form=form,
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def forms() -> list[str]:
    """Return the forms of the database that this version knows, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def form_of(connection: sa.Connection) -> str:
    """Return the form that a database is in, or "" for one without tables."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def migrate(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the schema to `revision`, up or down; raises `StorageError` for one that is newer than this version."""
    config, known = _config(), forms()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        now = form_of(connection)
        if now and now not in known:
            raise newer(where_of(engine), now)
        if revision == "base" or (revision != "head" and revision < now):  # Revisions are numbered.
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)
