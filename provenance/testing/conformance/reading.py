"""Identity, blocks, anchors and records; what an anchor is refused for."""

# ruff: noqa: S101, D102
# The suite is made of assertions, which only tests import; the name of a test says what it holds.

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from provenance.encoding import Digest, Hash32, Root
from provenance.errors import LedgerError
from provenance.ledger import (
    AccreditCall,
    SetStatusCall,
    SuspendCall,
    make_token_id,
)
from provenance.status import Status
from provenance.testing.conformance.world import (
    NO_KEY,
    World,
    key_id_of,
    random_root,
)


class Reading:
    """Identity, blocks, anchors, records."""

    def test_identity_is_the_same_when_opened_again(self, world: World) -> None:
        assert world.reopen().identity == world.ledger.identity
        assert world.ledger.identity.deployment_id != Hash32(bytes(32))

    def test_head_is_the_block_of_its_number(self, world: World) -> None:
        assert world.ledger.block(world.ledger.head().number) == world.ledger.head()

    def test_block_beyond_the_head_is_no_answer(self, world: World) -> None:
        with pytest.raises(LedgerError) as caught:
            world.ledger.block(world.ledger.head().number + 1_000)
        assert caught.value.code == "unknown-block"

    def test_block_times_rise_strictly(self, world: World) -> None:
        first = world.do(AccreditCall(world.studio.address, "did:a", "A"), world.steward).block
        second = world.do(AccreditCall(world.other.address, "did:b", "B"), world.steward).block
        assert second.number > first.number
        assert second.time > first.time

    def test_record_holds_all_that_a_verifier_needs(self, world: World) -> None:
        multikey = world.accredit(world.studio)
        call = world.anchor_call((world.studio, 5))
        block = world.do(call, world.anchorer).block
        record = world.record(make_token_id(call.expected_first_lot, 4), key_id_of(multikey))
        did = f"did:web:registry.example:studios:{world.studio.address.hex()}"
        assert (record.studio, record.holder) == (world.studio.address, world.studio.address)
        assert record.did_hash == Digest.of(did.encode())
        assert record.name_hash == Digest.of(b"Kiln")
        assert (record.anchor.root, record.anchor.leaf_count, record.offset) == (call.root, 5, 0)
        assert (record.anchor.time, record.anchor.block_number) == (block.time, block.number)
        assert (record.status, record.status_time, record.lost_since) == (Status.ACTIVE, None, None)
        assert (record.standing_at_anchor, record.standing_now) == (True, True)
        assert record.amendment is None
        assert record.key is not None
        assert record.key.end is None
        assert record.key.covers(block.time)

    def test_a_new_name_leaves_anchored_pieces_the_old_one(self, world: World) -> None:
        world.accredit(world.studio)
        before = world.anchor_call((world.studio, 1))
        world.do(before, world.anchorer)
        did = f"did:web:registry.example:studios:{world.studio.address.hex()}"
        world.do(AccreditCall(world.studio.address, did, "新窑"), world.steward)
        after = world.anchor_call((world.studio, 1))
        world.do(after, world.anchorer)
        names = [world.record(make_token_id(call.expected_first_lot, 0)).name_hash for call in (before, after)]
        assert names == [Digest.of(b"Kiln"), Digest.of("新窑".encode())]

    def test_lots_of_two_studios_follow_each_other(self, world: World) -> None:
        world.accredit(world.studio)
        world.accredit(world.other)
        first = world.ledger.next_lot()
        call = world.anchor_call((world.studio, 3), (world.other, 2))
        world.do(call, world.anchorer)
        later = world.record(make_token_id(first + 1, 1))
        assert (later.studio, later.offset, later.anchor.leaf_count) == (world.other.address, 3, 5)
        assert world.record(make_token_id(first, 2)).studio == world.studio.address
        assert world.ledger.next_lot() == first + 2
        assert world.ledger.anchor_id_of(call.root) == later.anchor.anchor_id

    def test_tokens_beyond_a_lot_do_not_exist(self, world: World) -> None:
        token = world.anchored(3)
        for missing in (token + 3, token + (1 << 32), (1 << 64) - 1):
            assert world.ledger.record(missing, NO_KEY, world.ledger.head()) is None

    def test_reads_are_pinned_to_their_block(self, world: World) -> None:
        before_anchor = world.ledger.head()
        token = world.anchored()
        before_status = world.ledger.head()
        world.do(SetStatusCall(token, Status.REVOKED), world.studio)
        assert world.ledger.record(token, NO_KEY, before_anchor) is None
        assert world.record(token, at=before_status).status is Status.ACTIVE
        assert world.record(token).status is Status.REVOKED

    def test_record_at_an_unknown_block_is_no_answer(self, world: World) -> None:
        token = world.anchored()
        nowhere = replace(world.ledger.head(), hash=Hash32(secrets.token_bytes(32)))
        with pytest.raises(LedgerError) as caught:
            world.ledger.record(token, NO_KEY, nowhere)
        assert caught.value.retryable

    def test_unknown_root_has_no_anchor(self, world: World) -> None:
        assert world.ledger.anchor_id_of(random_root()) is None

    def test_evidence_names_block_and_transaction(self, world: World) -> None:
        world.accredit(world.studio)
        call = world.anchor_call((world.studio, 2))
        transaction = world.submit(call, world.anchorer)
        world.mine()
        outcome = world.ledger.outcome(transaction.hash)
        assert outcome is not None
        for _ in range(2):  # A second answer may come from memory.
            evidence = world.ledger.anchor_evidence(call.root, outcome.block.hash)
            assert evidence is not None
            assert (evidence.root, evidence.transaction) == (call.root, transaction.hash)
            assert evidence.block == outcome.block
            assert evidence.anchor_id == world.ledger.anchor_id_of(call.root)

    def test_no_evidence_in_another_block_or_for_another_root(self, world: World) -> None:
        world.accredit(world.studio)
        call = world.anchor_call((world.studio, 2))
        block = world.do(call, world.anchorer).block
        assert world.ledger.anchor_evidence(random_root(), block.hash) is None
        assert world.ledger.anchor_evidence(call.root, world.ledger.block(block.number - 1).hash) is None
        assert world.ledger.anchor_evidence(call.root, Hash32(secrets.token_bytes(32))) is None


