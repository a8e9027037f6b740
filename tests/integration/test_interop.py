"""Other opinions: two sets of JavaScript libraries verify ours, and we verify what Digital Bazaar's suites sign."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provenance.canonical import canonicalize, parse
from provenance.certificate import CREDENTIALS_CONTEXT, Issuer, StatusEntry
from provenance.documents import context
from provenance.encoding import Digest
from provenance.errors import VerificationError
from provenance.issue import issue
from provenance.keys import Ed25519Signer, P256Signer, Signer
from provenance.piece import Edition, Firing, Photo, Piece
from provenance.proof import check_proof
from provenance.serial import Serial
from tests.support.pieces import digital_piece, full_piece

REGISTRY = "https://registry.example:8443"
FOLDER = Path(__file__).resolve().parent.parent / "interop"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (FOLDER / "node_modules" / "@noble" / "curves").is_dir(),
    reason="no JavaScript suites: run `make tools` where there is npm",
)


def run(script: str, request: object) -> Any:
    process = subprocess.run(
        ["node", script],
        cwd=FOLDER,
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(process.stdout)


def ask(request: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = run("suites.mjs", request)
    return answer


def certificate(signer: Signer, piece: Piece | None = None) -> dict[str, Any]:
    piece = piece or Piece(
        Serial.random(),
        {
            "zh-Hans": '青花缠枝莲纹梅瓶 🏺\n\t"\\/',
            "en": "Meiping\u2028vase".replace("\u2028", " "),
            "fr": "Vase à décor",
        },
        height_mm=312,
        firing=Firing(kiln={"zh-Hans": "柴窑"}, date="2026-03-18", peak_celsius=1320),
        edition=Edition(3, 10),
        photos=(Photo(Digest.of(b"a photo"), "image/jpeg", "base-mark"),),
    )
    issuer = Issuer(REGISTRY, "test-studio", "测试工作室")
    entry = StatusEntry("0123456789ab", 7)
    document: dict[str, Any] = json.loads(
        issue(piece, issuer, signer, status_entry=entry, now=datetime.now(UTC)).data.decode()
    )
    return document


def test_the_javascript_suites_accept_our_certificates_and_refuse_altered_ones() -> None:
    ours = [certificate(P256Signer.generate()) for _ in range(8)] + [certificate(Ed25519Signer.generate())]
    ours += [certificate(P256Signer.generate(), piece) for piece in (full_piece(), digital_piece())]
    altered = [json.loads(json.dumps(document)) for document in ours]
    for document in altered:
        document["credentialSubject"]["title"]["en"] += "!"
    answers = ask({"verify": ours + altered})["verified"]
    assert [answer["ok"] for answer in answers] == [True] * len(ours) + [False] * len(ours), answers
    assert run("independent.mjs", ours + altered) == [True] * len(ours) + [False] * len(ours)


@pytest.mark.parametrize("suite", ["ecdsa-jcs-2019", "eddsa-jcs-2022"])
def test_we_accept_credentials_of_the_javascript_suites_and_refuse_altered_ones(suite: str) -> None:
    document = {
        "@context": [CREDENTIALS_CONTEXT],
        "type": ["VerifiableCredential"],
        "issuer": {"id": "did:web:other.example", "name": "别处"},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"title": {"zh-Hans": '瓷 \u007f\u0001"\\'}, "count": 3, "flags": [True, False]},
    }
    signed = ask({"sign": [{"suite": suite, "document": document}] * 6})["signed"]
    assert len(signed) == 6
    assert all(run("independent.mjs", signed))
    for answer in signed:
        secured: dict[str, Any] = parse(json.dumps(answer).encode(), limit=100_000)
        # WebCrypto does not normalise s: half of its P-256 signatures are the high-s twin.
        key = check_proof(secured, allow_high_s=True)
        assert secured["proof"]["verificationMethod"].endswith(key.multikey)
        subject = {**secured["credentialSubject"], "count": 4}
        with pytest.raises(VerificationError):
            check_proof({**secured, "credentialSubject": subject}, allow_high_s=True)
        assert parse(canonicalize(secured), limit=100_000) == secured


def values(node: Any) -> list[Any]:
    """Return every scalar of a JSON value; of members that name terms or units too."""
    if isinstance(node, dict):
        return [value for item in node.values() for value in values(item)]
    return [value for item in node for value in values(item)] if isinstance(node, list) else [node]


def test_every_member_has_a_meaning_in_json_ld() -> None:
    pieces = [full_piece(), digital_piece()]
    documents = [certificate(P256Signer.generate(), piece) for piece in pieces]
    unknown = json.loads(json.dumps(documents[0]))
    unknown["credentialSubject"]["hidden"] = "x"
    contexts = {f"{REGISTRY}/contexts/piece/v1": context(REGISTRY)}
    answers = ask({"expand": [*documents, unknown], "contexts": contexts})["expanded"]
    assert [answer["ok"] for answer in answers] == [True, True, False], answers
    for document, answer in zip(documents, answers, strict=False):
        (expanded,) = answer["expanded"]
        (subject,) = expanded["https://www.w3.org/2018/credentials#credentialSubject"]
        plain = document["credentialSubject"]
        told = {(item["@language"].lower(), item["@value"]) for item in subject["https://schema.org/name"]}
        assert told == {(language.lower(), text) for language, text in plain["title"].items()}
        (maker, *_others) = subject["https://schema.org/creator"]
        assert maker["https://schema.org/name"][0]["@value"] in plain["maker"][0]["name"].values()
        assert subject["@id"] == plain["id"]
        assert subject["@type"] == [f"{REGISTRY}/contexts/piece/v1#{plain['type']}"]
        # Nothing is dropped: whatever was said is found among what was understood.
        understood = {str(value) for value in values(expanded)}
        for value in values(plain):
            assert str(value) in understood or any(text.endswith((f"#{value}", f"/{value}")) for text in understood), (
                value
            )
