"""Events, nonces, sending and outcomes."""

# ruff: noqa: S101, D102
# The suite is made of assertions, which only tests import; the name of a test says what it holds.

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest

from provenance.encoding import Digest, Hash32
from provenance.errors import LedgerError
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    AmendCall,
    Amended,
    Anchored,
    KeyAdded,
    KeyWindowShortened,
    Lot,
    ReinstateCall,
    SetStatusCall,
    ShortenKeyCall,
    StatusSet,
    StudioAccredited,
    StudioReinstated,
    StudioSuspended,
    SuspendCall,
    make_token_id,
)
from provenance.status import Status
from provenance.testing.conformance.world import (
    World,
    key_id_of,
    random_multikey,
)


class Transactions:
    """Events, nonces, sending and outcomes."""

    def test_events_tell_the_whole_story_in_order(self, world: World) -> None:
        studio, did = world.studio.address, "did:web:窑.example"
        multikey, digest = random_multikey(), Digest.of(b"new")
        start = world.ledger.head().number + 1
        world.do(AccreditCall(studio, did, "景德镇窑"), world.steward)
        added = world.do(AddKeyCall(studio, multikey), world.steward).block
        call = world.anchor_call((world.studio, 3), (world.studio, 1))
        transaction = world.submit(call, world.anchorer)
        world.mine()
        token = make_token_id(call.expected_first_lot, 0)
        world.do(SetStatusCall(token, Status.ON_HOLD), world.steward)
        world.do(AmendCall((token,), (digest,)), world.studio)
        end = added.time + timedelta(days=1)
        world.do(ShortenKeyCall(studio, key_id_of(multikey), end), world.steward)
        world.do(SuspendCall(studio), world.steward)
        world.do(ReinstateCall(studio), world.steward)
        events = list(world.ledger.events(start, world.ledger.head().number))
        places = [(event.block.number, event.log_index) for event in events]
        assert places == sorted(places)
        accredited, key, anchor, status, amended, shortened, suspended, reinstated = events
        assert isinstance(accredited, StudioAccredited)
        assert (accredited.studio, accredited.did, accredited.name, accredited.scopes) == (studio, did, "景德镇窑", 1)
        assert isinstance(key, KeyAdded)
        assert (key.key_id, key.multikey, key.start) == (key_id_of(multikey), multikey, added.time)
        assert isinstance(anchor, Anchored)
        first = call.expected_first_lot
        assert anchor.lots == (Lot(first, studio, 3, 0), Lot(first + 1, studio, 1, 3))
        assert (anchor.root, anchor.leaf_count, anchor.transaction) == (call.root, 4, transaction.hash)
        assert isinstance(status, StatusSet)
        assert (status.token_id, status.status, status.by_steward) == (token, Status.ON_HOLD, True)
        assert isinstance(amended, Amended)
        assert (amended.token_id, amended.digest, amended.count) == (token, digest, 1)
        assert isinstance(shortened, KeyWindowShortened)
        assert (shortened.key_id, shortened.end) == (key_id_of(multikey), end)
        assert isinstance(suspended, StudioSuspended)
        assert isinstance(reinstated, StudioReinstated)

    def test_events_are_those_of_the_range(self, world: World) -> None:
        block = world.do(AccreditCall(world.studio.address, "did:a", "A"), world.steward).block
        world.do(SuspendCall(world.studio.address), world.steward)
        (event,) = world.ledger.events(block.number, block.number)
        assert event.block == block

    def test_transaction_has_no_outcome_before_it_is_mined(self, world: World) -> None:
        nonce = world.ledger.next_nonce(world.steward.address)
        transaction = world.submit(AccreditCall(world.studio.address, "did:a", "A"), world.steward)
        assert world.ledger.outcome(transaction.hash) is None
        assert world.ledger.next_nonce(world.steward.address) == nonce
        assert world.ledger.waiting(world.steward.address) == 1
        assert world.ledger.waiting(world.stranger.address) == 0
        world.mine()
        assert world.ledger.waiting(world.steward.address) == 0
        outcome = world.ledger.outcome(transaction.hash)
        assert outcome is not None
        assert outcome.block == world.ledger.block(outcome.block.number)
        assert outcome.gas_used >= 21_000
        assert world.ledger.next_nonce(world.steward.address) == nonce + 1
        assert world.ledger.outcome(Hash32(secrets.token_bytes(32))) is None

    def test_same_bytes_count_once_however_often_they_are_sent(self, world: World) -> None:
        world.accredit(world.studio)
        call = world.anchor_call((world.studio, 1))
        transaction = world.submit(call, world.anchorer)
        world.ledger.send(transaction)
        world.mine()
        world.ledger.send(transaction)
        world.mine()
        assert world.ledger.next_lot() == call.expected_first_lot + 1
        assert world.ledger.next_nonce(world.anchorer.address) == transaction.nonce + 1

    def test_a_call_signed_under_two_nonces_counts_once(self, world: World) -> None:
        world.accredit(world.studio)
        call, nonce = world.anchor_call((world.studio, 1)), world.ledger.next_nonce(world.anchorer.address)
        far = world.ledger.prepare(call, world.anchorer, nonce + 1)
        near = world.ledger.renumber(far, world.anchorer, nonce)
        assert (near.nonce, near.sender) == (nonce, world.anchorer.address)
        assert world.ledger.renumber(near, world.anchorer, nonce + 1) == far
        world.ledger.send(near)
        world.ledger.send(far)
        world.mine()
        world.mine()
        won, lost = world.ledger.outcome(near.hash), world.ledger.outcome(far.hash)
        assert won is not None
        assert lost is not None
        assert (won.succeeded, lost.succeeded) == (True, False)
        assert world.ledger.next_lot() == call.expected_first_lot + 1

    def test_money_is_counted_and_gas_has_a_price(self, world: World) -> None:
        price = world.ledger.price_of(1_000_000)
        assert world.ledger.price_of(2_000_000) == 2 * price
        assert world.ledger.balance(world.steward.address) > price > 0

    def test_transactions_are_counted_as_of_a_block(self, world: World) -> None:
        before = world.ledger.head()
        nonce = world.ledger.next_nonce(world.steward.address)
        block = world.do(AccreditCall(world.studio.address, "did:a", "A"), world.steward).block
        assert world.ledger.next_nonce(world.steward.address, before) == nonce
        assert world.ledger.next_nonce(world.steward.address, block) == nonce + 1

    def test_second_transaction_of_a_nonce_is_refused(self, world: World) -> None:
        nonce = world.ledger.next_nonce(world.steward.address)
        late = world.ledger.prepare(AccreditCall(world.other.address, "did:b", "B"), world.steward, nonce)
        world.do(AccreditCall(world.studio.address, "did:a", "A"), world.steward)
        with pytest.raises(LedgerError) as caught:
            world.ledger.send(late)
        assert caught.value.code == "nonce-used"

    def test_loser_of_a_race_is_reverted_and_says_so(self, world: World) -> None:
        world.accredit(world.studio)
        nonce = world.ledger.next_nonce(world.anchorer.address)
        calls = [world.anchor_call((world.studio, 1)) for _ in range(2)]
        first, second = (world.ledger.prepare(call, world.anchorer, nonce + place) for place, call in enumerate(calls))
        world.ledger.send(first)
        world.ledger.send(second)
        world.mine()
        world.mine()
        won, lost = world.ledger.outcome(first.hash), world.ledger.outcome(second.hash)
        assert won is not None
        assert lost is not None
        assert (won.succeeded, won.error, lost.succeeded) == (True, None, False)
        assert lost.error
        assert world.ledger.anchor_id_of(calls[1].root) is None
        assert world.ledger.next_nonce(world.anchorer.address) == nonce + 2
