"""Nodes of others to test against: anvil, and Hardhat's own.  Both mine only when they are told to."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from benchmarks.chains import wait_for
from provenance.evm.node import BoundedHTTPProvider, Node
from tests.support.ports import free_port

TOOLCHAIN = Path(__file__).resolve().parents[2] / "hardhat-config"


def need_toolchain() -> None:
    """Skip aloud where the contract toolchain cannot be had."""
    if shutil.which("npm") is None:
        pytest.skip("SKIPPED: npm not found, so neither anvil nor Hardhat can be had")
    if trouble := _set_up():
        pytest.skip(f"SKIPPED: the contract toolchain cannot be installed: {trouble}")


@cache
def _set_up() -> str:
    """Install the toolchain, once for all nodes of this process; return why that failed."""
    done = subprocess.run(["sh", "run.sh", "setup"], cwd=TOOLCHAIN, capture_output=True, text=True, check=False)
    return done.stderr[-300:] or "it ended with an error" if done.returncode != 0 else ""


@contextmanager
def connected(url: str) -> Iterator[BoundedHTTPProvider]:
    """Hold a connection to a node while the block lasts."""
    provider = BoundedHTTPProvider(url)
    try:
        yield provider
    finally:
        provider._client.close()


@contextmanager
def running(command: list[str], port: int) -> Iterator[BoundedHTTPProvider]:
    """Run a node while the block lasts."""
    environment = {**os.environ, "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true"}
    with subprocess.Popen(
        command,
        cwd=TOOLCHAIN,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            with connected(f"http://127.0.0.1:{port}") as provider:
                wait_for(Node(provider), process)
                yield provider
        finally:
            os.killpg(process.pid, 15)  # The shell's children too: it leads a session of its own.
            process.wait(120)


@contextmanager
def anvil(*, mining: bool = False) -> Iterator[BoundedHTTPProvider]:
    """Run anvil under the rules of the embedded chain; `mining` a block for each transaction as it comes."""
    need_toolchain()
    port = free_port()
    options = ["--port", str(port), "--host", "127.0.0.1", "--hardfork", "prague", "--silent"]
    if not mining:
        options.append("--no-mining")
    with running(["node_modules/.bin/anvil", *options], port) as provider:
        yield provider


@contextmanager
def hardhat() -> Iterator[BoundedHTTPProvider]:
    """Run Hardhat's node."""
    need_toolchain()
    port = free_port()
    with running(["sh", "run.sh", "node", "--port", str(port), "--hostname", "127.0.0.1"], port) as provider:
        Node(provider).request("evm_setAutomine", False)
        yield provider
