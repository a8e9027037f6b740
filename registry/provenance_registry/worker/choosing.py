"""Choosing what goes into one anchor, so that it fits into a transaction's gas and into its bytes.

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

CALLDATA_BUDGET = 120 * 2**10
"""Bytes that an anchor's call may take: nodes pass on no transaction of more than 128 KiB."""
CALL_BYTES = 4 + 5 * 32
"""An anchor's call without lots: selector, root, count, first lot, and where the lots are and how many."""
LOT_BYTES = 64
"""A lot in the call: studio and count."""


def within_gas(certificates: Iterable[tuple[Address, Digest]]) -> list[tuple[Address, Digest]]:
    """Return the first of `certificates`, given as studio and digest, as many as fit into one anchor.

    By today's figures gas ends it first; where a chain takes more of that, its nodes still pass on no more bytes.
    """
    chosen: list[tuple[Address, Digest]] = []
    studios: set[Address] = set()
    gas = BASE_GAS
    for studio, digest in certificates:
        gas += PIECE_GAS + (0 if studio in studios else LOT_GAS)
        size = CALL_BYTES + LOT_BYTES * (len(studios) + (studio not in studios))
        if gas > GAS_BUDGET or size > CALLDATA_BUDGET:
            break
        studios.add(studio)
        chosen.append((studio, digest))
    return chosen
