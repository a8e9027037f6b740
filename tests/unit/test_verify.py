from __future__ import annotations

import gzip
import json
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provenance.bundle import Bundle, InclusionProof, Receipt
from provenance.canonical import canonicalize, parse_canonical
from provenance.certificate import CREDENTIALS_CONTEXT, STATUS_LIST_BITS, Issuer, format_time
from provenance.encoding import Digest, Hash32, Root, to_base64url
from provenance.errors import ConfigurationError, LedgerError, MalformedError, ProvenanceError, VerificationError
from provenance.keys import P256Signer, Signer
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    Allotment,
    AmendCall,
    AnchorCall,
    Anchored,
    BlockRef,
    Deployment,
    KeyAdded,
    LedgerCall,
    NameSuccessorCall,
    ReinstateCall,
    SealCall,
    SetClockCall,
    ShortenKeyCall,
    StudioAccredited,
    SuspendCall,
    make_token_id,
)
from provenance.merkle import MerkleTree
from provenance.piece import Photo
from provenance.policy import TrustPolicy
from provenance.proof import add_proof
from provenance.serial import Serial
from provenance.status import Status
from provenance.status_list import registry_did
from provenance.testimony import ExportedRecord
from provenance.testing.memory import MemoryLedger
from provenance.texts import advice, english, question, sentence
from provenance.verdict import (
    ADVISORIES,
    CODES,
    QUESTIONS,
    REASONS,
    Check,
    Finding,
    Outcome,
    Result,
    Verdict,
    conclude,
    unknown,
)
from provenance.verify import Verifier
from tests.support.scene import ANCHORER, ISSUER, LIST_ID, NOW, OTHER, OTHER_ISSUER, STEWARD, STUDIO, Scene


def says(verdict: Verdict, outcome: Outcome, reason: str) -> bool:
    return (verdict.outcome, verdict.reason) == (outcome, reason)


def test_an_anchored_piece_is_authentic_and_every_check_is_named() -> None:
    scene = Scene()
    bundle = scene.piece()
    verdict = scene.verify(bundle, serial=bundle.certificate.piece.serial)
    assert says(verdict, Outcome.AUTHENTIC, "authentic")
    assert [finding.check for finding in verdict.findings] == list(Check)
    assert {f.check for f in verdict.findings if f.result is Result.PASSED} == set(Check) - {Check.TAG}
    assert verdict.studio == STUDIO.address
    assert verdict.advisories == ()
    verdict.require()


def test_a_verdict_has_no_truth_value() -> None:
    with pytest.raises(TypeError):
        bool(unknown(None))
    with pytest.raises(VerificationError):
        unknown(None).require()


def test_a_bundle_file_comes_back_and_gives_the_same_verdict() -> None:
    scene = Scene()
    bundle = replace(scene.piece(), exported=NOW)
    again = Bundle.from_bytes(bundle.to_bytes())
    assert again == bundle
    assert scene.verify(again).outcome is Outcome.AUTHENTIC


def test_no_flipped_byte_of_certificate_proof_or_receipt_is_authentic() -> None:
    scene = Scene()
    data = scene.piece().to_bytes()
    chance = random.Random(5)
    outcomes = set[Outcome | type[ProvenanceError]]()
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << chance.randrange(8)
        try:
            outcomes.add(scene.verify(Bundle.from_bytes(bytes(flipped))).outcome)
        except ProvenanceError as error:
            outcomes.add(type(error))
    assert Outcome.AUTHENTIC not in outcomes
    assert Outcome.NOT_AUTHENTIC in outcomes


def test_a_changed_title_is_altered() -> None:
    scene = Scene()
    data = scene.piece("青花梅瓶").to_bytes().replace("青花梅瓶".encode(), "鬥彩梅瓶".encode())
    verdict = scene.verify(Bundle.from_bytes(data))
    assert says(verdict, Outcome.NOT_AUTHENTIC, "altered")
    assert verdict.findings[Check.ANCHOR].code == "not-reached"


def test_signed_but_not_anchored_is_pending() -> None:
    scene = Scene()
    assert says(scene.verify(Bundle(scene.sign())), Outcome.PENDING, "not-anchored")


def test_an_anchor_that_lies_too_shallow_is_pending() -> None:
    scene = Scene(confirmations=3)
    bundle = scene.piece()
    assert says(scene.verify(bundle), Outcome.PENDING, "not-confirmed")
    scene.ledger.mine(2)
    assert scene.verify(bundle).outcome is Outcome.AUTHENTIC


def test_without_a_ledger_nothing_vouches_and_nothing_accuses() -> None:
    scene = Scene()
    verdict = Verifier(scene.policy, None).verify(scene.piece())
    assert says(verdict, Outcome.INCONCLUSIVE, "offline")
    said = [finding.code for finding in verdict.findings[Check.ANCHOR : Check.PHOTOS]]
    assert said == ["offline", "studio-not-checked", "token-not-checked", "status-not-checked"]
    other = Verifier(scene.policy, None).verify(scene.piece(), serial=Serial.random())
    assert says(other, Outcome.NOT_AUTHENTIC, "other-serial")


def test_a_ledger_that_fails_is_inconclusive() -> None:
    scene = Scene()
    bundle = scene.piece()

    def fail() -> BlockRef:
        raise LedgerError("node-unreachable", "no answer", retryable=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scene.ledger, "head", fail)
        assert says(scene.verify(bundle), Outcome.INCONCLUSIVE, "ledger-unreachable")


