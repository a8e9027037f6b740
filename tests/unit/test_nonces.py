"""Nonces: a node that lies once, a database put back in time, another hand on the key: nothing waits for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provenance.encoding import Address, Digest, Hash32
from provenance.errors import LedgerError
from provenance.evm.node import count
from provenance.handover import Release
from provenance.ledger import BlockRef, LedgerCall, ReinstateCall, RelayStatusCall, SuspendCall
from provenance.status import Status
from provenance.verdict import Outcome
from provenance_registry.records import OutboxEntry, Sending
from provenance_registry.repository import Transaction
from provenance_registry.service.outbox import AT_ONCE, Outbox
from tests.support.counting import steps_of
from tests.support.pipeline import RELAYER, Pipeline
from tests.support.scene import ANCHORER, STEWARD, STUDIO

FAR = 1_000_000


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path)
    yield made
    made.repository.close()


def lie(pipeline: Pipeline, told: int, times: int = FAR) -> list[int]:
    """Let the node tell `told` for the number of any account's transactions, `times`; return how often it did."""
    told_so = list[int]()

    def next_nonce(account: Address, at: BlockRef | None = None) -> int:
        if len(told_so) >= times:
            return pipeline.ledger.next_nonce(account, at)
        told_so.append(told)
        return told

    pipeline.node.next_nonce = next_nonce  # type: ignore[attr-defined]
    return told_so


def tell_the_truth(pipeline: Pipeline) -> None:
    pipeline.node.next_nonce = pipeline.ledger.next_nonce  # type: ignore[attr-defined]


def only_entry(pipeline: Pipeline) -> OutboxEntry:
    (entry,) = pipeline.repository.open_entries()
    return entry


def trouble(pipeline: Pipeline) -> str | None:
    error = pipeline.worker.trouble
    return None if error is None else error.code


def troubles(pipeline: Pipeline, turns: int) -> list[str | None]:
    told = list[str | None]()
    for _ in range(turns):
        pipeline.turn()
        told.append(trouble(pipeline))
    return told


def far_anchor(pipeline: Pipeline, told: int = FAR) -> OutboxEntry:
    """Have an anchor prepared under a number that no chain comes to."""
    lie(pipeline, told)
    pipeline.turn(mine=False)
    tell_the_truth(pipeline)
    entry = only_entry(pipeline)
    assert entry.nonce == told
    return entry


def test_one_wrong_answer_gives_no_nonce(pipeline: Pipeline) -> None:
    certificate = pipeline.submit()
    lie(pipeline, FAR, times=1)
    pipeline.turn()
    assert (pipeline.repository.open_entries(), pipeline.state(certificate)) == ([], "waiting")
    assert trouble(pipeline) == "nonce-unclear"
    pipeline.turn(4)
    assert (pipeline.state(certificate), trouble(pipeline)) == ("anchored", None)
    order = pipeline.order(certificate, Status.ON_HOLD)
    lie(pipeline, FAR, times=1)
    with pytest.raises(LedgerError, match="two numbers"):
        pipeline.relay_status(order)
    assert pipeline.relay_status(order).entry.nonce == 0


def test_a_nonce_beyond_a_gap_is_named_and_signed_anew(pipeline: Pipeline) -> None:
    certificate = pipeline.submit()
    far = far_anchor(pipeline)
    assert troubles(pipeline, 2) == ["nonce-gap", None]
    entry = only_entry(pipeline)
    assert (entry.nonce, entry.sending, [old.hash for old in entry.former]) == (0, Sending.SENT, [far.hash])
    pipeline.turn(2)
    assert pipeline.verdict(certificate).outcome is Outcome.AUTHENTIC
    assert (len(pipeline.anchors()), pipeline.repository.open_entries()) == (1, [])
    later = pipeline.submit()
    pipeline.turn(4)
    assert (pipeline.state(later), pipeline.worker.trouble) == ("anchored", None)
    last = pipeline.repository.last_ended(ANCHORER.address)
    assert last is not None
    assert last.nonce == 1


def test_all_that_stands_behind_a_gap_moves_up_in_order(pipeline: Pipeline) -> None:
    first, second = pipeline.anchored(), pipeline.anchored()
    lie(pipeline, FAR)
    orders = [pipeline.relay_status(pipeline.order(first, Status.ON_HOLD))]
    tell_the_truth(pipeline)
    release_of = pipeline.stored(second).token_id
    assert release_of is not None
    orders.append(pipeline.claimed(Release(release_of, STUDIO.address, 0), STEWARD.address))
    assert [entry.nonce for entry in pipeline.repository.open_entries()] == [FAR, FAR + 1]
    pipeline.turn(5)
    found = [pipeline.relay.find(order.message.kind, order.message.message_id).entry for order in orders]
    assert [(entry.nonce, entry.sending) for entry in found] == [(0, Sending.FINAL), (1, Sending.FINAL)]
    assert pipeline.ledger.next_nonce(RELAYER.address) == 2


