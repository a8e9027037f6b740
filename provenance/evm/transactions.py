"""What is sent to the contract: simulated, priced and signed; handed to the node; and what became of it."""

from __future__ import annotations

from typing import Any, cast

from provenance.encoding import Hash32
from provenance.errors import LedgerError
from provenance.evm.abi import bad_answer
from provenance.evm.accounts import Account, transaction_fields
from provenance.evm.calls import encode_call
from provenance.evm.contract import Contract
from provenance.evm.fees import MAX_FEE_PER_GAS, fees, raised
from provenance.evm.node import data, hash32, low_balance, members, paid_by, quantity
from provenance.ledger import LedgerCall, SignedTransaction, TransactionOutcome, TransactionSigner

MAX_GAS = 2**24
"""Largest gas of a transaction (EIP-7825)."""


def prepare(
    contract: Contract,
    chain_id: int,
    call: LedgerCall,
    signer: TransactionSigner,
    nonce: int,
    max_gas: int | None = None,
    max_fee: int = MAX_FEE_PER_GAS,
) -> SignedTransaction:
    """Simulate, price and sign `call`; the signer must be an `Account`.  See `provenance.ledger.Ledger.prepare`."""
    encoded = encode_call(contract.abi, call)
    request: dict[str, Any] = {"from": str(signer.address), "to": str(contract.address), "data": "0x" + encoded.hex()}
    limit = MAX_GAS if max_gas is None else min(max_gas, MAX_GAS)
    with paid_by(signer.address, chain_id):
        gas = _estimate(contract, request, limit)
    if gas < least_gas(encoded):  # Signed with it, the transaction could never be sent, nor any after it.
        raise bad_answer("less gas than every transaction takes")
    if max_gas is not None and gas > limit:
        raise _too_costly(limit)
    gas, prices = min(gas + gas // 50, limit), fees(contract.node, max_fee)
    if gas * prices["maxFeePerGas"] > contract.node.quantity("eth_getBalance", str(signer.address), "latest"):
        raise low_balance(signer.address, chain_id)
    return cast(Account, signer).sign_transaction(
        {
            "type": 2,
            "chainId": chain_id,
            "nonce": nonce,
            "to": contract.address.value,
            "value": 0,
            "data": request["data"],
            "gas": gas,
            **prices,
        }
    )


def least_gas(encoded: bytes) -> int:
    """Return the gas below which no node takes a transaction with this calldata (EIP-7623)."""
    zeros = encoded.count(0)
    return 21_000 + 10 * (zeros + 4 * (len(encoded) - zeros))


def _estimate(contract: Contract, request: dict[str, Any], limit: int) -> int:
    try:
        return contract.node.quantity("eth_estimateGas", {**request, "gas": hex(limit)})
    except LedgerError as error:
        if error.code == "out-of-gas" and limit < MAX_GAS:
            raise _too_costly(limit) from None
        raise


def _too_costly(limit: int) -> LedgerError:
    return LedgerError(
        "too-costly", "This takes more than the {limit:,} gas that are allowed for it.", retryable=False, limit=limit
    )


def renumber(transaction: SignedTransaction, signer: TransactionSigner, nonce: int) -> SignedTransaction:
    """Sign the same call under another nonce; the signer must be an `Account`."""
    return cast(Account, signer).sign_transaction({**transaction_fields(transaction.raw), "nonce": nonce})


def raise_fees(
    contract: Contract, transaction: SignedTransaction, signer: TransactionSigner, max_fee: int
) -> SignedTransaction:
    """Sign the same call under the same nonce with fees that replace the present ones; see `fees.raised`."""
    fields = transaction_fields(transaction.raw)
    return cast(Account, signer).sign_transaction({**fields, **raised(contract.node, fields, max_fee)})


def send(contract: Contract, chain_id: int, transaction: SignedTransaction) -> None:
    """Hand the transaction to the node; one that it has already is no error."""
    try:
        with paid_by(transaction.sender, chain_id):
            answer = contract.node.request("eth_sendRawTransaction", "0x" + transaction.raw.hex())
    except LedgerError as error:
        if error.code == "already-known":
            return
        if error.code == "nonce-used" and outcome_of(contract, transaction.hash) is not None:
            return
        raise
    if hash32(answer) != transaction.hash:
        raise bad_answer("the hash of another transaction")


def outcome_of(contract: Contract, transaction: Hash32) -> TransactionOutcome | None:
    """Return what became of a mined transaction, or ``None`` while it is not mined."""
    answer = contract.node.request("eth_getTransactionReceipt", str(transaction))
    if answer is None:
        return None
    receipt = members(answer)
    if hash32(receipt.get("transactionHash")) != transaction:
        raise bad_answer("the receipt of another transaction")
    block = contract.canonical(quantity(receipt.get("blockNumber")))
    if hash32(receipt.get("blockHash")) != block.hash:
        return None  # It stood in a block that is no longer canonical.
    succeeded, reason = quantity(receipt.get("status")) == 1, receipt.get("revertReason")
    error = None if succeeded else contract.abi.refusal(b"" if reason is None else data(reason))
    gas = quantity(receipt.get("gasUsed"))
    return TransactionOutcome(block, succeeded, gas, error, gas * quantity(receipt.get("effectiveGasPrice", "0x0")))
