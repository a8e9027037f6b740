"""The state in which simulated calls run on the embedded chain: that after a block, where gas has no price."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eth.abc import BlockHeaderAPI

from provenance.evm.embedded import EmbeddedChain

_MOST_CALLS = 1_000
"""Calls that share a state: it never forgets what they have read, and a ledger that rests has one block for days."""


class FreeState:
    """Keeps the state of the last call with what it has read from disk: most calls ask for the same block."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self._chain = chain
        self._kept: tuple[bytes, Any] | None = None
        self._calls = 0

    @contextmanager
    def after(self, header: BlockHeaderAPI) -> Iterator[Any]:
        """Lend the state after a block; what is done to it is undone.  One that a failure leaves is thrown away."""
        kept, self._kept = self._kept, None
        self._calls += 1
        if self._calls % _MOST_CALLS == 0:
            kept = None
        state = kept[1] if kept is not None and kept[0] == header.hash else self._made(header)
        before = state.snapshot()
        yield state
        state.revert(before)
        self._kept = header.hash, state

    def _made(self, header: BlockHeaderAPI) -> Any:
        # py-evm's own costless state is that of a later block, dated by the system's clock.
        chain = self._chain.chain
        vm: Any = chain.get_vm(header)
        hashes = itertools.chain((header.parent_hash,), vm.previous_hashes)
        return vm.build_state(chain.chaindb.db, header.copy(base_fee_per_gas=0), vm.chain_context, hashes)
