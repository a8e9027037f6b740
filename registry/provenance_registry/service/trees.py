"""The Merkle trees of batches, kept in memory as the bare bytes of their nodes."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from provenance.encoding import Root
from provenance.errors import StorageError
from provenance.merkle import PartialTree

MAX_KEPT = 128 * 2**20
"""Bytes of trees kept: those of two million pieces."""


class Tree:
    """The RFC 6962 tree over certificates' digests in their order: 64 bytes a leaf, where objects would take 300."""

    def __init__(self, digests: Sequence[bytes]) -> None:
        sha256 = hashlib.sha256
        level = [sha256(b"\x00" + digest).digest() for digest in digests]
        self._levels = [b"".join(level)]
        while len(level) > 1:
            pairs = zip(level[::2], level[1::2], strict=False)
            parents = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
            if len(level) % 2:
                parents.append(level[-1])
            level = parents
            self._levels.append(b"".join(level))

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0]) // 32

    @property
    def root(self) -> bytes:
        """The Merkle tree hash; that of no leaves is empty."""
        return self._levels[-1]

    @property
    def memory(self) -> int:
        """The bytes of its nodes."""
        return sum(map(len, self._levels))

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the inclusion path of leaf `index`, from the leaf's sibling up."""
        path = []
        for level in self._levels[:-1]:
            place = (index ^ 1) * 32
            if place < len(level):
                path.append(level[place : place + 32])
            index >>= 1
        return tuple(path)


class Trees:
    """The trees asked for last, up to `limit` bytes; `leaves` gives the digests of a batch in their order.

    `nodes` gives what is known of the tree of a batch whose leaves are not all known: its size and nodes.
    """

    def __init__(
        self,
        leaves: Callable[[int], Sequence[bytes]],
        nodes: Callable[[int], tuple[int, Mapping[tuple[int, int], bytes]] | None] = lambda batch_id: None,
        limit: int = MAX_KEPT,
    ) -> None:
        self._leaves = leaves
        self._nodes = nodes
        self._limit = limit
        self._kept: OrderedDict[int, Tree] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, batch_id: int, root: Root) -> Tree | PartialTree:
        """Return the tree of a batch; raises `StorageError` where its leaves do not make `root`."""
        with self._lock:
            tree = self._kept.get(batch_id)
            if tree is not None and tree.root == root.value:
                self._kept.move_to_end(batch_id)
                return tree
        known = self._nodes(batch_id)
        made = Tree(self._leaves(batch_id)) if known is None else PartialTree(*known)
        if made.root != root.value:
            raise StorageError(
                "batch-broken",
                "The leaves kept of batch {batch} do not make its root.",
                hint="Restore the database from its newest copy.",
                batch=batch_id,
            )
        if isinstance(made, PartialTree):
            return made  # Never kept: bundles that are brought later, by another process too, add to it.
        with self._lock:
            before = self._kept.pop(batch_id, None)
            self._bytes += made.memory - (0 if before is None else before.memory)
            self._kept[batch_id] = made
            while self._bytes > self._limit and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1].memory
        return made

    def clear(self) -> None:
        """Forget all trees."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0
