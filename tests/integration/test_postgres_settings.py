"""PostgreSQL with defaults that do not suit a registry: they are overridden, or named before anything is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from provenance.errors import ConfigurationError, StorageError, UnreachableError
from provenance_registry.db.repository import SQLRepository
from provenance_registry.service.lease import Lease
from tests.support.postgres import Server


@pytest.fixture
def address(postgres: Server) -> str:
    return postgres.make_migrated()


@pytest.fixture
def admin(postgres: Server) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres.address("postgres"), autocommit=True) as connection:
        yield connection


def name_of(address: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(address)["dbname"])


def set_default(admin: psycopg.Connection, address: str, setting: str, value: str) -> None:
    """Give a database a default for its sessions, and end those that began without it."""
    statement = "ALTER DATABASE {} SET {} = {}"
    database = name_of(address)
    admin.execute(sql.SQL(statement).format(sql.Identifier(database), sql.Identifier(setting), sql.Literal(value)))
    admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,))


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_who_waited_for_the_lock_sees_what_was_written_meanwhile(
    admin: psycopg.Connection, address: str, isolation: str
) -> None:
    """Else two writers that each read "nothing is under way" would both be right."""
    set_default(admin, address, "default_transaction_isolation", isolation)
    first, second = SQLRepository(address), SQLRepository(address)
    failures = list[object]()

    def take(repository: SQLRepository) -> None:
        for number in range(40):
            try:  # A term of no time: everybody may take it at once, and raises the token.
                repository.write(lambda t, n=number: t.take_lease(f"turn {n % 3}", "x", -1, alone=False))  # type: ignore[misc]
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=take, args=(repository,)) for repository in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with psycopg.connect(address) as connection:
        rows = connection.execute("SELECT sum(token) FROM leases").fetchone()
    assert rows == (80,)  # None was lost.
    first.close()
    second.close()


def test_a_short_statement_timeout_stops_no_write(admin: psycopg.Connection, address: str) -> None:
    set_default(admin, address, "statement_timeout", "1")
    repository = SQLRepository(address)
    with psycopg.connect(address, options="-c statement_timeout=0") as other:
        other.execute("LOCK leases")
        threading.Timer(0.3, other.rollback).start()
        assert repository.write(lambda transaction: transaction.take_lease("sender", "x", 5, alone=False)) == 1
    repository.close()


def test_a_server_that_takes_no_writes_is_named_and_found_again(admin: psycopg.Connection, address: str) -> None:
    repository = SQLRepository(address)
    lease = Lease(repository, alone=False)
    set_default(admin, address, "default_transaction_read_only", "on")
    for _ in range(2):  # The first finds only that its connection is gone.
        lease.keep()
    assert lease.trouble is not None
    assert "takes no writes" in lease.trouble.message
    with pytest.raises(UnreachableError, match="takes no writes") as caught:
        repository.write(lambda transaction: transaction.held() or transaction.take_lease("x", "x", 1, alone=False))
    assert caught.value.code == "database-read-only"
    assert repository.trouble is not None
    assert repository.trouble.code == "database-read-only"
    # Sessions keep what they began with; the server ends none when it writes again.
    admin.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(sql.Identifier(name_of(address))))
    lease.keep()
    assert lease.is_held
    assert repository.trouble is None
    repository.close()


def test_tables_that_may_not_be_written_are_named(admin: psycopg.Connection, postgres: Server, address: str) -> None:
    if admin.execute("SELECT 1 FROM pg_roles WHERE rolname = 'poor'").fetchone() is None:
        admin.execute("CREATE ROLE poor LOGIN")
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO poor")
    repository = SQLRepository(address.replace(f"//{postgres.user}@", "//poor@"))
    with pytest.raises(StorageError, match="permission denied"):
        repository.write(lambda transaction: transaction.take_lease("sender", "x", 1, alone=False))
    assert repository.trouble is not None
    assert repository.trouble.code == "database-unusable"
    repository.close()


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_CN"])
def test_a_database_that_cannot_keep_every_name_is_refused(
    admin: psycopg.Connection, postgres: Server, encoding: str
) -> None:
    name = f"in_{encoding.lower()}"
    statement = "CREATE DATABASE {} ENCODING {} LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    admin.execute(sql.SQL(statement).format(sql.Identifier(name), sql.Literal(encoding)))
    with pytest.raises(ConfigurationError, match=encoding) as caught:
        SQLRepository(postgres.address(name))
    assert caught.value.code == "wrong-encoding"


def test_a_server_that_takes_no_more_connections_is_named_and_found_again(
    admin: psycopg.Connection, address: str
) -> None:
    repository = SQLRepository(address)
    repository.write(lambda transaction: transaction.held())
    admin.execute("CREATE ROLE registry LOGIN")
    limit = sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format
    database = sql.Identifier(name_of(address))
    others = address.replace(f"//{psycopg.conninfo.conninfo_to_dict(address)['user']}@", "//registry@")
    admin.execute(limit(database, sql.Literal(0)))
    with pytest.raises(UnreachableError, match="too many connections") as caught:
        SQLRepository(others)
    assert caught.value.code == "database-busy"
    admin.execute(limit(database, sql.Literal(-1)))
    assert repository.write(lambda transaction: transaction.held()) == 0
    repository.close()