def test_another_ledger_than_the_pinned_one_is_refused() -> None:
    scene, other = Scene(), Scene()
    with pytest.raises(ConfigurationError, match="not the one"):
        Verifier(scene.policy, other.ledger)


def test_a_record_on_another_ledger_is_neither_accused_nor_vouched_for() -> None:
    scene, forger = Scene(), Scene()
    verdict = scene.verify(forger.piece())
    assert says(verdict, Outcome.INCONCLUSIVE, "foreign-ledger")
    assert verdict.findings[Check.ANCHOR].result is Result.NOT_CHECKED
    assert "trust policy" in verdict.hint


def test_a_receipt_made_up_for_the_pinned_ledger_is_not_on_it() -> None:
    scene, forger = Scene(), Scene()
    bundle = forger.piece()
    scene.ledger.mine(3)
    identity = scene.ledger.identity
    receipt = replace(bundle.receipts[0], genesis=identity.genesis, contract=identity.contract)
    assert says(scene.verify(replace(bundle, receipts=(receipt,))), Outcome.NOT_AUTHENTIC, "not-on-ledger")


def test_a_receipt_with_another_transaction_or_block_is_stale() -> None:
    scene = Scene()
    bundle = scene.piece()
    receipt = bundle.receipts[0]
    for wrong in (
        replace(receipt, transaction=Hash32(bytes(32))),
        replace(receipt, block=replace(receipt.block, hash=Hash32(bytes(32)))),
        replace(receipt, block=replace(receipt.block, time=receipt.block.time + timedelta(seconds=1))),
        replace(receipt, block=replace(receipt.block, number=receipt.block.number - 1)),
    ):
        assert says(scene.verify(replace(bundle, receipts=(wrong,))), Outcome.INCONCLUSIVE, "stale-receipt")


def test_a_node_that_lags_behind_the_receipt_is_inconclusive() -> None:
    scene = Scene()
    bundle = scene.piece()
    scene.ledger.reorganise(1)
    assert says(scene.verify(bundle), Outcome.INCONCLUSIVE, "ledger-behind")


def test_anothers_proof_does_not_serve() -> None:
    scene = Scene()
    one, other = scene.anchor(scene.sign(), scene.sign())
    swapped = replace(one, inclusion=other.inclusion)
    assert says(scene.verify(swapped), Outcome.NOT_AUTHENTIC, "not-included")


def test_anothers_token_does_not_serve() -> None:
    scene = Scene()
    one, other = scene.anchor(scene.sign(), scene.sign())
    receipt = replace(one.receipts[0], token_id=other.receipts[0].token_id)
    assert says(scene.verify(replace(one, receipts=(receipt,))), Outcome.NOT_AUTHENTIC, "wrong-token")


def test_impossible_token_ids_are_refused() -> None:
    scene = Scene()
    bundle = scene.piece()
    for token_id in (0, 5, 2**64 + 1):
        receipt = replace(bundle.receipts[0], token_id=token_id)
        verdict = scene.verify(replace(bundle, receipts=(receipt,)))
        assert says(verdict, Outcome.NOT_AUTHENTIC, "not-on-ledger"), token_id


def test_a_batch_that_is_anchored_under_another_lot_is_not_called_missing() -> None:
    scene = Scene()
    bundle = scene.piece()
    for token_id in (make_token_id(1, 5), make_token_id(9, 0)):
        receipt = replace(bundle.receipts[0], token_id=token_id)
        verdict = scene.verify(replace(bundle, receipts=(receipt,)))
        assert says(verdict, Outcome.INCONCLUSIVE, "stale-receipt"), token_id
        assert verdict.findings[Check.TOKEN].code == "not-reached"
    unanchored = scene.sign()
    tree = MerkleTree([unanchored.digest.value])
    false = replace(bundle.receipts[0], token_id=make_token_id(9, 0), root=Root(tree.root))
    shown = Bundle(unanchored, InclusionProof(0, 1, ()), (false,))
    assert says(scene.verify(shown), Outcome.NOT_AUTHENTIC, "not-on-ledger")


def test_an_anchorer_cannot_attribute_a_piece_to_a_studio_that_did_not_sign_it() -> None:
    scene = Scene()
    thief = P256Signer.generate()
    (bundle,) = scene.anchor(scene.sign(signer=thief))
    assert says(scene.verify(bundle), Outcome.NOT_AUTHENTIC, "wrong-key")


def test_a_studio_cannot_issue_in_the_name_of_another() -> None:
    scene = Scene()
    signer = P256Signer.generate()
    scene.accredit(OTHER, OTHER_ISSUER, signer)
    (bundle,) = scene.anchor(scene.sign(signer=signer, issuer=ISSUER), studio=OTHER)
    assert says(scene.verify(bundle), Outcome.NOT_AUTHENTIC, "wrong-issuer")


def test_a_studio_cannot_call_itself_by_another_name() -> None:
    scene = Scene()
    palace = Issuer(ISSUER.base_url, ISSUER.slug, "故宫博物院")
    (bundle,) = scene.anchor(scene.sign(issuer=palace))
    assert says(scene.verify(bundle), Outcome.NOT_AUTHENTIC, "wrong-issuer")
    before = scene.piece()
    scene.do(AccreditCall(STUDIO.address, ISSUER.did, "林家新窑"), STEWARD)
    assert scene.verify(before).outcome is Outcome.AUTHENTIC  # Pieces keep the name of their time.
    assert says(scene.verify(scene.piece()), Outcome.NOT_AUTHENTIC, "wrong-issuer")
    (after,) = scene.anchor(scene.sign(issuer=Issuer(ISSUER.base_url, ISSUER.slug, "林家新窑")))
    assert scene.verify(after).outcome is Outcome.AUTHENTIC


