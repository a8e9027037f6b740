"""A ledger that takes another one's state over."""

# ruff: noqa: S101, D102
# The suite is made of assertions, which only tests import; the name of a test says what it holds.

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from provenance.encoding import Address, Digest
from provenance.handover import Recovery
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    Allotment,
    AmendmentRecord,
    AnchorCall,
    ClaimCall,
    ClockSet,
    Controller,
    Deployment,
    ExecuteRecoveryCall,
    ImportedPiece,
    ImportOrderNonceCall,
    ImportPiecesCall,
    LedgerCall,
    OrderNonceImported,
    PieceImported,
    ProposeControllerCall,
    ProposeRecoveryCall,
    ReportFoundCall,
    SealCall,
    Sealed,
    SetClockCall,
    SetExemptionCall,
    SetStatusCall,
    ShortenKeyCall,
    SuspendCall,
    make_token_id,
)
from provenance.status import Status
from provenance.succession import compare, resume
from provenance.testing.conformance.world import World, key_id_of, random_multikey, random_root

THEN = datetime(2020, 5, 4, 3, 2, 1, tzinfo=UTC)
NUMBER = 77
TOKEN = make_token_id(1, 1)


def importing(world: World) -> World:
    """Return the same people before a fresh ledger that still imports."""
    head = world.ledger.head()
    identity = world.ledger.identity
    return world.on(world.succeed(Deployment(identity.contract, identity.chain_id, head.number)))


def with_anchor(world: World) -> World:
    """Return a ledger that still imports, with one anchor of three pieces."""
    new = importing(world)
    studio = new.studio.address
    calls: tuple[LedgerCall, ...] = (
        SetClockCall(THEN, NUMBER),
        AccreditCall(studio, "did:a", "A"),
        AnchorCall(random_root(), 3, 1, (Allotment(studio, 3),)),
    )
    for call in calls:
        new.do(call, new.admin)
    return new


def piece(world: World, **members: object) -> ImportedPiece:
    """Return a piece of that anchor as another ledger would have it."""
    bare = ImportedPiece(TOKEN, world.other.address, 1, Status.ACTIVE, False, None, None, None)
    return ImportedPiece(**{name: members.get(name, getattr(bare, name)) for name in bare.__slots__})  # type: ignore[arg-type]


