"""What a verifier looks at before a ledger is pinned: whose code runs there, who may do what, and where it leads.

The code hash of a policy pins what was deployed; this tells whether that is the contract that this package ships, by
comparing the deployed bytes with the artifact's, the immutables aside, which the constructor sets.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from provenance.encoding import Address
from provenance.errors import LedgerError
from provenance.evm.abi import Runtime, bad_answer
from provenance.evm.calls import role_id
from provenance.evm.contract import Contract, topics_of
from provenance.evm.ledger import EVMLedger
from provenance.ledger import Deployment, Role

LEAST_BLOCKS = 64
"""Blocks asked for at once before a node that refuses a range is believed to refuse everything."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a ledger is, as of its newest block.

    - `code_is_shipped`, `verifier_is_shipped`: the deployed code of the contract, and of its ``passkeyVerifier()``, is
      that of this package.
    - `roles`: who holds each role now, sorted.
    - `admin_delay`: seconds between proposing and accepting another admin; `pending_admin` may accept from
      `pending_from` on, both ``None`` where no transfer is under way.
    - `transferable`: holders may transfer and approve as with any ERC-721.
    - `sealed`: the ledger works; see `provenance.ledger.Ledger.sealed`.
    """

    code_is_shipped: bool
    verifier_is_shipped: bool
    roles: dict[Role, tuple[Address, ...]]
    admin: Address
    pending_admin: Address | None
    pending_from: datetime | None
    admin_delay: int
    transferable: bool
    sealed: bool
    predecessor: Deployment | None
    successor: Deployment | None


def inspect(ledger: EVMLedger, first_block: int = 0) -> Inspection:
    """Inspect a ledger; raises `LedgerError`.

    Roles are found by the events from `first_block` on, which must not lie after the deployment, and confirmed one by
    one.
    """
    contract = ledger.contract
    admin, pending_admin, pending_from = ledger.admin()
    return Inspection(
        code_is_shipped=_is(contract.abi.runtime["PieceLedger"], contract.code()),
        verifier_is_shipped=_is(contract.abi.runtime["Signatures"], contract.code(ledger.passkey_verifier())),
        roles=_roles(ledger, first_block),
        admin=admin,
        pending_admin=pending_admin,
        pending_from=pending_from,
        admin_delay=int(contract.call("defaultAdminDelay")[0]),
        transferable=bool(contract.call("transferable")[0]),
        sealed=ledger.sealed(),
        predecessor=ledger.predecessor(),
        successor=ledger.successor(),
    )


def _is(shipped: Runtime, code: bytes) -> bool:
    if len(code) != shipped.size:
        return False
    bare = bytearray(code)
    for offset, length in shipped.immutables:
        bare[offset : offset + length] = bytes(length)
    return hashlib.sha256(bare).hexdigest() == shipped.sha256


def _roles(ledger: EVMLedger, first_block: int) -> dict[Role, tuple[Address, ...]]:
    """Return who holds each role: accounts that some event names, and that the contract confirms."""
    granted: set[tuple[bytes, bytes]] = set()
    for topics in _role_topics(ledger.contract, first_block, ledger.head().number):
        if len(topics) != 4:
            raise bad_answer("an event has the wrong topics")
        granted.add((topics[1], topics[2][12:]))
    named = {role: sorted(Address(account) for number, account in granted if number == role_id(role)) for role in Role}
    return {
        role: tuple(account for account in accounts if ledger.has_role(role, account))
        for role, accounts in named.items()
    }


def _role_topics(contract: Contract, first: int, last: int) -> list[list[bytes]]:
    wanted = [["0x" + contract.abi.topic(name).hex() for name in ("RoleGranted", "RoleRevoked")]]
    try:
        logs = contract.logs(wanted, {"fromBlock": hex(first), "toBlock": hex(last)})
    except LedgerError as error:
        # Many nodes limit the range, each in words of its own.
        if error.code != "node-refused" or last - first < LEAST_BLOCKS:
            raise
        middle = (first + last) // 2
        return _role_topics(contract, first, middle) + _role_topics(contract, middle + 1, last)
    return [topics_of(log) for log in logs]
