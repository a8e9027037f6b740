"""The published vectors: passing them is necessary, not enough."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from jsonschema import Draft202012Validator

from provenance.canonical import canonicalize, parse
from provenance.certificate import StatusEntry
from provenance.encoding import from_base58
from provenance.errors import MalformedError, VerificationError
from provenance.issue import issue
from provenance.keys import P256_ORDER, P256Signer, PublicKey
from provenance.merkle import verify_inclusion
from provenance.proof import check_proof
from tests.support.pieces import digital_piece, full_piece
from tests.support.scene import ISSUER, NOW
from tests.vectors.make_certificates import FILE as CERTIFICATES


def test_jcs_outputs_are_reproduced_or_lie_outside_the_domain(published_vectors: Path) -> None:
    accepted = 0
    files = sorted((published_vectors / "jcs" / "input").glob("*.json"))
    assert len(files) >= 5
    for file in files:
        value = json.loads(file.read_text("utf-8"))
        expected = (published_vectors / "jcs" / "output" / file.name).read_bytes().rstrip(b"\n")
        assert rfc8785.dumps(value) == expected
        if file.stem in {"arrays", "structures", "values", "french"}:
            # Floats, nulls and keys beyond ASCII have no place in a certificate.
            with pytest.raises(MalformedError) as caught:
                canonicalize(value)
            assert caught.value.code in {"bad-type", "bad-key", "bad-number"}
        else:
            assert canonicalize(value) == expected
            accepted += 1
    assert accepted >= 1


@pytest.mark.parametrize(
    ("folder", "signed"),
    [
        ("vc-di-ecdsa", "ecdsa-jcs-2019-p256/signedJCSECDSAP256.json"),
        ("vc-di-eddsa", "eddsa-jcs-2022/signedJCS.json"),
    ],
)
def test_data_integrity_proofs_verify(published_vectors: Path, folder: str, signed: str) -> None:
    document = parse((published_vectors / folder / signed).read_bytes(), limit=100_000)
    key = check_proof(document, allow_high_s=True)
    proof = document["proof"]
    assert isinstance(proof, dict)
    assert str(proof["verificationMethod"]).endswith(key.multikey)
    with pytest.raises(VerificationError):
        check_proof({**document, "id": "urn:other"}, allow_high_s=True)


def test_wycheproof_p256_signatures(published_vectors: Path) -> None:
    suite = json.loads((published_vectors / "wycheproof" / "ecdsa_secp256r1_sha256_p1363_test.json").read_text("utf-8"))
    counts = {"valid": 0, "invalid": 0}
    for group in suite["testGroups"]:
        point = bytes.fromhex(group["publicKey"]["uncompressed"])
        compressed = bytes([2 + (point[-1] & 1)]) + point[1:33]
        key = PublicKey(b"\x80\x24" + compressed)
        for case in group["tests"]:
            signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
            high = len(signature) == 64 and int.from_bytes(signature[32:], "big") > P256_ORDER // 2
            if case["result"] == "valid":
                key.verify(signature, message, allow_high_s=True)
                if high:
                    with pytest.raises(VerificationError, match="high-s"):
                        key.verify(signature, message)
                else:
                    key.verify(signature, message)
            else:
                with pytest.raises(VerificationError):
                    key.verify(signature, message, allow_high_s=True)
            counts[case["result"]] += 1
    assert min(counts.values()) > 50


def test_rfc6962_inclusion(published_vectors: Path) -> None:
    accepted = refused = 0
    for file in sorted((published_vectors / "rfc6962-inclusion").rglob("*.json")):
        case: dict[str, Any] = json.loads(file.read_text("utf-8"))
        path = [base64.b64decode(step) for step in case["proof"] or []]
        leaf_hash, root = (base64.b64decode(case[name] or "") for name in ("leafHash", "root"))
        arguments = (leaf_hash, case["leafIdx"], case["treeSize"], path, root)
        if case["wantErr"]:
            with pytest.raises(VerificationError):
                _verify_hash(*arguments)
            refused += 1
        else:
            _verify_hash(*arguments)
            accepted += 1
    assert accepted >= 3
    assert refused >= 20


def _verify_hash(leaf_hash: bytes, index: int, size: int, path: list[bytes], root: bytes) -> None:
    """The vectors give the leaf's hash, our function takes its data: let the hash through where they meet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("provenance.merkle.leaf_hash", lambda data: data)
        verify_inclusion(leaf_hash, index, size, path, root)


def test_the_published_proof_value_is_base58(published_vectors: Path) -> None:
    text = (published_vectors / "vc-di-ecdsa/ecdsa-jcs-2019-p256/sigBTC58JCSECDSAP256.txt").read_text().strip()
    hexadecimal = (published_vectors / "vc-di-ecdsa/ecdsa-jcs-2019-p256/sigHexJCSECDSAP256.txt").read_text().strip()
    assert from_base58(text.removeprefix("z")).hex() == hexadecimal


def test_certificates_are_valid_verifiable_credentials(published_vectors: Path) -> None:
    """W3C VC Data Model 2.0's own JSON Schema, of github.com/w3c/vc-data-model, ``schema/verifiable-credential``."""
    file = published_vectors / "vc-data-model" / "verifiable-credential-schema.json"
    if not file.is_file():
        pytest.skip("no JSON Schema of W3C VC Data Model 2.0 among the vectors")
    validator = Draft202012Validator(json.loads(file.read_text("utf-8")))
    entry, signer = StatusEntry("0123456789ab", 7), P256Signer.generate()
    fresh = [
        issue(piece, ISSUER, signer, status_entry=entry, now=NOW).data for piece in (full_piece(), digital_piece())
    ]
    for data in (*fresh, *(vector["certificate"] for vector in json.loads(CERTIFICATES.read_text("utf-8"))["valid"])):
        document = json.loads(data)
        validator.validate(document)
        assert not validator.is_valid({name: member for name, member in document.items() if name != "issuer"})
