"""What is offered for gas: as the node advises, within bounds that no node can lift."""

from __future__ import annotations

from provenance.errors import LedgerError
from provenance.evm.node import Node, members, quantity

GWEI = 10**9
MAX_TIP = 5 * GWEI
"""Highest tip in wei a gas, or twice the base fee where that is more: a node that advises more gets no more."""
MAX_FEE_PER_GAS = 1_000 * GWEI
"""Wei a gas above which nothing is signed: 16 times what a busy chain asks."""


def fees(node: Node) -> dict[str, int]:
    """Return EIP-1559 fees in wei: a tip as the node advises, within bounds, and room for the base fee to double.

    Raises `LedgerError`, retryable, where that comes to more than `MAX_FEE_PER_GAS`.
    """
    header = members(node.request("eth_getBlockByNumber", "latest", False))
    base = quantity(header.get("baseFeePerGas", "0x0"))
    tip = min(node.quantity("eth_maxPriorityFeePerGas"), max(2 * base, MAX_TIP))
    if 2 * base + tip > MAX_FEE_PER_GAS:
        raise LedgerError(
            "fees-too-high",
            "Gas costs {gwei:,} gwei, as the node says; more than {limit:,} is not offered.",
            retryable=True,
            hint="Ask another node, or wait until fees fall.",
            gwei=(2 * base + tip) // GWEI,
            limit=MAX_FEE_PER_GAS // GWEI,
        )
    return {"maxPriorityFeePerGas": tip, "maxFeePerGas": 2 * base + tip}
