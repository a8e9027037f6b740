"""From waiting to anchored: what fails, reverts or is taken back stops nothing else, and nothing is anchored twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.certificate import Certificate, Issuer
from provenance.encoding import Address, Digest, Root
from provenance.errors import ConflictError, LedgerError
from provenance.evm.abi import interface
from provenance.evm.calls import encode_call
from provenance.keys import P256Signer
from provenance.ledger import Allotment, AnchorCall, ReinstateCall, ShortenKeyCall, SuspendCall
from provenance.status import Status
from provenance.verdict import CODES, Check, Outcome, Result
from provenance_registry.http.api import certificate_members
from provenance_registry.records import Sending
from provenance_registry.service.directory import HELD_HINTS
from provenance_registry.worker import choosing
from provenance_registry.worker.accounts import Accounts
from provenance_registry.worker.choosing import (
    BASE_GAS,
    CALL_BYTES,
    CALLDATA_BUDGET,
    GAS_BUDGET,
    LOT_BYTES,
    LOT_GAS,
    PIECE_GAS,
    within_gas,
)
from provenance_registry.worker.deployment import Deployment
from provenance_registry.worker.examiner import IN_VAIN
from provenance_registry.worker.indexer import Indexer
from provenance_registry.worker.loop import Worker, tell
from tests.support.pipeline import RELAYER, Pipeline, Ticking
from tests.support.scene import ANCHORER, STEWARD, STUDIO, Person, person

pytestmark = pytest.mark.usefixtures("either_database")


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path)
    yield made
    made.repository.close()


def steward_sends(pipeline: Pipeline, call: SuspendCall | ReinstateCall | ShortenKeyCall) -> None:
    """Put a steward's call into the next block."""
    ledger = pipeline.ledger
    ledger.send(ledger.prepare(call, STEWARD, ledger.next_nonce(STEWARD.address)))


def another_studio(pipeline: Pipeline, number: int) -> tuple[Person, Issuer, P256Signer]:
    studio, signer = person(100 + number), P256Signer.generate()
    issuer = Issuer("https://registry.kilnmark.test", f"kiln{number}", "陈家窑")
    pipeline.scene.accredit(studio, issuer, signer)
    return studio, issuer, signer


def of_studio(pipeline: Pipeline, issuer: Issuer, signer: P256Signer) -> Certificate:
    return pipeline.scene.sign(signer=signer, issuer=issuer, list_id=f"{issuer.slug.removeprefix('kiln'):0>12}")


def of_another_studio(pipeline: Pipeline, number: int) -> Certificate:
    _, issuer, signer = another_studio(pipeline, number)
    return of_studio(pipeline, issuer, signer)


# --- reorganisations ---------------------------------------------------------------------------------------------


def test_a_final_anchor_that_is_taken_back_is_sent_again_as_it_was(pipeline: Pipeline) -> None:
    certificate = pipeline.anchored()
    token_id, root = pipeline.stored(certificate).token_id, pipeline.anchors()[0].root
    pipeline.take_back(pipeline.anchors()[0].block.number)
    assert pipeline.anchors() == []
    pipeline.turn(mine=False)
    assert pipeline.state(certificate) == "batched"
    assert pipeline.verdict(certificate).outcome is Outcome.PENDING
    pipeline.turn(3)
    assert [anchor.root for anchor in pipeline.anchors()] == [root]
    assert pipeline.stored(certificate).token_id == token_id
    assert pipeline.verdict(certificate).outcome is Outcome.AUTHENTIC
    later = pipeline.submit()
    pipeline.turn(4)
    assert (pipeline.state(later), pipeline.worker.trouble) == ("anchored", None)


def test_what_is_prepared_while_mined_bytes_are_lost_takes_a_nonce_of_its_own(pipeline: Pipeline) -> None:
    other, issuer, signer = another_studio(pipeline, 1)
    pipeline.turn()
    first, second = pipeline.anchored(), pipeline.submit(of_studio(pipeline, issuer, signer))
    pipeline.turn(3)
    lost = pipeline.relay_status(pipeline.order(first, Status.ON_HOLD))
    pipeline.turn(3)
    entry = pipeline.relay.find("status", lost.message.message_id).entry
    assert entry.sending is Sending.FINAL
    assert entry.block is not None
    pipeline.take_back(entry.block.number)  # The index does not know yet.
    assert pipeline.ledger.next_nonce(RELAYER.address) == 0
    order = replace(pipeline.order(second, Status.ON_HOLD), studio=other.address)
    assert pipeline.relay_status(order).entry.nonce == 1
    pipeline.turn(4)
    assert pipeline.repository.open_entries() == []
    assert {pipeline.verdict(certificate).reason for certificate in (first, second)} == {"on-hold"}