def test_a_key_stolen_today_cannot_sign_under_yesterdays_date() -> None:
    scene = Scene()
    scene.later(days=2)
    honest = scene.piece()
    scene.later(days=1)
    compromised = scene.ledger.now
    scene.later(days=1)
    backdated = scene.anchor(scene.sign(now=NOW + timedelta(hours=1)))[0]
    assert scene.verify(backdated).outcome is Outcome.AUTHENTIC  # Nobody knows of the theft yet.
    scene.do(ShortenKeyCall(STUDIO.address, scene.signer.public_key.key_id, compromised), STEWARD)
    assert says(scene.verify(backdated), Outcome.NOT_AUTHENTIC, "key-not-valid")
    verdict = scene.verify(honest)
    assert verdict.outcome is Outcome.AUTHENTIC
    assert verdict.advisories == ("key-retired",)


def test_a_suspension_leaves_earlier_pieces_authentic() -> None:
    scene = Scene()
    bundle = scene.piece()
    scene.do(SuspendCall(STUDIO.address), STEWARD)
    verdict = scene.verify(bundle)
    assert verdict.outcome is Outcome.AUTHENTIC
    assert verdict.advisories == ("studio-suspended",)
    scene.do(ReinstateCall(STUDIO.address), STEWARD)
    assert scene.verify(bundle).advisories == ()


def test_the_serial_asked_for_must_be_the_certificates() -> None:
    scene = Scene()
    other = Serial.random()
    assert says(scene.verify(scene.piece(), serial=other), Outcome.NOT_AUTHENTIC, "other-serial")
    assert says(scene.verify(Bundle(scene.sign()), serial=other), Outcome.NOT_AUTHENTIC, "other-serial")


@pytest.mark.parametrize(
    ("status", "outcome", "reason", "advisories"),
    [
        (Status.REVOKED, Outcome.NOT_AUTHENTIC, "revoked", ()),
        (Status.ON_HOLD, Outcome.INCONCLUSIVE, "on-hold", ()),
        (Status.RETIRED, Outcome.AUTHENTIC, "authentic", ("retired",)),
        (Status.ACTIVE, Outcome.AUTHENTIC, "authentic", ()),
    ],
)
def test_the_status_on_the_ledger_decides(
    status: Status, outcome: Outcome, reason: str, advisories: tuple[str, ...]
) -> None:
    scene = Scene()
    bundle = scene.piece()
    scene.set_status(bundle, status)
    verdict = scene.verify(bundle)
    assert says(verdict, outcome, reason)
    assert verdict.advisories == advisories


def test_the_newest_amendment_must_be_shown() -> None:
    scene = Scene()
    bundle = scene.piece()
    first = scene.sign("更正", serial=bundle.certificate.piece.serial, replaces=bundle.certificate.digest)
    second = scene.sign("再更正", serial=bundle.certificate.piece.serial, replaces=first.digest)
    assert says(scene.verify(replace(bundle, amendments=(first,))), Outcome.INCONCLUSIVE, "amendment-unknown")
    scene.amend(bundle, first)
    assert says(scene.verify(bundle), Outcome.INCONCLUSIVE, "amendment-missing")
    verdict = scene.verify(replace(bundle, amendments=(first,)))
    assert verdict.outcome is Outcome.AUTHENTIC
    assert verdict.advisories == ("amended",)
    assert verdict.newest == first.digest
    scene.amend(bundle, second)
    assert says(scene.verify(replace(bundle, amendments=(first,))), Outcome.INCONCLUSIVE, "amendment-missing")
    assert scene.verify(replace(bundle, amendments=(first, second))).outcome is Outcome.AUTHENTIC
    assert says(scene.verify(replace(bundle, amendments=(second,))), Outcome.INCONCLUSIVE, "amendment-missing")


def test_a_true_amendment_mends_what_a_thief_of_the_account_recorded() -> None:
    scene = Scene()
    bundle = scene.piece()
    serial, token_id = bundle.certificate.piece.serial, bundle.receipts[0].token_id
    scene.do(AmendCall((token_id,), (Digest.of(b"nothing"),)), STUDIO)
    assert says(scene.verify(bundle), Outcome.INCONCLUSIVE, "amendment-missing")
    true = scene.sign("更正", serial=serial, replaces=bundle.certificate.digest)
    scene.amend(bundle, true)
    verdict = scene.verify(replace(bundle, amendments=(true,)))
    assert verdict.outcome is Outcome.AUTHENTIC
    assert verdict.advisories == ("amended", "amendment-not-shown")
    assert verdict.details["amendment-not-shown"] == "1 of 2"
    advice = verdict.to_json()["advisories"]
    assert isinstance(advice, list)
    assert advice[1] == {
        "code": "amendment-not-shown", "message": ADVISORIES["amendment-not-shown"], "detail": "1 of 2",
    }  # fmt: skip
    assert says(scene.verify(bundle), Outcome.INCONCLUSIVE, "amendment-missing")
    # The newest alone mends: the same chain counts for nothing once the thief comes back.
    scene.do(AmendCall((token_id,), (Digest.of(b"nothing again"),)), STUDIO)
    assert says(scene.verify(replace(bundle, amendments=(true,))), Outcome.INCONCLUSIVE, "amendment-missing")


