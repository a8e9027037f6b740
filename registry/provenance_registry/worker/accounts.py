"""Looks after the registry's own accounts: whether they can pay, and whether the anchorer may anchor.

What is wrong with them is told before anybody's certificate or claim has to wait for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from provenance.encoding import Address
from provenance.errors import LedgerError, Wording
from provenance.ledger import Ledger, Role
from provenance_registry.worker.choosing import BASE_GAS, LOT_GAS, PIECE_GAS
from provenance_registry.worker.loop import tell

PAUSE = 30.0
"""Seconds from one look to the next."""
LEAST_GAS = {"anchor": BASE_GAS + LOT_GAS + PIECE_GAS, "relay": 140_000}
"""Gas of the least that each account sends: an anchor of one piece, a claim."""
NAMES = {"anchor": Wording("anchorer"), "relay": Wording("relayer")}


class Accounts:
    """Watches `accounts`, given by the kind of transaction that each sends; `monotonic` gives seconds."""

    def __init__(
        self, ledger: Ledger, accounts: Mapping[str, Address], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._monotonic = monotonic
        self._looked_at: float | None = None
        self._found: list[LedgerError] = []
        self.balances: dict[str, int] = {}
        """What each account had at the last look, in wei, by the account's name."""

    def look(self) -> None:
        """Look again where it is time; raises all that is wrong, at every turn, for as long as something is wrong."""
        now = self._monotonic()
        if self._looked_at is None or now - self._looked_at >= PAUSE:
            self._found = self._look()
            self._looked_at = now
        tell(self._found)

    def _look(self) -> list[LedgerError]:
        """Return what is wrong, what stops anchors first."""
        found = list[LedgerError]()
        anchorer = self._accounts["anchor"]
        if not self._ledger.has_role(Role.ANCHORER, anchorer):
            found.append(role_missing(anchorer))
        for kind, account in self._accounts.items():
            balance = self.balances[str(NAMES[kind])] = self._ledger.balance(account)
            if balance < self._ledger.price_of(LEAST_GAS[kind]):
                found.append(
                    LedgerError(
                        "low-balance",
                        "The {who}'s account {account} cannot pay for a transaction.",
                        retryable=True,
                        hint="Send it money.",
                        who=NAMES[kind],
                        account=account,
                    )
                )
        return found


def role_missing(anchorer: Address) -> LedgerError:
    """Return the error that names an anchorer who may not anchor, and who can mend that."""
    return LedgerError(
        "role-missing",
        "The registry's account {account} has not, or no longer, the role to anchor.",
        retryable=True,
        hint="The admin grants it: kilnmark ledger role grant anchorer {account}. If it was taken for a reason, "
        "give the registry another key.",
        account=anchorer,
    )