def test_a_node_that_goes_on_lying_stops_nothing_once_it_tells_the_truth(pipeline: Pipeline) -> None:
    certificate = pipeline.submit()
    for number in range(20):
        lie(pipeline, FAR * (1 + number))
        pipeline.turn(4)
    told = only_entry(pipeline)
    assert 1 < len(told.former) < 5  # However long it lies, what is kept of it hardly grows.
    tell_the_truth(pipeline)
    pipeline.turn(2 ** (2 + len(told.former)) + 4)
    assert pipeline.verdict(certificate).outcome is Outcome.AUTHENTIC
    assert len(pipeline.anchors()) == 1


def test_a_nonce_that_was_given_away_while_a_call_was_simulated_is_not_given_twice(pipeline: Pipeline) -> None:
    first, second = pipeline.anchored(), pipeline.anchored()
    release_of = pipeline.stored(second).token_id
    assert release_of is not None

    def meanwhile() -> None:  # Another thread, which no lock keeps waiting for the node.
        outbox = pipeline.relay._outbox
        outbox.prepare("relay", RelayStatusCall(pipeline.order(first, Status.ON_HOLD), b""), lambda *_: None)

    pipeline.node.before_prepare = meanwhile
    claim = pipeline.claimed(Release(release_of, STUDIO.address, 0), STEWARD.address)
    assert [entry.nonce for entry in pipeline.repository.open_entries()] == [0, 1]
    assert claim.entry.nonce == 1
    pipeline.turn(3)
    assert pipeline.ledger.next_nonce(RELAYER.address) == 2
    assert pipeline.verdict(first).reason == "on-hold"
    assert pipeline.repository.token(release_of).holder == STEWARD.address


# --- another hand on the key --------------------------------------------------------------------------------------


def sends(pipeline: Pipeline, call: LedgerCall, nonce: int) -> None:
    """Let another program send something from the anchorer's account, which may well be reverted."""
    pipeline.ledger.send(pipeline.ledger._sign(call, ANCHORER, nonce))
    pipeline.ledger.mine()


def test_a_nonce_that_another_program_used_is_named_and_signed_anew(pipeline: Pipeline) -> None:
    certificate = pipeline.submit()
    pipeline.turn(mine=False)
    sends(pipeline, SuspendCall(STUDIO.address), 0)  # It has not the role: the number is used up all the same.
    assert troubles(pipeline, 3)[0] == "nonce-used"
    pipeline.turn(3)
    assert (pipeline.state(certificate), pipeline.worker.trouble) == ("anchored", None)
    assert pipeline.ledger.next_nonce(ANCHORER.address) == 2


def test_an_anchor_overtaken_by_another_programs_is_batched_again(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path, write_off_anchors=1)  # Else it takes itself for an older copy, and anchors nothing.
    certificate = pipeline.submit()
    pipeline.turn(mine=False)
    pipeline.scene.piece()  # Anchored with number 0, in the lot that ours names.
    pipeline.turn(10)
    assert pipeline.verdict(certificate).outcome is Outcome.AUTHENTIC
    assert sum(anchor.leaf_count for anchor in pipeline.anchors()) == 6
    pipeline.repository.close()


def test_an_anchor_that_a_newer_copy_of_the_database_sent_is_not_sent_again_with_others(pipeline: Pipeline) -> None:
    certificate = pipeline.submit()
    pipeline.turn(mine=False)
    ours = only_entry(pipeline)
    sends(pipeline, SuspendCall(STUDIO.address), 0)
    pipeline.ledger.send(pipeline.ledger.renumber(ours.signed, ANCHORER, 1))
    pipeline.ledger.mine()
    later = pipeline.submit()
    pipeline.turn(12)
    assert {pipeline.verdict(each).outcome for each in (certificate, later)} == {Outcome.AUTHENTIC}
    assert [anchor.leaf_count for anchor in pipeline.anchors()] == [1, 1]
    assert pipeline.worker.trouble is None


# --- whichever bytes are mined ------------------------------------------------------------------------------------


def test_former_bytes_that_are_mined_first_count(pipeline: Pipeline) -> None:
    certificate = pipeline.submit()
    far = far_anchor(pipeline, 1)
    pipeline.turn(2, mine=False)  # Named, and signed anew under number 0.
    near = only_entry(pipeline)
    assert (near.nonce, near.former[0].nonce) == (0, 1)
    pipeline.ledger._pending.clear()
    sends(pipeline, SuspendCall(STUDIO.address), 0)  # Another takes number 0,
    pipeline.ledger.send(far.signed)  # and a node still has the former bytes.
    pipeline.ledger.mine()
    pipeline.turn(4)
    last = pipeline.repository.last_ended(ANCHORER.address)
    assert last is not None
    assert (last.nonce, last.hash, last.sending) == (1, far.hash, Sending.FINAL)
    later = pipeline.submit()
    pipeline.turn(4)
    assert {pipeline.verdict(each).outcome for each in (certificate, later)} == {Outcome.AUTHENTIC}
    assert pipeline.ledger.next_nonce(ANCHORER.address) == 3