def test_a_reverted_anchor_that_the_new_chain_takes_keeps_its_certificates(pipeline: Pipeline) -> None:
    certificate = pipeline.submit()
    pipeline.turn(mine=False)  # Sealed under a good standing,
    steward_sends(pipeline, SuspendCall(STUDIO.address))
    pipeline.ledger.mine()
    pipeline.turn(2)  # reverted under none,
    assert pipeline.state(certificate) == "held"
    reverted_in = pipeline.ledger.head().number - 1
    pipeline.take_back(reverted_in - 1)  # and taken by a chain that never saw the suspension.
    pipeline.turn(6)
    assert len(pipeline.anchors()) == 1
    assert pipeline.state(certificate) == "anchored"
    assert pipeline.verdict(certificate).outcome is Outcome.AUTHENTIC


def test_nothing_is_final_before_the_index_has_reached_its_block(pipeline: Pipeline) -> None:
    certificate = pipeline.submit()
    pipeline.turn(mine=False)
    pipeline.sealer.settle()
    pipeline.ledger.mine()
    pipeline.sealer.settle()  # The receipt is there; a rewind of the index would not take it back yet.
    (entry,) = pipeline.repository.open_entries()
    assert (entry.sending, pipeline.state(certificate)) == (Sending.MINED, "batched")
    pipeline.indexer.catch_up()
    pipeline.sealer.settle()
    assert pipeline.state(certificate) == "anchored"


# --- one that fails stops nobody else ----------------------------------------------------------------------------


def test_a_relayer_without_money_does_not_stop_anchors(pipeline: Pipeline) -> None:
    first = pipeline.anchored()
    pipeline.node.poor = {RELAYER.address}
    order = pipeline.relay_status(pipeline.order(first, Status.ON_HOLD))
    second = pipeline.submit()
    pipeline.turn(4)
    assert pipeline.state(second) == "anchored"
    assert pipeline.worker.trouble is not None
    assert pipeline.worker.trouble.code == "low-balance"
    pipeline.node.poor = set()
    pipeline.turn(4)
    assert pipeline.relay.find("status", order.message.message_id).entry.sending is Sending.FINAL
    assert pipeline.worker.trouble is None


def test_an_anchor_that_cannot_be_sent_does_not_stop_orders(pipeline: Pipeline) -> None:
    first = pipeline.anchored()
    pipeline.node.poor = {ANCHORER.address}
    second = pipeline.submit()
    pipeline.turn(2)
    order = pipeline.relay_status(pipeline.order(first, Status.ON_HOLD))
    pipeline.turn(3)
    assert pipeline.relay.find("status", order.message.message_id).entry.sending is Sending.FINAL
    assert pipeline.state(second) == "batched"


def test_every_step_of_a_turn_runs_and_the_first_error_is_named() -> None:
    ran = list[int]()

    def failing(number: int, error: Exception) -> None:
        ran.append(number)
        raise error

    first = LedgerError("clock-ahead", "The clock is wrong.", retryable=True)
    second = LedgerError("node-unreachable", "The node did not answer.", retryable=True)
    worker = Worker([lambda: failing(1, first), lambda: failing(2, second), lambda: ran.append(3)])
    worker.turn()
    assert ran == [1, 2, 3]
    assert worker.trouble is first
    worker = Worker([lambda: failing(4, KeyError("a bug")), lambda: ran.append(5)])
    worker.turn()
    assert ran[-2:] == [4, 5]
    assert worker.trouble is not None
    assert worker.trouble.code == "internal"


def test_all_that_is_wrong_is_named_until_its_step_finds_it_right() -> None:
    first = LedgerError("clock-ahead", "The clock is wrong.", retryable=True)
    second = LedgerError("low-balance", "The account is empty.", retryable=True)
    third = LedgerError("node-unreachable", "The node did not answer.", retryable=True)
    wrong = {0: [first, second], 1: [third]}
    worker = Worker([lambda: tell(wrong[0]), lambda: tell(wrong[1])])
    worker.turn()
    assert (worker.trouble, worker.troubles) == (first, (first, second, third))
    wrong[0] = [second]
    worker.turn()
    assert worker.troubles == (second, third)
    wrong.update({0: [], 1: []})
    worker.turn()
    assert list(worker.troubles) == []


