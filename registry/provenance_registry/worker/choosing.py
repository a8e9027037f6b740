"""Choosing what goes into one anchor, so that it fits into a transaction's gas.

The figures are the contract's, measured on py-evm under Prague rules and rounded up; a test holds them to it.
"""

from __future__ import annotations

from collections.abc import Iterable

from provenance.encoding import Address, Digest

GAS_BUDGET = 15_500_000
"""Gas that an anchor may take by these figures: 2^24 (EIP-7825) less a twelfth for what they miss."""
BASE_GAS = 130_000
"""An anchor without pieces: transaction, anchor record, counters, event."""
LOT_GAS = 55_000
"""A studio's first lot, after a suspension that was lifted: two new slots, four cold reads, calldata.  Later lots take
36,000."""
PIECE_GAS = 1_960
"""One ``Transfer`` event."""


def within_gas(certificates: Iterable[tuple[Address, Digest]]) -> list[tuple[Address, Digest]]:
    """Return the first of `certificates`, given as studio and digest, as many as fit into one anchor."""
    chosen: list[tuple[Address, Digest]] = []
    studios: set[Address] = set()
    gas = BASE_GAS
    for studio, digest in certificates:
        gas += PIECE_GAS + (0 if studio in studios else LOT_GAS)
        if gas > GAS_BUDGET:
            break
        studios.add(studio)
        chosen.append((studio, digest))
    return chosen
