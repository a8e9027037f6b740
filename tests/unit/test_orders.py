"""Status orders: one is sent once, however often it comes; one number has one order under way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.errors import ConflictError
from provenance.ledger import SetStatusCall
from provenance.status import Status
from provenance_registry.records import Sending
from tests.support.pipeline import Pipeline
from tests.support.scene import OTHER, STEWARD

pytestmark = pytest.mark.usefixtures("either_database")


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path)
    yield made
    made.repository.close()


def test_one_number_has_one_order_under_way(pipeline: Pipeline) -> None:
    certificate = pipeline.anchored()
    first = pipeline.relay_status(pipeline.order(certificate, Status.ON_HOLD))
    for deadline in range(2_000_000_000, 2_000_000_004):
        with pytest.raises(ConflictError) as caught:
            pipeline.relay_status(pipeline.order(certificate, Status.ON_HOLD, deadline=deadline))
        assert caught.value.code == "order-under-way"
    assert [entry.kind for entry in pipeline.repository.open_entries()] == ["relay"]
    pipeline.turn(3)
    assert pipeline.relay.find("status", first.message.message_id).entry.sending is Sending.FINAL
    second = pipeline.relay_status(pipeline.order(certificate, Status.ACTIVE, nonce=1))
    pipeline.turn(3)
    assert pipeline.relay.find("status", second.message.message_id).entry.sending is Sending.FINAL


def test_one_signature_under_many_names_is_one_order(pipeline: Pipeline) -> None:
    order = pipeline.order(pipeline.anchored(), Status.ON_HOLD)
    pipeline.relay_status(order)
    with pytest.raises(ConflictError) as caught:
        pipeline.relay_status(replace(order, studio=OTHER.address))
    assert caught.value.code == "order-under-way"
    assert len(pipeline.repository.open_entries()) == 1


def test_a_reverted_order_can_be_ordered_again(pipeline: Pipeline) -> None:
    certificate = pipeline.anchored()
    order = pipeline.order(certificate, Status.RETIRED)
    first = pipeline.relay_status(order)
    pipeline.scene.do(SetStatusCall(order.token_id, Status.ON_HOLD), STEWARD)  # Before the order is mined.
    pipeline.turn(3)
    assert pipeline.relay.find("status", first.message.message_id).entry.sending is Sending.REVERTED
    pipeline.scene.do(SetStatusCall(order.token_id, Status.ACTIVE), STEWARD)
    second = pipeline.relay_status(order)
    assert second.message.message_id == first.message.message_id
    assert second.entry.entry_id != first.entry.entry_id
    pipeline.turn(3)
    assert pipeline.relay.find("status", first.message.message_id).entry.sending is Sending.FINAL
    assert pipeline.relay_status(order).entry.entry_id == second.entry.entry_id


def test_the_same_order_six_times_at_once_is_one(pipeline: Pipeline) -> None:
    order = pipeline.order(pipeline.anchored(), Status.ON_HOLD)
    together = threading.Barrier(6)
    read = pipeline.repository.relayed
    seen, errors = set[int](), list[Exception]()

    def slow(order_id: str) -> object:
        found = read(order_id)
        threading.Event().wait(0.02)
        return found

    pipeline.repository.relayed = slow  # type: ignore[method-assign, assignment]

    def relay() -> None:
        together.wait()
        try:
            seen.add(pipeline.relay_status(order).entry.entry_id)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=relay) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, len(seen)) == ([], 1)
    assert len(pipeline.repository.open_entries()) == 1