def test_no_more_amendments_are_shown_than_the_ledger_counts() -> None:
    scene = Scene()
    bundle = scene.piece()
    serial = bundle.certificate.piece.serial
    first = scene.sign("更正", serial=serial, replaces=bundle.certificate.digest)
    second = scene.sign("再更正", serial=serial, replaces=first.digest)
    scene.amend(bundle, second)
    assert says(scene.verify(replace(bundle, amendments=(first, second))), Outcome.INCONCLUSIVE, "amendment-unknown")
    scene.amend(bundle, first)
    assert says(scene.verify(replace(bundle, amendments=(first, second))), Outcome.INCONCLUSIVE, "amendment-unknown")
    assert scene.verify(replace(bundle, amendments=(first,))).outcome is Outcome.AUTHENTIC


def test_who_set_a_status_is_told() -> None:
    scene = Scene()
    bundle = scene.piece()
    assert scene.verify(bundle).by_steward is None
    scene.set_status(bundle, Status.ON_HOLD)
    assert scene.verify(bundle).by_steward is False
    scene.set_status(bundle, Status.ON_HOLD, STEWARD)
    verdict = scene.verify(bundle)
    assert says(verdict, Outcome.INCONCLUSIVE, "held-by-guild")
    assert (verdict.by_steward, verdict.hint, verdict.status_time) == (True, "Ask the guild.", scene.ledger.head().time)
    assert verdict.to_json()["statusBy"] == "steward"
    scene.set_status(bundle, Status.REVOKED)
    assert scene.verify(bundle).to_json()["statusBy"] == "studio"


def test_a_successor_is_told_of_and_asked_for_once_a_block() -> None:
    scene = Scene()
    bundle, verifier = scene.piece(), Verifier(scene.policy, scene.ledger)
    asked, ask = [], scene.ledger.successor

    def count(at: BlockRef | None = None) -> Deployment | None:
        asked.append(at)
        return ask(at)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scene.ledger, "successor", count)
        for _ in range(3):
            assert verifier.verify(bundle).advisories == ()
        assert len(asked) == 1
        named = Deployment(OTHER.address, 7, 1)
        scene.do(NameSuccessorCall(named), STEWARD)
        for _ in range(3):
            verdict = verifier.verify(bundle)
            assert (verdict.outcome, verdict.advisories) == (Outcome.AUTHENTIC, ("successor-named",))
            scene.ledger.mine()
        assert len(asked) == 2
    assert str(OTHER.address) in verdict.details["successor-named"]


def test_an_amendment_of_another_hand_is_refused() -> None:
    scene = Scene()
    bundle = scene.piece()
    serial, digest = bundle.certificate.piece.serial, bundle.certificate.digest
    forged = scene.sign("假", serial=serial, replaces=digest, signer=P256Signer.generate())
    scene.amend(bundle, forged)  # The account was stolen, the certificate key was not.
    verdict = scene.verify(replace(bundle, amendments=(forged,)))
    assert (verdict.outcome, verdict.advisories) == (Outcome.AUTHENTIC, ("amendment-not-counted",))
    assert (verdict.shown, verdict.newest) == (digest, forged.digest)
    for wrong in (
        scene.sign("别件", replaces=digest),
        scene.sign("别家", serial=serial, replaces=digest, issuer=OTHER_ISSUER),
        scene.sign("无据", serial=serial),
    ):
        # A stranger can show what he likes: what the ledger does not have accuses nobody.
        assert says(scene.verify(replace(bundle, amendments=(wrong,))), Outcome.INCONCLUSIVE, "amendment-missing")
        scene.amend(bundle, wrong)
        assert says(scene.verify(replace(bundle, amendments=(wrong,))), Outcome.NOT_AUTHENTIC, "bad-amendment")


def test_a_key_dated_back_takes_its_corrections_with_it_and_not_the_piece() -> None:
    scene = Scene()
    bundle = scene.piece()
    serial, moment = bundle.certificate.piece.serial, scene.ledger.head().time + timedelta(seconds=1)
    first = scene.sign("更正", serial=serial, replaces=bundle.certificate.digest)
    scene.amend(bundle, first)
    assert scene.verify(replace(bundle, amendments=(first,))).shown == first.digest
    scene.do(ShortenKeyCall(STUDIO.address, scene.signer.public_key.key_id, moment), STEWARD)
    verdict = scene.verify(replace(bundle, amendments=(first,)))
    assert (verdict.outcome, verdict.advisories) == (Outcome.AUTHENTIC, ("key-retired", "amendment-not-counted"))
    assert verdict.shown == bundle.certificate.digest
    # With more than one correction nobody can tell which of the earlier ones counted.
    second = scene.sign("再更正", serial=serial, replaces=first.digest)
    scene.amend(bundle, second)
    both = replace(bundle, amendments=(first, second))
    assert says(scene.verify(both), Outcome.INCONCLUSIVE, "amendment-void")
    # One more, under the next key, mends it: after the others, or in their place.
    key = P256Signer.generate()
    scene.do(AddKeyCall(STUDIO.address, key.public_key.multikey_bytes), STEWARD)
    true = scene.sign("新更正", serial=serial, replaces=second.digest, signer=key)
    scene.amend(bundle, true)
    verdict = scene.verify(replace(bundle, amendments=(first, second, true)))
    assert (verdict.outcome, verdict.shown) == (Outcome.AUTHENTIC, true.digest)


