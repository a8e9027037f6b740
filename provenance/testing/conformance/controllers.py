"""Who signs for a studio, and what a studio orders by signature."""

# ruff: noqa: S101, D102
# The suite is made of assertions, which only tests import; the name of a test says what it holds.

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from provenance.encoding import Address, Digest
from provenance.ledger import (
    AmendCall,
    Amended,
    Controller,
    ControllerProposed,
    ProposeControllerCall,
    RelayAmendCall,
    SetStatusCall,
    SuspendCall,
)
from provenance.status import Status
from provenance.testing.conformance.world import World

CONTROLLER_DELAY = timedelta(days=7)
DIGEST = Digest.of(b"newer")


class Controllers:
    """Controllers, and amendments by order."""

    def test_studio_signs_for_itself_at_first(self, world: World) -> None:
        world.accredit(world.studio)
        assert world.ledger.controller(world.studio.address) == Controller(world.studio.address, None, None)
        nobody = Address(bytes(20))
        assert world.ledger.controller(world.stranger.address) == Controller(nobody, None, None)

    def test_controller_takes_over_after_its_delay_what_the_studio_holds(self, world: World) -> None:
        token, studio = world.anchored(), world.studio.address
        sold = token + 1
        world.hand_over(sold, world.studio, world.anchorer)
        before = world.ledger.head()
        block = world.do(ProposeControllerCall(studio, world.other.address), world.steward).block
        (event,) = world.ledger.events(block.number, block.number)
        assert isinstance(event, ControllerProposed)
        start = block.time + CONTROLLER_DELAY
        assert (event.studio, event.controller, event.start) == (studio, world.other.address, start)
        assert world.ledger.controller(studio) == Controller(studio, world.other.address, start)
        assert world.ledger.controller(studio, before) == Controller(studio, None, None)
        world.refuses("NotTheStudio", SetStatusCall(token, Status.ON_HOLD), world.other)
        world.later(int(CONTROLLER_DELAY.total_seconds()))
        # Now the old key signs for nothing, and the new one for all that the studio still holds.
        world.refuses(
            "InvalidHolderSignature",
            world.claim_call(token, world.studio, world.stranger),
            world.stranger,
            tokenId=token,
            signer=world.other.address,
        )
        world.refuses(
            "InvalidOrderSignature",
            world.status_call(token, Status.ON_HOLD, world.studio),
            world.stranger,
            controller=world.other.address,
        )
        world.refuses("NotTheStudio", SetStatusCall(token, Status.ON_HOLD), world.studio)
        world.do(world.status_call(token, Status.ON_HOLD, world.other), world.stranger)
        world.do(SetStatusCall(token, Status.ACTIVE), world.other)
        world.do(AmendCall((token,), (DIGEST,)), world.other)
        assert world.ledger.controller(studio) == Controller(world.other.address, None, None)
        holding = world.holding(token)
        assert (holding.holder, holding.signer) == (studio, world.other.address)
        world.refuses("InvalidHolderSignature", world.claim_call(sold, world.other, world.stranger), world.stranger)
        world.do(world.claim_call(token, world.other, world.stranger), world.stranger)
        assert world.holding(token).holder == world.stranger.address

    def test_proposing_the_present_controller_ends_a_proposal(self, world: World) -> None:
        token, studio = world.anchored(), world.studio.address
        world.do(ProposeControllerCall(studio, world.other.address), world.steward)
        world.do(ProposeControllerCall(studio, studio), world.steward)
        world.later(int(CONTROLLER_DELAY.total_seconds()))
        world.do(SetStatusCall(token, Status.ON_HOLD), world.studio)

    def test_change_in_force_is_not_lost_to_the_next(self, world: World) -> None:
        token, studio = world.anchored(), world.studio.address
        world.do(ProposeControllerCall(studio, world.other.address), world.steward)
        world.later(int(CONTROLLER_DELAY.total_seconds()))
        world.do(ProposeControllerCall(studio, world.anchorer.address), world.steward)
        world.do(SetStatusCall(token, Status.ON_HOLD), world.other)

    def test_controllers_are_a_stewards_to_name(self, world: World) -> None:
        studio, nobody = world.studio.address, Address(bytes(20))
        world.refuses("UnknownStudio", ProposeControllerCall(studio, world.other.address), world.steward, studio=studio)
        world.accredit(world.studio)
        world.refuses("InvalidController", ProposeControllerCall(studio, nobody), world.steward, studio=studio)
        for account in (world.studio, world.admin, world.anchorer):
            world.refuses(
                "AccessControlUnauthorizedAccount",
                ProposeControllerCall(studio, world.other.address),
                account,
                account=account.address,
                neededRole="STEWARD_ROLE",
            )

    def test_suspended_studio_sets_no_status(self, world: World) -> None:
        token, studio = world.anchored(), world.studio.address
        world.do(SuspendCall(studio), world.steward)
        world.refuses(
            "StudioIsSuspended", SetStatusCall(token, Status.REVOKED), world.studio, studio=studio, tokenId=token
        )
        world.refuses("StudioIsSuspended", world.status_call(token, Status.REVOKED, world.studio), world.stranger)
        world.do(SetStatusCall(token, Status.ON_HOLD), world.steward)

    def test_anybody_sends_a_signed_amendment_once(self, world: World) -> None:
        token = world.anchored()
        call = world.amend_call(token, DIGEST, world.studio)
        block = world.do(call, world.stranger).block
        (event,) = world.ledger.events(block.number, block.number)
        assert isinstance(event, Amended)
        assert (event.token_id, event.digest, event.count) == (token, DIGEST, 1)
        amendment = world.record(token).amendment
        assert amendment is not None
        assert (amendment.digest, amendment.time) == (DIGEST, block.time)
        studio = world.studio.address
        world.refuses("WrongOrderNonce", call, world.stranger, studio=studio, expected=1, actual=0)
        assert world.ledger.order_nonce(studio) == 1
        assert world.ledger.order_nonce(studio, world.ledger.block(block.number - 1)) == 0

    def test_amendments_and_statuses_share_the_count_and_nothing_else(self, world: World) -> None:
        token = world.anchored()
        amend = world.amend_call(token, DIGEST, world.studio)
        status = world.status_call(token, Status.ON_HOLD, world.studio)
        world.refuses("InvalidOrderSignature", replace(amend, signature=status.signature), world.stranger)
        world.do(status, world.stranger)
        world.refuses("WrongOrderNonce", amend, world.stranger)

    def test_amendment_by_order_keeps_every_rule(self, world: World) -> None:
        token, studio = world.anchored(1), world.studio.address
        call: RelayAmendCall = world.amend_call(token, DIGEST, world.stranger)
        world.refuses("InvalidOrderSignature", call, world.stranger, controller=studio)
        world.refuses("UnknownToken", world.amend_call(token + 1, DIGEST, world.studio), world.stranger)
        empty = world.amend_call(token, Digest(bytes(32)), world.studio)
        world.refuses("InvalidAmendment", empty, world.stranger)
        past = int(world.ledger.head().time.timestamp()) - 1
        world.refuses(
            "OrderExpired", world.amend_call(token, DIGEST, world.studio, deadline=past), world.stranger, deadline=past
        )
        world.do(SuspendCall(studio), world.steward)
        suspended = world.amend_call(token, DIGEST, world.studio)
        world.refuses("StudioNotInGoodStanding", suspended, world.stranger, studio=studio)
