"""The registry's own accounts: what is wrong with them is told before anything has to wait for it."""

from __future__ import annotations

import pytest

from provenance.errors import LedgerError
from provenance.ledger import GrantRoleCall, RevokeRoleCall, Role
from provenance.testing.memory import MemoryLedger
from provenance_registry.worker.accounts import LEAST_GAS, PAUSE, Accounts
from tests.support.pipeline import RELAYER
from tests.support.scene import ANCHORER, STEWARD, Scene


class Purse(MemoryLedger):
    """A simulated ledger on which some have less than others."""

    def __init__(self) -> None:
        super().__init__(steward=STEWARD.address, anchorer=ANCHORER.address)
        self.has = {ANCHORER.address: 10**9, RELAYER.address: 10**9}

    def balance(self, account: object) -> int:
        return self.has[account]  # type: ignore[index]


def code_of(accounts: Accounts) -> tuple[str, str] | None:
    try:
        accounts.look()
    except LedgerError as error:
        return error.code, error.message
    return None


@pytest.mark.parametrize(("kind", "name"), [("relay", "relayer"), ("anchor", "anchorer")])
def test_either_account_that_cannot_pay_is_named(kind: str, name: str) -> None:
    ledger, now = Purse(), [0.0]
    accounts = Accounts(ledger, {"anchor": ANCHORER.address, "relay": RELAYER.address}, lambda: now[0])
    assert code_of(accounts) is None
    account = {"anchor": ANCHORER, "relay": RELAYER}[kind].address
    ledger.has[account] = LEAST_GAS[kind] - 1
    assert code_of(accounts) is None  # Nobody has looked again yet.
    now[0] += PAUSE
    for _ in range(2):  # And it is told for as long as it lasts.
        told = code_of(accounts)
        assert told is not None
        assert (told[0], name in told[1], str(account) in told[1]) == ("low-balance", True, True)
    assert accounts.balances[name] == LEAST_GAS[kind] - 1
    ledger.has[account] += 1
    now[0] += PAUSE
    assert code_of(accounts) is None


def test_an_anchorer_whose_role_was_taken_is_told_who_gives_it_back() -> None:
    ledger, now = Purse(), [0.0]
    scene = Scene(ledger=ledger, accredited=False)
    accounts = Accounts(ledger, {"anchor": ANCHORER.address, "relay": RELAYER.address}, lambda: now[0])
    scene.do(RevokeRoleCall(Role.ANCHORER, ANCHORER.address), STEWARD)
    with pytest.raises(LedgerError) as caught:
        accounts.look()
    assert (caught.value.code, caught.value.retryable) == ("role-missing", True)
    assert f"kilnmark ledger role grant anchorer {ANCHORER.address}" in str(caught.value.hint)
    scene.do(GrantRoleCall(Role.ANCHORER, ANCHORER.address), STEWARD)
    now[0] += PAUSE
    accounts.look()


def test_a_node_that_does_not_answer_is_asked_again_at_the_next_turn() -> None:
    ledger = Purse()
    accounts = Accounts(ledger, {"anchor": ANCHORER.address, "relay": RELAYER.address}, lambda: 0.0)
    has, ledger.has = ledger.has, {}
    with pytest.raises(KeyError):
        accounts.look()
    ledger.has = has
    accounts.look()
