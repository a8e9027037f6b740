"""The ledger as the registry's index knows it: a `LedgerReader` that costs a row or two.

The index is a projection of the ledger's events and never the last word: its answers carry the block that it reaches
to, and once contact to the ledger is lost for too long it refuses to answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from provenance.encoding import Address, Digest, Hash32, KeyId, Root
from provenance.errors import LedgerError, MalformedError
from provenance.ledger import (
    AnchorEvidence,
    AnchorRecord,
    BlockRef,
    Deployment,
    LedgerEvent,
    LedgerIdentity,
    LedgerReader,
    LedgerRecord,
    split_token_id,
)
from provenance_registry.repository import Repository
from provenance_registry.service.directory import DIRECTORY_EVENTS, Directory


class IndexedLedger:
    """Reads from the index; see `provenance.ledger.LedgerReader`.

    The indexer calls `refresh` after every write, `ask_successor` and `seen` whenever it has compared the index with
    the ledger's head, and `forget` before it takes anything back; `monotonic` gives seconds.
    """

    def __init__(
        self,
        repository: Repository,
        identity: LedgerIdentity,
        max_lag: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._repository = repository
        self._identity = identity
        self._max_lag = max_lag
        self.monotonic = monotonic
        self._seen_at: float | None = None
        self._last_seen_at = float("-inf")
        self._head: BlockRef | None = None
        self._version: tuple[Hash32, int] | None = None
        self._asked_successor = False
        self._named: Deployment | None = None
        self.directory = Directory(())

    @property
    def identity(self) -> LedgerIdentity:
        """The deployment that the index follows."""
        return self._identity

    def refresh(self) -> None:
        """Build the directory anew where it is not that of the indexed events."""
        version = self._repository.directory_version()
        if version != self._version:
            self.directory = Directory(self._repository.directory_events())
            self._version = version

    def require_sound(self, events: Sequence[LedgerEvent]) -> None:
        """Raise `LedgerError` where `events` do not follow from what is indexed: nothing of them may be kept.

        One wrong answer that was kept would stop the index for as long as the chain stands.
        """
        if any(isinstance(event, DIRECTORY_EVENTS) for event in events):
            Directory([*self._repository.directory_events(), *events])

    def forget(self) -> None:
        """Vouch for nothing until the index has reached the ledger's head again."""
        self._seen_at = None
        self._asked_successor, self._named = False, None

    def ask_successor(self, ledger: LedgerReader, at: BlockRef) -> None:
        """Ask `ledger`, once, which ledger takes over as of block `at`; raises `LedgerError`.

        An index may have passed the event that names it before it kept such events.
        """
        if self._asked_successor:
            return
        try:
            self._named = ledger.successor(at)
        except LedgerError as error:
            if error.retryable:
                raise  # Else it is a ledger of before there were successors.
        self._asked_successor = True

    def seen(self, head: BlockRef, when: float | None = None) -> None:
        """Take note that the index reaches to `head`, the ledger's newest block now, or `when` that was looked at.

        A branch that is shorter than the one before it counts only once it has stayed so: judged by its height, what
        was final would be pending.
        """
        when = self.monotonic() if when is None else when
        if self._head is None or head.number >= self._head.number or when - self._last_seen_at > self._max_lag:
            self._head = head
            self._seen_at = self._last_seen_at = when

    @property
    def lag(self) -> float:
        """Seconds since the index was last known to be complete."""
        return float("inf") if self._seen_at is None else self.monotonic() - self._seen_at

    def head(self) -> BlockRef:
        """Return the block that the index reaches to; raises `LedgerError` where that is too long ago."""
        if self._head is None or self.lag > self._max_lag:
            raise LedgerError("index-behind", "The registry has lost contact to the ledger.", retryable=True)
        return self._head

    def record(self, token_id: int, key_id: KeyId, at: BlockRef) -> LedgerRecord | None:
        """Return the record of a token as of the index's block."""
        try:
            lot_id, index = split_token_id(token_id)
        except MalformedError:
            return None
        lot = self._repository.lot(lot_id)
        if lot is None or index >= lot.count:
            return None
        studio = self.directory.studio(lot.studio)
        if studio is None:
            raise LedgerError("index-behind", "The registry's index is being rebuilt.", retryable=True)
        token = self._repository.token(token_id)
        key = studio.keys.get(key_id)
        return LedgerRecord(
            token_id=token_id,
            studio=lot.studio,
            did_hash=Digest.of(studio.did.encode()),
            name_hash=Digest.of(studio.name_at(lot.anchored_time).encode()),
            offset=lot.offset,
            anchor=AnchorRecord(lot.anchor_id, lot.root, lot.leaf_count, lot.anchored_time, lot.anchored_block),
            holder=token.holder or lot.studio,
            status=token.status,
            status_time=token.status_time,
            lost_since=token.lost_at(at.time),
            standing_at_anchor=studio.had_standing(lot.anchored_time),
            standing_now=studio.in_good_standing,
            key=None if key is None else key[1],
            amendment=token.amendment,
        )

    def signing(self, token_id: int, now: datetime) -> tuple[Address, int] | None:
        """Return who signs for a piece's holder at `now`, and the piece's number; ``None`` for an unknown piece."""
        lot_id, index = split_token_id(token_id)
        lot = self._repository.lot(lot_id)
        studio = None if lot is None or index >= lot.count else self.directory.studio(lot.studio)
        if studio is None:
            return None
        token = self._repository.token(token_id)
        own = token.holder in (None, studio.address)
        return studio.controller_at(now) if own else token.holder or studio.address, token.nonce

    def anchor_evidence(self, root: Root, block_hash: Hash32) -> AnchorEvidence | None:
        """Return the event that anchored `root` in that block."""
        lot = self._repository.lot_of_root(root)
        if lot is None or lot.block.hash != block_hash:
            return None
        return AnchorEvidence(lot.anchor_id, lot.root, lot.transaction, lot.block)

    def anchor_id_of(self, root: Root, at: BlockRef | None = None) -> int | None:
        """Return the id under which `root` is anchored, as of the index's block."""
        lot = self._repository.lot_of_root(root)
        return None if lot is None else lot.anchor_id

    def status_by_steward(self, token_id: int, at: BlockRef) -> bool | None:
        """Tell whether a steward set the status; ``None`` where nobody did, or before the index kept it."""
        return self._repository.token(token_id).by_steward

    def successor(self, at: BlockRef | None = None) -> Deployment | None:
        """Return which ledger takes over, as the indexed events say, or as the ledger said when it was asked."""
        return self.directory.successor or self._named
