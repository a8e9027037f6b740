"""The index follows the ledger through failures, lags and reorganisations, and never vouches for what it lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provenance.encoding import Hash32, KeyId
from provenance.errors import LedgerError
from provenance.handover import HolderAction, HolderOrder, Release
from provenance.ledger import (
    BlockRef,
    Deployment,
    HolderOrderCall,
    KeyWindowShortened,
    NameSuccessorCall,
    ReportLostCall,
    SetStatusCall,
    ShortenKeyCall,
    StudioReinstated,
    StudioSuspended,
    SuspendCall,
)
from provenance.status import Status
from provenance.verdict import Outcome
from provenance_registry.service.index import IndexedLedger
from provenance_registry.service.verdicts import Verdicts
from provenance_registry.worker.indexer import BLOCKS_AT_ONCE, Indexer
from tests.support.counting import steps_of
from tests.support.pipeline import Pipeline, Ticking
from tests.support.scene import STEWARD, STUDIO, Person, person

pytestmark = pytest.mark.usefixtures("either_database")


def test_a_catch_up_that_breaks_off_leaves_no_dead_key_in_the_directory(pipeline: Pipeline) -> None:
    certificate = pipeline.anchored()
    key_id = pipeline.scene.signer.public_key.key_id
    pipeline.scene.do(ShortenKeyCall(STUDIO.address, key_id, pipeline.scene.ledger.now), STEWARD)
    pipeline.node.fails_after = pipeline.ledger.head().number
    pipeline.ledger.mine(BLOCKS_AT_ONCE + 20)
    with pytest.raises(LedgerError):
        pipeline.indexer.catch_up()
    studio = pipeline.index.directory.studio(STUDIO.address)
    assert studio is not None
    assert studio.keys[key_id][1].end is not None
    pipeline.turn()
    assert pipeline.state(pipeline.submit()) == "held"
    assert pipeline.verdict(certificate).outcome is Outcome.AUTHENTIC  # Anchored while the key was good.


def test_a_successor_is_known_to_the_index_and_told(pipeline: Pipeline) -> None:
    certificate = pipeline.anchored()
    assert pipeline.verdict(certificate).advisories == ()
    named = Deployment(STEWARD.address, 7, pipeline.ledger.head().number)
    pipeline.scene.do(NameSuccessorCall(named), STEWARD)
    pipeline.turn()
    assert pipeline.index.successor() == pipeline.ledger.successor() == named
    verdict = pipeline.verdict(certificate)
    assert (verdict.outcome, verdict.advisories) == (Outcome.AUTHENTIC, ("successor-named",))


def test_the_index_asks_once_for_a_successor_that_it_has_no_event_of(pipeline: Pipeline) -> None:
    certificate = pipeline.anchored()
    named = Deployment(STEWARD.address, 7, pipeline.ledger.head().number)
    pipeline.scene.do(NameSuccessorCall(named), STEWARD)
    before = pipeline.ledger.head()
    pipeline.repository.write(lambda transaction: transaction.apply((), before))  # As a version did that passed it by.
    asked = list[BlockRef]()
    node: Any = pipeline.node

    def successor(at: BlockRef) -> Deployment | None:
        asked.append(at)
        if len(asked) == 1:
            raise LedgerError("node-unreachable", "The node did not answer.", retryable=True)
        return pipeline.ledger.successor(at)

    pipeline.node.successor = successor
    index = IndexedLedger(pipeline.repository, pipeline.ledger.identity, 60)
    started = Indexer(pipeline.repository, node, index)
    with pytest.raises(LedgerError):
        started.catch_up()
    with pytest.raises(LedgerError, match="lost contact"):
        index.head()
    started.catch_up()
    pipeline.ledger.mine()
    started.catch_up()
    assert asked == [before, before]
    assert index.successor() == named
    verdicts = Verdicts(pipeline.repository, index, pipeline.amendments, pipeline.policy)
    assert verdicts.verdict(certificate.piece.serial)[0].advisories == ("successor-named",)
    pipeline.take_back(before.number)  # The naming is gone from the chain.
    started.catch_up()
    assert index.successor() is None


def test_a_branch_that_is_shorter_for_the_moment_makes_nothing_pending_again(pipeline: Pipeline) -> None:
    now = 0.0
    index = IndexedLedger(pipeline.repository, pipeline.ledger.identity, 60, lambda: now)
    tip = pipeline.ledger.head()
    longer, shorter = replace(tip, number=tip.number + 3), replace(tip, hash=Hash32(b"\x01" * 32))
    index.seen(longer)
    index.forget()
    index.seen(shorter)
    with pytest.raises(LedgerError, match="lost contact"):
        index.head()
    again = replace(longer, hash=Hash32(b"\x02" * 32))
    index.seen(again)
    assert index.head() == again
    now = 60.0
    index.forget()
    index.seen(shorter)
    with pytest.raises(LedgerError, match="lost contact"):
        index.head()
    now = 61.0
    index.seen(shorter)  # It is no longer one for the moment.
    assert index.head() == shorter


def test_a_ledger_that_knows_no_successors_is_followed(pipeline: Pipeline) -> None:
    def successor(at: BlockRef) -> None:
        raise LedgerError("ledger-refused", "The ledger refuses: {reason}.", retryable=False, reason="")

    pipeline.node.successor = successor
    index = IndexedLedger(pipeline.repository, pipeline.ledger.identity, 60)
    node: Any = pipeline.node
    Indexer(pipeline.repository, node, index).catch_up()
    assert (index.head(), index.successor()) == (pipeline.ledger.head(), None)


def test_who_set_a_status_is_known_to_the_index_and_told(pipeline: Pipeline) -> None:
    certificate = pipeline.anchored()
    token_id = pipeline.stored(certificate).token_id
    assert token_id is not None

    def told(status: Status, by: Person) -> tuple[str, bool | None, str]:
        pipeline.scene.do(SetStatusCall(token_id, status), by)
        pipeline.turn()
        assert pipeline.index.status_by_steward(token_id, pipeline.index.head()) is (by is STEWARD)
        verdict = pipeline.verdict(certificate)
        return verdict.reason, verdict.by_steward, verdict.hint

    assert pipeline.index.status_by_steward(token_id, pipeline.index.head()) is None
    assert told(Status.ON_HOLD, STUDIO) == ("on-hold", False, "Ask the studio.")
    assert told(Status.ON_HOLD, STEWARD) == ("held-by-guild", True, "Ask the guild.")
    pipeline.scene.do(ReportLostCall(token_id), STUDIO)  # Other events leave it as it is.
    pipeline.turn()
    assert pipeline.index.status_by_steward(token_id, pipeline.index.head()) is True
    assert told(Status.ACTIVE, STEWARD)[0] == "authentic"
    assert told(Status.REVOKED, STUDIO)[:2] == ("revoked", False)


def test_a_bundle_tells_nothing_while_the_index_may_be_out_of_date(pipeline: Pipeline, clock: Ticking) -> None:
    stored = pipeline.verdicts.find(pipeline.anchored().piece.serial)
    told = pipeline.verdicts.exported(stored).as_exported
    assert told is not None
    assert (told.block, told.holder) == (pipeline.index.head(), STUDIO.address)
    clock.now += 61
    silent = pipeline.verdicts.exported(stored)
    assert (silent.as_exported, silent) == (None, pipeline.verdicts.bundle(stored))


def test_a_directory_written_and_not_told_is_built_at_the_next_turn(pipeline: Pipeline) -> None:
    pipeline.turn(mine=False)
    pipeline.scene.do(SuspendCall(STUDIO.address), STEWARD)
    head = pipeline.ledger.head()
    events = pipeline.ledger.events(head.number, head.number)
    pipeline.repository.write(lambda transaction: transaction.apply(events, head))  # As before a failure right after.
    pipeline.turn()
    assert pipeline.state(pipeline.submit()) == "held"


def test_a_suspension_that_is_taken_back_leaves_the_directory(pipeline: Pipeline) -> None:
    pipeline.scene.do(SuspendCall(STUDIO.address), STEWARD)
    pipeline.turn(mine=False)
    assert pipeline.state(pipeline.submit()) == "held"
    pipeline.take_back(pipeline.ledger.head().number)
    pipeline.turn()
    assert pipeline.state(pipeline.submit()) != "held"


def test_a_node_that_lags_takes_nothing_back(pipeline: Pipeline, clock: Ticking) -> None:
    certificate = pipeline.anchored()
    before = pipeline.ledger.head().number
    token_id = pipeline.stored(certificate).token_id
    assert token_id is not None
    pipeline.scene.do(SetStatusCall(token_id, Status.REVOKED), STUDIO)
    pipeline.turn(2)
    pipeline.node.behind_at = before
    pipeline.turn(3, mine=False)
    assert pipeline.verdict(certificate).reason == "revoked"
    clock.now += 61  # And it does not count as contact to the ledger.
    pipeline.turn(mine=False)
    assert pipeline.verdict(certificate).outcome is Outcome.INCONCLUSIVE
    pipeline.node.behind_at = None
    pipeline.turn()
    assert pipeline.verdict(certificate).reason == "revoked"


def test_a_node_that_loses_the_block_between_two_answers_takes_nothing_back(pipeline: Pipeline) -> None:
    pipeline.anchored()
    pipeline.turn(mine=False)
    reached = pipeline.repository.indexed_head()
    head = pipeline.ledger.head()
    pipeline.node.behind_at = head.number - 1
    pipeline.node.head = lambda: head  # type: ignore[method-assign]
    with pytest.raises(LedgerError, match="does not have the block"):
        pipeline.indexer.catch_up()
    assert pipeline.repository.indexed_head() == reached
    assert pipeline.repository.lot(1) is not None


@pytest.mark.parametrize("deep", [False, True])
def test_a_reorganisation_while_a_range_is_read_lets_nothing_of_it_in(pipeline: Pipeline, deep: bool) -> None:
    certificate = pipeline.anchored()
    token_id = pipeline.stored(certificate).token_id
    assert token_id is not None
    pipeline.turn(mine=False)
    reached = pipeline.repository.indexed_head()
    assert reached is not None
    pipeline.ledger.mine(20)

    def reorganise() -> None:
        ledger = pipeline.ledger
        ledger.reorganise(21 if deep else 20)  # With the indexed block, or up to it.
        ledger.send(ledger.prepare(SetStatusCall(token_id, Status.REVOKED), STUDIO, 0))
        ledger.mine(25)

    pipeline.node.before_events = reorganise
    with pytest.raises(LedgerError, match="changed while it was read"):
        pipeline.indexer.catch_up()
    assert pipeline.repository.indexed_head() == reached
    pipeline.turn()
    assert pipeline.verdict(certificate).reason == "revoked"


def test_a_reorganisation_between_two_ranges_is_found(pipeline: Pipeline) -> None:
    certificate = pipeline.anchored()
    token_id = pipeline.stored(certificate).token_id
    assert token_id is not None
    pipeline.turn(mine=False)
    reached = pipeline.repository.indexed_head()
    assert reached is not None
    ledger, read = pipeline.ledger, pipeline.node.block
    ledger.mine(3 * BLOCKS_AT_ONCE)
    joint = reached.number + BLOCKS_AT_ONCE

    def block(number: int) -> BlockRef:
        if number == joint + BLOCKS_AT_ONCE:  # The first range is in, the second is asked for:
            pipeline.node.block = read  # type: ignore[method-assign]
            ledger.reorganise(ledger.head().number - joint + 1)
            ledger.send(ledger.prepare(SetStatusCall(token_id, Status.REVOKED), STUDIO, 0))
            ledger.mine(3 * BLOCKS_AT_ONCE)  # the last block of the first one comes again, with a revocation in it.
        return read(number)

    pipeline.node.block = block  # type: ignore[method-assign]
    with pytest.raises(LedgerError, match="changed while it was read"):
        pipeline.indexer.catch_up()
    assert pipeline.repository.indexed_head() != ledger.block(joint)
    pipeline.turn()
    assert pipeline.verdict(certificate).reason == "revoked"


def test_a_rewind_that_is_followed_by_a_deeper_reorganisation_is_found(pipeline: Pipeline) -> None:
    certificate = pipeline.anchored()
    anchor_block = pipeline.anchors()[0].block.number
    pipeline.turn(mine=False)
    pipeline.take_back(pipeline.ledger.head().number)

    def unreachable() -> None:
        raise LedgerError("node-unreachable", "The node did not answer.", retryable=True)

    pipeline.node.before_events = unreachable
    pipeline.turn(mine=False)  # Rewound to the anchor's block, and no further.
    assert pipeline.repository.indexed_head() == pipeline.ledger.block(anchor_block)
    assert pipeline.verdict(certificate).outcome is Outcome.INCONCLUSIVE
    pipeline.take_back(anchor_block)
    pipeline.turn(mine=False)
    assert pipeline.repository.lot(1) is None
    assert pipeline.verdict(certificate).outcome is Outcome.PENDING
    pipeline.turn(4)
    assert len(pipeline.anchors()) == 1
    assert pipeline.verdict(certificate).outcome is Outcome.AUTHENTIC


@pytest.mark.parametrize("code", ["node-refused", "bad-node-answer"])
def test_a_node_that_finds_the_events_too_many_is_asked_for_fewer_blocks(pipeline: Pipeline, code: str) -> None:
    first = pipeline.ledger.head().number + 1
    certificate = pipeline.anchored()
    pipeline.repository.write(lambda transaction: transaction.rewind(None))  # As where the index is made anew.
    read, asked = pipeline.ledger.events, list[int]()

    def events(first_block: int, last_block: int) -> object:
        asked.append(last_block - first_block + 1)
        if first_block < last_block and first_block <= first + 2 and last_block >= first:
            raise LedgerError(code, "The node refuses: {reason}.", retryable=True, reason="too many logs")
        return read(first_block, last_block)

    pipeline.node.events = events  # type: ignore[method-assign]
    pipeline.ledger.mine(30)
    pipeline.turn(4)
    assert pipeline.worker.trouble is None
    assert pipeline.verdict(certificate).outcome is Outcome.AUTHENTIC
    assert 1 in asked
    pipeline.ledger.mine(BLOCKS_AT_ONCE)
    pipeline.turn()
    assert max(asked) > 30  # Once that is past, it is asked for many again.


def test_events_that_no_ledger_emits_are_not_kept(pipeline: Pipeline) -> None:
    certificate = pipeline.anchored()
    pipeline.turn(mine=False)
    reached = pipeline.repository.indexed_head()
    pipeline.ledger.mine()
    head, hash_ = pipeline.ledger.head(), Hash32(bytes(32))
    nobody, key_id = person(99).address, KeyId(bytes(32))
    for event in (
        StudioSuspended(head, 0, hash_, nobody),
        StudioReinstated(head, 0, hash_, STUDIO.address),
        KeyWindowShortened(head, 0, hash_, STUDIO.address, key_id, head.time),
    ):
        pipeline.node.events = lambda *_, told=event: [told]  # type: ignore[method-assign]
        pipeline.turn(mine=False)
        assert pipeline.worker.trouble is not None
        assert pipeline.worker.trouble.code == "events-unsound"
        assert pipeline.repository.indexed_head() == reached
    pipeline.node.events = pipeline.ledger.events  # type: ignore[method-assign]
    pipeline.turn(2)
    assert pipeline.worker.trouble is None
    assert pipeline.verdict(certificate).outcome is Outcome.AUTHENTIC


def test_a_node_that_refuses_a_single_block_is_named(pipeline: Pipeline) -> None:
    def events(_first: int, _last: int) -> object:
        raise LedgerError("node-refused", "The node refuses: {reason}.", retryable=True, reason="no")

    pipeline.node.events = events  # type: ignore[method-assign, assignment]
    pipeline.ledger.mine(20)
    pipeline.turn()
    assert pipeline.worker.trouble is not None
    assert pipeline.worker.trouble.code == "node-refused"


# --- what a piece's events add up to ---------------------------------------------------------------------------------


def report(pipeline: Pipeline, token_id: int, action: HolderAction, times: int = 1) -> None:
    for _ in range(times):
        nonce = pipeline.repository.token(token_id).nonce
        pipeline.scene.do(HolderOrderCall(HolderOrder(action, token_id, nonce), b""), STUDIO)
        pipeline.turn(mine=False)


def test_a_pieces_reads_cost_the_same_however_often_it_was_reported(pipeline: Pipeline) -> None:
    certificate = pipeline.anchored()
    token_id, serial = pipeline.stored(certificate).token_id, certificate.piece.serial
    assert token_id is not None
    list_id = certificate.status_entry.list_id

    def cost() -> list[int]:
        repository = pipeline.repository
        reads: list[Callable[[], object]] = [
            lambda: repository.token(token_id),
            lambda: pipeline.verdicts.verdict(serial),
            lambda: pipeline.index.signing(token_id, pipeline.ledger.now),
            lambda: repository.revoked_places(list_id),
        ]
        return [steps_of(repository, read) for read in reads]

    report(pipeline, token_id, HolderAction.REPORT_LOST)
    report(pipeline, token_id, HolderAction.REPORT_FOUND)
    before = cost()
    assert min(before) > 10
    for _ in range(30):
        report(pipeline, token_id, HolderAction.REPORT_LOST)
        report(pipeline, token_id, HolderAction.REPORT_FOUND)
    assert pipeline.repository.token(token_id).nonce == 62
    assert cost() == before


def test_a_piece_is_what_it_was_once_its_last_events_are_taken_back(pipeline: Pipeline) -> None:
    certificate = pipeline.anchored()
    token_id = pipeline.stored(certificate).token_id
    assert token_id is not None
    pipeline.claimed(Release(token_id, STUDIO.address, 0), STEWARD.address)
    pipeline.turn(3)
    seen, heads = list[object](), list[int]()
    for action in (HolderAction.REPORT_LOST, HolderAction.REPORT_FOUND, HolderAction.REPORT_LOST):
        seen.append(pipeline.repository.token(token_id))
        heads.append(pipeline.ledger.head().number)
        report(pipeline, token_id, action)
    assert pipeline.repository.token(token_id).found_from is None
    for head, was in zip(reversed(heads), reversed(seen), strict=True):
        pipeline.take_back(head + 1)
        pipeline.turn(mine=False)
        assert pipeline.repository.token(token_id) == was


def test_who_follows_an_index_that_is_always_a_little_behind_is_as_new_as_what_it_reaches_to(tmp_path: Path) -> None:
    clock = [100.0]
    pipeline = Pipeline(tmp_path, monotonic=lambda: clock[0])
    pipeline.indexer.catch_up()
    index = IndexedLedger(pipeline.repository, pipeline.ledger.identity, 60, lambda: clock[0])
    follower = Indexer(pipeline.repository, pipeline.ledger, index)
    for _ in range(50):  # Each time it looks, the ledger is three blocks ahead of what another process has indexed.
        pipeline.ledger.mine()
        follower.follow()
        clock[0] += 2
        pipeline.node.behind_at = max(0, pipeline.ledger.head().number - 2)
        pipeline.indexer.catch_up()
    assert index.lag == 8.0
    assert index.head().number == pipeline.ledger.head().number - 3
    for _ in range(40):  # The other one has stopped.
        pipeline.ledger.mine()
        clock[0] += 2
        follower.follow()
    assert index.lag == 86.0
    with pytest.raises(LedgerError):
        index.head()
    pipeline.repository.close()
