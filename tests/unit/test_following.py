"""A process that stands by follows what the one that sends has indexed, and vouches for nothing beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import LedgerError
from provenance.ledger import SuspendCall
from provenance_registry.db.repository import SQLRepository
from provenance_registry.service.index import IndexedLedger
from provenance_registry.worker.indexer import BLOCKS_AT_ONCE, Indexer
from tests.support.databases import where
from tests.support.pipeline import Node, Pipeline, Ticking
from tests.support.scene import STEWARD, STUDIO

pytestmark = pytest.mark.usefixtures("either_database")


class Standby:
    """A second process on the database of `pipeline`, with a node of its own."""

    def __init__(self, folder: Path, pipeline: Pipeline, clock: Ticking) -> None:
        self.repository = SQLRepository(where(folder))
        self.index = IndexedLedger(self.repository, pipeline.ledger.identity, 60, clock)
        self.node = Node(pipeline.ledger)
        self.asked = list[tuple[int, int]]()
        node: Any = self.node
        events = node.events

        def count(first: int, last: int) -> Any:
            self.asked.append((first, last))
            return events(first, last)

        node.events = count
        self.indexer = Indexer(self.repository, node, self.index)

    @property
    def is_suspended(self) -> bool:
        studio = self.index.directory.studio(STUDIO.address)
        assert studio is not None
        return studio.suspended


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def pipeline(tmp_path: Path, clock: Ticking) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path, monotonic=clock)
    yield made
    made.repository.close()


@pytest.fixture
def standby(tmp_path: Path, pipeline: Pipeline, clock: Ticking) -> Iterator[Standby]:
    pipeline.turn(mine=False)
    made = Standby(tmp_path, pipeline, clock)
    yield made
    made.repository.close()


def test_it_knows_what_the_other_has_read(pipeline: Pipeline, standby: Standby) -> None:
    standby.indexer.follow()
    assert (standby.index.head(), standby.is_suspended) == (pipeline.ledger.head(), False)
    pipeline.scene.do(SuspendCall(STUDIO.address), STEWARD)
    pipeline.indexer.catch_up()
    standby.indexer.follow()
    assert (standby.index.head(), standby.is_suspended) == (pipeline.ledger.head(), True)
    assert standby.asked == []  # It reads no events, and writes nothing.


def test_it_waits_a_turn_for_the_newest_block_and_not_for_ever(
    pipeline: Pipeline, standby: Standby, clock: Ticking
) -> None:
    standby.indexer.follow()
    reached = standby.index.head()
    pipeline.ledger.mine()
    standby.indexer.follow()
    assert (standby.index.head(), standby.index.lag) == (reached, 0)
    clock.now = 50  # The one that sends has died.
    standby.indexer.follow()
    assert standby.index.lag == 50
    assert pipeline.repository.indexed_head() == reached
    clock.now = 61
    standby.indexer.follow()
    with pytest.raises(LedgerError, match="lost contact"):
        standby.index.head()


def test_it_vouches_for_nothing_while_the_index_goes_back(pipeline: Pipeline, standby: Standby) -> None:
    pipeline.scene.do(SuspendCall(STUDIO.address), STEWARD)
    pipeline.indexer.catch_up()
    standby.indexer.follow()
    assert standby.is_suspended
    pipeline.take_back(pipeline.ledger.head().number)
    standby.indexer.follow()  # The other has not seen it yet.
    with pytest.raises(LedgerError, match="lost contact"):
        standby.index.head()
    pipeline.indexer.catch_up()
    standby.indexer.follow()
    assert (standby.index.head(), standby.is_suspended) == (pipeline.ledger.head(), False)


def test_it_vouches_for_nothing_while_the_index_is_read_anew(pipeline: Pipeline, standby: Standby) -> None:
    pipeline.ledger.mine(5)
    pipeline.indexer.catch_up()
    standby.indexer.follow()
    back = pipeline.ledger.block(pipeline.ledger.head().number - 4)
    pipeline.repository.write(lambda transaction: transaction.rewind(back))
    standby.indexer.follow()
    with pytest.raises(LedgerError, match="lost contact"):
        standby.index.head()
    pipeline.indexer.catch_up()
    standby.indexer.follow()
    assert standby.index.head() == pipeline.ledger.head()


def test_a_node_that_lags_says_nothing(pipeline: Pipeline, standby: Standby, clock: Ticking) -> None:
    standby.indexer.follow()
    reached = standby.index.head()
    pipeline.ledger.mine(3)
    pipeline.indexer.catch_up()
    standby.node.behind_at = reached.number
    clock.now = 10
    standby.indexer.follow()
    assert (standby.index.head(), standby.index.lag) == (reached, 10)
    standby.node.behind_at = None
    standby.indexer.follow()
    assert (standby.index.head(), standby.index.lag) == (pipeline.ledger.head(), 0)


def test_the_other_dies_in_the_middle_and_it_goes_on_from_there(
    pipeline: Pipeline, standby: Standby, clock: Ticking
) -> None:
    standby.indexer.follow()
    first = standby.index.head().number
    pipeline.scene.do(SuspendCall(STUDIO.address), STEWARD)
    pipeline.ledger.mine(2 * BLOCKS_AT_ONCE)
    pipeline.node.fails_after = first + 1
    with pytest.raises(LedgerError):
        pipeline.indexer.catch_up()
    checkpoint = pipeline.repository.indexed_head()
    assert checkpoint is not None
    assert checkpoint.number == first + BLOCKS_AT_ONCE
    for clock.now in (1, 2):
        standby.indexer.follow()
    assert standby.is_suspended  # What is kept is known,
    assert (standby.index.head(), standby.index.lag) == (checkpoint, 2)  # and not taken for all.
    standby.indexer.catch_up()  # It sends by now, and reads no block twice.
    assert standby.asked[0] == (checkpoint.number + 1, checkpoint.number + BLOCKS_AT_ONCE)
    assert standby.index.head() == pipeline.ledger.head()
    restarted = Indexer(pipeline.repository, standby.node, pipeline.index)  # type: ignore[arg-type]
    restarted.catch_up()
    assert standby.asked[-1][0] <= pipeline.ledger.head().number
    assert pipeline.index.head() == pipeline.ledger.head()
