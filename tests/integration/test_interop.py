"""A second opinion: Digital Bazaar's JavaScript suites verify ours, and we verify theirs."""

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
from provenance.encoding import Digest
from provenance.errors import VerificationError
from provenance.issue import issue
from provenance.keys import Ed25519Signer, P256Signer, Signer
from provenance.piece import Edition, Firing, Photo, Piece
from provenance.proof import check_proof
from provenance.serial import Serial

FOLDER = Path(__file__).resolve().parent.parent / "interop"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (FOLDER / "node_modules" / "jsonld-signatures").is_dir(),
    reason="no JavaScript suites: run `make tools` where there is npm",
)


def ask(request: dict[str, Any]) -> dict[str, Any]:
    process = subprocess.run(
        ["node", "suites.mjs"],
        cwd=FOLDER,
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    answer: dict[str, Any] = json.loads(process.stdout)
    return answer


def certificate(signer: Signer) -> dict[str, Any]:
    piece = Piece(
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
    issuer = Issuer("https://registry.example:8443", "test-studio", "测试工作室")
    entry = StatusEntry("0123456789ab", 7)
    document: dict[str, Any] = json.loads(
        issue(piece, issuer, signer, status_entry=entry, now=datetime.now(UTC)).data.decode()
    )
    return document


def test_the_javascript_suites_accept_our_certificates_and_refuse_altered_ones() -> None:
    ours = [certificate(P256Signer.generate()) for _ in range(8)] + [certificate(Ed25519Signer.generate())]
    altered = [json.loads(json.dumps(document)) for document in ours]
    for document in altered:
        document["credentialSubject"]["title"]["en"] += "!"
    answers = ask({"verify": ours + altered})["verified"]
    assert [answer["ok"] for answer in answers] == [True] * len(ours) + [False] * len(ours), answers


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
    for answer in signed:
        secured: dict[str, Any] = parse(json.dumps(answer).encode(), limit=100_000)
        # WebCrypto does not normalise s: half of its P-256 signatures are the high-s twin.
        key = check_proof(secured, allow_high_s=True)
        assert secured["proof"]["verificationMethod"].endswith(key.multikey)
        subject = {**secured["credentialSubject"], "count": 4}
        with pytest.raises(VerificationError):
            check_proof({**secured, "credentialSubject": subject}, allow_high_s=True)
        assert parse(canonicalize(secured), limit=100_000) == secured
