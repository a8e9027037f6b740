"""The registry's pipeline over a simulated ledger and a database of its own, turn by turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from provenance.certificate import Certificate
from provenance.encoding import Address
from provenance.errors import LedgerError
from provenance.handover import Claim, Release
from provenance.ledger import (
    Anchored,
    BlockRef,
    ClaimCall,
    Deployment,
    LedgerCall,
    LedgerEvent,
    RelayStatusCall,
    SignedTransaction,
    TransactionSigner,
)
from provenance.policy import TrustPolicy
from provenance.status import Status, StatusOrder
from provenance.testing.memory import MemoryLedger
from provenance.verdict import Verdict
from provenance_registry.db.repository import SQLRepository
from provenance_registry.records import StoredCertificate, StoredMessage
from provenance_registry.service.amendments import Amendments
from provenance_registry.service.index import IndexedLedger
from provenance_registry.service.lease import Lease
from provenance_registry.service.limits import Limits
from provenance_registry.service.outbox import Outbox
from provenance_registry.service.relay import Relay
from provenance_registry.service.releases import Releases
from provenance_registry.service.submissions import Submissions
from provenance_registry.service.verdicts import Verdicts
from provenance_registry.worker.examiner import Examiner
from provenance_registry.worker.forgotten import Forgotten
from provenance_registry.worker.indexer import Indexer
from provenance_registry.worker.loop import Worker
from provenance_registry.worker.reviewer import Reviewer
from provenance_registry.worker.sealer import Sealer
from tests.support.databases import where
from tests.support.scene import ANCHORER, ISSUER, NOW, STEWARD, STUDIO, Scene, person

RELAYER = person(9)


class Ticking:
    """A monotonic clock in the test's hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Node:
    """A node before a simulated ledger, which may fail, lag, refuse, or be overtaken by a reorganisation."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self.behind_at: int | None = None
        self.fails_after: int | None = None
        self.before_events: Callable[[], None] | None = None
        self.before_prepare: Callable[[], None] | None = None
        self.poor = set[object]()  # They learn it at sending,
        self.penniless = set[object]()  # these before.
        self.most_lots: int | None = None
        self.simulations = 0
        self.outcome = ledger.outcome
        self.successor: Callable[[BlockRef], Deployment | None] = ledger.successor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def head(self) -> BlockRef:
        return self._ledger.head() if self.behind_at is None else self._ledger.block(self.behind_at)

    def block(self, number: int) -> BlockRef:
        if self.behind_at is not None and number > self.behind_at:
            raise LedgerError("unknown-block", "The node does not have the block asked for.", retryable=True)
        return self._ledger.block(number)

    def events(self, first_block: int, last_block: int) -> Any:
        act, self.before_events = self.before_events, None
        if act is not None:
            act()
        if self.fails_after is not None and first_block > self.fails_after:
            self.fails_after = None
            raise LedgerError("node-unreachable", "The node did not answer.", retryable=True)
        return self._ledger.events(first_block, last_block)

    def prepare(
        self, call: LedgerCall, signer: TransactionSigner, nonce: int, *, max_gas: int | None = None
    ) -> SignedTransaction:
        act, self.before_prepare = self.before_prepare, None
        if act is not None:
            act()
        self.simulations += 1
        if signer.address in self.penniless:
            raise LedgerError("low-balance", "The account cannot pay for the transaction.", retryable=True)
        if self.most_lots is not None and len(getattr(call, "allotments", ())) > self.most_lots:
            raise LedgerError("out-of-gas", "The node refuses: {reason}.", retryable=False, reason="out of gas")
        return self._ledger.prepare(call, signer, nonce, max_gas=max_gas)

    def send(self, transaction: SignedTransaction) -> None:
        if transaction.sender in self.poor:
            raise LedgerError("low-balance", "The account cannot pay for the transaction.", retryable=True)
        self._ledger.send(transaction)


class Pipeline:
    """One registry without web and threads; `turn` is the worker's turn, followed by a block."""

    def __init__(
        self,
        folder: Path,
        *,
        confirmations: int = 1,
        monotonic: Callable[[], float] = time.monotonic,
        scene: Scene | None = None,
        write_off_anchors: int = 0,
        lease: Callable[[SQLRepository], Lease] | None = None,
    ) -> None:
        ledger = MemoryLedger(steward=STEWARD.address, anchorer=ANCHORER.address, now=NOW, is_signed=lambda *_: True)
        self.scene = scene or Scene(ledger=ledger)
        self.ledger = ledger = self.scene.ledger
        self.node = Node(ledger)
        self.repository = SQLRepository(where(folder))
        self.index = IndexedLedger(self.repository, ledger.identity, 60, monotonic)
        self.policy = policy = TrustPolicy(ledger.identity, (), confirmations)
        node: Any = self.node
        self.amendments = Amendments(self.repository, self.index, node, lambda: ledger.now)
        self.verdicts = Verdicts(self.repository, self.index, self.amendments, policy)
        self.lease = None if lease is None else lease(self.repository)
        own = self.repository if self.lease is None else self.repository.fenced(self.lease.check)
        signers = {"anchor": ANCHORER, "relay": RELAYER}
        outbox = Outbox(self.repository, node, signers, confirmations, self.lease, raise_fees_after=60, clock=monotonic)
        self.limits = Limits(600, monotonic)
        self.releases = Releases(self.repository, self.index, node, lambda *_: True, self.limits, lambda: ledger.now)
        self.relay = Relay(self.repository, outbox, self.amendments, self.limits, max_gas=1_000_000)
        self.indexer = Indexer(own, node, self.index)
        self.sealer = Sealer(
            own, node, self.index, outbox, lambda: ledger.now,
            anchorer=ANCHORER.address, batch_size=5_000, batch_age=0,
            forgotten=Forgotten(self.repository, self.index, ISSUER.base_url, write_off_anchors),
        )  # fmt: skip
        examiner = Examiner(own, self.index, self.verdicts, policy)
        self.reviewer = Reviewer(own, self.index, lambda: ledger.now)
        steps = [self.indexer.catch_up, self.sealer.settle, examiner.examine, self.sealer.seal, self.reviewer.review]
        self.worker = Worker(steps)
        self.submissions = Submissions(
            self.repository, self.index, self.amendments, ISSUER.base_url, lambda: ledger.now, max_held=1_000
        )
        self.turn()

    def turn(self, times: int = 1, *, mine: bool = True) -> None:
        for _ in range(times):
            self.worker.turn()
            if mine:
                self.ledger.mine()

    def submit(self, certificate: Certificate | None = None) -> Certificate:
        certificate = certificate or self.scene.sign()
        self.submissions.submit(certificate.data)
        return certificate

    def anchored(self) -> Certificate:
        certificate = self.submit()
        self.turn(4)
        assert self.state(certificate) == "anchored"
        return certificate

    def stored(self, certificate: Certificate) -> StoredCertificate:
        stored = self.repository.certificate(certificate.digest)
        assert stored is not None
        return stored

    def state(self, certificate: Certificate) -> str:
        return self.stored(certificate).state.value

    def verdict(self, certificate: Certificate) -> Verdict:
        return self.verdicts.verdict(certificate.piece.serial)[0]

    def relay_status(self, order: StatusOrder) -> StoredMessage:
        return self.relay.relay(RelayStatusCall(order, b""))

    def order(self, certificate: Certificate, status: Status, *, nonce: int = 0, deadline: int = 0) -> StatusOrder:
        token_id = self.stored(certificate).token_id
        assert token_id is not None
        return StatusOrder(token_id, status, STUDIO.address, nonce, deadline)

    def claimed(self, release: Release, new_holder: Address) -> StoredMessage:
        claim = Claim(release.token_id, new_holder, release.nonce)
        return self.relay.relay(ClaimCall(release, b"", claim, b""))

    def take_back(self, block: int) -> None:
        """Reorganise the chain so that `block` and all after it are gone, and empty ones stand in their place."""
        depth = self.ledger.head().number - block + 1
        self.ledger.reorganise(depth)
        self.ledger.mine(depth + 1)

    def anchors(self) -> list[Anchored]:
        events: list[LedgerEvent] = list(self.ledger.events(0, self.ledger.head().number))
        return [event for event in events if isinstance(event, Anchored)]
