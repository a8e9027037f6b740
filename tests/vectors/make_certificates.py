"""Writes ``certificates.json``: certificates for other verifiers to try, made by this project and by nobody else.

The key is SHA-256 of ``kilnmark test vectors``; signatures are deterministic, so that the file is the same each time.
Run ``python -m tests.vectors.make_certificates`` where the form of certificates changes on purpose.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provenance.canonical import canonicalize
from provenance.certificate import Certificate, Issuer, StatusEntry
from provenance.encoding import Digest
from provenance.issue import issue
from provenance.keys import P256_ORDER, P256Signer
from provenance.piece import Piece, PieceSet, Whole
from provenance.proof import add_proof
from provenance.serial import Serial
from tests.support.pieces import digital_piece, full_piece

FILE = Path(__file__).parent / "certificates.json"
SIGNER = P256Signer.from_secret(hashlib.sha256(b"kilnmark test vectors").digest())
ISSUER = Issuer("https://registry.example", "sample-studio", "示例工作室 Sample Studio")
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def numbered(number: int) -> Serial:
    body = f"{number:012}"
    return Serial(body + Serial.check_symbol(body))


def certificate(piece: Piece, index: int, replaces: Digest | None = None) -> Certificate:
    entry = StatusEntry("0123456789ab", index)
    return issue(piece, ISSUER, SIGNER, status_entry=entry, now=NOW, replaces=replaces)


def valid() -> dict[str, Certificate]:
    full = full_piece(numbered(1))
    assert full.set is not None
    full = replace(
        full,
        set=PieceSet((numbered(1), numbered(2)), 2, "pair", full.set.name),
        part_of=Whole(numbered(3), {"en": "lid", "zh-Hans": "盖"}),
        parts=(full.parts[0], replace(full.parts[1], serial=numbered(4))),
    )
    bare = certificate(Piece(numbered(5), {"zh-Hans": '青花梅瓶 🏺\n\t"\\/'}), 1)
    return {
        "everything that an object can have": certificate(full, 0),
        "nothing but a title, in every kind of symbol": bare,
        "a digital work": certificate(replace(digital_piece(), serial=numbered(6)), 2),
        "an amendment": certificate(replace(bare.piece, height_mm=312), 1, bare.digest),
    }


def signed(change: Callable[[dict[str, Any]], Any]) -> str:
    """Return a certificate that was changed first and signed then: the signature fits, the form does not."""
    document: dict[str, Any] = json.loads(valid()["everything that an object can have"].data)
    proof = document.pop("proof")
    change(document)
    method, created = proof["verificationMethod"], proof["created"]
    return canonicalize(add_proof(document, SIGNER, verification_method=method, created=created)).decode()


def invalid() -> dict[str, str]:
    bare = valid()["nothing but a title, in every kind of symbol"]
    text = bare.data.decode()
    proof = bare.proof
    r, s = proof.signature[:32], int.from_bytes(proof.signature[32:], "big")
    high_s = replace(proof, signature=r + (P256_ORDER - s).to_bytes(32, "big"))
    unsecured = {name: member for name, member in bare.document().items() if name != "proof"}
    return {
        "a word changed after signing": text.replace("梅瓶", "梅甁"),
        "the high-s twin of the signature": canonicalize(high_s.attached(unsecured)).decode(),
        "white space": text.replace('":', '": ', 1),
        "a key twice": text.replace('"type":"Piece"', '"type":"Piece","type":"Piece"'),
        "an escape that is not needed": text.replace("青", "\\u9752"),
        "an unknown member": signed(lambda d: d["credentialSubject"].update(hidden="x")),
        "an unknown member of a maker": signed(lambda d: d["credentialSubject"]["maker"][0].update(hidden="x")),
        "a float": text.replace('"type":"Piece"', '"type":"Piece","weight":{"unitCode":"GRM","value":1.0}'),
        "a measure in inches": signed(lambda d: d["credentialSubject"]["height"].update(unitCode="INH")),
        "a measure of zero": signed(lambda d: d["credentialSubject"]["height"].update(value=0)),
        "a visitor named without consent": signed(lambda d: d["credentialSubject"]["maker"][1].pop("consent")),
        "a set without the piece": signed(
            lambda d: d["credentialSubject"]["set"].update(pieces=[str(numbered(7)), str(numbered(8))])
        ),
        "a pair of three": signed(lambda d: d["credentialSubject"]["set"].update(size=3)),
        "a part of itself": signed(lambda d: d["credentialSubject"]["partOf"].update(serial=str(numbered(1)))),
        "number eleven of ten": signed(lambda d: d["credentialSubject"]["edition"].update(number=11)),
        "a digital work without a file": signed(lambda d: d["credentialSubject"].update(type="DigitalPiece")),
        "a photo under another digest": signed(
            lambda d: d["relatedResource"][0].update(digestMultibase=Digest.of(b"other").multibase())
        ),
        "a text that runs backwards": signed(lambda d: d["credentialSubject"].update(made="20\u202e62")),
        "an empty text": signed(lambda d: d["credentialSubject"].update(glaze={"en": ""})),
        "a serial with a wrong check symbol": signed(
            lambda d: d["credentialSubject"].update(serial="0000-0000-0001-0")
        ),
        "another issuer's proof": signed(lambda d: d["issuer"].update(id="did:web:registry.example:studios:other")),
    }


def document() -> dict[str, Any]:
    return {
        "origin": "Made by tests/vectors/make_certificates.py of Kilnmark. `certificate`: the exact bytes, as text.",
        "publicKey": SIGNER.public_key.multikey,
        "valid": [
            {"name": name, "digest": str(made.digest), "certificate": made.data.decode()}
            for name, made in valid().items()
        ],
        "invalid": [{"name": name, "certificate": text} for name, text in invalid().items()],
    }


def text() -> str:
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
