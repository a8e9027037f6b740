"""Status, signed orders and amendments."""

# ruff: noqa: S101, D102
# The suite is made of assertions, which only tests import; the name of a test says what it holds.

from __future__ import annotations

import secrets
from dataclasses import replace

from provenance.encoding import Digest, Hash32
from provenance.ledger import (
    AmendCall,
    SetStatusCall,
    SuspendCall,
)
from provenance.status import Status
from provenance.testing.conformance.world import (
    HALF_ORDER,
    ORDER,
    World,
)


class Statuses:
    """Status, signed orders, amendments."""

    def test_studio_and_steward_set_the_status(self, world: World) -> None:
        token = world.anchored()
        block = world.do(SetStatusCall(token, Status.ON_HOLD), world.studio).block
        record = world.record(token)
        assert (record.status, record.status_time) == (Status.ON_HOLD, block.time)
        world.do(SetStatusCall(token, Status.RETIRED), world.steward)
        assert world.record(token).status is Status.RETIRED
        assert world.record(token + 1).status is Status.ACTIVE

    def test_who_set_the_status_is_told(self, world: World) -> None:
        token, ledger = world.anchored(), world.ledger
        assert ledger.status_by_steward(token, ledger.head()) is None
        by_studio = world.do(SetStatusCall(token, Status.ON_HOLD), world.studio).block
        by_steward = world.do(SetStatusCall(token, Status.ON_HOLD), world.steward).block
        assert ledger.status_by_steward(token, by_studio) is False
        assert ledger.status_by_steward(token, by_steward) is True
        assert ledger.status_by_steward(token + 1, by_steward) is None
        world.do(SetStatusCall(token, Status.REVOKED), world.studio)
        assert ledger.status_by_steward(token, ledger.head()) is False

    def test_others_do_not_set_the_status(self, world: World) -> None:
        token = world.anchored()
        world.accredit(world.other)
        for account in (world.other, world.anchorer, world.stranger):
            world.refuses("NotTheStudio", SetStatusCall(token, Status.ON_HOLD), account)

    def test_unknown_token_has_no_status(self, world: World) -> None:
        token = world.anchored(1)
        world.refuses("UnknownToken", SetStatusCall(token + 1, Status.ON_HOLD), world.steward)

    def test_revoked_is_final(self, world: World) -> None:
        token = world.anchored()
        world.do(SetStatusCall(token, Status.REVOKED), world.studio)
        for account in (world.studio, world.steward):
            world.refuses("StatusIsFinal", SetStatusCall(token, Status.ACTIVE), account)

    def test_studio_does_not_lift_a_stewards_hold(self, world: World) -> None:
        token = world.anchored()
        world.do(SetStatusCall(token, Status.ON_HOLD), world.steward)
        for status in (Status.ACTIVE, Status.RETIRED, Status.ON_HOLD):
            world.refuses("HeldBySteward", SetStatusCall(token, status), world.studio)
        world.refuses("HeldBySteward", world.status_call(token, Status.ACTIVE, world.studio), world.stranger)
        world.do(SetStatusCall(token, Status.ACTIVE), world.steward)
        world.do(SetStatusCall(token, Status.ON_HOLD), world.studio)
        world.do(SetStatusCall(token, Status.ACTIVE), world.studio)

    def test_studio_may_revoke_what_a_steward_holds(self, world: World) -> None:
        token = world.anchored()
        world.do(SetStatusCall(token, Status.ON_HOLD), world.steward)
        world.do(SetStatusCall(token, Status.REVOKED), world.studio)

    def test_anybody_may_send_a_signed_order_once(self, world: World) -> None:
        token = world.anchored()
        call = world.status_call(token, Status.REVOKED, world.studio)
        world.do(call, world.stranger)
        assert world.record(token).status is Status.REVOKED
        assert world.ledger.order_nonce(world.studio.address) == 1
        world.refuses("WrongOrderNonce", call, world.stranger)

    def test_order_must_be_the_next_one(self, world: World) -> None:
        token = world.anchored()
        world.refuses(
            "WrongOrderNonce", world.status_call(token, Status.ON_HOLD, world.studio, nonce=1), world.stranger
        )

    def test_order_must_be_signed_by_the_studio(self, world: World) -> None:
        token = world.anchored()
        for signer in (world.stranger, world.steward):
            world.refuses("InvalidOrderSignature", world.status_call(token, Status.ON_HOLD, signer), world.stranger)

    def test_order_cannot_be_changed(self, world: World) -> None:
        token = world.anchored()
        call = world.status_call(token, Status.ON_HOLD, world.studio)
        for order in (replace(call.order, status=Status.REVOKED), replace(call.order, token_id=token + 1)):
            world.refuses("InvalidOrderSignature", replace(call, order=order), world.stranger)
        later = replace(call.order, deadline=2**40)
        world.refuses("InvalidOrderSignature", replace(call, order=later), world.stranger)

    def test_order_expires(self, world: World) -> None:
        token = world.anchored()
        past = int(world.ledger.head().time.timestamp()) - 1
        world.refuses(
            "OrderExpired", world.status_call(token, Status.ON_HOLD, world.studio, deadline=past), world.stranger
        )
        world.do(world.status_call(token, Status.ON_HOLD, world.studio, deadline=2**40), world.stranger)

    def test_order_of_another_deployment_is_refused(self, world: World) -> None:
        token = world.anchored()
        call = world.status_call(token, Status.ON_HOLD, world.studio)
        twin = replace(world.ledger.identity, deployment_id=Hash32(secrets.token_bytes(32)))
        signature = world.studio.sign_message(twin, call.order)
        world.refuses("InvalidOrderSignature", replace(call, signature=signature), world.stranger)

    def test_high_s_twin_and_short_signatures_are_refused(self, world: World) -> None:
        token = world.anchored()
        call = world.status_call(token, Status.ON_HOLD, world.studio)
        r, s, v = call.signature[:32], int.from_bytes(call.signature[32:64], "big"), call.signature[64]
        assert s <= HALF_ORDER
        twin = r + (ORDER - s).to_bytes(32, "big") + bytes([55 - v])
        for signature in (twin, call.signature[:64], b"", bytes(65)):
            world.refuses("InvalidOrderSignature", replace(call, signature=signature), world.stranger)

    def test_amendments_are_counted_and_the_newest_is_kept(self, world: World) -> None:
        token = world.anchored()
        digests = tuple(Digest(secrets.token_bytes(32)) for _ in range(3))
        world.do(AmendCall((token, token + 1), digests[:2]), world.studio)
        block = world.do(AmendCall((token,), digests[2:]), world.studio).block
        amendment = world.record(token).amendment
        assert amendment is not None
        assert (amendment.digest, amendment.time, amendment.count) == (digests[2], block.time, 2)
        second = world.record(token + 1).amendment
        assert second is not None
        assert (second.digest, second.count) == (digests[1], 1)
        assert world.record(token + 2).amendment is None

    def test_only_the_studio_amends(self, world: World) -> None:
        token = world.anchored()
        for account in (world.steward, world.stranger):
            world.refuses("NotTheStudio", AmendCall((token,), (Digest.of(b"new"),)), account)

    def test_suspended_studio_does_not_amend(self, world: World) -> None:
        token = world.anchored()
        world.do(SuspendCall(world.studio.address), world.steward)
        world.refuses("StudioNotInGoodStanding", AmendCall((token,), (Digest.of(b"new"),)), world.studio)

    def test_amendment_names_a_digest_for_each_token(self, world: World) -> None:
        token = world.anchored()
        digest = Digest.of(b"new")
        for call in (
            AmendCall((), ()),
            AmendCall((token,), (digest, digest)),
            AmendCall((token,), (Digest(bytes(32)),)),
        ):
            world.refuses("InvalidAmendment", call, world.studio)
        world.refuses("UnknownToken", AmendCall((token + 9,), (digest,)), world.studio)
