"""What is wrong with a registry's ledger has a name: at ``/readyz``, in ``/metrics`` and for ``kilnmark doctor``."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from provenance.encoding import Address
from provenance.evm.accounts import Account
from provenance.ledger import GrantRoleCall, RevokeRoleCall, Role
from provenance_cli import exits
from provenance_cli.ledgers import send_and_wait
from tests.faults.forked import warm_server
from tests.faults.node_world import World, world
from tests.support.shops import Shop

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork") or sys.platform == "darwin", reason="SKIPPED: it forks, which needs Linux"
)
PAUSE = 0.5
"""Seconds from one look at accounts and ledger to the next."""


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("named")
    server = warm_server()
    with world(server, folder / "data", random.Random(1)) as made:
        made.registry.kill()
        made.registry.more["pause"] = PAUSE
        made.registry.start()
        yield made


class Teller:
    """Waits for a state, and wants it told everywhere."""

    def __init__(self, placed: World, shop: Shop) -> None:
        self._placed, self._shop = placed, shop

    def named(self, code: str, words: str) -> None:
        """Wait until `code` is named with `words` in its message."""
        self._until(lambda: any(each["code"] == code and words in each["detail"] for each in self._troubles()))
        assert all(each["hint"] for each in self._troubles())
        assert f'kilnmark_trouble{{code="{code}"}} 1' in self._get("/metrics").text
        exit_code, told, _ = self._shop.run("doctor")
        assert exit_code == exits.CONFIGURATION
        registry = [each for each in told["examinations"] if each["name"] == "Registry"]
        assert any(words in each["text"] and each["remedy"] and not each["ok"] for each in registry), registry

    def gone(self, code: str) -> None:
        """Wait until `code` is named no more."""
        self._until(lambda: all(each["code"] != code for each in self._troubles()))

    def _troubles(self) -> list[dict[str, str]]:
        return list(self._get("/readyz").json().get("troubles", []))

    def _get(self, path: str) -> httpx.Response:
        return httpx.get(self._placed.registry.base_url + path, trust_env=False, timeout=60)

    @staticmethod
    def _until(look: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60
        while not look():
            assert time.monotonic() < deadline, "not told in time"
            time.sleep(0.1)


@pytest.fixture
def teller(
    placed: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Teller:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Teller(placed, Shop(tmp_path, capsys, placed.registry.base_url))


@pytest.fixture
def accounts(placed: World) -> list[Address]:
    """The accounts of anchorer and relayer."""
    secrets = placed.registry.folder / "secrets"
    return [
        Account.from_secret(bytes.fromhex((secrets / name).read_text())).address for name in ("anchorer", "relayer")
    ]


def test_accounts_without_money_are_named(placed: World, teller: Teller, accounts: list[Address]) -> None:
    for account in accounts:
        placed.node.ask("anvil_setBalance", str(account), "0x0")
    for account in accounts:
        teller.named("low-balance", str(account))
    for account in accounts:
        placed.node.ask("anvil_setBalance", str(account), hex(10**21))
    teller.gone("low-balance")


def test_an_anchorer_without_its_role_is_named(placed: World, teller: Teller, accounts: list[Address]) -> None:
    anchorer, admin = accounts[0], placed.registry.admin
    with placed.mining():
        send_and_wait(placed.ledger, RevokeRoleCall(Role.ANCHORER, anchorer), admin)
        teller.named("role-missing", str(anchorer))
        send_and_wait(placed.ledger, GrantRoleCall(Role.ANCHORER, anchorer), admin)
        teller.gone("role-missing")


def test_other_code_at_the_same_address_is_named(placed: World, teller: Teller) -> None:
    contract = str(placed.ledger.identity.contract)
    code = placed.node.ask("eth_getCode", contract, "latest")
    placed.node.ask("anvil_setCode", contract, code + "00")
    teller.named("wrong-code", "contract code")
    placed.node.ask("anvil_setCode", contract, code)
    teller.gone("wrong-code")


def test_another_chain_behind_the_same_node_is_named(placed: World, teller: Teller) -> None:
    placed.node.ask("anvil_setChainId", 4242)
    teller.named("wrong-chain-id", "4242")
    placed.node.ask("anvil_setChainId", placed.ledger.identity.chain_id)
    teller.gone("wrong-chain-id")


def test_a_node_that_limits_requests_is_named(placed: World, teller: Teller) -> None:
    placed.node.kinds, placed.node.chance = ("429",), 1.0
    try:
        teller.named("node-rate-limited", "requests")
    finally:
        placed.node.chance = 0.0
    teller.gone("node-rate-limited")
