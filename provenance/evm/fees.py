"""What is offered for gas: as the node advises, within bounds that no node can lift."""

from __future__ import annotations

from collections.abc import Mapping

from provenance.errors import LedgerError
from provenance.evm.node import Node, members, quantity

GWEI = 10**9
MAX_TIP = 5 * GWEI
"""Highest tip in wei a gas, or twice the base fee where that is more: a node that advises more gets no more."""
MAX_FEE_PER_GAS = 1_000 * GWEI
"""Wei a gas above which nothing is signed: 16 times what a busy chain asks."""


def fees(node: Node, most: int = MAX_FEE_PER_GAS) -> dict[str, int]:
    """Return EIP-1559 fees in wei: a tip as the node advises, within bounds, and room for the base fee to double.

    Raises `LedgerError`, retryable, where that comes to more than `most`.
    """
    base, tip = _advised(node)
    if 2 * base + tip > most:
        raise LedgerError(
            "fees-too-high",
            "Gas costs {gwei:,} gwei, as the node says; more than {limit:,} is not offered.",
            retryable=True,
            hint="Ask another node, or wait until fees fall.",
            gwei=(2 * base + tip) // GWEI,
            limit=_in_gwei(most),
        )
    return {"maxPriorityFeePerGas": tip, "maxFeePerGas": 2 * base + tip}


def _advised(node: Node) -> tuple[int, int]:
    header = members(node.request("eth_getBlockByNumber", "latest", False))
    base = quantity(header.get("baseFeePerGas", "0x0"))
    return base, min(node.quantity("eth_maxPriorityFeePerGas"), max(2 * base, MAX_TIP))


def raised(node: Node, former: Mapping[str, int], most: int = MAX_FEE_PER_GAS) -> dict[str, int]:
    """Return fees that replace `former` ones in every node's eyes: as now advised, and an eighth more at the least.

    Raises `LedgerError`, retryable, where that comes to more than `most`.
    """
    tip, limit = (former[name] + former[name] // 8 + 1 for name in ("maxPriorityFeePerGas", "maxFeePerGas"))
    base, advised = _advised(node)
    tip = max(tip, min(advised, most))
    limit = max(limit, tip, min(2 * base + tip, most))
    if limit > most:
        raise LedgerError(
            "fee-at-limit",
            "A transaction is not mined for {gwei:,} gwei a gas, and more than {limit:,} is not offered.",
            retryable=True,
            hint="Wait until fees fall, or raise KILNMARK_MAX_FEE.",
            gwei=_in_gwei(former["maxFeePerGas"]),
            limit=_in_gwei(most),
        )
    return {"maxPriorityFeePerGas": tip, "maxFeePerGas": limit}


def _in_gwei(wei: int) -> float:
    return wei // GWEI if wei % GWEI == 0 else wei / GWEI
