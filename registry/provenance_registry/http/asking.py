"""Threads for whatever may ask the node: one that hangs keeps them, and none of those that registering needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from provenance.encoding import Address

T = TypeVar("T")


class Asking:
    """Runs what may ask the node, so much of each kind at once that no kind keeps another's threads."""

    CALLS, RELAYED, KEPT, NUMBERS, ROLES = 4, 2, 1, 2, 1
    """Of JSON-RPC requests, messages to relay, releases, studios' numbers, and orders of stewards.

    Few at once: the embedded chain answers one by one, a simulation may take it a second, and pages stay quick."""

    def __init__(self, ask_order_nonce: Callable[[Address], int]) -> None:
        kinds = self.CALLS, self.RELAYED, self.KEPT, self.NUMBERS, self.ROLES
        self._threads = ThreadPoolExecutor(sum(kinds), thread_name_prefix="asking")
        self._calls, self._relayed, self._kept, self._numbers, self._roles = map(asyncio.Semaphore, kinds)
        self._ask_order_nonce = ask_order_nonce

    def close(self) -> None:
        """Take on nothing more; what hangs ends with the node's time limit."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def call(self, work: Callable[[], T]) -> T:
        """Answer JSON-RPC requests."""
        return await self._run(self._calls, work)

    async def relay(self, work: Callable[[], T]) -> T:
        """Take a message that is to be relayed."""
        return await self._run(self._relayed, work)

    async def keep(self, work: Callable[[], T]) -> T:
        """Keep releases."""
        return await self._run(self._kept, work)

    async def order_nonce(self, studio: Address) -> int:
        """Return the number of a studio's next order, from the ledger itself."""
        return await self._run(self._numbers, lambda: self._ask_order_nonce(studio))

    async def role(self, work: Callable[[], T]) -> T:
        """Carry out an order of whoever may be a steward, which the ledger tells."""
        return await self._run(self._roles, work)

    async def _run(self, turns: asyncio.Semaphore, work: Callable[[], T]) -> T:
        async with turns:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