def test_what_a_stranger_shows_as_amendments_accuses_nobody() -> None:
    scene = Scene()
    bundle = scene.piece()
    serial = bundle.certificate.piece.serial
    first = scene.sign("更正", serial=serial, replaces=bundle.certificate.digest)
    second = scene.sign("再更正", serial=serial, replaces=first.digest)
    strange = scene.sign("假", serial=serial, replaces=bundle.certificate.digest, signer=P256Signer.generate())
    assert says(scene.verify(replace(bundle, amendments=(strange,))), Outcome.INCONCLUSIVE, "amendment-unknown")
    scene.amend(bundle, first)
    scene.amend(bundle, second)
    for shown, reason in (
        ((strange,), "amendment-missing"),
        ((second,), "amendment-missing"),
        ((strange, second), "amendment-missing"),
        ((first, strange), "amendment-missing"),
        ((first, second, strange), "amendment-unknown"),
        ((first, strange, second), "amendment-unknown"),
        ((second, strange), "amendment-unknown"),
    ):
        assert says(scene.verify(replace(bundle, amendments=shown)), Outcome.INCONCLUSIVE, reason)
    assert scene.verify(replace(bundle, amendments=(first, second))).outcome is Outcome.AUTHENTIC


def test_a_ledger_has_one_receipt() -> None:
    scene = Scene()
    bundle = scene.piece()
    (receipt,) = bundle.receipts
    false = replace(receipt, transaction=Hash32(bytes(32)))
    with pytest.raises(MalformedError) as caught:
        replace(bundle, receipts=(receipt, false))
    assert (caught.value.code, caught.value.field) == ("not-a-bundle", "receipts")
    elsewhere = replace(false, chain_id=receipt.chain_id + 1)
    assert scene.verify(replace(bundle, receipts=(elsewhere, receipt))).outcome is Outcome.AUTHENTIC


def test_photos_are_held_against_their_digests() -> None:
    scene = Scene()
    data = b"a photo"
    photo = Photo(Digest.of(data))
    (bundle,) = scene.anchor(scene.sign(photos=(photo,)))
    assert scene.verify(bundle).findings[Check.PHOTOS].code == "photos-not-checked"
    assert scene.verify(bundle, photos={photo.digest: data}).findings[Check.PHOTOS].code == "photos-agree"
    assert scene.verify(bundle, photos={}).advisories == ("photo-missing",)
    assert says(scene.verify(bundle, photos={photo.digest: b"other"}), Outcome.NOT_AUTHENTIC, "photo-changed")


def test_a_proof_of_another_tree_size_is_refused() -> None:
    scene = Scene()
    bundle = scene.piece()
    proof = bundle.inclusion
    assert proof is not None
    for wrong in (
        InclusionProof(proof.index, proof.size + 1, proof.path),
        InclusionProof(proof.size, proof.size, proof.path),
        InclusionProof(proof.index, proof.size, proof.path[:-1]),
        InclusionProof(proof.index, proof.size, (*proof.path, bytes(32))),
    ):
        verdict = scene.verify(replace(bundle, inclusion=wrong))
        # Some leaves have the same path in a tree of another size: the ledger's count of leaves tells.
        assert verdict.outcome is Outcome.NOT_AUTHENTIC
        assert verdict.reason in ("not-included", "wrong-token")


def test_a_receipt_with_another_root_does_not_include_the_certificate() -> None:
    scene = Scene()
    bundle = scene.piece()
    receipt = replace(bundle.receipts[0], root=Root(bytes(32)))
    assert says(scene.verify(replace(bundle, receipts=(receipt,))), Outcome.NOT_AUTHENTIC, "not-included")


def test_a_proof_and_a_receipt_for_another_token_do_not_serve() -> None:
    scene = Scene()
    one, other = scene.anchor(scene.sign()), scene.anchor(scene.sign())
    taken = replace(one[0], inclusion=other[0].inclusion, receipts=other[0].receipts)
    assert says(scene.verify(taken), Outcome.NOT_AUTHENTIC, "not-included")


def test_a_lot_attributed_to_a_studio_that_did_not_sign_is_of_no_use() -> None:
    scene = Scene()
    scene.accredit(OTHER, OTHER_ISSUER, P256Signer.generate())
    (bundle,) = scene.anchor(scene.sign(), studio=OTHER)  # Signed by STUDIO, allotted to OTHER.
    assert says(scene.verify(bundle), Outcome.NOT_AUTHENTIC, "wrong-issuer")


# --- a ledger that took over ---------------------------------------------------------------------------------------


def successor_of(scene: Scene) -> Scene:
    """Play the scene's accreditation and anchors again on a fresh ledger, at their times."""
    old, head = scene.ledger, scene.ledger.head()
    named = Deployment(old.identity.contract, old.identity.chain_id, head.number)
    ledger = MemoryLedger(
        steward=STEWARD.address,
        anchorer=ANCHORER.address,
        importer=STEWARD.address,
        predecessor=named,
        now=old.now + timedelta(days=1),
    )
    moved = Scene(ledger=ledger, signer=scene.signer, accredited=False)
    ledger.mine(20)
    calls: list[LedgerCall] = []
    for event in old.events(0, head.number):
        calls.append(SetClockCall(event.block.time, event.block.number))
        match event:
            case StudioAccredited():
                calls.append(AccreditCall(event.studio, event.did, event.name, event.scopes))
            case KeyAdded():
                calls.append(AddKeyCall(event.studio, event.multikey))
            case Anchored():
                shares = tuple(Allotment(lot.studio, lot.count) for lot in event.lots)
                calls.append(AnchorCall(event.root, event.leaf_count, event.lots[0].lot_id, shares))
    for call in (*calls, SealCall()):
        moved.do(call, STEWARD)
    return moved


