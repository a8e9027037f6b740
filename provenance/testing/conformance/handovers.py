"""Hand-overs: releases, claims, and what is signed for them."""

# ruff: noqa: S101, D102
# The suite is made of assertions, which only tests import; the name of a test says what it holds.

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from provenance.encoding import Address, Hash32
from provenance.errors import MalformedError
from provenance.evm.accounts import Account
from provenance.handover import HolderAction
from provenance.ledger import (
    CancelReleasesCall,
    ExemptionSet,
    LedgerCall,
    Moved,
    ReinstateCall,
    ReleasesCancelled,
    ReportLostCall,
    SetExemptionCall,
    SuspendCall,
)
from provenance.testing.conformance.world import ORDER, World

YEAR_2100 = 4_102_444_800


def not_quite(signature: bytes) -> list[bytes]:
    """Return what is nearly a signature: the high-s twin, other lengths, another recovery byte."""
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    twin = r + (ORDER - s).to_bytes(32, "big") + bytes([55 - v])
    return [twin, signature[:64], signature + b"\0", signature[:64] + bytes([v - 27]), b"", bytes(65)]


class HandOvers:
    """Releases and claims."""

    def test_new_piece_is_held_by_its_studio(self, world: World) -> None:
        token = world.anchored()
        holding, studio = world.holding(token), world.studio.address
        assert (holding.holder, holding.signer, holding.nonce) == (studio, studio, 0)
        assert (holding.lost_since, holding.found_from, holding.recovery) == (None, None, None)
        assert (holding.barred, holding.exempt_key) == (False, None)
        assert world.ledger.holding(token + 9, world.ledger.head()) is None

    def test_anybody_sends_what_holder_and_claim_key_signed(self, world: World) -> None:
        token, before = world.anchored(), world.ledger.head()
        block = world.do(world.claim_call(token, world.studio, world.other), world.stranger).block
        (moved,) = world.ledger.events(block.number, block.number)
        assert isinstance(moved, Moved)
        members = (moved.token_id, moved.former, moved.holder, moved.nonce)
        assert members == (token, world.studio.address, world.other.address, 1)
        holding = world.holding(token)
        assert (holding.holder, holding.signer, holding.nonce) == (world.other.address, world.other.address, 1)
        record = world.record(token)
        assert (record.holder, record.studio) == (world.other.address, world.studio.address)
        assert world.record(token, at=before).holder == world.studio.address
        assert world.holding(token + 1).holder == world.studio.address

    def test_piece_goes_from_holder_to_holder_and_home(self, world: World) -> None:
        token = world.anchored()
        for nonce, (holder, to) in enumerate(
            [(world.studio, world.other), (world.other, world.stranger), (world.stranger, world.studio)], start=1
        ):
            world.hand_over(token, holder, to)
            assert (world.holding(token).holder, world.holding(token).nonce) == (to.address, nonce)

    def test_hand_over_counts_once(self, world: World) -> None:
        token = world.anchored()
        call = world.claim_call(token, world.studio, world.other)
        world.do(call, world.stranger)
        world.refuses("WrongPieceNonce", call, world.stranger, tokenId=token, expected=1, actual=0)
        world.hand_over(token, world.other, world.studio)
        world.refuses("WrongPieceNonce", call, world.stranger, tokenId=token, expected=2, actual=0)

    def test_front_runner_with_another_recipient_is_refused(self, world: World) -> None:
        token = world.anchored()
        call = world.claim_call(token, world.studio, world.other)
        stolen = replace(call, claim=replace(call.claim, new_holder=world.stranger.address))
        key = call.release.claim_key
        world.refuses("InvalidClaimSignature", stolen, world.stranger, tokenId=token, claimKey=key)
        world.do(call, world.stranger)

    def test_claim_is_signed_by_the_key_that_the_holder_named(self, world: World) -> None:
        token, key = world.anchored(), Account.generate()[0]
        call = world.claim_call(token, world.studio, world.other)
        signature = key.sign_message(world.ledger.identity, call.claim)
        world.refuses("InvalidClaimSignature", replace(call, claim_signature=signature), world.stranger)
        named = replace(call, release=replace(call.release, claim_key=key.address), claim_signature=signature)
        world.refuses("InvalidHolderSignature", named, world.stranger, tokenId=token, signer=world.studio.address)

    def test_only_the_holder_releases(self, world: World) -> None:
        token = world.anchored()
        for account in (world.steward, world.anchorer, world.other):
            world.refuses("InvalidHolderSignature", world.claim_call(token, account, world.other), world.stranger)
        world.hand_over(token, world.studio, world.other)
        late = world.claim_call(token, world.studio, world.stranger)
        world.refuses("InvalidHolderSignature", late, world.stranger, tokenId=token, signer=world.other.address)

    def test_what_was_signed_for_another_piece_or_deployment_is_refused(self, world: World) -> None:
        token = world.anchored()
        call = world.claim_call(token, world.studio, world.other)
        moved = replace(
            call, release=replace(call.release, token_id=token + 1), claim=replace(call.claim, token_id=token + 1)
        )
        world.refuses("InvalidHolderSignature", moved, world.stranger)
        twin = replace(world.ledger.identity, deployment_id=Hash32(secrets.token_bytes(32)))
        foreign = world.studio.sign_message(twin, call.release)
        world.refuses("InvalidHolderSignature", replace(call, release_signature=foreign), world.stranger)

    def test_release_and_claim_are_of_one_hand_over(self, world: World) -> None:
        token = world.anchored()
        call = world.claim_call(token, world.studio, world.other)
        for claim in (replace(call.claim, token_id=token + 1), replace(call.claim, nonce=1)):
            with pytest.raises(MalformedError):
                world.ledger.prepare(replace(call, claim=claim), world.stranger, 0)

    def test_both_deadlines_count(self, world: World) -> None:
        token = world.anchored()
        past = int(world.ledger.head().time.timestamp()) - 1
        for release, claim in ((past, 0), (0, past)):
            call = world.claim_call(token, world.studio, world.other, release_deadline=release, claim_deadline=claim)
            world.refuses("OrderExpired", call, world.stranger, deadline=past)
        call = world.claim_call(
            token, world.studio, world.other, release_deadline=YEAR_2100, claim_deadline=YEAR_2100 + 1
        )
        stretched = replace(call, release=replace(call.release, deadline=0))
        world.refuses("InvalidHolderSignature", stretched, world.stranger)
        world.do(call, world.stranger)

    def test_release_expires_with_time(self, world: World) -> None:
        token = world.anchored()
        deadline = int(world.ledger.head().time.timestamp()) + 3_600
        call = world.claim_call(token, world.studio, world.other, release_deadline=deadline)
        world.later(7_200)
        world.refuses("OrderExpired", call, world.stranger, deadline=deadline)

    def test_high_s_twins_and_short_signatures_are_refused(self, world: World) -> None:
        token = world.anchored()
        call = world.claim_call(token, world.studio, world.other)
        for bad in not_quite(call.release_signature):
            world.refuses("InvalidHolderSignature", replace(call, release_signature=bad), world.stranger)
        for bad in not_quite(call.claim_signature):
            world.refuses("InvalidClaimSignature", replace(call, claim_signature=bad), world.stranger)

    def test_piece_is_not_handed_to_nobody_and_exists(self, world: World) -> None:
        token, nobody = world.anchored(1), Address(bytes(20))
        call = world.claim_call(token, world.studio, nobody)
        world.refuses("InvalidHolder", call, world.stranger, tokenId=token, newHolder=nobody)
        call = world.claim_call(token, world.studio, world.other)
        missing = replace(
            call, release=replace(call.release, token_id=token + 1), claim=replace(call.claim, token_id=token + 1)
        )
        world.refuses("UnknownToken", missing, world.stranger, tokenId=token + 1)

    def test_cancelled_releases_are_void(self, world: World) -> None:
        token = world.anchored()
        call = world.claim_call(token, world.studio, world.other)
        world.refuses(
            "NotTheHolder", CancelReleasesCall(token), world.other, tokenId=token, account=world.other.address
        )
        block = world.do(CancelReleasesCall(token), world.studio).block
        (event,) = world.ledger.events(block.number, block.number)
        assert isinstance(event, ReleasesCancelled)
        assert (event.token_id, event.nonce) == (token, 1)
        world.refuses("WrongPieceNonce", call, world.stranger, tokenId=token, expected=1, actual=0)
        world.do(world.order_call(HolderAction.CANCEL_RELEASES, token, world.studio), world.stranger)
        assert world.holding(token).nonce == 2
        world.hand_over(token, world.studio, world.other)

    def test_holders_order_counts_once_in_time_and_as_signed(self, world: World) -> None:
        token = world.anchored()
        call = world.order_call(HolderAction.CANCEL_RELEASES, token, world.studio)
        for action in HolderAction:
            if action is not HolderAction.CANCEL_RELEASES:
                changed = replace(call, order=replace(call.order, action=action))
                world.refuses("InvalidHolderSignature", changed, world.stranger)
        world.refuses(
            "InvalidHolderSignature",
            world.order_call(HolderAction.CANCEL_RELEASES, token, world.steward),
            world.stranger,
        )
        past = int(world.ledger.head().time.timestamp()) - 1
        expired = world.order_call(HolderAction.CANCEL_RELEASES, token, world.studio, deadline=past)
        world.refuses("OrderExpired", expired, world.stranger, deadline=past)
        world.do(call, world.stranger)
        world.refuses("WrongPieceNonce", call, world.stranger, tokenId=token, expected=1, actual=0)

    def test_suspended_studio_releases_only_what_is_exempt(self, world: World) -> None:
        token, studio = world.anchored(), world.studio.address
        sold = token + 1
        world.hand_over(sold, world.studio, world.other)
        call = world.claim_call(token, world.studio, world.other)
        world.do(SuspendCall(studio), world.steward)
        assert world.holding(token).barred
        assert not world.holding(sold).barred
        world.refuses("StudioIsSuspended", call, world.stranger, studio=studio, tokenId=token)
        world.hand_over(sold, world.other, world.stranger)
        key = call.release.claim_key
        block = world.do(SetExemptionCall(token, key), world.steward).block
        (event,) = world.ledger.events(block.number, block.number)
        assert isinstance(event, ExemptionSet)
        assert (event.token_id, event.claim_key) == (token, key)
        assert (world.holding(token).exempt_key, world.holding(token).barred) == (key, True)
        world.do(call, world.stranger)
        assert world.holding(token).exempt_key is None  # It ends when the piece moves.

    def test_exemption_is_of_one_claim_key(self, world: World) -> None:
        """Whoever stole the studio's key can neither take an exempted piece nor void what the buyer paid for."""
        token, studio = world.anchored(), world.studio
        paid, theft = (world.claim_call(token, studio, buyer) for buyer in (world.other, world.stranger))
        orders = [world.order_call(action, token, studio) for action in HolderAction]
        world.do(SuspendCall(studio.address), world.steward)
        world.do(SetExemptionCall(token, paid.release.claim_key), world.steward)
        world.refuses("StudioIsSuspended", theft, world.stranger, studio=studio.address, tokenId=token)
        attempts: list[LedgerCall] = [CancelReleasesCall(token), ReportLostCall(token), *orders]
        for attempt in attempts:
            world.refuses("StudioIsSuspended", attempt, studio, studio=studio.address, tokenId=token)
        world.do(paid, world.stranger)

    def test_exemption_can_be_taken_back(self, world: World) -> None:
        token = world.anchored()
        call = world.claim_call(token, world.studio, world.other)
        world.do(SuspendCall(world.studio.address), world.steward)
        world.do(SetExemptionCall(token, call.release.claim_key), world.steward)
        world.do(SetExemptionCall(token, None), world.steward)
        world.refuses("StudioIsSuspended", call, world.stranger)

    def test_reinstated_studio_releases_again(self, world: World) -> None:
        token = world.anchored()
        world.do(SuspendCall(world.studio.address), world.steward)
        world.do(ReinstateCall(world.studio.address), world.steward)
        world.hand_over(token, world.studio, world.other)

    def test_only_a_steward_exempts_known_pieces(self, world: World) -> None:
        token, key = world.anchored(1), world.other.address
        world.refuses(
            "AccessControlUnauthorizedAccount",
            SetExemptionCall(token, key),
            world.studio,
            account=world.studio.address,
            neededRole="STEWARD_ROLE",
        )
        world.refuses("UnknownToken", SetExemptionCall(token + 1, key), world.steward, tokenId=token + 1)
