"""Amendments in the registry: taken in beside what they replace, shown once the ledger names them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from provenance.bundle import MAX_AMENDMENTS
from provenance.certificate import Certificate
from provenance.encoding import Digest
from provenance.errors import ConflictError, NotFoundError, ProvenanceError
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.ledger import (
    AddKeyCall,
    AmendCall,
    ReinstateCall,
    RelayAmendCall,
    SetStatusCall,
    ShortenKeyCall,
    SuspendCall,
)
from provenance.piece import Photo, Piece, Scan, WorkFile
from provenance.serial import Serial
from provenance.status import AmendOrder, Status
from provenance.verdict import Outcome
from provenance_registry.db.tables import amendments as table
from provenance_registry.records import FileKind, NamedFile, State
from provenance_registry.service.amendments import MAX_PER_KEY
from provenance_registry.service.media import Media
from tests.support.pipeline import Pipeline
from tests.support.scene import ISSUER, NOW, OTHER, OTHER_ISSUER, STEWARD, STUDIO

pytestmark = pytest.mark.usefixtures("either_database")


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path)
    yield made
    made.repository.close()


def amend(pipeline: Pipeline, before: Certificate, **changes: Any) -> Certificate:
    said: dict[str, Any] = {
        "piece": changes.get("piece") or replace(before.piece, height_mm=(before.piece.height_mm or 0) + 1),
        "issuer": before.issuer,
        "signer": pipeline.scene.signer,
        "status_entry": before.status_entry,
        "replaces": before.digest,
        "now": NOW,
    } | changes
    return issue(said.pop("piece"), said.pop("issuer"), said.pop("signer"), **said)


def order(pipeline: Pipeline, amendment: Certificate, nonce: int = 0, token_id: int | None = None) -> None:
    if token_id is None:
        stored = pipeline.repository.by_serial(amendment.piece.serial)
        assert stored is not None
        token_id = stored.token_id
    assert token_id is not None
    pipeline.relay.relay(RelayAmendCall(AmendOrder(token_id, amendment.digest, STUDIO.address, nonce, 0), b""))


def refusal(pipeline: Pipeline, certificate: Certificate) -> str:
    with pytest.raises(ProvenanceError) as caught:
        pipeline.submissions.submit(certificate.data)
    return caught.value.code


def kept(pipeline: Pipeline) -> int:
    with pipeline.repository._engine.connect() as connection:
        return len(connection.execute(table.select()).all())


def shown(pipeline: Pipeline, certificate: Certificate) -> list[Digest]:
    bundle = pipeline.verdicts.bundle(pipeline.stored(certificate))
    return [amendment.digest for amendment in bundle.amendments]


def test_amendments_are_shown_once_the_ledger_names_them(pipeline: Pipeline) -> None:
    first = pipeline.anchored()
    second = amend(pipeline, first)
    third = amend(pipeline, second)
    for amendment in (second, third):
        assert pipeline.submissions.submit(amendment.data).new
        assert not pipeline.submissions.submit(amendment.data).new
    assert shown(pipeline, first) == []
    assert pipeline.verdicts.shown(pipeline.stored(first)).data == first.data
    with pytest.raises(NotFoundError):
        pipeline.verdicts.document(second.digest)
    for nonce, amendment in enumerate((second, third)):
        order(pipeline, amendment, nonce)
        pipeline.turn(3)
        verdict = pipeline.verdict(first)
        assert verdict.outcome is Outcome.AUTHENTIC
        assert "amended" in verdict.advisories
        assert verdict.newest == amendment.digest
    assert shown(pipeline, first) == [second.digest, third.digest]
    assert pipeline.verdicts.shown(pipeline.stored(first)).data == third.data
    for form in (first, second, third):
        assert pipeline.verdicts.document(form.digest) == form.data
    assert len(pipeline.anchors()) == 1
    token_id = pipeline.stored(first).token_id
    assert token_id is not None
    pipeline.scene.do(SetStatusCall(token_id, Status.ON_HOLD), STUDIO)
    pipeline.turn(2)
    assert [record.count for record in pipeline.repository.amended(token_id)] == [1, 2]


def test_an_amendment_gets_neither_batch_nor_token(pipeline: Pipeline) -> None:
    first = pipeline.anchored()
    pipeline.submissions.submit(amend(pipeline, first).data)
    pipeline.turn(4)
    assert len(pipeline.anchors()) == 1
    assert pipeline.repository.counts() == dict.fromkeys(State, 0) | {State.ANCHORED: 1}


def test_attackers_amendments_are_refused_by_name(pipeline: Pipeline) -> None:
    scene, other = pipeline.scene, P256Signer.generate()
    scene.accredit(OTHER, OTHER_ISSUER, other)
    first = pipeline.anchored()
    piece, entry = first.piece, first.status_entry
    cases = {
        "other-issuer": amend(pipeline, first, issuer=OTHER_ISSUER, signer=other),
        "other-serial": amend(pipeline, first, piece=replace(piece, serial=Serial.random())),
        "other-status-entry": amend(pipeline, first, status_entry=replace(entry, index=entry.index + 1)),
        "unknown-predecessor": amend(pipeline, first, replaces=Digest.of(b"nothing")),
        "unknown-key": amend(pipeline, first, signer=other),
    }
    assert {code: refusal(pipeline, certificate) for code, certificate in cases.items()} == {
        code: code for code in cases
    }
    (forged,) = pipeline.submissions.submit_many([amend(pipeline, first).data.replace(b"Meiping", b"meiping")])
    assert isinstance(forged, ProvenanceError)
    assert forged.code == "bad-signature"
    assert kept(pipeline) == 0


def test_a_key_that_ended_and_a_studio_that_is_suspended_amend_nothing(pipeline: Pipeline) -> None:
    scene, old = pipeline.scene, pipeline.scene.signer
    first = pipeline.anchored()
    early, late = amend(pipeline, first), amend(pipeline, first, now=NOW + timedelta(seconds=1))
    pipeline.submissions.submit(early.data)
    scene.do(SuspendCall(STUDIO.address), STEWARD)
    pipeline.turn(2)
    assert refusal(pipeline, late) == "suspended"
    with pytest.raises(ConflictError) as caught:
        order(pipeline, early)
    assert caught.value.code == "suspended"
    scene.do(ReinstateCall(STUDIO.address), STEWARD)
    new = P256Signer.generate()
    scene.do(AddKeyCall(STUDIO.address, new.public_key.multikey_bytes), STEWARD)
    scene.do(ShortenKeyCall(STUDIO.address, old.public_key.key_id, scene.ledger.now), STEWARD)
    scene.later(seconds=5)
    pipeline.turn(2)
    assert refusal(pipeline, late) == "key-not-valid"
    assert not pipeline.submissions.submit(early.data).new
    with pytest.raises(ConflictError) as caught:
        order(pipeline, early)
    assert caught.value.code == "key-not-valid"
    good = amend(pipeline, first, signer=new)
    pipeline.submissions.submit(good.data)
    order(pipeline, good)
    pipeline.turn(3)
    assert pipeline.verdict(first).outcome is Outcome.AUTHENTIC


@pytest.mark.parametrize("suspended", [True, False])
def test_an_amendment_that_was_lost_is_taken_whatever_became_of_its_key(pipeline: Pipeline, suspended: bool) -> None:
    certificate = pipeline.anchored()
    amendment, never = amend(pipeline, certificate), amend(pipeline, certificate, piece=certificate.piece)
    pipeline.submissions.submit(amendment.data)
    order(pipeline, amendment)
    pipeline.turn(4)
    with pipeline.repository._engine.begin() as connection:
        connection.execute(table.delete())
    assert pipeline.verdict(certificate).outcome is Outcome.INCONCLUSIVE
    key_id = pipeline.scene.signer.public_key.key_id
    pipeline.scene.later(seconds=5)
    end = SuspendCall(STUDIO.address) if suspended else ShortenKeyCall(STUDIO.address, key_id, pipeline.ledger.now)
    pipeline.scene.do(end, STEWARD)
    pipeline.turn(2)
    assert pipeline.submissions.submit(amendment.data).new
    assert shown(pipeline, certificate) == [amendment.digest]
    assert refusal(pipeline, never) == ("suspended" if suspended else "key-not-valid")


def test_a_held_certificate_has_no_amendments(pipeline: Pipeline) -> None:
    stranger = P256Signer.generate()
    held = pipeline.submit(pipeline.scene.sign(signer=stranger))
    assert refusal(pipeline, amend(pipeline, held, signer=stranger)) == "unknown-key"
    assert refusal(pipeline, amend(pipeline, held)) == "predecessor-held"


def test_of_two_amendments_of_one_certificate_the_ledger_chooses(pipeline: Pipeline) -> None:
    first = pipeline.anchored()
    one, two = amend(pipeline, first), amend(pipeline, first, now=NOW + timedelta(seconds=1))
    pipeline.submissions.submit_many([one.data, two.data])
    assert kept(pipeline) == 2
    order(pipeline, two)
    with pytest.raises(ConflictError) as caught:
        order(pipeline, one, 1)
    assert caught.value.code == "amendment-under-way"
    pipeline.turn(3)
    assert shown(pipeline, first) == [two.digest]
    with pytest.raises(ConflictError) as caught:
        order(pipeline, one, 1)
    assert caught.value.code == "not-the-next-amendment"
    with pytest.raises(ConflictError) as caught:
        order(pipeline, two, 1)
    assert caught.value.code == "amended-already"
    assert pipeline.verdict(first).outcome is Outcome.AUTHENTIC


def test_an_order_needs_a_registered_amendment_of_its_own_piece(pipeline: Pipeline) -> None:
    first, other = pipeline.anchored(), pipeline.anchored()
    second = amend(pipeline, first)
    with pytest.raises(NotFoundError) as caught:
        order(pipeline, second)
    assert caught.value.code == "unknown-amendment"
    pipeline.submissions.submit(second.data)
    with pytest.raises(ConflictError) as conflict:
        order(pipeline, second, token_id=pipeline.stored(other).token_id)
    assert conflict.value.code == "other-piece"
    third = amend(pipeline, second)
    pipeline.submissions.submit(third.data)
    with pytest.raises(ConflictError) as conflict:
        order(pipeline, third)
    assert conflict.value.code == "not-the-next-amendment"
    assert pipeline.repository.open_entries() == []


def test_what_the_registry_never_got_is_said_to_be_missing(pipeline: Pipeline) -> None:
    first = pipeline.anchored()
    second = amend(pipeline, first)
    pipeline.submissions.submit(second.data)
    order(pipeline, second)
    pipeline.turn(3)
    token_id = pipeline.stored(first).token_id
    assert token_id is not None
    # The studio's account can always go to the ledger itself.
    pipeline.scene.do(AmendCall((token_id,), (amend(pipeline, second).digest,)), STUDIO)
    pipeline.turn(2)
    verdict = pipeline.verdict(first)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, "amendment-missing")
    assert shown(pipeline, first) == [second.digest]
    # A true one may follow the last true one, and no other.
    third, beside = (amend(pipeline, before, now=NOW + timedelta(seconds=1)) for before in (second, first))
    pipeline.submissions.submit_many([third.data, beside.data])
    nonce = pipeline.ledger.order_nonce(STUDIO.address)
    with pytest.raises(ConflictError) as caught:
        order(pipeline, beside, nonce)
    assert caught.value.code == "not-the-next-amendment"
    order(pipeline, third, nonce)
    pipeline.turn(3)
    assert shown(pipeline, first) == [second.digest, third.digest]


def test_an_amendment_that_a_reorganisation_took_back_is_not_shown(pipeline: Pipeline) -> None:
    first = pipeline.anchored()
    second = amend(pipeline, first)
    pipeline.submissions.submit(second.data)
    token_id = pipeline.stored(first).token_id
    assert token_id is not None
    pipeline.scene.do(AmendCall((token_id,), (second.digest,)), STUDIO)
    block = pipeline.ledger.head().number
    pipeline.turn(2)
    assert shown(pipeline, first) == [second.digest]
    pipeline.take_back(block)
    pipeline.turn(2)
    assert shown(pipeline, first) == []
    assert pipeline.verdict(first).outcome is Outcome.AUTHENTIC


def test_a_piece_has_a_bounded_number_of_amendments_for_each_key(pipeline: Pipeline) -> None:
    first = newest = pipeline.anchored()
    for _ in range(MAX_AMENDMENTS):
        newest = amend(pipeline, newest)
        pipeline.submissions.submit(newest.data)
    assert refusal(pipeline, amend(pipeline, newest)) == "too-many-amendments"
    for second in range(1, MAX_PER_KEY - MAX_AMENDMENTS + 1):
        pipeline.submissions.submit(amend(pipeline, first, now=NOW + timedelta(seconds=second)).data)
    late = {"now": NOW + timedelta(seconds=999)}
    assert refusal(pipeline, amend(pipeline, first, **late)) == "too-many-amendments-kept"
    assert kept(pipeline) == MAX_PER_KEY
    new = P256Signer.generate()
    pipeline.scene.do(AddKeyCall(STUDIO.address, new.public_key.multikey_bytes), STEWARD)
    pipeline.turn()
    assert pipeline.submissions.submit(amend(pipeline, first, signer=new, **late).data).new
    assert not pipeline.submissions.submit(newest.data).new


def test_what_an_amendment_names_may_be_sent(pipeline: Pipeline) -> None:
    photo, scan = Photo(Digest.of(b"photo")), Scan(Digest.of(b"scan"))
    first = pipeline.anchored()
    second = amend(pipeline, first, piece=replace(first.piece, photos=(photo,)))
    third = amend(pipeline, second, piece=replace(first.piece, photos=(photo,), scans=(scan,)))
    assert pipeline.repository.named(photo.digest) == []
    pipeline.submissions.submit_many([second.data, third.data])
    assert pipeline.repository.named(photo.digest) == [unordered(photo.digest, FileKind.PHOTO, "image/jpeg")]
    assert pipeline.repository.named(scan.digest) == [unordered(scan.digest, FileKind.SCAN, "model/gltf-binary")]
    order(pipeline, second)
    pipeline.turn(4)
    assert pipeline.repository.named(photo.digest) == [NamedFile(photo.digest, FileKind.PHOTO, "image/jpeg")]
    assert pipeline.repository.named(scan.digest) == [unordered(scan.digest, FileKind.SCAN, "model/gltf-binary")]


def unordered(digest: Digest, kind: FileKind, media_type: str) -> NamedFile:
    return NamedFile(digest, kind, media_type, counts=False)


def test_what_an_unordered_amendment_says_of_a_file_changes_nothing(pipeline: Pipeline, tmp_path: Path) -> None:
    media = Media(pipeline.repository, tmp_path / "media", dict.fromkeys(FileKind, 1_000))
    picture, secret = b"\xff\xd8\xff a picture", b"glTF a scan"
    name, hidden = Digest.of(picture), Digest.of(secret)
    first = pipeline.submit(pipeline.scene.sign(photos=(Photo(name),)))
    other = pipeline.submit(digital(pipeline, WorkFile(name, "image/svg+xml")))
    pipeline.turn(4)
    send(media, picture)
    kept = media.find(name)
    assert (kept.media_type, kept.is_shown, kept.is_settled) == ("image/jpeg", True, True)
    said = amend(
        pipeline, other, piece=replace(other.piece, files=(WorkFile(name, "image/png"), WorkFile(hidden, "model/stl")))
    )
    scanned = amend(pipeline, first, piece=replace(first.piece, scans=(Scan(hidden),)))
    pipeline.submissions.submit_many([said.data, scanned.data])
    send(media, secret)
    assert media.has(hidden)
    with pytest.raises(NotFoundError):
        media.find(hidden)
    order(pipeline, said)
    pipeline.turn(4)
    assert (media.find(hidden).media_type, media.find(hidden).is_settled) == ("model/stl", False)
    order(pipeline, scanned, nonce=1)
    pipeline.turn(4)
    assert media.find(hidden).media_type == "model/gltf-binary"
    assert media.find(name).media_type == "image/jpeg"


def digital(pipeline: Pipeline, *files: WorkFile) -> Certificate:
    draft = pipeline.scene.sign()
    piece = Piece(draft.piece.serial, draft.piece.title, files=files)
    return issue(piece, ISSUER, pipeline.scene.signer, status_entry=draft.status_entry, now=NOW)


def send(media: Media, data: bytes) -> None:
    upload = media.receive(Digest.of(data))
    assert upload is not None
    upload.write(data)
    assert upload.finish()
    upload.close()


def test_a_studio_amends_under_the_name_that_stands_in_the_certificate(pipeline: Pipeline) -> None:
    first = pipeline.anchored()
    renamed = replace(ISSUER, name="林家老窑")
    pipeline.scene.accredit(STUDIO, renamed, P256Signer.generate())
    pipeline.turn()
    assert refusal(pipeline, amend(pipeline, first, issuer=renamed)) == "other-issuer"
    second = amend(pipeline, first)
    pipeline.submissions.submit(second.data)
    order(pipeline, second)
    pipeline.turn(3)
    assert pipeline.verdict(first).outcome is Outcome.AUTHENTIC


def test_a_correction_under_a_key_that_was_dated_back_is_not_shown_and_can_be_made_anew(pipeline: Pipeline) -> None:
    first = pipeline.anchored()
    end = pipeline.scene.ledger.head().time + timedelta(seconds=1)
    stolen = amend(pipeline, first)
    pipeline.submissions.submit(stolen.data)
    order(pipeline, stolen)
    pipeline.turn(3)
    assert pipeline.verdicts.shown(pipeline.stored(first)) == stolen
    pipeline.scene.do(ShortenKeyCall(STUDIO.address, pipeline.scene.signer.public_key.key_id, end), STEWARD)
    key = P256Signer.generate()
    pipeline.scene.do(AddKeyCall(STUDIO.address, key.public_key.multikey_bytes), STEWARD)
    pipeline.turn(2)
    verdict = pipeline.verdict(first)
    assert (verdict.outcome, verdict.advisories) == (Outcome.AUTHENTIC, ("key-retired", "amendment-not-counted"))
    assert pipeline.verdicts.shown(pipeline.stored(first)) == first
    true = amend(pipeline, stolen, signer=key)
    pipeline.submissions.submit(true.data)
    order(pipeline, true, 1)
    pipeline.turn(3)
    verdict = pipeline.verdict(first)
    assert (verdict.outcome, verdict.shown) == (Outcome.AUTHENTIC, true.digest)
    assert pipeline.verdicts.shown(pipeline.stored(first)) == true
