"""Relayed messages: each is paid for once, one at a time for a piece, and within limits."""

from __future__ import annotations

import pytest

from provenance.certificate import Certificate
from provenance.encoding import Address
from provenance.errors import ConflictError, LedgerError, LimitError, NotFoundError
from provenance.handover import Claim, HolderAction, HolderOrder, Release
from provenance.issue import issue
from provenance.ledger import (
    CancelReleasesCall,
    ClaimCall,
    HolderOrderCall,
    ReinstateCall,
    RelayAmendCall,
    SuspendCall,
)
from provenance.status import AmendOrder, Status, StatusOrder
from provenance_registry.records import Sending, SignedRelease, StoredMessage
from provenance_registry.service import limits
from provenance_registry.service.limits import Buckets, Limits
from provenance_registry.service.messages import SignedClaim
from provenance_registry.service.relay import RelayedCall
from provenance_registry.service.releases import MAX_CHAIN_CHECKS, MAX_LIVE_RELEASES
from tests.support.pipeline import RELAYER, Pipeline, Ticking
from tests.support.scene import ISSUER, NOW, OTHER, STEWARD, STUDIO, person

pytestmark = pytest.mark.usefixtures("either_database")

KEY, BUYER = person(21).address, person(22).address
CLIENT = "198.51.100.1"


@pytest.fixture
def token(pipeline: Pipeline) -> int:
    token_id = pipeline.stored(pipeline.anchored()).token_id
    assert token_id is not None
    return token_id


def sending(pipeline: Pipeline, stored: StoredMessage) -> Sending:
    return pipeline.relay.find(stored.message.kind, stored.message.message_id).entry.sending


def holder(pipeline: Pipeline, token: int) -> Address:
    record = pipeline.index.record(token, pipeline.scene.signer.public_key.key_id, pipeline.index.head())
    assert record is not None
    return record.holder


def test_a_claim_is_sent_once_however_often_it_comes(pipeline: Pipeline, token: int) -> None:
    release = Release(token, KEY, 0)
    first = pipeline.claimed(release, BUYER)
    assert pipeline.claimed(release, BUYER) == first
    assert [entry.account for entry in pipeline.repository.open_entries()] == [RELAYER.address]
    pipeline.turn(3)
    assert sending(pipeline, first) is Sending.FINAL
    assert pipeline.claimed(release, BUYER).entry.entry_id == first.entry.entry_id
    assert holder(pipeline, token) == BUYER


def test_one_piece_has_one_message_of_a_number_under_way(pipeline: Pipeline, token: int) -> None:
    first = pipeline.claimed(Release(token, KEY, 0), BUYER)
    release, later = Release(token, KEY, 0), 2_000_000_000
    others: list[RelayedCall] = [
        ClaimCall(release, b"", Claim(token, OTHER.address, 0), b""),
        ClaimCall(Release(token, OTHER.address, 0), b"", Claim(token, BUYER, 0), b""),
        ClaimCall(release, b"", Claim(token, BUYER, 0, later), b""),
        HolderOrderCall(HolderOrder(HolderAction.REPORT_LOST, token, 0), b""),
    ]
    for other in others:
        with pytest.raises(ConflictError) as caught:
            pipeline.relay.relay(other)
        assert caught.value.code == "hand-over-under-way"
    pipeline.turn(3)
    assert sending(pipeline, first) is Sending.FINAL


def test_a_reverted_claim_may_be_tried_again(pipeline: Pipeline, token: int) -> None:
    release = Release(token, KEY, 0)
    first = pipeline.claimed(release, BUYER)
    pipeline.scene.do(SuspendCall(STUDIO.address), STEWARD)  # Before the claim is mined.
    pipeline.turn(3)
    assert sending(pipeline, first) is Sending.REVERTED
    with pytest.raises(LedgerError, match="StudioIsSuspended"):
        pipeline.claimed(release, BUYER)
    pipeline.scene.do(ReinstateCall(STUDIO.address), STEWARD)
    second = pipeline.claimed(release, BUYER)
    assert second.message == first.message
    assert second.entry.entry_id != first.entry.entry_id
    pipeline.turn(3)
    assert sending(pipeline, first) is Sending.FINAL


