"""Data Integrity proofs: ``ecdsa-jcs-2019`` (P-256) and ``eddsa-jcs-2022`` (Ed25519).

W3C VC Data Integrity 1.0 section 4, Data Integrity ECDSA Cryptosuites 1.0 section 3.3, EdDSA Cryptosuites 1.0
section 3.3.  What is signed is SHA-256 of the canonical proof options followed by SHA-256 of the canonical document
without its proof.  A suite is one row of `SUITES`.
"""

from __future__ import annotations

import hashlib
from typing import cast

from provenance.canonical import JSONObject, JSONValue, canonicalize
from provenance.encoding import from_base58, to_base58
from provenance.errors import MalformedError
from provenance.keys import Algorithm, PublicKey, Signer

SUITES: dict[str, Algorithm] = {"ecdsa-jcs-2019": "P-256", "eddsa-jcs-2022": "Ed25519"}
_SUITE_OF = {algorithm: suite for suite, algorithm in SUITES.items()}
_PROOF_KEYS = frozenset(
    ("@context", "type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue")
)


def add_proof(document: JSONObject, signer: Signer, *, verification_method: str, created: str) -> JSONObject:
    """Return a copy of `document` with one proof of purpose ``assertionMethod`` added.

    `created` is an RFC 3339 time; raises `MalformedError` where the document is outside the canonical domain.
    """
    options: JSONObject = {
        "type": "DataIntegrityProof",
        "cryptosuite": _SUITE_OF[signer.public_key.algorithm],
        "created": created,
        "verificationMethod": verification_method,
        "proofPurpose": "assertionMethod",
    }
    if "@context" in document:
        options["@context"] = document["@context"]
    signature = signer.sign(_hash_data(document, options))
    return {**document, "proof": {**options, "proofValue": "z" + to_base58(signature)}}


def check_proof(secured: JSONObject, *, allow_high_s: bool = False) -> PublicKey:
    """Return the key whose proof secures `secured`.

    The key is the one that the verification method's fragment spells out: whether it is *trusted*, and for whom it
    speaks, is for the caller to find out.  Raises `MalformedError` for a proof of another form, `VerificationError`
    where the signature does not fit.
    """
    key, proof = read_proof(secured)
    document = {name: value for name, value in secured.items() if name != "proof"}
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    signature = from_base58(cast(str, proof["proofValue"])[1:])
    key.verify(signature, _hash_data(document, options), allow_high_s=allow_high_s)
    return key


def read_proof(secured: JSONObject) -> tuple[PublicKey, JSONObject]:
    """Return the key that a document's one proof names, and the proof; raises `MalformedError`.

    Nothing is verified: `check_proof` does that.
    """
    proof = secured.get("proof")
    if not isinstance(proof, dict) or not _PROOF_KEYS.issuperset(proof) or proof.get("type") != "DataIntegrityProof":
        raise MalformedError("bad-proof", "There must be exactly one Data Integrity proof.", field="proof")
    if proof.get("@context", secured.get("@context")) != secured.get("@context"):
        raise MalformedError("bad-proof", "The proof's context differs from the document's.", field="proof.@context")
    algorithm = SUITES.get(_text(proof, "cryptosuite"))
    if algorithm is None:
        raise MalformedError("unknown-suite", "The proof's cryptosuite is not accepted.", field="proof.cryptosuite")
    if _text(proof, "proofPurpose") != "assertionMethod":
        raise MalformedError("bad-proof", "The purpose must be assertionMethod.", field="proof.proofPurpose")
    method, _, fragment = _text(proof, "verificationMethod").partition("#")
    key = PublicKey.parse(fragment)
    if not method or key.algorithm != algorithm:
        raise MalformedError("bad-proof", "The suite does not fit the key.", field="proof.verificationMethod")
    value = _text(proof, "proofValue")
    if not value.startswith("z") or "z" + to_base58(from_base58(value[1:])) != value:
        raise MalformedError("bad-proof", "The proof value must be base58btc.", field="proof.proofValue")
    return key, proof


def _hash_data(document: JSONObject, options: JSONObject) -> bytes:
    return hashlib.sha256(canonicalize(options)).digest() + hashlib.sha256(canonicalize(document)).digest()


def _text(proof: dict[str, JSONValue], name: str) -> str:
    value = proof.get(name)
    if not isinstance(value, str):
        raise MalformedError("bad-proof", "The proof's {member} must be a string.", field=f"proof.{name}", member=name)
    return value
