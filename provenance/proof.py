"""Data Integrity proofs: ``ecdsa-jcs-2019`` (P-256) and ``eddsa-jcs-2022`` (Ed25519).

W3C VC Data Integrity 1.0 section 4, Data Integrity ECDSA Cryptosuites 1.0 section 3.3, EdDSA Cryptosuites 1.0
section 3.3.  What is signed is SHA-256 of the canonical proof options followed by SHA-256 of the canonical document
without its proof.  A suite is one row of `SUITES`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from provenance.canonical import JSONObject, JSONValue, canonicalize, join
from provenance.encoding import from_base58, read_at, to_base58
from provenance.errors import KeystoreError, MalformedError
from provenance.keys import Algorithm, PublicKey, Signer
from provenance.signing import checked

SUITES: dict[str, Algorithm] = {"ecdsa-jcs-2019": "P-256", "eddsa-jcs-2022": "Ed25519"}
_SUITE_OF = {algorithm: suite for suite, algorithm in SUITES.items()}
_PROOF_KEYS = frozenset(
    ("@context", "type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue")
)


@dataclass(frozen=True, slots=True)
class Proof:
    """The one proof of a document as read, not yet verified: `options` are its members but for the proof value.

    The key is the one that the verification method's fragment spells out: whether it is *trusted*, and for whom it
    speaks, is for the caller to find out.  `signed` is what the signature covers, two hashes of 32 bytes each.
    """

    key: PublicKey
    options: JSONObject
    signature: bytes
    signed: bytes

    @classmethod
    def of(cls, secured: JSONObject) -> Proof:
        """Read the proof of `secured`, which a parser returned, so that it lies in the canonical domain.

        Raises `MalformedError` for none, several, or one of another form.
        """
        proof = secured.get("proof")
        if (
            not isinstance(proof, dict)
            or not _PROOF_KEYS.issuperset(proof)
            or proof.get("type") != "DataIntegrityProof"
        ):
            raise MalformedError("bad-proof", "There must be exactly one Data Integrity proof.", field="proof")
        if proof.get("@context", secured.get("@context")) != secured.get("@context"):
            raise MalformedError(
                "bad-proof", "The proof's context differs from the document's.", field="proof.@context"
            )
        algorithm = SUITES.get(_text(proof, "cryptosuite"))
        if algorithm is None:
            raise MalformedError("unknown-suite", "The proof's cryptosuite is not accepted.", field="proof.cryptosuite")
        if _text(proof, "proofPurpose") != "assertionMethod":
            raise MalformedError("bad-proof", "The purpose must be assertionMethod.", field="proof.proofPurpose")
        method, _, fragment = _text(proof, "verificationMethod").partition("#")
        key = read_at("proof.verificationMethod", PublicKey.parse, fragment)
        if not method or key.algorithm != algorithm:
            raise MalformedError("bad-proof", "The suite does not fit the key.", field="proof.verificationMethod")
        value = _text(proof, "proofValue")
        if not value.startswith("z"):
            raise MalformedError("bad-proof", "The proof value must be base58btc.", field="proof.proofValue")
        signature = read_at("proof.proofValue", from_base58, value[1:])
        document, options = secured.copy(), proof.copy()
        del document["proof"], options["proofValue"]
        return cls(key, options, signature, _hash_data(document, options))

    def attached(self, document: JSONObject) -> JSONObject:
        """Return a copy of `document` that the proof secures."""
        return {**document, "proof": {**self.options, "proofValue": "z" + to_base58(self.signature)}}

    def verify(self, *, allow_high_s: bool = False) -> None:
        """Return if the proof secures the document that it was read from; raise `VerificationError` otherwise."""
        self.key.verify(self.signature, self.signed, allow_high_s=allow_high_s)


def make_proof(document: JSONObject, signer: Signer, *, verification_method: str, created: str) -> Proof:
    """Return a proof of purpose ``assertionMethod`` for `document`.

    Raises `MalformedError` where the document is outside the canonical domain, and what `sign` raises.
    """
    canonicalize(document)
    return sign(document, signer, verification_method=verification_method, created=created)


def sign(document: JSONObject, signer: Signer, *, verification_method: str, created: str) -> Proof:
    """Return a proof for `document`, which is known to lie in the canonical domain.

    `created` is an RFC 3339 time.  A signer from elsewhere is checked before anything is made of what it returns.
    Raises `KeystoreError` where the signer fails or `verification_method` names another key.
    """
    signer = checked(signer)
    key = signer.public_key
    if verification_method.partition("#")[2] != key.multikey:
        raise KeystoreError("bad-signer", "The signer has another key than the one that shall sign.")
    options: JSONObject = {
        "type": "DataIntegrityProof",
        "cryptosuite": _SUITE_OF[key.algorithm],
        "created": created,
        "verificationMethod": verification_method,
        "proofPurpose": "assertionMethod",
    }
    if "@context" in document:
        options["@context"] = document["@context"]
    signed = _hash_data(document, options)
    return Proof(key, options, signer.sign(signed), signed)


def add_proof(document: JSONObject, signer: Signer, *, verification_method: str, created: str) -> JSONObject:
    """Return a copy of `document` with the proof that `make_proof` makes."""
    return make_proof(document, signer, verification_method=verification_method, created=created).attached(document)


def check_proof(secured: JSONObject, *, allow_high_s: bool = False) -> PublicKey:
    """Return the key whose proof secures `secured`, a document that a parser returned.

    Raises `MalformedError` for a proof of another form, `VerificationError` where the signature does not fit.
    """
    proof = Proof.of(secured)
    proof.verify(allow_high_s=allow_high_s)
    return proof.key


def _hash_data(document: JSONObject, options: JSONObject) -> bytes:
    return hashlib.sha256(join(options)).digest() + hashlib.sha256(join(document)).digest()


def _text(proof: dict[str, JSONValue], name: str) -> str:
    value = proof.get(name)
    if not isinstance(value, str):
        raise MalformedError("bad-proof", "The proof's {member} must be a string.", field=f"proof.{name}", member=name)
    return value