@pytest.mark.parametrize("another_waits", [False, True])
def test_former_bytes_that_are_carried_out_after_a_refusal_count(pipeline: Pipeline, another_waits: bool) -> None:
    certificate = pipeline.submit()
    far = far_anchor(pipeline, 1)
    pipeline.turn(2, mine=False)
    pipeline.ledger._pending.clear()
    pipeline.scene.do(SuspendCall(STUDIO.address), STEWARD)
    pipeline.turn(4)
    ended = pipeline.repository.last_ended(ANCHORER.address)
    assert ended is not None
    assert (ended.nonce, ended.sending, pipeline.state(certificate)) == (0, Sending.REVERTED, "held")
    pipeline.scene.do(ReinstateCall(STUDIO.address), STEWARD)
    if another_waits:  # Its certificate goes into another batch, with a second one, under the same number.
        pipeline.submit()
        pipeline.scene.later(seconds=70)
        pipeline.turn(2, mine=False)
        pipeline.turn(mine=False)
        assert only_entry(pipeline).nonce == 1
        pipeline.ledger._pending.clear()
    pipeline.ledger.send(far.signed)
    pipeline.ledger.mine()
    pipeline.turn(14)
    assert pipeline.verdict(certificate).outcome is Outcome.AUTHENTIC
    assert pipeline.repository.open_entries() == []
    assert sum(anchor.leaf_count for anchor in pipeline.anchors()) == 1 + another_waits
    later = pipeline.submit()
    pipeline.turn(5)
    assert (pipeline.state(later), pipeline.worker.trouble) == ("anchored", None)


def test_a_message_carried_out_after_others_by_its_former_bytes_is_told_so(pipeline: Pipeline) -> None:
    first, second = pipeline.anchored(), pipeline.anchored()
    token_id = pipeline.stored(first).token_id
    assert token_id is not None
    lie(pipeline, 2)
    claim = pipeline.claimed(Release(token_id, STUDIO.address, 0), STEWARD.address)
    tell_the_truth(pipeline)
    pipeline.scene.do(SuspendCall(STUDIO.address), STEWARD)
    pipeline.turn(5)  # Refused under number 0: a suspended studio hands nothing over.
    far = pipeline.relay.find("claim", claim.message.message_id).entry
    assert far.sending is Sending.REVERTED
    pipeline.scene.do(ReinstateCall(STUDIO.address), STEWARD)
    pipeline.relay_status(pipeline.order(second, Status.ON_HOLD))
    pipeline.turn(3)
    pipeline.ledger.send(claim.entry.signed)
    pipeline.turn(4)
    now = pipeline.relay.find("claim", claim.message.message_id).entry
    assert (now.nonce, now.sending) == (2, Sending.FINAL)
    assert pipeline.repository.token(token_id).holder == STEWARD.address


def test_an_entry_whose_key_is_gone_is_named(pipeline: Pipeline) -> None:
    pipeline.submit()
    far_anchor(pipeline)
    outbox = Outbox(pipeline.repository, pipeline.ledger, {"relay": RELAYER}, 1)
    told = [outbox.advance().trouble for _ in range(3)]
    assert [trouble and trouble.code for trouble in told] == ["nonce-gap"] * 3
    assert told[-1] is not None
    assert "key is not here" in told[-1].message


# --- how much is looked at ----------------------------------------------------------------------------------------


def test_what_a_turn_reads_of_the_outbox_does_not_grow_with_all_that_was_ever_sent(pipeline: Pipeline) -> None:
    def add(first: int, sending: Sending) -> None:
        def write(transaction: Transaction) -> None:
            for nonce in range(first, first + 200):
                hash_ = Hash32(Digest.of(b"%d" % nonce).value)
                entry_id = transaction.prepare("relay", RELAYER.address, nonce, b"x", hash_)
                if sending is not Sending.PREPARED:
                    transaction.move(entry_id, sending)

        pipeline.repository.write(write)

    reads: list[Callable[[], object]] = [
        lambda: pipeline.repository.open_entries(AT_ONCE),
        lambda: pipeline.repository.is_under_way("anchor"),
        lambda: pipeline.repository.last_ended(RELAYER.address),
    ]
    add(0, Sending.FINAL)
    before = [steps_of(pipeline.repository, read) for read in reads]
    assert min(before) > 5
    add(200, Sending.FINAL)
    assert [steps_of(pipeline.repository, read) for read in reads] == before
    add(400, Sending.PREPARED)
    assert [entry.nonce for entry in pipeline.repository.open_entries(AT_ONCE)] == [*range(400, 400 + AT_ONCE)]


def test_a_number_that_no_chain_comes_to_is_an_error_of_the_nodes() -> None:
    for told in (hex(2**53), hex(2**200)):
        with pytest.raises(LedgerError) as caught:
            count(told)
        assert caught.value.code == "bad-node-answer"
    assert count("0x1f") == 31