def test_an_account_without_money_does_not_hide_a_role_that_is_missing(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline.ledger, "balance", lambda _account: 0)
    monkeypatch.setattr(pipeline.ledger, "has_role", lambda _role, _account: False)
    accounts = Accounts(pipeline.ledger, {"anchor": ANCHORER.address, "relay": RELAYER.address})
    worker = Worker([accounts.look])
    worker.turn()
    assert [trouble.code for trouble in worker.troubles] == ["role-missing", "low-balance", "low-balance"]


def test_another_ledger_behind_the_node_is_found_later_and_forgets_nothing(pipeline: Pipeline) -> None:
    certificate = pipeline.anchored()
    now, answers = Ticking(), list[LedgerError]()
    deployment = Deployment(lambda: tell(answers), now)
    deployment.look()
    wrong = LedgerError("wrong-chain-id", "The node serves another chain.", retryable=False)
    answers.append(wrong)
    deployment.look()  # It was looked at just now.
    now.now = 31
    with pytest.raises(LedgerError, match="another chain"):
        deployment.look()
    assert not deployment.is_ours
    answers[:] = [LedgerError("node-unreachable", "The node did not answer.", retryable=True)]
    now.now = 62
    with pytest.raises(LedgerError, match="did not answer"):
        deployment.look()
    assert not deployment.is_ours  # Silence takes nothing back.
    # What the index holds stays, even where the other chain is longer and its blocks are others.
    answers[:] = [wrong]
    indexer = Indexer(pipeline.repository, pipeline.ledger, pipeline.index, deployment.look_now)
    reached = pipeline.repository.indexed_head()
    pipeline.take_back(1)
    with pytest.raises(LedgerError, match="another chain"):
        indexer.catch_up()
    assert (pipeline.repository.indexed_head(), pipeline.state(certificate)) == (reached, "anchored")
    answers.clear()
    deployment.look_now()
    assert deployment.is_ours


