"""RFC 6962 Merkle trees: root, inclusion path, and the check of a path.

Section 2.1: a leaf is ``SHA-256(0x00 || data)``, a node ``SHA-256(0x01 || left || right)``, and a tree of n leaves
splits at the largest power of two below n.  The position of a leaf is proved by its index, so that a proof for one
token cannot serve another.  The check follows RFC 9162 section 2.1.3.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from provenance.errors import MalformedError, NotFoundError, VerificationError

HASH_BYTES = 32
MAX_TREE_SIZE = 2**32
"""Leaves are counted in 32 bits on the ledger."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf that holds `data`."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


class MerkleTree:
    """The tree over a sequence of leaf data, with all its levels kept: paths are looked up, not computed.

    A node without a right neighbour is carried up unchanged, which gives RFC 6962's tree.
    """

    def __init__(self, leaves: Sequence[bytes]) -> None:
        if not 0 < len(leaves) < MAX_TREE_SIZE:
            raise MalformedError("empty-tree", "A tree needs at least one leaf.")
        level = [leaf_hash(data) for data in leaves]
        self._levels = [level]
        while len(level) > 1:
            parents = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            if len(level) % 2:
                parents.append(level[-1])
            level = parents
            self._levels.append(level)

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0])

    @property
    def root(self) -> bytes:
        """The Merkle tree hash, 32 bytes."""
        return self._levels[-1][0]

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the inclusion path of leaf `index`, from the leaf's sibling up."""
        if not 0 <= index < self.size:
            raise MalformedError("bad-index", "There is no such leaf.")
        path = []
        for level in self._levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                path.append(level[sibling])
            index >>= 1
        return tuple(path)


class PartialTree:
    """A tree some of whose leaves are not known, of `size` leaves: the nodes that inclusion proofs tell."""

    def __init__(self, size: int, nodes: Mapping[tuple[int, int], bytes]) -> None:
        self.size, self._nodes = size, nodes

    @property
    def root(self) -> bytes:
        """The Merkle tree hash, or nothing where it is not told."""
        return self._nodes.get(((self.size - 1).bit_length(), 0), b"")

    @property
    def memory(self) -> int:
        """The bytes of its nodes, and of what holds them."""
        return 256 * len(self._nodes)

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the inclusion path of leaf `index`; raises `NotFoundError` where no proof told it."""
        try:
            return tuple(self._nodes[place] for place in siblings(index, self.size))
        except KeyError:
            raise NotFoundError("unknown-leaf", "No proof tells the path of that leaf.") from None


def siblings(index: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield level and place of each node of leaf `index`'s inclusion path, from the leaf's sibling up."""
    for level in range((size - 1).bit_length()):
        if index ^ 1 < (size + (1 << level) - 1) >> level:
            yield level, index ^ 1
        index >>= 1


def proven_nodes(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """Return the nodes of a tree of `size` leaves, of which leaf `index` holds `leaf`, that a checked `path` tells."""
    told = dict(zip(siblings(index, size), path, strict=True))
    own = leaf_hash(leaf)
    for level in range((size - 1).bit_length() + 1):
        told[level, index] = own
        beside = told.get((level, index ^ 1))
        if beside is not None:
            own = node_hash(beside, own) if index & 1 else node_hash(own, beside)
        index >>= 1
    return told


def path_length(index: int, size: int) -> int:
    """Return how many hashes the path of leaf `index` in a tree of `size` leaves has."""
    inner = (index ^ (size - 1)).bit_length()
    return inner + (index >> inner).bit_count()


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Return if `path` proves that leaf `index` of the tree of `size` leaves with this `root` holds `leaf`.

    Raises `VerificationError` otherwise; the path's length is checked before any hash is computed.
    """
    if not 0 <= index < size <= MAX_TREE_SIZE:
        raise VerificationError("bad-inclusion", "The leaf's position lies outside its tree.")
    if len(path) != path_length(index, size) or not {HASH_BYTES}.issuperset(map(len, path)):
        raise VerificationError("bad-inclusion", "The inclusion proof has the wrong length.")
    node, last = index, size - 1
    computed = leaf_hash(leaf)
    for step in path:
        if node & 1 or node == last:
            computed = node_hash(step, computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, step)
        node, last = node >> 1, last >> 1
    if computed != root:
        raise VerificationError("bad-inclusion", "The certificate is not in the batch that it names.")
