"""Chains that gas is measured on: the embedded one, under Prague rules, and anvil under the rules asked for."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from web3.providers.base import JSONBaseProvider

from provenance.errors import LedgerError
from provenance.evm.accounts import Account
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.evm.node import BoundedHTTPProvider, Node

ANVIL = Path(__file__).resolve().parents[1] / "hardhat-config/node_modules/.bin/anvil"
_MONEY = hex(10**20)


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain that seals a block when told to."""

    rules: str
    provider: JSONBaseProvider
    seal: Callable[[], object]


@contextmanager
def embedded(accounts: list[Account]) -> Iterator[Chain]:
    """Hold a new embedded chain on which `accounts` have money."""
    now = [1_800_000_000]
    with tempfile.TemporaryDirectory() as folder:
        funded = [account.address for account in accounts]
        chain = EmbeddedChain(Path(folder, "chain.db"), funded=funded, clock=lambda: now[0])

        def seal() -> None:
            now[0] += 1
            chain.seal()

        try:
            yield Chain("prague", EmbeddedProvider(chain), seal)
        finally:
            chain.close()


@contextmanager
def anvil(accounts: list[Account], rules: str) -> Iterator[Chain]:
    """Run anvil on which `accounts` have money; raises `FileNotFoundError` where it is not installed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--hardfork", rules, "--no-mining", "--silent"]
    with subprocess.Popen([str(ANVIL), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        provider = BoundedHTTPProvider(f"http://127.0.0.1:{port}")
        node = Node(provider)
        try:
            wait_for(node, process)
            for account in accounts:
                node.request("anvil_setBalance", str(account.address), _MONEY)

            def seal() -> None:
                node.request("evm_increaseTime", 1)  # anvil gives blocks of one second the same time.
                node.request("evm_mine")

            yield Chain(rules, provider, seal)
        finally:
            process.terminate()


def wait_for(node: Node, process: subprocess.Popen[bytes], patience: float = 60.0) -> None:
    """Return when the node answers; raises `LedgerError` where its process ends or `patience` seconds pass."""
    deadline = time.monotonic() + patience
    while True:
        try:
            node.request("eth_chainId")
        except LedgerError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
