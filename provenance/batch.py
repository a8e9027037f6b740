"""A batch: certificates anchored together, in a fixed order, each studio's in one lot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from provenance.bundle import InclusionProof
from provenance.encoding import Address, Digest, Root
from provenance.errors import MalformedError
from provenance.ledger import MAX_LEAVES, Allotment, make_token_id
from provenance.merkle import MerkleTree


@dataclass(frozen=True, slots=True)
class Batch:
    """The leaves of one anchor in their order, and the studios' shares of them."""

    leaves: tuple[Digest, ...]
    allotments: tuple[Allotment, ...]
    _tree: MerkleTree

    @property
    def root(self) -> Root:
        """The Merkle tree hash that the ledger anchors."""
        return Root(self._tree.root)

    def inclusion(self, index: int) -> InclusionProof:
        """Return the proof that leaf `index` is in the batch."""
        return InclusionProof(index, len(self.leaves), self._tree.path(index))

    def token_id(self, index: int, first_lot: int) -> int:
        """Return the token id of leaf `index` where the batch's lots are numbered from `first_lot`."""
        for place, allotment in enumerate(self.allotments):
            if index < allotment.count:
                return make_token_id(first_lot + place, index)
            index -= allotment.count
        raise MalformedError("bad-index", "There is no such leaf.")


def assemble(certificates: Iterable[tuple[Address, Digest]]) -> Batch:
    """Return the batch of certificates, given as studio and digest: ordered by studio, then by digest.

    The same certificates give the same batch, in whatever order they come.  Raises `MalformedError` for none, for
    more than `MAX_LEAVES`, and for a digest that comes twice.
    """
    ordered = sorted(certificates, key=lambda pair: (pair[0].value, pair[1].value))
    leaves = tuple(digest for _, digest in ordered)
    if not 0 < len(leaves) <= MAX_LEAVES:
        raise MalformedError("bad-batch-size", "A batch holds 1 to {limit:,} certificates.", limit=MAX_LEAVES)
    if len({digest.value for digest in leaves}) != len(leaves):
        raise MalformedError("duplicate-leaf", "A certificate is in the batch twice.")
    shares = groupby(ordered, key=lambda pair: pair[0])
    allotments = tuple(Allotment(studio, sum(1 for _ in share)) for studio, share in shares)
    return Batch(leaves, allotments, MerkleTree([digest.value for digest in leaves]))