def receipt_of(scene: Scene, bundle: Bundle) -> Receipt:
    """Return the receipt of the event by which the scene's own ledger took the anchor over."""
    (event,) = (
        event
        for event in scene.ledger.events(0, scene.ledger.head().number)
        if isinstance(event, Anchored) and event.root == bundle.receipts[0].root
    )
    identity = scene.ledger.identity
    return replace(
        bundle.receipts[0],
        genesis=identity.genesis,
        contract=identity.contract,
        transaction=event.transaction,
        block=event.block,
    )


def test_a_predecessors_receipt_holds_at_the_successor() -> None:
    old = Scene()
    bundle = old.piece()
    new = successor_of(old)
    policy = replace(new.policy, predecessors=(old.ledger.identity,))
    verdict = Verifier(policy, new.ledger).verify(bundle)
    assert says(verdict, Outcome.AUTHENTIC, "authentic")
    assert verdict.advisories == ("imported",)
    assert Verifier(old.policy, old.ledger).verify(bundle).advisories == ()
    assert says(new.verify(bundle), Outcome.INCONCLUSIVE, "foreign-ledger")


def test_a_receipt_of_the_successors_own_event_holds_too() -> None:
    old = Scene()
    bundle = old.piece()
    new = successor_of(old)
    bundle = replace(bundle, receipts=(*bundle.receipts, receipt_of(new, bundle)))
    policy = replace(new.policy, predecessors=(old.ledger.identity,))
    verdict = Verifier(policy, new.ledger).verify(bundle)
    assert says(verdict, Outcome.AUTHENTIC, "authentic")
    assert verdict.advisories == ("imported",)
    assert Verifier(old.policy, old.ledger).verify(bundle).outcome is Outcome.AUTHENTIC
    # Without a predecessor, no anchor is dated earlier than its event.
    assert says(new.verify(bundle), Outcome.INCONCLUSIVE, "stale-receipt")
    # Depth counts from the event here: the predecessor's block had a number of another chain.
    event = bundle.receipts[1].block
    assert verdict.findings[Check.ANCHOR].detail == f"block {event.number}"
    depth = new.ledger.head().number - event.number + 1
    deep = replace(policy, confirmations=depth + 1)
    assert says(Verifier(deep, new.ledger).verify(bundle), Outcome.PENDING, "not-confirmed")
    new.ledger.mine()
    assert Verifier(deep, new.ledger).verify(bundle).outcome is Outcome.AUTHENTIC


def test_a_predecessors_receipt_must_agree_with_what_was_taken_over() -> None:
    old = Scene()
    one, other = old.anchor(old.sign()), old.anchor(old.sign())
    new = successor_of(old)
    verifier = Verifier(replace(new.policy, predecessors=(old.ledger.identity,)), new.ledger)
    receipt, block = one[0].receipts[0], one[0].receipts[0].block
    lies = {
        "stale-receipt": [
            replace(receipt, block=replace(block, number=block.number - 1)),
            replace(receipt, block=replace(block, time=block.time - timedelta(seconds=1))),
            replace(receipt_of(new, one[0]), transaction=Hash32(bytes(32))),
            replace(receipt, token_id=other[0].receipts[0].token_id),
            replace(receipt, token_id=make_token_id(3, 0)),
        ],
        "not-included": [replace(receipt, root=other[0].receipts[0].root)],
        "foreign-ledger": [replace(receipt, chain_id=receipt.chain_id + 1), Scene().piece().receipts[0]],
    }
    for reason, receipts in lies.items():
        for lie in receipts:
            assert verifier.verify(replace(one[0], receipts=(lie,))).reason == reason, lie


def test_calling_itself_a_predecessors_makes_no_anchor_count_earlier() -> None:
    old = Scene()
    old.piece()
    new = successor_of(old)
    policy = replace(new.policy, predecessors=(old.ledger.identity,), confirmations=3)
    bundle = new.piece()
    identity = old.ledger.identity
    lie = replace(bundle.receipts[0], genesis=identity.genesis, contract=identity.contract)
    for shown in (bundle, replace(bundle, receipts=(lie,))):
        assert says(Verifier(policy, new.ledger).verify(shown), Outcome.PENDING, "not-confirmed")


# --- what a bundle tells of its export ------------------------------------------------------------------------------


def told_by(scene: Scene, bundle: Bundle) -> Bundle:
    """Return the bundle with the ledger's record as of now."""
    head = scene.ledger.head()
    record = scene.ledger.record(bundle.receipts[0].token_id, bundle.certificate.public_key.key_id, head)
    assert record is not None
    return replace(bundle, as_exported=ExportedRecord.of(record, head))


def test_what_a_bundle_tells_of_its_export_comes_back() -> None:
    scene = Scene()
    bundle = scene.piece()
    plain = told_by(scene, bundle)
    scene.set_status(bundle, Status.ON_HOLD)
    scene.do(ShortenKeyCall(STUDIO.address, scene.signer.public_key.key_id, scene.ledger.now), STEWARD)
    rich = told_by(scene, bundle)
    assert rich.as_exported is not None
    rich = replace(rich, as_exported=replace(rich.as_exported, lost_since=NOW))
    assert rich.as_exported is not None
    keyless = replace(plain, as_exported=replace(rich.as_exported, key=None))
    for shown in (plain, rich, keyless):
        assert Bundle.from_bytes(shown.to_bytes()) == shown
    assert b"asExported" not in bundle.to_bytes()
    with pytest.raises(ProvenanceError):
        Bundle(scene.sign(), as_exported=plain.as_exported)