class Anchoring:
    """What an anchor is refused for."""

    def test_root_is_anchored_once(self, world: World) -> None:
        world.accredit(world.studio)
        root = random_root()
        world.do(world.anchor_call((world.studio, 1), root=root), world.anchorer)
        world.refuses("RootAlreadyAnchored", world.anchor_call((world.studio, 1), root=root), world.anchorer)

    def test_root_is_not_zero(self, world: World) -> None:
        world.accredit(world.studio)
        call = replace(world.anchor_call((world.studio, 1)), root=Root(bytes(32)))
        world.refuses("ZeroRoot", call, world.anchorer)

    def test_lots_add_up_to_the_leaves(self, world: World) -> None:
        world.accredit(world.studio)
        call = world.anchor_call((world.studio, 4))
        for leaves in (3, 5):
            world.refuses("LeafCountMismatch", replace(call, leaf_count=leaves), world.anchorer)

    def test_no_lot_is_empty(self, world: World) -> None:
        world.accredit(world.studio)
        world.refuses("LeafCountMismatch", world.anchor_call((world.studio, 1), (world.studio, 0)), world.anchorer)
        world.refuses("LeafCountMismatch", world.anchor_call(), world.anchorer)

    def test_first_lot_is_the_expected_one(self, world: World) -> None:
        world.accredit(world.studio)
        call = world.anchor_call((world.studio, 1))
        wrong = replace(call, expected_first_lot=call.expected_first_lot + 1)
        world.refuses("UnexpectedLot", wrong, world.anchorer)

    def test_studio_must_be_accredited(self, world: World) -> None:
        world.refuses("StudioNotInGoodStanding", world.anchor_call((world.studio, 1)), world.anchorer)

    def test_studio_must_be_a_maker(self, world: World) -> None:
        world.do(AccreditCall(world.studio.address, "did:a", "A", scopes=2), world.steward)
        world.refuses("StudioNotInGoodStanding", world.anchor_call((world.studio, 1)), world.anchorer)

    def test_studio_must_not_be_suspended(self, world: World) -> None:
        world.accredit(world.studio)
        world.do(SuspendCall(world.studio.address), world.steward)
        world.refuses("StudioNotInGoodStanding", world.anchor_call((world.studio, 1)), world.anchorer)

    def test_one_bad_lot_spoils_the_batch(self, world: World) -> None:
        world.accredit(world.studio)
        call = world.anchor_call((world.studio, 1), (world.other, 1))
        world.refuses("StudioNotInGoodStanding", call, world.anchorer)

    def test_only_the_anchorer_anchors(self, world: World) -> None:
        world.accredit(world.studio)
        for account in (world.steward, world.studio, world.stranger):
            world.refuses("AccessControlUnauthorizedAccount", world.anchor_call((world.studio, 1)), account)
