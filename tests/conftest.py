"""Rules for all tests: no network but loopback, and none at all in unit tests; and the registry that several share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts

from provenance import keystore

if TYPE_CHECKING:  # Unit tests must not pay for web3.
    from tests.support.postgres import Server
    from tests.support.registries import RunningRegistry, Studio

ROOT = Path(__file__).resolve().parent.parent
LONG = {
    "test_accessibility.py",
    "test_answers.py",
    "test_backups.py",
    "test_contract.py",
    "test_demo.py",
    "test_fsck_postgres.py",
    "test_kills.py",
    "test_moving.py",
    "test_processes.py",
    "test_rebuild_whole.py",
    "test_secret_codes.py",
    "test_senders.py",
    "test_tag_check.py",
    "test_tag_life.py",
}
# A busy machine takes longer than Hypothesis has patience for, now and then.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
# Keystores are opened often; only programs of their own, such as the demo, take half a second and 128 MiB for it.
keystore.SCRYPT_COST = keystore.MIN_SCRYPT_COST

OFFLINE = ("unit", "property", "vectors", "architecture")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take minutes, in whatever order the rest is: else the last of them runs alone."""
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    folder = item.path.relative_to(ROOT / "tests").parts[0]
    enable_socket()
    if folder in OFFLINE:
        disable_socket(allow_unix_socket=True)
    else:
        socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _speaks_english() -> Iterator[None]:
    """Let no test hear the language that another chose for the command line."""
    yield
    if (i18n := sys.modules.get("provenance_cli.i18n")) is not None:
        i18n.use("en")


@pytest.fixture(scope="session")
def published_vectors() -> Path:
    """The folder of vectors that others published; tests that need it skip aloud where it is not there."""
    folder = Path(os.environ.get("KILNMARK_VECTORS", ROOT.parent / "shared" / "vectors"))
    if not folder.is_dir():
        pytest.skip("no vectors: set KILNMARK_VECTORS to the folder of published vectors")
    return folder


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """A running registry that tests share; each works with serials of its own."""
    from tests.support.registries import RunningRegistry

    running = RunningRegistry(tmp_path_factory.mktemp("registry") / "data")
    running.start()
    yield running
    assert running.stop() == 0, running.log
    assert "Traceback" not in running.log


@pytest.fixture(scope="session")
def studio(registry: RunningRegistry) -> Studio:
    """An accredited studio at the shared registry."""
    from tests.support.registries import Studio

    made = Studio(registry)
    made.accredit()
    return made


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of the tests' own; tests that need it skip aloud where none is installed."""
    from tests.support.postgres import Server

    server = Server()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a test on SQLite and on PostgreSQL: it keeps its database where `tests.support.databases` says."""
    from tests.support import databases

    databases.use(request.getfixturevalue("postgres") if request.param == "postgresql" else None)
    yield request.param
    databases.use(None)