class Successions:
    """Importing, its order and its refusals."""

    def test_ledger_without_a_predecessor_is_sealed(self, world: World) -> None:
        assert world.ledger.sealed()
        assert world.ledger.predecessor() is None
        account = {"account": world.admin.address, "neededRole": "IMPORTER_ROLE"}
        world.refuses("AccessControlUnauthorizedAccount", SetClockCall(THEN, 1), world.admin, **account)

    def test_successor_names_its_predecessor_and_waits(self, world: World) -> None:
        named = Deployment(world.ledger.identity.contract, world.ledger.identity.chain_id, 9)
        ledger = world.succeed(named)
        assert (ledger.predecessor(), ledger.sealed()) == (named, False)
        assert ledger.identity.deployment_id != world.ledger.identity.deployment_id

    def test_nothing_works_before_the_seal_but_importing(self, world: World) -> None:
        new = with_anchor(world)
        claim: ClaimCall = new.claim_call(TOKEN, new.studio, new.other)
        for call, account in (
            (claim, new.stranger),
            (SetStatusCall(TOKEN, Status.ON_HOLD), new.steward),
            (new.status_call(TOKEN, Status.ON_HOLD, new.studio), new.stranger),
            (new.amend_call(TOKEN, Digest.of(b"x"), new.studio), new.stranger),
            (ExecuteRecoveryCall(TOKEN), new.stranger),
        ):
            new.refuses("NotSealed", call, account)
        needed = {"account": new.steward.address, "neededRole": "IMPORTER_ROLE"}
        new.refuses("AccessControlUnauthorizedAccount", SuspendCall(new.studio.address), new.steward, **needed)
        new.do(SealCall(), new.admin)
        new.do(SuspendCall(new.studio.address), new.steward)

    def test_clock_comes_first_and_goes_forward_up_to_now(self, world: World) -> None:
        new = importing(world)
        accredit = AccreditCall(new.studio.address, "did:a", "A")
        new.refuses("WrongClock", accredit, new.admin, time=0)
        block = new.do(SetClockCall(THEN, NUMBER), new.admin).block
        (event,) = new.ledger.events(block.number, block.number)
        assert isinstance(event, ClockSet)
        assert (event.time, event.number) == (THEN, NUMBER)
        future = new.ledger.head().time + timedelta(days=1)
        for time, number in ((THEN - timedelta(seconds=1), NUMBER), (future, NUMBER)):
            new.refuses("WrongClock", SetClockCall(time, number), new.admin, time=int(time.timestamp()))
        new.do(SetClockCall(THEN, NUMBER), new.admin)
        new.do(accredit, new.admin)

    def test_what_is_played_again_counts_at_its_time(self, world: World) -> None:
        new = importing(world)
        studio, multikey = new.studio.address, random_multikey()
        root, later = random_root(), THEN + timedelta(days=100)
        calls: tuple[LedgerCall, ...] = (
            SetClockCall(THEN, NUMBER),
            AccreditCall(studio, "did:a", "A"),
            AddKeyCall(studio, multikey),
            AnchorCall(root, 3, 1, (Allotment(studio, 3),)),
            SetClockCall(later, NUMBER + 1),
            AccreditCall(studio, "did:a", "B"),
            ShortenKeyCall(studio, key_id_of(multikey), later - timedelta(days=1)),
            SuspendCall(studio),
        )
        for call in calls:
            outcome = new.do(call, new.admin)
        new.do(SealCall(), new.admin)
        record = new.record(TOKEN, key_id_of(multikey))
        assert (record.anchor.time, record.anchor.block_number, record.anchor.anchor_id) == (THEN, NUMBER, 1)
        assert record.name_hash == Digest.of(b"A")
        assert record.key is not None
        assert (record.key.start, record.key.end) == (THEN, later - timedelta(days=1))
        assert (record.standing_at_anchor, record.standing_now) == (True, False)
        assert new.ledger.anchor_id_of(root) == 1
        assert outcome.block.time > later

    def test_imported_piece_is_as_it_was(self, world: World) -> None:
        new = with_anchor(world)
        lost = THEN + timedelta(days=1)
        amendment = AmendmentRecord(Digest.of(b"newer"), THEN + timedelta(days=2), 3)
        whole = piece(
            new,
            nonce=5,
            status=Status.ON_HOLD,
            by_steward=True,
            status_time=THEN + timedelta(hours=1),
            lost_since=lost,
            amendment=amendment,
        )
        block = new.do(ImportPiecesCall((whole,)), new.admin).block
        (event,) = new.ledger.events(block.number, block.number)
        assert isinstance(event, PieceImported)
        assert event.piece == whole
        new.do(SealCall(), new.admin)
        record, holding = new.record(TOKEN), new.holding(TOKEN)
        assert (record.status, record.status_time, record.amendment) == (Status.ON_HOLD, whole.status_time, amendment)
        assert (record.holder, record.lost_since) == (new.other.address, lost)
        assert (holding.nonce, holding.lost_since, holding.found_from) == (5, lost, None)
        new.refuses("HeldBySteward", SetStatusCall(TOKEN, Status.ACTIVE), new.studio, tokenId=TOKEN)
        new.refuses("PieceIsLost", new.claim_call(TOKEN, new.other, new.stranger), new.stranger)
        new.do(ReportFoundCall(TOKEN), new.steward)
        new.hand_over(TOKEN, new.other, new.stranger)

    def test_imports_need_an_anchor_and_a_holder(self, world: World) -> None:
        new = with_anchor(world)
        nobody, missing = Address(bytes(20)), make_token_id(2, 0)
        new.refuses(
            "InvalidHolder", ImportPiecesCall((piece(new, holder=nobody),)), new.admin, tokenId=TOKEN, newHolder=nobody
        )
        new.refuses("UnknownToken", ImportPiecesCall((piece(new, token_id=missing),)), new.admin, tokenId=missing)
        for call in (ImportPiecesCall((piece(new),)), ImportOrderNonceCall(new.studio.address, 1), SealCall()):
            for account in (new.steward, new.stranger):
                new.refuses(
                    "AccessControlUnauthorizedAccount",
                    call,
                    account,
                    account=account.address,
                    neededRole="IMPORTER_ROLE",
                )

    def test_exemptions_are_played_again_and_recoveries_wait_for_the_seal(self, world: World) -> None:
        new = with_anchor(world)
        claim = new.claim_call(TOKEN + 1, new.studio, new.other)
        recovery = ProposeRecoveryCall(TOKEN, new.stranger.address)
        calls: tuple[LedgerCall, ...] = (
            ImportPiecesCall((piece(new),)),
            SetClockCall(THEN + timedelta(days=3), NUMBER - 3),  # Its predecessor moved between chains too.
            SetExemptionCall(TOKEN + 1, claim.release.claim_key),
            SuspendCall(new.studio.address),
        )
        for call in calls:
            new.do(call, new.admin)
        for account in (new.admin, new.steward):
            new.refuses("NotSealed", recovery, account)
        new.do(SealCall(), new.admin)
        start = new.do(recovery, new.steward).block.time + timedelta(days=30)
        assert new.holding(TOKEN).recovery == Recovery(new.stranger.address, start)
        new.do(claim, new.stranger)

    def test_controllers_are_played_again(self, world: World) -> None:
        new = with_anchor(world)
        new.do(ProposeControllerCall(new.studio.address, new.other.address), new.admin)
        start = THEN + timedelta(days=7)
        upcoming = Controller(new.studio.address, new.other.address, start)
        assert new.ledger.controller(new.studio.address) == upcoming  # As of the clock, while importing.
        new.do(SealCall(), new.admin)
        assert new.ledger.controller(new.studio.address) == Controller(new.other.address, None, None)
        new.hand_over(TOKEN, new.other, new.stranger)

    def test_order_nonces_go_on(self, world: World) -> None:
        new = with_anchor(world)
        block = new.do(ImportOrderNonceCall(new.studio.address, 4), new.admin).block
        (event,) = new.ledger.events(block.number, block.number)
        assert isinstance(event, OrderNonceImported)
        assert (event.studio, event.nonce) == (new.studio.address, 4)
        assert new.ledger.order_nonce(new.studio.address) == 4
        new.do(SealCall(), new.admin)
        new.do(new.status_call(TOKEN, Status.ON_HOLD, new.studio), new.stranger)

    def test_seal_is_for_ever(self, world: World) -> None:
        new = with_anchor(world)
        block = new.do(SealCall(), new.admin).block
        (event,) = new.ledger.events(block.number, block.number)
        assert isinstance(event, Sealed)
        assert new.ledger.sealed()
        for call in (
            SealCall(),
            SetClockCall(new.ledger.head().time, NUMBER),
            ImportPiecesCall((piece(new),)),
            ImportOrderNonceCall(new.studio.address, 1),
        ):
            new.refuses("AlreadySealed", call, new.admin)

    def test_signatures_for_the_predecessor_are_void(self, world: World) -> None:
        token = world.anchored()
        release = world.claim_call(token, world.studio, world.other)
        order = world.status_call(token, Status.REVOKED, world.studio)
        new = with_anchor(world)
        new.do(SealCall(), new.admin)
        assert token == make_token_id(1, 0)
        new.refuses("InvalidHolderSignature", release, new.stranger)
        new.refuses("InvalidOrderSignature", order, new.stranger)

    def test_whole_ledger_moves(self, world: World) -> None:
        token = world.anchored(4)
        world.hand_over(token, world.studio, world.other)
        world.do(ProposeRecoveryCall(token, world.stranger.address), world.steward)
        world.hand_over(token + 1, world.studio, world.other)
        world.do(SetStatusCall(token + 1, Status.ON_HOLD), world.steward)
        world.do(world.amend_call(token + 2, Digest.of(b"newer"), world.studio), world.stranger)
        world.do(ProposeControllerCall(world.studio.address, world.anchorer.address), world.steward)
        world.do(SuspendCall(world.studio.address), world.steward)
        world.do(SetExemptionCall(token + 3, world.other.address), world.steward)
        final = world.ledger.head()
        new = importing(world)
        for call in resume(world.ledger, final, new.ledger, first_block=0):
            new.do(call, new.admin)
        assert compare(world.ledger, final, new.ledger, new.ledger.head()) == []
        new.do(SealCall(), new.admin)
        assert compare(world.ledger, final, new.ledger, new.ledger.head()) == []
        assert list(resume(world.ledger, final, new.ledger)) == []