def test_what_a_bundle_tells_of_its_export_is_read_strictly() -> None:
    scene = Scene()
    members: dict[str, Any] = parse_canonical(told_by(scene, scene.piece()).to_bytes(), limit=100_000)
    told = members["asExported"]
    odd: list[Any] = [
        [], "x", {}, {**told, "extra": 1}, {**told, "status": "FINE"}, {**told, "status": 0}, {**told, "status": []},
        {**told, "amendments": -1}, {**told, "amendments": True}, {**told, "holder": "0x12"}, {**told, "studio": 1},
        {**told, "nameHash": "林家窑"}, {**told, "key": {}}, {**told, "key": {"until": "2026-01-01T00:00:00Z"}},
        {**told, "key": {"from": "yesterday"}}, {**told, "standing": {"atAnchor": True}}, {**told, "lostSince": 5},
        {**told, "standing": {"atAnchor": 1, "atExport": True}}, {**told, "statusTime": "2026-01-01"},
        {**told, "block": {**told["block"], "number": -1}}, {**told, "block": {**told["block"], "x": 1}},
    ]  # fmt: skip
    odd += [{name: value for name, value in told.items() if name != gone} for gone in told if gone != "key"]
    for wrong in odd:
        with pytest.raises(MalformedError):
            Bundle.from_bytes(canonicalize({**members, "asExported": wrong}))


def test_testimony_is_told_where_no_ledger_was_asked_and_decides_nothing() -> None:
    scene = Scene()
    bundle = told_by(scene, scene.piece())
    testimony = bundle.as_exported
    assert testimony is not None
    offline = Verifier(scene.policy, None).verify(bundle)
    assert says(offline, Outcome.INCONCLUSIVE, "offline")
    assert offline.advisories == ("as-exported",)
    assert offline.as_exported == testimony
    assert f"block {testimony.block.number}" in offline.details["as-exported"]
    told = offline.to_json()["asExported"]
    assert isinstance(told, dict)
    assert (told["verified"], told["status"]) == (False, "ACTIVE")

    def fail() -> BlockRef:
        raise LedgerError("node-unreachable", "no answer", retryable=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scene.ledger, "head", fail)
        assert scene.verify(bundle).advisories == ("as-exported",)
    lie = replace(testimony, status=Status.REVOKED, studio=OTHER.address, holder=OTHER.address, amendments=3)
    online = scene.verify(replace(bundle, as_exported=lie))
    assert (online.outcome, online.advisories, online.as_exported) == (Outcome.AUTHENTIC, (), None)
    assert "asExported" not in online.to_json()
    assert says(Verifier(scene.policy, None).verify(replace(bundle, as_exported=lie)), Outcome.INCONCLUSIVE, "offline")


# --- the registry's status list -------------------------------------------------------------------------------------