def test_studios_orders_of_both_kinds_share_their_numbers(pipeline: Pipeline, token: int) -> None:
    other = pipeline.order(pipeline.anchored(), Status.ON_HOLD)
    stored = pipeline.repository.by_token(token)
    assert stored is not None
    before = Certificate.from_bytes(stored.data)
    newer = issue(
        before.piece, ISSUER, pipeline.scene.signer, status_entry=before.status_entry, now=NOW, replaces=before.digest
    )
    pipeline.submissions.submit(newer.data)
    amendment = AmendOrder(token, newer.digest, STUDIO.address, 0, 0)
    first = pipeline.relay.relay(RelayAmendCall(amendment, b""))
    with pytest.raises(ConflictError) as caught:
        pipeline.relay_status(other)
    assert caught.value.code == "order-under-way"
    pipeline.turn(3)
    assert sending(pipeline, first) is Sending.FINAL
    assert pipeline.repository.token(token).amendment is not None


def test_a_message_is_found_under_its_own_kind_only(pipeline: Pipeline, token: int) -> None:
    stored = pipeline.claimed(Release(token, KEY, 0), BUYER)
    for kind, message_id in (("status", stored.message.message_id), ("claim", "0" * 64)):
        with pytest.raises(NotFoundError):
            pipeline.relay.find(kind, message_id)


def test_a_claim_that_comes_again_finds_the_release_that_it_took_up(pipeline: Pipeline, token: int) -> None:
    claim = SignedClaim(Claim(token, BUYER, 0), b"", KEY, None)
    with pytest.raises(NotFoundError) as caught:
        pipeline.relay.claim(claim)
    assert caught.value.code == "unknown-release"
    pipeline.releases.keep(SignedRelease(Release(token, KEY, 0), b"x"), CLIENT)
    first = pipeline.relay.claim(claim)
    pipeline.turn(3)
    assert pipeline.relay.claim(claim).entry.entry_id == first.entry.entry_id


def test_a_relayer_without_money_says_so_and_records_nothing(pipeline: Pipeline, token: int) -> None:
    pipeline.node.penniless.add(RELAYER.address)
    with pytest.raises(LedgerError) as caught:
        pipeline.claimed(Release(token, KEY, 0), BUYER)
    assert (caught.value.code, caught.value.retryable) == ("relayer-out-of-money", True)
    assert pipeline.repository.open_entries() == []
    pipeline.node.penniless.clear()
    assert pipeline.claimed(Release(token, KEY, 0), BUYER).entry.sending is Sending.PREPARED


def test_only_what_is_paid_for_uses_up_a_pieces_limit(pipeline: Pipeline, token: int, clock: Ticking) -> None:
    for _ in range(3 * limits.PIECE_BURST):
        with pytest.raises(LedgerError, match="WrongPieceNonce"):
            pipeline.claimed(Release(token, KEY, 99), BUYER)
    for number in range(limits.PIECE_BURST):
        pipeline.claimed(Release(token, KEY, number), BUYER)
        pipeline.turn(3)
    with pytest.raises(LimitError) as caught:
        pipeline.claimed(Release(token, KEY, limits.PIECE_BURST), BUYER)
    assert caught.value.code == "piece-too-busy"
    clock.now += caught.value.retry_after
    pipeline.turn()
    pipeline.claimed(Release(token, KEY, limits.PIECE_BURST), BUYER)
    pipeline.claimed(Release(_another(pipeline), KEY, 0), BUYER)


def test_a_holder_cannot_use_up_what_the_studio_needs(pipeline: Pipeline, token: int) -> None:
    for nonce in range(limits.PIECE_BURST):
        pipeline.relay.relay(HolderOrderCall(HolderOrder(HolderAction.CANCEL_RELEASES, token, nonce, 0), b""))
        pipeline.turn(4)
    with pytest.raises(LimitError) as caught:
        pipeline.relay.relay(HolderOrderCall(HolderOrder(HolderAction.CANCEL_RELEASES, token, nonce + 1, 0), b""))
    assert caught.value.code == "piece-too-busy"
    stored = pipeline.relay_status(StatusOrder(token, Status.REVOKED, STUDIO.address, 0, 0))
    pipeline.turn(4)
    assert sending(pipeline, stored) is Sending.FINAL


def _another(pipeline: Pipeline) -> int:
    token_id = pipeline.stored(pipeline.anchored()).token_id
    assert token_id is not None
    return token_id


# --- releases ---------------------------------------------------------------------------------------------------------


def test_releases_of_keys_are_kept_without_asking_the_chain(pipeline: Pipeline, token: int) -> None:
    def silent(*_: object) -> object:
        raise LedgerError("node-unreachable", "The node did not answer.", retryable=True)

    pipeline.node.holding = silent  # type: ignore[attr-defined]
    signed = SignedRelease(Release(token, KEY, 0), b"x")
    assert pipeline.releases.keep(signed, CLIENT).new
    assert pipeline.releases.find(token, KEY) == signed
    with pytest.raises(LedgerError):  # The number is not the index's: the ledger must be asked.
        pipeline.releases.keep(SignedRelease(Release(token, KEY, 1), b"x"), CLIENT)


