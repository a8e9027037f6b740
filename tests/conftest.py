"""Rules for all tests: no network but loopback, and none at all in unit tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts

ROOT = Path(__file__).resolve().parent.parent
OFFLINE = ("unit", "property", "vectors", "architecture")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    folder = item.path.relative_to(ROOT / "tests").parts[0]
    enable_socket()
    if folder in OFFLINE:
        disable_socket(allow_unix_socket=True)
    else:
        socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def published_vectors() -> Path:
    """The folder of vectors that others published; tests that need it skip aloud where it is not there."""
    folder = Path(os.environ.get("KILNMARK_VECTORS", ROOT.parent / "shared" / "vectors"))
    if not folder.is_dir():
        pytest.skip("no vectors: set KILNMARK_VECTORS to the folder of published vectors")
    return folder