def status_list(places: set[int], signer: Signer, **changed: Any) -> bytes:
    """Return a list of the scene's registry, signed, with `changed` members of the subject, or those of the `whole`."""
    bits = bytearray(STATUS_LIST_BITS // 8)
    for place in places:
        bits[place >> 3] |= 0x80 >> (place & 7)
    url = f"{ISSUER.base_url}/status/{LIST_ID}"
    did = registry_did(ISSUER.base_url)
    subject = {
        "id": f"{url}#list", "type": "BitstringStatusList", "statusPurpose": "revocation",
        "encodedList": "u" + to_base64url(gzip.compress(bytes(bits), mtime=0)),
    }  # fmt: skip
    document: dict[str, Any] = {
        "@context": [CREDENTIALS_CONTEXT], "id": url, "issuer": did, "validFrom": format_time(NOW),
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "credentialSubject": {name: changed.pop(name, value) for name, value in subject.items()},
    }  # fmt: skip
    method = f"{changed.pop('did', did)}#{signer.public_key.multikey}"
    document |= changed.pop("whole", {})
    return canonicalize(add_proof(document, signer, verification_method=method, created=format_time(NOW)))


def test_a_status_list_that_disagrees_is_told_and_decides_nothing() -> None:
    scene, registry = Scene(), P256Signer.generate()
    bundle = scene.piece()
    place = bundle.certificate.status_entry.index
    verifier = Verifier(scene.policy, scene.ledger)

    def advisories(data: bytes) -> tuple[str, ...]:
        return verifier.verify(bundle, status_list=data).advisories

    assert advisories(status_list(set(), registry)) == ()
    assert advisories(status_list({place - 1, place + 1}, registry)) == ()
    assert advisories(status_list({place}, registry)) == ("status-list-differs",)
    assert verifier.verify(bundle, status_list=status_list({place}, registry)).outcome is Outcome.AUTHENTIC
    scene.set_status(bundle, Status.REVOKED)
    assert advisories(status_list({place}, registry)) == ()
    assert advisories(status_list(set(), registry)) == ("status-list-differs",)
    assert Verifier(scene.policy, None).verify(bundle, status_list=b"").advisories == ()


def test_a_status_list_that_is_none_is_told() -> None:
    scene, registry = Scene(), P256Signer.generate()
    bundle = scene.piece()
    true = status_list(set(), registry)
    bomb = "u" + to_base64url(gzip.compress(bytes(20_000_000), mtime=0))
    short = "u" + to_base64url(gzip.compress(bytes(10), mtime=0))
    cut = "u" + to_base64url(gzip.compress(bytes(STATUS_LIST_BITS // 8), mtime=0)[:-4])
    for wrong in (
        b"", b"[]", b"{}", b"\xff", true + b" " * 70_000, true.replace(b"revocation", b"suspension"),
        true.replace(b"2026", b"2027", 1),
        *(status_list(set(), registry, encodedList=odd) for odd in (bomb, short, cut, "u", "uAAAA", "zAAAA", "u!", 5)),
        status_list(set(), registry, whole={"id": "https://registry.kilnmark.test/status/other"}),
        status_list(set(), registry, whole={"issuer": "did:web:elsewhere.test"}),
        status_list(set(), registry, did="did:web:elsewhere.test"),
        status_list(set(), registry, whole={"credentialSubject": []}),
        status_list(set(), registry, type="VerifiableCredential"),
        status_list(set(), registry, whole={"type": ["VerifiableCredential"]}),
    ):  # fmt: skip
        verdict = Verifier(scene.policy, scene.ledger).verify(bundle, status_list=wrong)
        assert (verdict.outcome, verdict.advisories) == (Outcome.AUTHENTIC, ("status-list-unread",)), wrong[:200]


def test_unknown_members_of_a_bundle_are_refused() -> None:
    members: dict[str, Any] = parse_canonical(Scene().piece().to_bytes(), limit=100_000)
    for changed in (
        {**members, "extra": 1},
        {**members, "version": 2},
        {**members, "receipts": [*members["receipts"] * 5]},
        {name: value for name, value in members.items() if name != "inclusion"},
        {name: value for name, value in members.items() if name != "certificate"},
    ):
        with pytest.raises(ProvenanceError):
            Bundle.from_bytes(canonicalize(changed))


def test_a_policy_comes_back_and_pins_the_whole_deployment() -> None:
    ledger = MemoryLedger(steward=STEWARD.address, anchorer=ANCHORER.address)
    policy = TrustPolicy(ledger.identity, ("https://node.kilnmark.test/rpc",), 12, registry="https://kilnmark.test")
    assert TrustPolicy.from_bytes(policy.to_bytes()) == policy
    assert policy.digest != replace(policy, confirmations=1).digest
    for nodes in (("ftp://x",), ("https://a b",), ("https://x",) * 9):
        with pytest.raises(ConfigurationError):
            replace(policy, nodes=nodes)


def test_a_policy_names_predecessors_only_where_there_are_some() -> None:
    ledgers = [MemoryLedger(steward=STEWARD.address, anchorer=ANCHORER.address).identity for _ in range(10)]
    policy = TrustPolicy(ledgers[0], ())
    assert b"predecessors" not in policy.to_bytes()
    moved = replace(policy, predecessors=tuple(ledgers[1:3]))
    assert TrustPolicy.from_bytes(moved.to_bytes()) == moved
    assert moved.digest != policy.digest
    for wrong in ((ledgers[0],), (ledgers[1], ledgers[1]), tuple(ledgers[1:])):
        with pytest.raises(ConfigurationError):
            replace(policy, predecessors=wrong)
    members = parse_canonical(moved.to_bytes(), limit=100_000)
    bads: tuple[object, ...] = ({}, "x", ["x"], [{}], None)
    for bad in bads:
        with pytest.raises(ProvenanceError):
            TrustPolicy.from_bytes(json.dumps({**members, "predecessors": bad}).encode())


def test_a_policy_says_how_many_nodes_must_agree() -> None:
    ledger = MemoryLedger(steward=STEWARD.address, anchorer=ANCHORER.address)
    nodes = ("https://a.kilnmark.test", "https://b.kilnmark.test")
    one = TrustPolicy(ledger.identity, nodes)
    assert b"agreeing" not in one.to_bytes()
    two = replace(one, agreeing=2)
    assert TrustPolicy.from_bytes(two.to_bytes()) == two
    assert two.digest != one.digest
    members = parse_canonical(one.to_bytes(), limit=100_000)
    assert TrustPolicy.from_bytes(canonicalize({**members, "agreeing": 1})).digest == one.digest
    for bad in (0, -1, 3, "2", True, [2]):
        with pytest.raises(ProvenanceError):
            TrustPolicy.from_bytes(json.dumps({**members, "agreeing": bad}).encode())
    with pytest.raises(ConfigurationError):
        replace(two, nodes=(nodes[0], nodes[0]))


def test_every_code_is_said_in_chinese_too() -> None:
    for name in CODES.keys() | ADVISORIES.keys() | {reason for reason, _ in REASONS.values()}:
        assert sentence(name, "zh-Hans") != sentence(name, "en") == english()[f"sentence.{name}"]
    for name, code in CODES.items():
        assert bool(advice(name, "zh-Hans")) == bool(code.hint) == bool(advice(name, "en"))
    assert set(QUESTIONS) == set(Check)
    assert question(Check.ANCHOR, "zh-Hans") != question(Check.ANCHOR, "en")


def test_every_code_belongs_to_one_table() -> None:
    assert not CODES.keys() & ADVISORIES.keys()
    for name, code in CODES.items():
        assert (code.result is Result.PASSED) <= (code.outcome is None), name
        assert (code.result is Result.FAILED) == (code.outcome is Outcome.NOT_AUTHENTIC), name


def test_what_was_not_reached_is_not_authentic() -> None:
    passed = ("well-formed", "signed", "included", "anchored", "accredited", "token-agrees", "active")
    findings = tuple(Finding(CODES[code].check, code) for code in passed)
    assert conclude(findings) == (Outcome.AUTHENTIC, "authentic")
    for missing in findings:
        rest = tuple(finding for finding in findings if finding is not missing)
        assert conclude((*rest, Finding(missing.check, "not-reached"))) == (Outcome.INCONCLUSIVE, "not-reached")
    assert conclude(()) == (Outcome.INCONCLUSIVE, "not-reached")