def test_releases_are_few_and_those_that_are_void_make_room(pipeline: Pipeline, token: int) -> None:
    keys = [Address(bytes([200, number]) * 10) for number in range(MAX_LIVE_RELEASES + 1)]
    now = int(pipeline.ledger.now.timestamp())
    for number, key in enumerate(keys[:-1]):
        deadline = now + 100 if number == 0 else 0
        assert pipeline.releases.keep(SignedRelease(Release(token, key, 0, deadline), b"x"), CLIENT).new
    last = SignedRelease(Release(token, keys[-1], 0), b"x")
    with pytest.raises(ConflictError) as caught:
        pipeline.releases.keep(last, CLIENT)
    assert caught.value.code == "too-many-releases"
    pipeline.scene.later(seconds=101)
    pipeline.turn()
    assert pipeline.releases.keep(last, CLIENT).new  # One has expired.
    with pytest.raises(NotFoundError):
        pipeline.releases.find(token, keys[0])

    pipeline.scene.do(CancelReleasesCall(token), STUDIO)
    pipeline.turn()
    with pytest.raises(NotFoundError):
        pipeline.releases.find(token, keys[1])
    assert pipeline.releases.keep(SignedRelease(Release(token, keys[1], 1), b"x"), CLIENT).new
    assert pipeline.repository.release(token, keys[2], 0) is None


def test_what_the_chain_must_be_asked_of_a_release_is_counted_for_each_client(
    pipeline: Pipeline, token: int, clock: Ticking
) -> None:
    late = SignedRelease(Release(token, KEY, 5), b"x")
    codes = [getattr(answer, "code", None) for answer in pipeline.releases.keep_many([late] * 100, CLIENT)]
    assert codes == ["wrong-piece-nonce"] * limits.CLIENT_BURST + ["too-many-requests"] * (100 - limits.CLIENT_BURST)
    good = SignedRelease(Release(token, KEY, 0), b"x")
    assert pipeline.releases.keep(good, CLIENT).new  # It asks nothing of the chain.
    answers = pipeline.releases.keep_many([good, late, good], CLIENT)
    assert [getattr(answer, "code", None) for answer in answers] == [None, "too-many-requests", "too-many-requests"]
    (other,) = pipeline.releases.keep_many([late], "198.51.100.2")
    assert getattr(other, "code", None) == "wrong-piece-nonce"


def test_a_release_that_is_signed_anew_takes_the_place_of_the_former(pipeline: Pipeline, token: int) -> None:
    """As after a change of controller: the former one's signature counts no more, and nobody else's deadline helps."""
    now = int(pipeline.ledger.now.timestamp())
    for deadline, signature, kept in (
        (now + 100, b"a", b"a"),
        (now + 100, b"b", b"b"),
        (now + 99, b"c", b"b"),
        (0, b"d", b"d"),
        (now + 100, b"e", b"d"),
        (0, b"f", b"f"),
    ):
        pipeline.releases.keep(SignedRelease(Release(token, KEY, 0, deadline), signature), CLIENT)
        assert pipeline.releases.find(token, KEY).signature == kept


def test_a_former_holder_cannot_remove_the_new_holders_release(pipeline: Pipeline, token: int) -> None:
    pipeline.scene.do(CancelReleasesCall(token), STUDIO)  # The index does not know it yet.
    new, old = (SignedRelease(Release(token, KEY, number), b"x") for number in (1, 0))
    assert pipeline.releases.keep(new, CLIENT).new
    with pytest.raises(ConflictError) as caught:
        pipeline.releases.keep(old, CLIENT)
    assert caught.value.code == "wrong-piece-nonce"
    now = int(pipeline.ledger.now.timestamp())
    pipeline.repository.write(lambda transaction: transaction.keep_release(old, now, MAX_LIVE_RELEASES))
    assert pipeline.repository.release(token, KEY, 1) == new
    pipeline.turn()
    assert pipeline.releases.find(token, KEY) == new


