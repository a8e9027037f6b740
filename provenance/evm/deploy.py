"""Deploying a ledger."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from eth_abi.abi import encode
from web3.providers.base import JSONBaseProvider

from provenance.encoding import Address, Hash32
from provenance.errors import LedgerError
from provenance.evm.abi import interface
from provenance.evm.accounts import Account
from provenance.evm.calls import deployment_argument
from provenance.evm.fees import fees
from provenance.evm.ledger import MAX_GAS, EVMLedger
from provenance.evm.node import Node, data, members, quantity
from provenance.ledger import Deployment, SignedTransaction

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
    the transaction before it is sent: with its hash `deployed` finds the ledger after an interruption.  `wait` is
    called between looks at the chain, for at most `patience` seconds.
    Raises `LedgerError`.
    """
    abi, node = interface(), Node(provider)
    deployment_id = secrets.token_bytes(32)
    rest = (transferable, str(importer or Address(bytes(20))), deployment_argument(predecessor))
    arguments = (str(admin), admin_delay, str(steward), str(anchorer), deployment_id, base_uri, *rest)
    code = abi.bytecode + encode(abi.constructor, arguments)
    sender = str(deployer.address)
    gas = node.quantity("eth_estimateGas", {"from": sender, "data": "0x" + code.hex(), "gas": hex(MAX_GAS)})
    signed = deployer.sign_transaction(
        {
            "type": 2,
            "chainId": node.quantity("eth_chainId"),
            "nonce": node.quantity("eth_getTransactionCount", sender, "latest"),
            "value": 0,
            "data": "0x" + code.hex(),
            "gas": min(gas + gas // 20, MAX_GAS),
            **fees(node),
        }
    )
    sending(signed)
    node.request("eth_sendRawTransaction", "0x" + signed.raw.hex())
    importing = importer is not None
    ledger = deployed(provider, signed.hash, importing=importing, wait=wait, patience=patience)
    if ledger.identity.deployment_id != Hash32(deployment_id):
        raise LedgerError("wrong-deployment", "Another ledger stands where this one was deployed.", retryable=False)
    return ledger


def deployed(
    provider: JSONBaseProvider,
    transaction: Hash32,
    *,
    importing: bool = False,
    wait: Callable[[], object] = lambda: time.sleep(0.3),
    patience: float = 120.0,
) -> EVMLedger:
    """Wait until a deployment is mined and return its ledger, opened, also one that is `importing`.

    Raises `LedgerError`.
    """
    node = Node(provider)
    deadline = time.monotonic() + patience
    while (answer := node.request("eth_getTransactionReceipt", str(transaction))) is None:
        if time.monotonic() > deadline:
            raise LedgerError("not-mined", "The deployment was not mined in time.", retryable=True)
        wait()
    receipt = members(answer)
    if quantity(receipt.get("status")) != 1:
        raise LedgerError("deployment-failed", "The deployment was reverted.", retryable=False)
    return EVMLedger(provider, Address(data(receipt.get("contractAddress"), 20)), importing=importing)
