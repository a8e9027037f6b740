"""Keeping releases: what holders signed, so that a buyer's claim key is enough.

A release is useless without the claim key, which never comes here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from provenance.encoding import Address
from provenance.errors import ConflictError, LimitError, NotFoundError, ProvenanceError, VerificationError
from provenance.handover import Release
from provenance.ledger import Ledger, LedgerIdentity
from provenance_registry.records import SignedRelease
from provenance_registry.repository import Repository, Transaction
from provenance_registry.service.clock import Clock
from provenance_registry.service.index import IndexedLedger
from provenance_registry.service.limits import Limits

KeyCheck: TypeAlias = Callable[[Address, LedgerIdentity, Release, bytes], bool]
"""Tells whether the key of an address signed a release for a ledger, without asking the chain."""

MAX_LIVE_RELEASES = 16
"""Releases of one piece that may wait for a claim: a tag has one, and may be replaced some times."""
MAX_CHAIN_CHECKS = 8
"""Signatures of one batch that the chain is asked about: a passkey's takes an embedded one up to a second."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A release that is on disk; `new` is false where one for its claim key was before.

    `others` releases of the piece count beside it: so many more keys can claim it.
    """

    signed: SignedRelease
    new: bool
    others: int


class Releases:
    """The use cases of keeping releases and finding them."""

    def __init__(
        self,
        repository: Repository,
        index: IndexedLedger,
        ledger: Ledger,
        is_signed_by: KeyCheck,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._index = index
        self._ledger = ledger
        self._is_signed_by = is_signed_by
        self._limits = limits
        self._clock = clock

    def keep(self, signed: SignedRelease, client: str) -> Kept:
        """Keep one release; returns once it is on disk.

        Raises `NotFoundError` for an unknown piece, `ConflictError` for one that moved on or has too many releases,
        `VerificationError` where another signed, `LimitError`, `LedgerError`.
        """
        (answer,) = self.keep_many([signed], client)
        if isinstance(answer, ProvenanceError):
            raise answer
        return answer

    def keep_many(self, items: Sequence[SignedRelease | ProvenanceError], client: str) -> list[Kept | ProvenanceError]:
        """Keep releases in one transaction; each gets its own answer, in order."""
        self._index.head()  # An index that may be out of date knows no holder.
        checked = self._checked(items, client)
        now = self._now()

        def write(transaction: Transaction) -> list[Kept | ProvenanceError]:
            return [self._store(transaction, item, now) for item in checked]

        return self._repository.write(write)

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def _checked(
        self, items: Sequence[SignedRelease | ProvenanceError], client: str
    ) -> list[SignedRelease | ProvenanceError]:
        checked = list[SignedRelease | ProvenanceError]()
        limit: LimitError | None = None  # Once a client has had its share, nothing more of the batch is looked at.
        checks = itertools.count(1)
        for item in items:
            answer: SignedRelease | ProvenanceError = limit or item
            if isinstance(answer, SignedRelease):
                try:
                    self._check(answer, client, checks)
                except ProvenanceError as error:
                    answer = error
                    limit = error if isinstance(error, LimitError) else None
            checked.append(answer)
        return checked

    def _check(self, signed: SignedRelease, client: str, checks: Iterator[int]) -> None:
        release = signed.release
        if signed.has_expired(self._now()):
            raise ConflictError("release-expired", "The release's deadline has passed.", hint="Sign a new one.")
        known = self._index.signing(release.token_id, self._clock())
        # A release that is kept under a later number tells that the piece has moved on from what the index knows.
        last = self._repository.last_release_nonce(release.token_id)
        if known is not None and release.nonce >= max(known[1], last or 0):
            if self._repository.release(release.token_id, release.claim_key, release.nonce) == signed:
                return
            if known[1] == release.nonce and self._is_key_signed(known[0], signed):
                return
        # The index is a moment behind, or a contract or a passkey signed: what the chain must be asked is counted.
        self._limits.admit(client)
        head = self._ledger.head()
        holding = self._ledger.holding(release.token_id, head)
        if holding is None:
            raise NotFoundError("unknown-token", "There is no such token.")
        if release.nonce != holding.nonce:
            raise ConflictError(
                "wrong-piece-nonce",
                "The release carries number {actual}, and the piece is at {expected}.",
                hint="The piece moved, or its releases were cancelled: sign a new one.",
                expected=holding.nonce,
                actual=release.nonce,
            )
        if next(checks) > MAX_CHAIN_CHECKS:
            raise LimitError("too-many-requests", "Too many requests came from this address.", retry_after=1)
        if not self._ledger.signed_by(holding.signer, release, signed.signature, head):
            raise VerificationError(
                "not-the-holder", "The release is not signed for the piece's holder, {signer}.", signer=holding.signer
            )

    def _is_key_signed(self, signer: Address, signed: SignedRelease) -> bool:
        return self._is_signed_by(signer, self._ledger.identity, signed.release, signed.signature)

    def _store(
        self, transaction: Transaction, item: SignedRelease | ProvenanceError, now: int
    ) -> Kept | ProvenanceError:
        if isinstance(item, ProvenanceError):
            return item
        try:
            return Kept(item, *transaction.keep_release(item, now, MAX_LIVE_RELEASES))
        except ConflictError as error:
            return error

    def find(self, token_id: int, claim_key: Address) -> SignedRelease:
        """Return the release of a piece for a claim key that counts now; raises `NotFoundError`."""
        signed = self._repository.release(token_id, claim_key, self._repository.token(token_id).nonce)
        if signed is None or signed.has_expired(self._now()):
            raise NotFoundError(
                "unknown-release",
                "No release for this claim key counts.",
                hint="The piece was claimed already, or the release cancelled; or it was never sent here.",
            )
        return signed
