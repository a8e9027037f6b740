"""Receipts of branches that the index never saw, a database older than the chain: nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.batch import assemble
from provenance.certificate import Issuer
from provenance.encoding import Digest, Hash32
from provenance.keys import P256Signer
from provenance.ledger import AnchorCall, BlockRef, SetStatusCall, SignedTransaction, TransactionOutcome
from provenance.status import Status
from provenance.verdict import Outcome
from provenance_registry.records import Sending
from tests.support import databases
from tests.support.pipeline import Pipeline
from tests.support.scene import ANCHORER, STUDIO, person

pytestmark = pytest.mark.usefixtures("either_database")


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path)
    yield made
    made.repository.close()


def answer_once_from_another_branch(pipeline: Pipeline, *, succeeded: bool) -> None:
    """Run a turn in which a node of another branch gives the receipts; then that branch is dropped."""
    head = pipeline.ledger.head()
    other = BlockRef(head.number, Hash32(b"\x77" * 32), head.time)
    outcome = TransactionOutcome(other, succeeded, 21_000, None if succeeded else "UnexpectedLot(expected=1)")
    pipeline.node.outcome = lambda _: outcome  # type: ignore[assignment]
    pipeline.worker.turn()
    pipeline.node.outcome = pipeline.ledger.outcome
    pipeline.ledger._pending.clear()


@pytest.mark.parametrize("succeeded", [True, False])
def test_a_receipt_of_another_branch_ends_no_anchor(pipeline: Pipeline, succeeded: bool) -> None:
    certificate = pipeline.submit()
    pipeline.turn(mine=False)
    answer_once_from_another_branch(pipeline, succeeded=succeeded)
    assert pipeline.state(certificate) == "batched"
    pipeline.turn(4)
    assert len(pipeline.anchors()) == 1
    assert pipeline.verdict(certificate).outcome is Outcome.AUTHENTIC
    later = pipeline.submit()
    pipeline.turn(4)
    assert (pipeline.state(later), pipeline.worker.trouble) == ("anchored", None)


@pytest.mark.parametrize("lie", ["reverted", "another block"])
def test_a_node_that_goes_on_lying_of_an_anchor_is_named_and_ends_nothing(pipeline: Pipeline, lie: str) -> None:
    certificate = pipeline.submit()
    pipeline.turn(2)
    truth = pipeline.ledger.outcome

    def told(transaction: Hash32) -> TransactionOutcome | None:
        outcome = truth(transaction)
        if outcome is None:
            return None
        if lie == "reverted":
            return replace(outcome, succeeded=False, error="UnexpectedLot(expected=1)")
        return replace(outcome, block=pipeline.ledger.block(outcome.block.number - 1))

    pipeline.node.outcome = told
    pipeline.turn(5)
    assert (pipeline.state(certificate), pipeline.worker.trouble) == ("batched", None)
    pipeline.turn(20)
    assert pipeline.state(certificate) == "batched"
    assert [trouble.code for trouble in pipeline.worker.troubles] == ["outcome-unclear"]
    pipeline.node.outcome = truth
    pipeline.turn(2)
    assert (pipeline.state(certificate), pipeline.worker.trouble) == ("anchored", None)
    assert len(pipeline.anchors()) == 1


@pytest.mark.parametrize("succeeded", [True, False])
def test_a_receipt_of_another_branch_ends_no_order(pipeline: Pipeline, succeeded: bool) -> None:
    certificate = pipeline.anchored()
    order = pipeline.relay_status(pipeline.order(certificate, Status.ON_HOLD))
    pipeline.turn(mine=False)
    answer_once_from_another_branch(pipeline, succeeded=succeeded)
    pipeline.turn(3)
    assert pipeline.relay.find("status", order.message.message_id).entry.sending is Sending.FINAL
    assert pipeline.verdict(certificate).reason == "on-hold"


@pytest.mark.parametrize("sending", [Sending.FINAL, Sending.REVERTED])
def test_what_ended_and_is_not_on_the_chain_is_sent_again(pipeline: Pipeline, sending: Sending) -> None:
    certificate = pipeline.submit()
    pipeline.turn(mine=False)
    (entry,) = pipeline.repository.open_entries()
    batch = pipeline.repository.batch_of_entry(entry.entry_id)
    assert batch is not None
    pipeline.ledger._pending.clear()
    block = BlockRef(pipeline.ledger.head().number, Hash32(b"\x77" * 32), pipeline.ledger.now)

    def end(transaction: object) -> None:
        transaction.move(entry.entry_id, sending, block)  # type: ignore[attr-defined]
        transaction.close_batch(batch.batch_id)  # type: ignore[attr-defined]

    pipeline.repository.write(end)
    pipeline.turn(5)
    assert pipeline.ledger.next_nonce(ANCHORER.address) == 1
    assert len(pipeline.anchors()) == 1
    assert pipeline.verdict(certificate).outcome is Outcome.AUTHENTIC
    assert pipeline.worker.trouble is None


def test_an_older_copy_of_the_database_takes_over_what_the_ledger_has(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    newer = Pipeline(first)
    certificates = [newer.submit() for _ in range(3)]
    databases.copy(first, second)
    newer.turn(4)
    tokens = [newer.stored(certificate).token_id for certificate in certificates]
    sent = newer.repository.last_ended(ANCHORER.address)
    assert sent is not None
    newer.repository.close()

    older = Pipeline(second, scene=newer.scene)
    older.turn(3)
    assert [older.stored(certificate).token_id for certificate in certificates] == tokens
    assert {older.verdict(certificate).outcome for certificate in certificates} == {Outcome.AUTHENTIC}
    older.scene.later(seconds=70)
    later = older.submit()
    older.turn(5)
    assert older.state(later) == "anchored"
    assert sum(anchor.leaf_count for anchor in older.anchors()) == 4
    older.take_back(older.anchors()[0].block.number)  # The anchor that was taken over is lost, with all after it,
    older.turn(mine=False)
    assert older.state(certificates[0]) == "waiting"
    older.ledger.send(SignedTransaction(sent.raw, sent.hash, sent.account, sent.nonce))  # and the node has it still.
    older.turn(8)
    assert {older.verdict(certificate).outcome for certificate in (*certificates, later)} == {Outcome.AUTHENTIC}
    assert sum(anchor.leaf_count for anchor in older.anchors()) == 4
    assert older.worker.trouble is None
    older.repository.close()


def test_what_waits_in_an_older_copy_is_not_anchored_under_another_root(tmp_path: Path, pipeline: Pipeline) -> None:
    newer, certificates = pipeline, [pipeline.submit(), pipeline.submit()]
    folder = databases.copy(tmp_path, tmp_path / "older")
    since = newer.submit()  # It goes into one anchor with what waits in the copy.
    newer.turn(4)
    token = newer.stored(certificates[0]).token_id
    assert token is not None
    newer.scene.do(SetStatusCall(token, Status.REVOKED), STUDIO)

    older = Pipeline(folder, scene=newer.scene)
    older.turn(6)
    trouble = older.worker.trouble
    assert trouble is not None
    assert (trouble.code, trouble.facts["anchor"]) == ("database-older", newer.anchors()[0].anchor_id)
    assert [older.state(certificate) for certificate in certificates] == ["waiting", "waiting"]
    assert len(older.anchors()) == 1
    other = older.submit()  # Registering goes on;
    older.submissions.submit(since.data)
    older.turn(6)
    assert (older.worker.trouble or trouble).code == "database-older"  # with another among them, the set is not found.
    assert len(older.anchors()) == 1
    older.repository.close()

    going_on = Pipeline(folder, scene=newer.scene, write_off_anchors=newer.anchors()[0].anchor_id)
    going_on.turn(6)
    assert (going_on.worker.trouble, going_on.state(other)) == (None, "anchored")
    going_on.repository.close()


def test_a_forgotten_anchor_is_taken_over_once_its_studios_have_sent_again(tmp_path: Path, pipeline: Pipeline) -> None:
    newer, waiting = pipeline, pipeline.submit()
    folder = databases.copy(tmp_path, tmp_path / "older")
    since = newer.submit()
    newer.turn(4)
    last = newer.anchored()
    tokens = [newer.stored(certificate).token_id for certificate in (waiting, since, last)]

    older = Pipeline(folder, scene=newer.scene)
    older.turn(3)
    for certificate in (since, last):
        older.submissions.submit(certificate.data)
    older.turn(6)
    assert older.worker.trouble is None
    assert [older.stored(certificate).token_id for certificate in (waiting, since, last)] == tokens
    later = older.anchored()
    assert older.verdict(later).outcome is Outcome.AUTHENTIC
    assert sum(anchor.leaf_count for anchor in older.anchors()) == 4
    older.repository.close()


def test_anchors_of_another_registry_and_those_under_way_keep_nothing_waiting(pipeline: Pipeline) -> None:
    foreign, key = person(7), P256Signer.generate()
    elsewhere = Issuer("https://registry.kilnmark.test.example", "wu", "吴家窑")
    pipeline.scene.accredit(foreign, elsewhere, key)
    digest = Digest.of(b"of another registry")
    batch = assemble([(foreign.address, digest)])
    first_lot = pipeline.ledger.next_lot()
    pipeline.scene.do(AnchorCall(batch.root, 1, first_lot, batch.allotments), ANCHORER)
    certificate = pipeline.submit()
    for _ in range(5):
        pipeline.turn()
        assert pipeline.worker.trouble is None
    assert pipeline.state(certificate) == "anchored"


def test_what_is_refused_for_good_is_not_tried_again(pipeline: Pipeline) -> None:
    certificate = pipeline.submit()
    digest = certificate.digest
    for reason in ("refused", "already-anchored"):
        pipeline.repository.write(lambda transaction, why=reason: transaction.hold(digest, why))  # type: ignore[misc]
        pipeline.scene.later(seconds=120)
        pipeline.turn(3)
        assert (pipeline.state(certificate), pipeline.stored(certificate).reason) == ("held", reason)
