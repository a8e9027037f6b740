from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain
from typing import Any

import pytest

from provenance.canonical import canonicalize, parse_canonical
from provenance.certificate import MAX_CERTIFICATE_BYTES, Certificate, Issuer, StatusEntry, format_time, parse_time
from provenance.encoding import Digest
from provenance.errors import MalformedError, ProvenanceError, VerificationError
from provenance.issue import issue
from provenance.keys import Ed25519Signer, P256Signer, Signer
from provenance.piece import Edition, Firing, Maker, Photo, Piece, entered_text
from provenance.serial import Serial
from tests.support.scene import ISSUER, NOW, Scene


def full_piece() -> Piece:
    return Piece(
        Serial.random(),
        {"zh-Hans": "青花缠枝莲纹梅瓶", "en": "Meiping with lotus scroll"},
        description={"en": "One of a pair."},
        makers=(Maker({"zh-Hans": "示例"}),),
        glaze={"en": "transparent"},
        base_mark={"zh-Hans": "大清乾隆年制"},
        made="2026",
        accession_number="2026-11-01",
        country="CN",
        firing=Firing(kiln={"zh-Hans": "柴窑"}, date="2026-11-02", peak_celsius=1320),
        height_mm=312,
        weight_g=2140,
        edition=Edition(1, 10),
        photos=(Photo(Digest.of(b"1")), Photo(Digest.of(b"2"), "image/png", "base-mark")),
    )


@pytest.mark.parametrize("signer", [P256Signer.generate(), Ed25519Signer.generate()])
def test_a_certificate_comes_back_from_its_bytes(signer: Signer) -> None:
    entry = StatusEntry("0123456789ab", 5)
    made = issue(full_piece(), ISSUER, signer, status_entry=entry, now=NOW, replaces=Digest.of(b"old"))
    read = Certificate.from_bytes(made.data)
    assert read == made
    read.check_signature()


def test_signing_is_deterministic() -> None:
    scene = Scene()
    piece, entry = full_piece(), StatusEntry("0123456789ab", 5)
    first, second = (issue(piece, ISSUER, scene.signer, status_entry=entry, now=NOW) for _ in range(2))
    assert first.data == second.data


def _edited(change: Any) -> bytes:
    document: dict[str, Any] = parse_canonical(Scene().sign().data, limit=MAX_CERTIFICATE_BYTES)
    change(document)
    return canonicalize(document)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(extra="x"),
        lambda d: d["credentialSubject"].update(hidden="x"),
        lambda d: d["issuer"].update(url="https://x"),
        lambda d: d["proof"].update(nonce="x"),
        lambda d: d.update(proof=[d["proof"]]),
        lambda d: d["proof"].update(cryptosuite="ecdsa-rdfc-2019"),
        lambda d: d["proof"].update(proofPurpose="authentication"),
        lambda d: d["proof"].update(
            verificationMethod="did:web:other#" + d["proof"]["verificationMethod"].split("#")[1]
        ),
        lambda d: d["proof"].update({"@context": ["https://x"]}),
        lambda d: d["proof"].update(created="yesterday"),
        lambda d: d.update({"@context": d["@context"][::-1]}),
        lambda d: d.update(type=["VerifiableCredential"]),
        lambda d: d["issuer"].update(id="did:web:elsewhere.test:studios:lin"),
        lambda d: d["issuer"].update(id="did:key:z6Mk"),
        lambda d: d["credentialSubject"].update(id="javascript:alert(1)/P/" + d["credentialSubject"]["id"][-13:]),
        lambda d: d["credentialSubject"].update(serial=d["credentialSubject"]["serial"].lower()),
        lambda d: d["credentialSubject"].update(title={}),
        lambda d: d["credentialSubject"].update(title={"en": ""}),
        lambda d: d["credentialSubject"].update(title={"en": "a\x00b"}),
        lambda d: d["credentialSubject"].update(title={"en": "a\u202eb"}),
        lambda d: d["credentialSubject"].update(title={"x" * 40: "a"}),
        lambda d: d["credentialSubject"].update(title="a"),
        lambda d: d["credentialSubject"].update(height={"value": 0, "unitCode": "MMT"}),
        lambda d: d["credentialSubject"].update(height={"value": True, "unitCode": "MMT"}),
        lambda d: d["credentialSubject"].update(height={"value": 3, "unitCode": "INH"}),
        lambda d: d["credentialSubject"].update(edition={"number": 2, "of": 1}),
        lambda d: d["credentialSubject"].update(firing={"date": "2026-13-01"}),
        lambda d: d["credentialSubject"].update(country="china"),
        lambda d: d["credentialSubject"].update(image=[{}]),
        lambda d: d["credentialStatus"].update(statusListIndex="131072"),
        lambda d: d["credentialStatus"].update(statusListIndex="05"),
        lambda d: d.update(validFrom="2026-11-02T08:00:00+00:00"),
        lambda d: d.update(replaces="zabc"),
        lambda d: d.pop("credentialSchema"),
        lambda d: d.pop("issuer"),
        lambda d: d.pop("proof"),
    ],
)
def test_a_certificate_of_any_other_form_is_refused(change: Any) -> None:
    with pytest.raises(MalformedError):
        Certificate.from_bytes(_edited(change))


