"""Deploying a ledger."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak
from web3.providers.base import JSONBaseProvider

from provenance.encoding import Address, Hash32
from provenance.errors import LedgerError, Wording
from provenance.evm.abi import interface
from provenance.evm.accounts import Account, Creation, read_creation
from provenance.evm.calls import deployment_argument
from provenance.evm.fees import fees
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import Node, data, members, paid_by, quantity
from provenance.evm.transactions import MAX_GAS
from provenance.ledger import Deployment, Role, SignedTransaction

DEFAULT_ADMIN_DELAY = 3 * 24 * 3600
"""Seconds between proposing and accepting a new admin: time for others to notice."""


def deploy(
    provider: JSONBaseProvider,
    deployer: Account,
    *,
    admin: Address,
    steward: Address,
    anchorer: Address,
    base_uri: str,
    admin_delay: int = DEFAULT_ADMIN_DELAY,
    transferable: bool = False,
    importer: Address | None = None,
    predecessor: Deployment | None = None,
    sending: Callable[[SignedTransaction], object] = lambda transaction: None,
    wait: Callable[[], object] = lambda: time.sleep(0.3),
    patience: float = 120.0,
) -> EVMLedger:
    """Deploy a ledger with a new random deployment id and return it, opened.

    `deployer` pays and keeps no power.  A ledger with an `importer` and a `predecessor`, both or none, works only once
    it is sealed.  On a `transferable` one holders may transfer and approve as with any ERC-721.  `sending` is told
    the transaction before it is sent: from its bytes `deployed` finds the ledger after an interruption.  `wait` is
    called between looks at the chain, for at most `patience` seconds.
    Raises `LedgerError`.
    """
    node = Node(provider)
    code = deployment_code(
        admin=admin, steward=steward, anchorer=anchorer, base_uri=base_uri, admin_delay=admin_delay,
        transferable=transferable, importer=importer, predecessor=predecessor,
    )  # fmt: skip
    chain_id, gas = node.quantity("eth_chainId"), _gas(node, deployer.address, code)
    signed = deployer.sign_transaction(
        {
            "type": 2,
            "chainId": chain_id,
            "nonce": node.quantity("eth_getTransactionCount", str(deployer.address), "latest"),
            "value": 0,
            "data": "0x" + code.hex(),
            "gas": min(gas + gas // 20, MAX_GAS),
            **fees(node),
        }
    )
    sending(signed)
    with paid_by(deployer.address, chain_id):
        node.request("eth_sendRawTransaction", "0x" + signed.raw.hex())
    return deployed(provider, signed.raw, wait=wait, patience=patience)


def deployment_code(
    *,
    admin: Address,
    steward: Address,
    anchorer: Address,
    base_uri: str,
    admin_delay: int = DEFAULT_ADMIN_DELAY,
    transferable: bool = False,
    importer: Address | None = None,
    predecessor: Deployment | None = None,
) -> bytes:
    """Return the creation code of a ledger with a new random deployment id; the arguments are those of `deploy`."""
    abi = interface()
    rest = (transferable, str(importer or Address(bytes(20))), deployment_argument(predecessor))
    arguments = (str(admin), admin_delay, str(steward), str(anchorer), secrets.token_bytes(32), base_uri, *rest)
    return abi.bytecode + encode(abi.constructor, arguments)


def price(provider: JSONBaseProvider, deployer: Address, code: bytes) -> tuple[int, int]:
    """Return the gas that a deployment would take and what that gas costs now, in wei; raises `LedgerError`."""
    node = Node(provider)
    gas = _gas(node, deployer, code)
    return gas, gas * node.quantity("eth_gasPrice")


def _gas(node: Node, deployer: Address, code: bytes) -> int:
    with paid_by(deployer, node.quantity("eth_chainId")):
        request = {"from": str(deployer), "data": "0x" + code.hex(), "gas": hex(MAX_GAS)}
        return node.quantity("eth_estimateGas", request)


def deployed(
    provider: JSONBaseProvider,
    raw: bytes,
    *,
    wait: Callable[[], object] = lambda: time.sleep(0.3),
    patience: float = 120.0,
) -> EVMLedger:
    """Wait until a deployment, the signed transaction `raw`, is mined; return its ledger, opened, importing or not.

    Where it stands and what it is follows from those bytes: a node that shows anything else is not believed.
    Raises `LedgerError`, and `MalformedError` for bytes that deploy nothing.
    """
    creation, transaction, node = read_creation(raw), Hash32(keccak(raw)), Node(provider)
    asked = _arguments(creation)
    deadline = time.monotonic() + patience
    while (answer := node.request("eth_getTransactionReceipt", str(transaction))) is None:
        if time.monotonic() > deadline:
            raise _not_mined(node, creation)
        wait()
    receipt = members(answer)
    if quantity(receipt.get("status")) != 1:
        raise LedgerError("deployment-failed", "The deployment was reverted.", retryable=False)
    if Address(data(receipt.get("contractAddress"), 20)) != creation.contract:
        raise _wrong(Wording("address"))
    ledger = EVMLedger(provider, creation.contract, importing=True)
    _compare(ledger, creation, asked)
    return ledger


def _arguments(creation: Creation) -> tuple[Any, ...]:
    """Return what the constructor is given."""
    abi = interface()
    if not creation.code.startswith(abi.bytecode):
        raise LedgerError(
            "other-release", "The deployment was begun with another release of this software.", retryable=False,
            hint="Go on with that release.",
        )  # fmt: skip
    return decode(abi.constructor, creation.code[len(abi.bytecode) :])


def _compare(ledger: EVMLedger, creation: Creation, asked: tuple[Any, ...]) -> None:
    admin, _delay, steward, anchorer, deployment_id, _base_uri, _transferable, importer, before = asked
    identity, roles = ledger.identity, [(Role.STEWARD, steward), (Role.ANCHORER, anchorer)]
    if int(importer, 16):
        roles.append((Role.IMPORTER, importer))
    if identity.chain_id != creation.chain_id:
        raise _wrong(Wording("chain id"))
    if identity.deployment_id != Hash32(deployment_id):
        raise _wrong(Wording("deployment"))
    if ledger.admin()[0] != _address(admin):
        raise _wrong(Wording("admin"))
    for role, account in roles:
        if not ledger.has_role(role, _address(account)):
            raise _wrong(role.value)
    contract, chain_id, final_block = before
    if ledger.predecessor() != (Deployment(_address(contract), chain_id, final_block) if int(contract, 16) else None):
        raise _wrong(Wording("predecessor"))


def _wrong(what: Wording | str) -> LedgerError:
    return LedgerError(
        "wrong-deployment", "The node shows another ledger than the one that was deployed: its {what} differs.",
        retryable=False, hint="Ask another node of the chain.", what=what,
    )  # fmt: skip


def _not_mined(node: Node, creation: Creation) -> LedgerError:
    if node.quantity("eth_getTransactionCount", str(creation.sender), "latest") > creation.nonce:
        return LedgerError(
            "deployment-replaced",
            "Another transaction of {account} took the deployment's number, {nonce}: it will never be mined.",
            retryable=False, hint="Delete the unfinished record of the deployment, and deploy anew.",
            account=creation.sender, nonce=creation.nonce,
        )  # fmt: skip
    return LedgerError("not-mined", "The deployment was not mined in time.", retryable=True)


def _address(text: str) -> Address:
    return Address(bytes.fromhex(text[2:]))