def test_a_bug_that_lasts_is_traced_once_and_named_all_the_time(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise KeyError("a bug")

    worker = Worker([fail])
    for _ in range(5):
        worker.turn()
        assert worker.trouble is not None
    assert [record.message for record in caplog.records] == ["the worker failed"]


def test_an_index_that_lost_the_ledger_seals_nothing(tmp_path: Path) -> None:
    now = [0.0]
    pipeline = Pipeline(tmp_path, monotonic=lambda: now[0])
    certificate = pipeline.submit()
    pipeline.node.behind_at = 0
    now[0] = 61
    pipeline.turn()
    assert pipeline.state(certificate) == "waiting"
    assert pipeline.worker.trouble is not None
    assert pipeline.worker.trouble.code == "index-behind"
    pipeline.repository.close()


# --- how much goes into one anchor -------------------------------------------------------------------------------


def test_an_anchor_fits_into_the_gas_of_a_transaction() -> None:
    def many(studios: int, pieces: int) -> list[tuple[Address, Digest]]:
        return [(Address(n.to_bytes(20, "big")), Digest.of(b"%d" % p)) for n in range(studios) for p in range(pieces)]

    assert len(within_gas(many(1, 5_000))) == 5_000
    assert len(within_gas(many(1, 9_000))) == (GAS_BUDGET - BASE_GAS - LOT_GAS) // PIECE_GAS
    assert len(within_gas(many(500, 10))) // 10 in range(200, 220)
    assert len(within_gas(many(9_000, 1))) == (GAS_BUDGET - BASE_GAS) // (LOT_GAS + PIECE_GAS)
    assert within_gas(many(3, 2)) == many(3, 2)


def test_a_batch_that_the_node_finds_too_large_is_halved_until_it_fits(pipeline: Pipeline) -> None:
    certificates = [pipeline.submit(of_another_studio(pipeline, number)) for number in range(8)]
    pipeline.node.most_lots = 2
    pipeline.turn(12)
    assert [pipeline.state(certificate) for certificate in certificates] == ["anchored"] * 8
    assert max(len(anchor.lots) for anchor in pipeline.anchors()) == 2


def test_an_anchor_fits_into_the_bytes_that_nodes_pass_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for lots in (1, 2, 300):
        shares = tuple(Allotment(Address(n.to_bytes(20, "big")), 1) for n in range(1, lots + 1))
        call = AnchorCall(Root(b"\7" * 32), lots, 1, shares)
        assert len(encode_call(interface(), call)) == CALL_BYTES + lots * LOT_BYTES
    monkeypatch.setattr(choosing, "GAS_BUDGET", 10**12)
    chosen = within_gas((Address(n.to_bytes(20, "big")), Digest.of(str(n).encode())) for n in range(1, 5_000))
    assert len(chosen) == (CALLDATA_BUDGET - CALL_BYTES) // LOT_BYTES


def test_a_studio_suspended_since_the_index_looked_is_held_and_does_not_block_the_others(pipeline: Pipeline) -> None:
    bad = pipeline.submit()
    good = [pipeline.submit(of_another_studio(pipeline, number)) for number in range(5)]
    pipeline.indexer.catch_up()
    pipeline.scene.do(SuspendCall(STUDIO.address), STEWARD)
    pipeline.sealer.seal()
    assert (pipeline.state(bad), pipeline.stored(bad).reason) == ("held", "suspended")
    assert certificate_members(pipeline.stored(bad))["hint"] == HELD_HINTS["suspended"]
    pipeline.reviewer.review()  # The directory does not know yet what the chain knows.
    assert pipeline.state(bad) == "waiting"
    before = pipeline.node.simulations
    assert pipeline.sealer.seal()
    assert pipeline.node.simulations == before + 1
    assert pipeline.state(bad) == "held"
    assert {pipeline.state(certificate) for certificate in good} == {"batched"}


def test_a_refusal_that_meets_every_batch_holds_no_certificate(pipeline: Pipeline) -> None:
    certificates = [pipeline.submit() for _ in range(4)]

    def refuse() -> None:
        reason = f"AccessControlUnauthorizedAccount(account={ANCHORER.address})"
        raise LedgerError("ledger-refused", "The ledger refuses: {reason}.", retryable=False, reason=reason)

    pipeline.node.before_prepare = refuse
    pipeline.turn()
    assert {pipeline.state(certificate) for certificate in certificates} == {"waiting"}
    assert pipeline.worker.trouble is not None
    assert pipeline.worker.trouble.code == "role-missing"
    assert "The admin grants it" in str(pipeline.worker.trouble.hint)


# --- anchored in vain --------------------------------------------------------------------------------------------


def test_a_key_retired_before_its_anchor_was_mined_is_told_to_the_studio(pipeline: Pipeline) -> None:
    fine = of_another_studio(pipeline, 1)
    pipeline.turn()
    certificate, fine = pipeline.submit(), pipeline.submit(fine)
    pipeline.turn(mine=False)
    key_id = pipeline.scene.signer.public_key.key_id
    steward_sends(pipeline, ShortenKeyCall(STUDIO.address, key_id, pipeline.ledger.now))
    pipeline.turn(4)
    members = certificate_members(pipeline.stored(certificate))
    assert (members["state"], members["reason"]) == ("anchored", "key-not-valid-when-anchored")
    assert "under a new number" in members["hint"]
    assert pipeline.verdict(certificate).reason == "key-not-valid"
    assert pipeline.stored(fine).reason is None
    assert pipeline.repository.unexamined_batches() == []


def test_every_fault_of_studio_and_key_has_words_for_the_studio() -> None:
    faults = [
        code for code, of in CODES.items() if of.check in (Check.INCLUSION, Check.STUDIO) and of.result is Result.FAILED
    ]
    assert faults
    for code in faults:
        assert code + IN_VAIN in HELD_HINTS
        assert len(code + IN_VAIN) <= 40


# --- leaving a ledger for its successor -----------------------------------------------------------------------------


def test_a_ledger_is_not_left_while_a_transaction_is_under_way(pipeline: Pipeline) -> None:
    certificate = pipeline.submit()
    pipeline.turn(mine=False)
    with pytest.raises(ConflictError, match="1 transactions are still under way"):
        pipeline.repository.write(lambda transaction: transaction.leave_ledger(pipeline.ledger.identity))
    assert pipeline.state(certificate) == "batched"
    assert len(pipeline.repository.open_entries()) == 1


def test_what_was_anchored_stays_so_when_its_ledger_is_left(pipeline: Pipeline) -> None:
    certificate = pipeline.anchored()
    token_id = pipeline.stored(certificate).token_id
    pipeline.repository.write(lambda transaction: transaction.leave_ledger(pipeline.ledger.identity))
    assert (pipeline.repository.indexed_head(), pipeline.repository.last_nonce(ANCHORER.address)) == (None, None)
    assert (pipeline.state(certificate), pipeline.stored(certificate).token_id) == ("anchored", token_id)
    pipeline.turn(3)  # The same anchors stand on the ledger that is read now.
    assert (pipeline.state(certificate), pipeline.stored(certificate).token_id) == ("anchored", token_id)
    assert len(pipeline.anchors()) == 1