def test_the_field_at_fault_is_named() -> None:
    with pytest.raises(MalformedError) as caught:
        Certificate.from_bytes(_edited(lambda d: d["credentialSubject"].update(title={"en": "x" * 301})))
    assert caught.value.field == "title"


def test_a_signature_of_another_document_does_not_fit() -> None:
    data = _edited(lambda d: d["credentialSubject"].update(made="1736"))
    with pytest.raises(VerificationError):
        Certificate.from_bytes(data).check_signature()


def test_too_large_a_certificate_is_refused_before_signing() -> None:
    texts = dict.fromkeys(("en", "de", "fr", "ja", "ko"), "字" * 5000)
    piece = Piece(Serial.random(), {"en": "x"}, description=texts)
    with pytest.raises(MalformedError, match="bytes"):
        issue(piece, ISSUER, P256Signer.generate(), status_entry=StatusEntry("0123456789ab", 0), now=NOW)


def test_times_have_one_spelling() -> None:
    assert format_time(datetime(2026, 1, 2, 3, 4, 5, 6, timezone(timedelta(hours=8)))) == "2026-01-01T19:04:05Z"
    assert parse_time("2026-01-01T19:04:05Z", "x") == datetime(2026, 1, 1, 19, 4, 5, tzinfo=UTC)
    for wrong in ("2026-1-01T19:04:05Z", "2026-01-01 19:04:05Z", "2026-02-30T00:00:00Z", "", None, 5):
        with pytest.raises(MalformedError):
            parse_time(wrong, "x")


@pytest.mark.parametrize(
    ("base_url", "slug", "name"),
    [
        ("https://Registry.test", "a", "x"),
        ("https://registry.test/", "a", "x"),
        ("https://registry.test", "A", "x"),
        ("https://registry.test", "-a", "x"),
        ("https://registry.test", "a", ""),
        ("https://registry.test", "a", "two\nlines"),
        ("https://registry.test", "a", "x" * 201),
    ],
)
def test_issuers_of_another_form_are_refused(base_url: str, slug: str, name: str) -> None:
    with pytest.raises(ProvenanceError):
        Issuer(base_url, slug, name)


def test_a_did_percent_encodes_the_port() -> None:
    assert Issuer("http://127.0.0.1:8757", "a", "x").did == "did:web:127.0.0.1%3A8757:studios:a"


def test_entered_text_is_normalised_once() -> None:
    assert entered_text("  e\u0301 \r\nx ", field="title", limit=10) == "é \nx"
    for wrong in ("a" * 11, "\x1b[31mred", "", "   ", "a" * 10_000_000):
        with pytest.raises(MalformedError):
            entered_text(wrong, field="title", limit=10)


def test_a_certificate_is_plain_json() -> None:
    document = json.loads(Scene().sign().data)
    assert document["credentialSubject"]["title"]["zh-Hans"] == "青花梅瓶"
    assert document["credentialStatus"]["statusPurpose"] == "revocation"


OUTSIDE = (1.5, None, b"x", -1, 2**53, "\ud800", object(), [1.5], {"en": 1.5}, {"en": "\ud800"}, {"é": "x"}, {1: "x"})
"""What canonical JSON has no form for, or not in that place."""


def test_nothing_outside_the_canonical_domain_is_let_in_by_the_constructors() -> None:
    """Issuing relies on them: it encodes what it renders without looking through it again."""

    def others(value: Any) -> Iterator[Any]:
        for member in fields(value):
            own = getattr(value, member.name)
            first = own[0] if isinstance(own, tuple) and own else own
            wrong: list[Any] = [*OUTSIDE, *(others(first) if is_dataclass(first) else ())]
            for one in wrong:
                try:
                    yield replace(value, **{member.name: (one, *own[1:]) if isinstance(own, tuple) and own else one})
                except (ProvenanceError, TypeError, ValueError, AttributeError):
                    continue

    signer, entry, let_in = P256Signer.generate(), StatusEntry("0123456789ab", 7), 0
    pieces, issuers = others(full_piece()), others(ISSUER)
    for piece, issuer in chain(((piece, ISSUER) for piece in pieces), ((full_piece(), issuer) for issuer in issuers)):
        try:
            certificate = issue(piece, issuer, signer, status_entry=entry, now=NOW)
        except (ProvenanceError, TypeError, AttributeError):
            continue
        let_in += 1
        assert parse_canonical(certificate.data, limit=MAX_CERTIFICATE_BYTES)
    assert let_in
