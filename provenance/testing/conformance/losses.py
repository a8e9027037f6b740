"""Loss and recovery."""

# ruff: noqa: S101, D102
# The suite is made of assertions, which only tests import; the name of a test says what it holds.

from __future__ import annotations

from datetime import timedelta

from provenance.encoding import Address
from provenance.handover import HolderAction, Recovery
from provenance.ledger import (
    ExecuteRecoveryCall,
    Moved,
    ProposeRecoveryCall,
    RecoveryProposed,
    RecoveryVetoed,
    ReleasesCancelled,
    ReportedFound,
    ReportedLost,
    ReportFoundCall,
    ReportLostCall,
    SetStatusCall,
    VetoRecoveryCall,
)
from provenance.status import Status
from provenance.testing.conformance.world import World

FOUND_DELAY, RECOVERY_DELAY = timedelta(days=7), timedelta(days=30)


def seconds(delay: timedelta) -> int:
    """Return a delay in whole seconds."""
    return int(delay.total_seconds())


class Losses:
    """Reports of loss, proposals of recovery, vetoes."""

    def test_lost_piece_is_not_handed_over(self, world: World) -> None:
        token = world.anchored()
        world.hand_over(token, world.studio, world.other)
        call = world.claim_call(token, world.other, world.stranger)
        block = world.do(ReportLostCall(token), world.other).block
        (event,) = world.ledger.events(block.number, block.number)
        assert isinstance(event, ReportedLost)
        assert (event.token_id, event.since, event.nonce) == (token, block.time, 2)
        assert (world.record(token).lost_since, world.holding(token).lost_since) == (block.time, block.time)
        world.refuses("WrongPieceNonce", call, world.stranger)
        since = int(block.time.timestamp())
        again = world.claim_call(token, world.other, world.stranger)
        world.refuses("PieceIsLost", again, world.stranger, tokenId=token, since=since)

    def test_second_report_keeps_the_first_time(self, world: World) -> None:
        token = world.anchored()
        first = world.do(ReportLostCall(token), world.studio).block.time
        world.do(ReportLostCall(token), world.studio)
        assert (world.holding(token).lost_since, world.holding(token).nonce) == (first, 2)

    def test_holder_finds_after_a_delay(self, world: World) -> None:
        token = world.anchored()
        lost = world.do(ReportLostCall(token), world.studio).block.time
        block = world.do(ReportFoundCall(token), world.studio).block
        (event,) = world.ledger.events(block.number, block.number)
        assert isinstance(event, ReportedFound)
        start = block.time + FOUND_DELAY
        assert (event.start, event.nonce) == (start, 2)
        assert (world.holding(token).lost_since, world.holding(token).found_from) == (lost, start)
        world.refuses("PieceIsLost", world.claim_call(token, world.studio, world.other), world.stranger)
        world.later(seconds(FOUND_DELAY))
        world.hand_over(token, world.studio, world.other)
        assert (world.holding(token).lost_since, world.record(token).lost_since) == (None, None)

    def test_what_time_ends_is_told_as_of_the_block_asked_for(self, world: World) -> None:
        token = world.anchored()
        world.do(ReportLostCall(token), world.studio)
        block = world.do(ReportFoundCall(token), world.studio).block
        world.later(seconds(FOUND_DELAY))
        world.do(SetStatusCall(token, Status.ON_HOLD), world.steward)
        assert world.holding(token).lost_since is None
        then = world.ledger.holding(token, block)
        assert then is not None
        assert then.lost_since is not None
        assert then.found_from == block.time + FOUND_DELAY
        assert world.record(token, at=block).lost_since == then.lost_since

    def test_new_report_undoes_a_finding(self, world: World) -> None:
        token = world.anchored()
        lost = world.do(ReportLostCall(token), world.studio).block.time
        world.do(ReportFoundCall(token), world.studio)
        world.do(world.order_call(HolderAction.REPORT_LOST, token, world.studio), world.stranger)
        assert (world.holding(token).lost_since, world.holding(token).found_from) == (lost, None)
        world.later(seconds(FOUND_DELAY) + 60)
        world.refuses("PieceIsLost", world.claim_call(token, world.studio, world.other), world.stranger)

    def test_steward_finds_at_once(self, world: World) -> None:
        token = world.anchored()
        world.do(ReportLostCall(token), world.studio)
        world.do(ReportFoundCall(token), world.steward)
        assert world.holding(token).lost_since is None
        world.hand_over(token, world.studio, world.other)

    def test_orders_report_loss_and_finding(self, world: World) -> None:
        token = world.anchored()
        block = world.do(world.order_call(HolderAction.REPORT_LOST, token, world.studio), world.stranger).block
        assert world.holding(token).lost_since == block.time
        block = world.do(world.order_call(HolderAction.REPORT_FOUND, token, world.studio), world.stranger).block
        assert world.holding(token).found_from == block.time + FOUND_DELAY

    def test_only_what_is_lost_is_found_and_only_by_its_people(self, world: World) -> None:
        token = world.anchored(1)
        world.refuses("PieceIsNotLost", ReportFoundCall(token), world.studio, tokenId=token)
        world.refuses("PieceIsNotLost", ReportFoundCall(token), world.steward, tokenId=token)
        world.refuses("UnknownToken", ReportFoundCall(token + 1), world.steward, tokenId=token + 1)
        for call in (ReportFoundCall(token), ReportLostCall(token)):
            world.refuses("NotTheHolder", call, world.other, tokenId=token, account=world.other.address)
        world.refuses("NotTheHolder", ReportLostCall(token), world.steward)

    def test_recovery_gives_a_piece_to_the_heir_after_its_delay(self, world: World) -> None:
        token = world.anchored()
        world.hand_over(token, world.studio, world.other)
        world.do(ReportLostCall(token), world.other)
        lost = world.holding(token).lost_since
        block = world.do(ProposeRecoveryCall(token, world.stranger.address), world.steward).block
        (event,) = world.ledger.events(block.number, block.number)
        assert isinstance(event, RecoveryProposed)
        start = block.time + RECOVERY_DELAY
        assert (event.holder, event.heir, event.start) == (world.other.address, world.stranger.address, start)
        assert world.holding(token).recovery == Recovery(world.stranger.address, start)
        early = {"tokenId": token, "from_": int(start.timestamp())}
        world.refuses("RecoveryTooEarly", ExecuteRecoveryCall(token), world.stranger, **early)
        world.later(seconds(RECOVERY_DELAY))
        block = world.do(ExecuteRecoveryCall(token), world.anchorer).block
        (moved,) = world.ledger.events(block.number, block.number)
        assert isinstance(moved, Moved)
        assert (moved.former, moved.holder) == (world.other.address, world.stranger.address)
        holding = world.holding(token)
        assert (holding.holder, holding.recovery, holding.lost_since) == (world.stranger.address, None, lost)
        world.refuses("NoRecovery", ExecuteRecoveryCall(token), world.stranger, tokenId=token)

    def test_holder_vetoes_a_recovery(self, world: World) -> None:
        token = world.anchored()
        world.hand_over(token, world.studio, world.other)
        for by_order in (False, True):
            world.do(ProposeRecoveryCall(token, world.stranger.address), world.steward)
            world.later(seconds(RECOVERY_DELAY))  # Nobody executed it: the holder can still veto.
            nonce = world.holding(token).nonce
            if by_order:
                block = world.do(world.order_call(HolderAction.VETO_RECOVERY, token, world.other), world.stranger).block
            else:
                block = world.do(VetoRecoveryCall(token), world.other).block
            vetoed, cancelled = world.ledger.events(block.number, block.number)
            assert isinstance(vetoed, RecoveryVetoed)
            assert isinstance(cancelled, ReleasesCancelled)
            assert (vetoed.heir, vetoed.by_steward, cancelled.nonce) == (world.stranger.address, False, nonce + 1)
            world.refuses("NoRecovery", ExecuteRecoveryCall(token), world.stranger, tokenId=token)

    def test_steward_withdraws_a_recovery_and_voids_no_release(self, world: World) -> None:
        token = world.anchored()
        world.hand_over(token, world.studio, world.other)
        call = world.claim_call(token, world.other, world.studio)
        world.do(ProposeRecoveryCall(token, world.stranger.address), world.steward)
        block = world.do(VetoRecoveryCall(token), world.steward).block
        (vetoed,) = world.ledger.events(block.number, block.number)
        assert isinstance(vetoed, RecoveryVetoed)
        assert vetoed.by_steward
        world.do(call, world.stranger)

    def test_moving_a_piece_ends_its_recovery(self, world: World) -> None:
        token = world.anchored()
        world.hand_over(token, world.studio, world.other)
        world.do(ProposeRecoveryCall(token, world.stranger.address), world.steward)
        world.hand_over(token, world.other, world.anchorer)
        world.later(seconds(RECOVERY_DELAY))
        world.refuses("NoRecovery", ExecuteRecoveryCall(token), world.stranger, tokenId=token)

    def test_new_proposal_starts_anew(self, world: World) -> None:
        token = world.anchored()
        world.hand_over(token, world.studio, world.other)
        world.do(ProposeRecoveryCall(token, world.stranger.address), world.steward)
        world.later(seconds(RECOVERY_DELAY))
        block = world.do(ProposeRecoveryCall(token, world.anchorer.address), world.steward).block
        assert world.holding(token).recovery == Recovery(world.anchorer.address, block.time + RECOVERY_DELAY)
        world.refuses("RecoveryTooEarly", ExecuteRecoveryCall(token), world.stranger)

    def test_recovery_is_a_stewards_of_a_buyers_piece_to_somebody(self, world: World) -> None:
        token, studio = world.anchored(1), world.studio.address
        heir = world.stranger.address
        world.refuses("HeldByItsStudio", ProposeRecoveryCall(token, heir), world.steward, tokenId=token, studio=studio)
        world.refuses("UnknownToken", ProposeRecoveryCall(token + 1, heir), world.steward, tokenId=token + 1)
        world.hand_over(token, world.studio, world.other)
        nobody = Address(bytes(20))
        world.refuses(
            "InvalidHolder", ProposeRecoveryCall(token, nobody), world.steward, tokenId=token, newHolder=nobody
        )
        for account in (world.studio, world.other, world.stranger):
            world.refuses("AccessControlUnauthorizedAccount", ProposeRecoveryCall(token, heir), account)
        for account in (world.other, world.steward):
            world.refuses("NoRecovery", VetoRecoveryCall(token), account, tokenId=token)
        world.do(ProposeRecoveryCall(token, heir), world.steward)
        for account in (world.studio, world.stranger):
            world.refuses("NotTheHolder", VetoRecoveryCall(token), account, tokenId=token, account=account.address)
