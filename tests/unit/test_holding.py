"""Held certificates: strangers may fill their share of the registry, and delay nobody by it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provenance.certificate import Certificate
from provenance.errors import ConflictError
from provenance.keys import P256Signer
from provenance.ledger import KeyAdded, ReinstateCall, SuspendCall
from provenance_registry.db.tables import certificates
from provenance_registry.worker.reviewer import AT_ONCE
from tests.support.pipeline import Pipeline
from tests.support.scene import ISSUER, LIST_ID, OTHER, OTHER_ISSUER, STEWARD, STUDIO

OTHER_LIST = "zzzzzzzzzzzz"


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path)
    yield made
    made.repository.close()


def of_strangers(pipeline: Pipeline, number: int) -> list[Certificate]:
    """Submit certificates in the studio's name, each of another key."""
    made = [pipeline.scene.sign(signer=P256Signer.generate()) for _ in range(number)]
    pipeline.submissions.submit_many([certificate.data for certificate in made])
    return made


def reasons(pipeline: Pipeline, made: list[Certificate]) -> list[str | None]:
    return [pipeline.stored(certificate).reason for certificate in made]


def counted(pipeline: Pipeline) -> list[int]:
    """Return a list that grows by one for every reading of the held groups."""
    read, readings = pipeline.repository.held_groups, list[int]()

    def held_groups(after: int = 0) -> object:
        readings.append(after)
        return read(after)

    pipeline.repository.held_groups = held_groups  # type: ignore[method-assign, assignment]
    return readings


def test_a_change_rewrites_few_in_a_turn_and_all_in_the_end(pipeline: Pipeline) -> None:
    made = of_strangers(pipeline, AT_ONCE + 50)
    pipeline.turn()
    assert set(reasons(pipeline, made)) == {"unknown-key"}
    pipeline.scene.do(SuspendCall(STUDIO.address), STEWARD)
    pipeline.turn()
    assert reasons(pipeline, made).count("suspended") == AT_ONCE
    pipeline.turn()
    assert set(reasons(pipeline, made)) == {"suspended"}


def test_who_is_accredited_comes_before_strangers(pipeline: Pipeline) -> None:
    strangers = of_strangers(pipeline, AT_ONCE + 50)
    new = P256Signer.generate()
    held = pipeline.submit(pipeline.scene.sign(issuer=OTHER_ISSUER, signer=new, list_id=OTHER_LIST))
    pipeline.scene.accredit(OTHER, OTHER_ISSUER, new)
    pipeline.scene.do(SuspendCall(STUDIO.address), STEWARD)
    pipeline.turn()
    assert pipeline.state(held) == "waiting"
    assert reasons(pipeline, strangers).count("suspended") == AT_ONCE - 1


def test_held_groups_are_read_only_where_there_is_cause(pipeline: Pipeline) -> None:
    readings = counted(pipeline)
    made = of_strangers(pipeline, 3)
    pipeline.turn(5)
    assert len(readings) == 1  # Once for those that are new,
    of_strangers(pipeline, 1)
    pipeline.turn(5)
    assert len(readings) == 2
    assert readings[1] >= 3  # and not again for the others.
    pipeline.scene.do(SuspendCall(STUDIO.address), STEWARD)
    pipeline.turn(5)
    assert len(readings) == 3
    pipeline.scene.do(ReinstateCall(STUDIO.address), STEWARD)
    pipeline.turn(5)
    assert len(readings) == 4
    assert set(reasons(pipeline, made)) == {"unknown-key"}
    pipeline.scene.later(seconds=61)
    pipeline.turn(5)
    assert len(readings) == 5


def test_a_change_of_the_directory_between_judgement_and_writing_is_made_good(pipeline: Pipeline) -> None:
    new = P256Signer.generate()
    certificate = pipeline.scene.sign(issuer=OTHER_ISSUER, signer=new, list_id=OTHER_LIST)
    write = pipeline.repository.write

    def late(work: object) -> object:
        pipeline.repository.write = write  # type: ignore[method-assign]
        pipeline.scene.accredit(OTHER, OTHER_ISSUER, new)
        pipeline.turn(2)
        return write(work)  # type: ignore[arg-type]

    pipeline.repository.write = late  # type: ignore[method-assign, assignment]
    pipeline.submit(certificate)
    assert pipeline.state(certificate) == "held"
    pipeline.turn(5)
    assert pipeline.state(certificate) == "anchored"


def test_what_the_ledger_alone_refuses_is_not_moved_back_and_forth(pipeline: Pipeline) -> None:
    certificate = pipeline.submit()
    events = pipeline.ledger.events

    def without(first_block: int, last_block: int) -> object:
        """Hide the suspension, as where the index lags behind."""
        return [event for event in events(first_block, last_block) if isinstance(event, KeyAdded)]

    pipeline.node.events = without  # type: ignore[method-assign]
    pipeline.scene.do(SuspendCall(STUDIO.address), STEWARD)
    pipeline.turn()
    states = list[str]()
    for _ in range(10):
        pipeline.sealer.seal()
        states.append(pipeline.state(certificate))
        pipeline.reviewer.review()
        states.append(pipeline.state(certificate))
    assert states[-18:] == ["held"] * 18


def test_the_groups_are_read_from_an_index_alone(pipeline: Pipeline) -> None:
    groups = "SELECT DISTINCT did, name, key_id, reason FROM certificates WHERE state = 'held' AND reason NOT IN ('x')"
    with pipeline.repository._engine.connect() as connection:
        plan = " ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {groups}"))
    assert "COVERING INDEX held_groups" in plan


def test_a_status_list_is_the_first_studios_and_its_length_costs_nothing(pipeline: Pipeline) -> None:
    first = pipeline.submit()
    row = {"state": "anchored", "did": ISSUER.did, "name": ISSUER.name, "key_id": b"k" * 32, "received": 0}
    row |= {"data": first.data, "list_id": LIST_ID}
    with pipeline.repository._engine.begin() as connection:
        rows = [
            {**row, "digest": os.urandom(32), "serial": f"X{place:012}", "list_index": place + 1_000}
            for place in range(3_000)
        ]
        connection.execute(certificates.insert(), rows)
    steps = list[int]()
    new = P256Signer.generate()
    pipeline.scene.accredit(OTHER, OTHER_ISSUER, new)
    pipeline.turn()

    def work(transaction: Any) -> None:
        raw = transaction._connection.connection.dbapi_connection
        raw.set_progress_handler(lambda: steps.append(1), 100)
        checked = pipeline.submissions._check(pipeline.scene.sign().data, pipeline.ledger.now, {})
        pipeline.submissions._store_all(transaction, [checked])
        raw.set_progress_handler(None, 0)

    pipeline.repository.write(work)
    assert len(steps) < 50  # Steps of the database in hundreds; 3,000 rows alone would be more.
    with pytest.raises(ConflictError) as caught:
        pipeline.submit(pipeline.scene.sign(issuer=OTHER_ISSUER, signer=new))
    assert caught.value.code == "status-list-taken"