def test_a_batch_asks_the_chain_about_few_signatures_and_never_about_what_is_kept(
    pipeline: Pipeline, token: int
) -> None:
    asked = list[bytes]()

    def signed_by(_signer: Address, _message: object, signature: bytes, _at: object) -> bool:
        asked.append(signature)
        return True

    pipeline.node.signed_by = signed_by  # type: ignore[attr-defined]
    pipeline.releases._is_signed_by = lambda *_: False  # A passkey holds the piece.
    batch = [
        SignedRelease(Release(token, Address(bytes([201, number]) * 10), 0), bytes([number])) for number in range(12)
    ]
    first = pipeline.releases.keep_many(batch, CLIENT)
    assert [getattr(answer, "code", None) for answer in first] == [None] * 8 + ["too-many-requests"] * 4
    assert len(asked) == MAX_CHAIN_CHECKS
    second = pipeline.releases.keep_many(batch, CLIENT)
    assert [getattr(answer, "new", None) for answer in second] == [False] * 8 + [True] * 4
    assert asked == [signed.signature for signed in batch]


# --- limits -----------------------------------------------------------------------------------------------------------


def test_buckets_fill_up_again_and_no_further(clock: Ticking) -> None:
    buckets = Buckets(3, 10.0, clock)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 10]
    assert buckets.take("b") == 0
    clock.now += 4
    assert buckets.wait("a") == pytest.approx(6)
    clock.now += 6
    assert [buckets.take("a"), buckets.take("a")] == [0, pytest.approx(10)]
    clock.now += 1_000
    assert [buckets.take("a") == 0 for _ in range(4)] == [True, True, True, False]


def test_buckets_are_of_bounded_number(clock: Ticking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BUCKETS", 10)
    buckets = Buckets(1, 10.0, clock)
    for number in range(100):
        buckets.take(number)
    assert len(buckets._kept) == 10
    assert buckets.take(99) > 0
    assert buckets.take(0) == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("198.51.100.1", "198.51.100.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:198.51.100.1", "198.51.100.1", True),
        ("", "not an address", False),
    ],
)
def test_a_client_is_an_ipv4_address_or_a_64_of_ipv6(clock: Ticking, one: str, other: str, same: bool) -> None:
    made = Limits(600, clock)
    for _ in range(limits.CLIENT_BURST):
        made.admit(one)
    with pytest.raises(LimitError) as caught:
        made.admit(one)
    assert caught.value.retry_after == 1
    if same:
        with pytest.raises(LimitError):
            made.admit(other)
    else:
        made.admit(other)


def test_one_line_with_many_networks_asks_for_no_more_than_a_few_clients(clock: Ticking) -> None:
    made = Limits(600, clock)
    for number in range(limits.LINE_FACTOR):
        for _ in range(limits.CLIENT_BURST):
            made.admit(f"2001:db8:77:{number:x}::1")
    with pytest.raises(LimitError):
        made.admit("2001:db8:77:ffff::1")
    made.admit("2001:db8:78::1")
    clock.now += 1
    for number in range(limits.LINE_FACTOR):
        made.admit(f"2001:db8:77:{number + 9:x}::1")
    with pytest.raises(LimitError):
        made.admit("2001:db8:77:ffff::1")


def test_calls_and_log_filters_are_counted_apart_for_each_client(clock: Ticking) -> None:
    made = Limits(600, clock)
    for _ in range(limits.READ_BURST // 20):
        made.admit_reads(CLIENT, 20)
    with pytest.raises(LimitError) as caught:
        made.admit_reads(CLIENT, 20)
    assert (caught.value.code, caught.value.retry_after) == ("too-many-requests", 3)
    made.admit(CLIENT)
    made.admit_reads("198.51.100.2", 20)
    clock.now += 3
    made.admit_reads(CLIENT, 20)


def test_the_registry_pays_for_so_many_in_any_hour(clock: Ticking) -> None:
    made = Limits(2, clock)
    for token_id in (1, 2):
        made.require(token_id, "a")
        made.spend(token_id, "a")
        clock.now += 600
    with pytest.raises(LimitError) as caught:
        made.require(3, "a")
    assert (caught.value.code, caught.value.retry_after) == ("registry-too-busy", 2_400)
    clock.now += caught.value.retry_after
    made.require(3, "a")
    made.spend(3, "a")
    with pytest.raises(LimitError) as caught:
        made.require(4, "a")
    assert caught.value.retry_after == 600


def test_the_first_hour_has_no_more_than_any_other(clock: Ticking) -> None:
    made, paid = Limits(60, clock), list[float]()
    for second in range(3 * 3_600):
        clock.now = float(second)
        try:
            made.require(second, "a")
        except LimitError:
            continue
        made.spend(second, "a")
        paid.append(clock.now)
    assert len(paid) == 180
    assert all(later - first >= 3_600 for first, later in zip(paid, paid[60:], strict=False))
