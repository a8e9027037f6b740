"""Roles and the admin."""

# ruff: noqa: S101, D102
# The suite is made of assertions, which only tests import; the name of a test says what it holds.

from __future__ import annotations

from provenance.ledger import (
    AcceptAdminTransferCall,
    AccreditCall,
    BeginAdminTransferCall,
    CancelAdminTransferCall,
    Deployment,
    GrantRoleCall,
    LedgerCall,
    NameSuccessorCall,
    RevokeRoleCall,
    Role,
    SuccessorNamed,
)
from provenance.testing.conformance.world import World


class Administration:
    """Who gives roles, and how that power is handed on."""

    def test_admin_gives_and_takes_roles(self, world: World) -> None:
        call, guest = AccreditCall(world.studio.address, "did:a", "A"), world.stranger
        refusal = {"account": guest.address, "neededRole": "STEWARD_ROLE"}
        world.refuses("AccessControlUnauthorizedAccount", call, guest, **refusal)
        world.do(GrantRoleCall(Role.STEWARD, guest.address), world.admin)
        world.do(call, guest)
        world.do(RevokeRoleCall(Role.STEWARD, guest.address), world.admin)
        world.refuses("AccessControlUnauthorizedAccount", AccreditCall(guest.address, "did:b", "B"), guest, **refusal)

    def test_roles_are_apart(self, world: World) -> None:
        world.accredit(world.studio)
        world.refuses(
            "AccessControlUnauthorizedAccount",
            world.anchor_call((world.studio, 1)),
            world.steward,
            account=world.steward.address,
            neededRole="ANCHORER_ROLE",
        )
        world.do(GrantRoleCall(Role.ANCHORER, world.steward.address), world.admin)
        world.do(world.anchor_call((world.studio, 1)), world.steward)

    def test_only_the_admin_administers(self, world: World) -> None:
        guest = world.stranger.address
        named = Deployment(guest, 1, 1)
        calls: tuple[LedgerCall, ...] = (
            GrantRoleCall(Role.STEWARD, guest),
            RevokeRoleCall(Role.STEWARD, world.steward.address),
            BeginAdminTransferCall(guest),
            CancelAdminTransferCall(),
            NameSuccessorCall(named),
        )
        for call in calls:
            for account in (world.steward, world.anchorer, world.stranger):
                world.refuses(
                    "AccessControlUnauthorizedAccount",
                    call,
                    account,
                    account=account.address,
                    neededRole="DEFAULT_ADMIN_ROLE",
                )

    def test_another_admin_accepts_after_a_delay(self, world: World) -> None:
        heir = world.stranger
        block = world.do(BeginAdminTransferCall(heir.address), world.admin).block
        schedule = int(block.time.timestamp()) + 3_600
        accept = AcceptAdminTransferCall()
        world.refuses("AccessControlEnforcedDefaultAdminDelay", accept, heir, schedule=schedule)
        world.refuses("AccessControlInvalidDefaultAdmin", accept, world.steward, defaultAdmin=world.steward.address)
        world.later(3_700)
        world.do(accept, heir)
        world.do(GrantRoleCall(Role.STEWARD, world.other.address), heir)
        world.refuses("AccessControlUnauthorizedAccount", GrantRoleCall(Role.STEWARD, heir.address), world.admin)

    def test_transfer_that_was_taken_back_is_not_accepted(self, world: World) -> None:
        heir = world.stranger
        world.do(BeginAdminTransferCall(heir.address), world.admin)
        world.do(CancelAdminTransferCall(), world.admin)
        world.later(3_700)
        world.refuses("AccessControlInvalidDefaultAdmin", AcceptAdminTransferCall(), heir, defaultAdmin=heir.address)

    def test_successor_is_named_once_and_nothing_stops(self, world: World) -> None:
        assert world.ledger.successor() is None
        named = Deployment(world.other.address, 5, 7)
        world.refuses(
            "InvalidDeployment", NameSuccessorCall(Deployment(type(named.contract)(bytes(20)), 5, 7)), world.admin
        )
        before = world.ledger.head()
        block = world.do(NameSuccessorCall(named), world.admin).block
        (event,) = world.ledger.events(block.number, block.number)
        assert isinstance(event, SuccessorNamed)
        assert event.successor == named
        assert world.ledger.successor() == named
        assert (world.ledger.successor(before), world.ledger.successor(block)) == (None, named)
        world.refuses(
            "SuccessorKnown",
            NameSuccessorCall(Deployment(world.studio.address, 5, 7)),
            world.admin,
            ledger=named.contract,
        )
        world.anchored()
