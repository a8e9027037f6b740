"""What is not mined is sent again with higher fees: same nonce, same call, and whichever bytes are mined count."""

from __future__ import annotations

import pytest

from provenance_registry.records import OutboxEntry, Sending
from tests.support.pipeline import Pipeline, Ticking

pytestmark = pytest.mark.usefixtures("either_database")


@pytest.fixture
def pipeline(pipeline: Pipeline) -> Pipeline:
    """A pipeline whose first transaction offers too little to be mined."""
    pipeline.submit()
    pipeline.ledger.least_fee = 2
    pipeline.turn(4)
    return pipeline


def entry_of(pipeline: Pipeline) -> OutboxEntry:
    (entry,) = pipeline.repository.open_entries()
    return entry


def test_fees_rise_until_it_is_mined_and_nothing_else_changes(pipeline: Pipeline, clock: Ticking) -> None:
    first = entry_of(pipeline)
    clock.now = 30
    pipeline.turn(5)
    assert entry_of(pipeline).hash == first.hash  # Not yet.
    clock.now += 61
    pipeline.turn(5)
    second = entry_of(pipeline)
    assert (second.hash != first.hash, second.nonce, second.former) == (True, first.nonce, (first.signed,))
    clock.now += 61
    pipeline.turn(5)
    assert pipeline.repository.open_entries() == []
    assert len(pipeline.anchors()) == 1
    last = pipeline.repository.last_ended(first.account)
    assert last is not None
    assert (last.nonce, last.sending, len(last.former)) == (first.nonce, Sending.FINAL, 2)


def test_former_bytes_that_are_mined_after_all_count(pipeline: Pipeline, clock: Ticking) -> None:
    first = entry_of(pipeline)
    clock.now = 61
    pipeline.turn(1, mine=False)
    assert entry_of(pipeline).hash != first.hash
    pipeline.ledger.least_fee = 0
    pipeline.ledger._pending.clear()
    pipeline.ledger.send(first.signed)
    pipeline.ledger.mine()
    pipeline.turn(3)
    assert (pipeline.repository.open_entries(), len(pipeline.anchors())) == ([], 1)
    last = pipeline.repository.last_ended(first.account)
    assert last is not None
    assert (last.hash, last.sending) == (first.hash, Sending.FINAL)


def test_a_chain_that_stands_still_raises_no_fees(pipeline: Pipeline, clock: Ticking) -> None:
    first = entry_of(pipeline)
    pipeline.turn(mine=False)
    for _ in range(5):
        clock.now += 61
        pipeline.turn(mine=False)
    assert len(entry_of(pipeline).former) <= 1  # A block or two had come before.
    assert first.nonce == entry_of(pipeline).nonce
    assert [trouble.code for trouble in pipeline.worker.troubles] == ["chain-stands-still"]
    pipeline.ledger.least_fee = 0
    pipeline.turn(5)
    assert (pipeline.repository.open_entries(), pipeline.worker.trouble) == ([], None)


@pytest.mark.parametrize("again", ["first", "second", "neither"])
def test_a_reorganisation_between_bytes_that_are_both_in_the_pool_doubles_nothing(
    pipeline: Pipeline, clock: Ticking, again: str
) -> None:
    first = entry_of(pipeline)
    clock.now = 61
    pipeline.turn(1, mine=False)
    second = entry_of(pipeline)
    pipeline.ledger.least_fee = 0
    pipeline.ledger._pending.clear()
    pipeline.ledger.send(first.signed)  # Miners have both, and take the cheaper one.
    pipeline.ledger.mine()
    mined_in = pipeline.ledger.head().number
    pipeline.turn(3)
    assert (pipeline.repository.open_entries(), len(pipeline.anchors())) == ([], 1)
    pipeline.ledger.reorganise(pipeline.ledger.head().number - mined_in + 1)
    if again != "neither":
        pipeline.ledger.send((first if again == "first" else second).signed)
    pipeline.ledger.mine(8)
    pipeline.turn(8)
    assert (pipeline.repository.open_entries(), pipeline.worker.trouble) == ([], None)
    assert len(pipeline.anchors()) == 1
    last = pipeline.repository.last_ended(first.account)
    assert last is not None
    assert (last.nonce, last.sending) == (first.nonce, Sending.FINAL)
    later = pipeline.submit()
    pipeline.turn(4)
    assert pipeline.state(later) == "anchored"


def test_the_limit_is_named_and_the_last_bytes_are_sent_on(pipeline: Pipeline, clock: Ticking) -> None:
    pipeline.ledger.max_fee = 1
    for _ in range(3):
        clock.now += 61
        pipeline.turn(3)
    assert len(entry_of(pipeline).former) == 1
    assert [trouble.code for trouble in pipeline.worker.troubles] == ["fee-at-limit"]
    pipeline.ledger.least_fee = 1
    pipeline.turn(4)
    assert (pipeline.repository.open_entries(), pipeline.worker.trouble) == ([], None)
    assert len(pipeline.anchors()) == 1
