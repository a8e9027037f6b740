"""Batches that were reverted and come back: every certificate stays provable, whatever became of its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.certificate import Certificate
from provenance.errors import StorageError
from provenance.keys import P256Signer
from provenance.ledger import LedgerCall, ReinstateCall, SuspendCall
from provenance.policy import TrustPolicy
from provenance.verdict import Outcome
from provenance.verify import Verifier
from provenance_registry.service.trees import Trees
from tests.support.pipeline import Pipeline
from tests.support.scene import OTHER, OTHER_ISSUER, STEWARD

OTHER_LIST = "zzzzzzzzzzzz"


class Rearranged:
    """A pipeline with a second studio, whose suspension the chain takes back again."""

    def __init__(self, folder: Path) -> None:
        self.pipeline = Pipeline(folder)
        self.signer = P256Signer.generate()
        self.pipeline.scene.accredit(OTHER, OTHER_ISSUER, self.signer)
        self.pipeline.turn(2)

    def of_other(self) -> Certificate:
        sign = self.pipeline.scene.sign
        return self.pipeline.submit(sign(issuer=OTHER_ISSUER, signer=self.signer, list_id=OTHER_LIST))

    def steward_sends(self, call: LedgerCall) -> None:
        ledger = self.pipeline.ledger
        ledger.send(ledger.prepare(call, STEWARD, ledger.next_nonce(STEWARD.address)))

    def suspend_before_the_anchor(self) -> None:
        """Have what waits sealed and reverted, since the other studio is suspended in the block before."""
        ledger = self.pipeline.ledger
        self.pipeline.turn(2, mine=False)
        self.fork = ledger.head().number
        sent = list(ledger._pending.values())
        ledger._pending.clear()
        self.steward_sends(SuspendCall(OTHER.address))
        ledger.mine()
        for transaction in sent:
            ledger.send(transaction)
        ledger.mine()
        self.pipeline.worker.turn()

    def take_the_suspension_back(self) -> None:
        self.pipeline.take_back(self.fork + 1)
        self.pipeline.turn(10)

    def proven(self, certificate: Certificate) -> bool:
        """Tell whether a verifier that asks the ledger itself takes the certificate, and the registry does."""
        pipeline = self.pipeline
        bundle = pipeline.verdicts.bundle(pipeline.stored(certificate))
        verdict = Verifier(TrustPolicy(pipeline.ledger.identity, ()), pipeline.ledger).verify(bundle)
        return verdict.outcome is pipeline.verdict(certificate).outcome is Outcome.AUTHENTIC


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Rearranged]:
    made = Rearranged(tmp_path)
    yield made
    made.pipeline.repository.close()


def test_a_batch_that_comes_back_without_a_member_still_proves_the_others(scene: Rearranged) -> None:
    pipeline = scene.pipeline
    mine, others = [pipeline.submit() for _ in range(2)], [scene.of_other() for _ in range(2)]
    scene.suspend_before_the_anchor()
    taken, kept = others
    assert pipeline.state(taken) == "held"
    thief = pipeline.submit(pipeline.scene.sign(serial=taken.piece.serial))
    pipeline.turn(4)
    scene.take_the_suspension_back()
    assert len({pipeline.stored(certificate).batch_id for certificate in (*mine, kept)}) == 1
    assert all(scene.proven(certificate) for certificate in (*mine, kept, thief))
    assert pipeline.state(taken) == "held"  # Another has its serial by now.
    assert pipeline.worker.trouble is None
    assert pipeline.repository.unexamined_batches() == []


def test_what_is_anchored_in_two_batches_stands_in_the_first(scene: Rearranged) -> None:
    pipeline = scene.pipeline
    twice = [scene.of_other() for _ in range(2)]
    scene.suspend_before_the_anchor()
    between = pipeline.submit()
    pipeline.turn(4)
    scene.steward_sends(ReinstateCall(OTHER.address))
    pipeline.ledger.mine()
    later = scene.of_other()
    pipeline.turn(5)
    assert len({pipeline.stored(certificate).batch_id for certificate in (*twice, later)}) == 1
    scene.take_the_suspension_back()
    pipeline.verdicts.trees.clear()  # As after a restart.
    assert [scene.proven(certificate) for certificate in (*twice, between, later)] == [True] * 4
    first = min(anchor.block.number for anchor in pipeline.anchors())
    for certificate in twice:
        token_id = pipeline.stored(certificate).token_id
        assert token_id is not None
        lot = pipeline.repository.lot(token_id >> 32)
        assert lot is not None
        assert lot.block.number == first
    assert pipeline.worker.trouble is None


def test_leaves_that_do_not_make_the_root_are_trouble_and_no_verdict(scene: Rearranged) -> None:
    pipeline = scene.pipeline
    certificate, other = pipeline.submit(), pipeline.submit()
    pipeline.turn(2)
    pipeline.verdicts.trees = Trees(lambda _: [certificate.digest.value])
    pipeline.turn(2)
    with pytest.raises(StorageError) as caught:
        pipeline.verdict(other)
    assert caught.value.code == "batch-broken"
    assert pipeline.worker.trouble is not None
    assert pipeline.worker.trouble.code == "batch-broken"
