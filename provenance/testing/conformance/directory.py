"""The directory of studios: accreditation, suspensions, keys."""

# ruff: noqa: S101, D102
# The suite is made of assertions, which only tests import; the name of a test says what it holds.

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from provenance.encoding import Address
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    LedgerCall,
    ReinstateCall,
    ShortenKeyCall,
    SuspendCall,
)
from provenance.testing.conformance.world import (
    NO_KEY,
    World,
    key_id_of,
    random_multikey,
)


class Directory:
    """Studios, suspensions, keys."""

    def test_only_a_steward_keeps_the_directory(self, world: World) -> None:
        studio, key = world.studio.address, key_id_of(world.accredit(world.studio))
        calls: tuple[LedgerCall, ...] = (
            AccreditCall(world.other.address, "did:x", "X"),
            SuspendCall(studio),
            ReinstateCall(studio),
            AddKeyCall(studio, random_multikey()),
            ShortenKeyCall(studio, key, datetime(2026, 1, 1, tzinfo=UTC)),
        )
        for call in calls:
            for account in (world.studio, world.anchorer, world.stranger):
                world.refuses("AccessControlUnauthorizedAccount", call, account)

    def test_did_belongs_to_one_studio(self, world: World) -> None:
        world.do(AccreditCall(world.studio.address, "did:a", "A"), world.steward)
        world.refuses("DidTaken", AccreditCall(world.other.address, "did:a", "B"), world.steward)

    def test_studio_keeps_its_did(self, world: World) -> None:
        world.do(AccreditCall(world.studio.address, "did:a", "A"), world.steward)
        world.refuses("DidTaken", AccreditCall(world.studio.address, "did:b", "A"), world.steward)

    def test_studio_has_an_address_and_a_did(self, world: World) -> None:
        world.refuses("InvalidStudio", AccreditCall(world.studio.address, "", "A"), world.steward)
        world.refuses("InvalidStudio", AccreditCall(Address(bytes(20)), "did:a", "A"), world.steward)
        world.refuses("InvalidStudio", AccreditCall(world.studio.address, "did:a", ""), world.steward)

    def test_renewal_changes_scopes_and_keeps_the_first_accreditation(self, world: World) -> None:
        token = world.anchored()
        did = f"did:web:registry.example:studios:{world.studio.address.hex()}"
        world.do(AccreditCall(world.studio.address, did, "New name", scopes=0), world.steward)
        record = world.record(token)
        assert (record.standing_at_anchor, record.standing_now) == (True, False)
        world.do(AccreditCall(world.studio.address, did, "New name"), world.steward)
        assert world.record(token).standing_at_anchor
        assert world.record(token).standing_now

    def test_suspension_counts_from_its_block_on(self, world: World) -> None:
        token = world.anchored()
        world.do(SuspendCall(world.studio.address), world.steward)
        record = world.record(token)
        assert (record.standing_at_anchor, record.standing_now) == (True, False)
        world.do(ReinstateCall(world.studio.address), world.steward)
        assert world.record(token).standing_now

    def test_suspensions_and_their_ends_come_in_turn(self, world: World) -> None:
        studio = world.studio.address
        world.accredit(world.studio)
        world.refuses("SuspensionUnchanged", ReinstateCall(studio), world.steward)
        world.do(SuspendCall(studio), world.steward)
        world.refuses("SuspensionUnchanged", SuspendCall(studio), world.steward)

    def test_accrediting_again_does_not_lift_a_suspension(self, world: World) -> None:
        token = world.anchored()
        world.do(SuspendCall(world.studio.address), world.steward)
        did = f"did:web:registry.example:studios:{world.studio.address.hex()}"
        world.do(AccreditCall(world.studio.address, did, "Again"), world.steward)
        assert not world.record(token).standing_now

    def test_unknown_studios_are_refused(self, world: World) -> None:
        nobody = world.stranger.address
        for call in (SuspendCall(nobody), ReinstateCall(nobody), AddKeyCall(nobody, random_multikey())):
            world.refuses("UnknownStudio", call, world.steward)

    def test_key_counts_from_its_block_on(self, world: World) -> None:
        token, multikey = world.anchored(), random_multikey()
        block = world.do(AddKeyCall(world.studio.address, multikey), world.steward).block
        record = world.record(token, key_id_of(multikey))
        assert record.key is not None
        assert record.key.start == block.time
        assert not record.key.covers(record.anchor.time)

    def test_key_that_the_studio_never_had_has_no_window(self, world: World) -> None:
        token = world.anchored()
        others = world.accredit(world.other)
        assert world.record(token).key is None
        assert world.record(token, key_id_of(others)).key is None

    def test_two_studios_may_have_the_same_key(self, world: World) -> None:
        # Otherwise the first to name a key would squat on it.
        multikey = world.accredit(world.studio)
        world.accredit(world.other)
        world.do(AddKeyCall(world.other.address, multikey), world.steward)

    def test_key_is_added_once_even_after_its_end(self, world: World) -> None:
        studio, multikey = world.studio.address, world.accredit(world.studio)
        world.refuses("KeyAlreadyAdded", AddKeyCall(studio, multikey), world.steward)
        world.do(ShortenKeyCall(studio, key_id_of(multikey), world.ledger.head().time), world.steward)
        world.refuses("KeyAlreadyAdded", AddKeyCall(studio, multikey), world.steward)

    def test_keys_are_multikeys_of_known_kinds(self, world: World) -> None:
        world.accredit(world.studio)
        world.do(AddKeyCall(world.studio.address, b"\xed\x01" + secrets.token_bytes(32)), world.steward)
        for bad in (b"", b"\x80\x24" + bytes(32), b"\xed\x01" + bytes(33), b"\x81\x24" + bytes(33), bytes(34)):
            world.refuses("InvalidMultikey", AddKeyCall(world.studio.address, bad), world.steward)

    def test_window_may_end_in_the_past(self, world: World) -> None:
        token = world.anchored()
        multikey = random_multikey()
        world.do(AddKeyCall(world.studio.address, multikey), world.steward)
        end = world.record(token).anchor.time - timedelta(days=400)
        world.do(ShortenKeyCall(world.studio.address, key_id_of(multikey), end), world.steward)
        record = world.record(token, key_id_of(multikey))
        assert record.key is not None
        assert record.key.end == end
        assert not record.key.covers(record.key.start)

    def test_window_only_shrinks(self, world: World) -> None:
        studio, key = world.studio.address, key_id_of(world.accredit(world.studio))
        end = world.ledger.head().time + timedelta(days=30)
        world.do(ShortenKeyCall(studio, key, end), world.steward)
        for wider in (end, end + timedelta(seconds=1)):
            world.refuses("WindowNotShorter", ShortenKeyCall(studio, key, wider), world.steward)
        world.do(ShortenKeyCall(studio, key, end - timedelta(seconds=1)), world.steward)

    def test_unknown_key_has_no_window_to_shorten(self, world: World) -> None:
        world.accredit(world.studio)
        call = ShortenKeyCall(world.studio.address, NO_KEY, datetime(2026, 1, 1, tzinfo=UTC))
        world.refuses("UnknownKey", call, world.steward)
