"""Digests, keys, signatures and trees for the second verifier, from docs/certificate-format.md alone."""

import base64
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P25519 = 2**255 - 19
D25519 = -121665 * pow(121666, -1, P25519)


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(certificate: Any) -> bytes:
    return sha256(canonical(certificate))


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def multibase(digest: bytes) -> str:
    return "u" + base64.urlsafe_b64encode(b"\x12\x20" + digest).decode().rstrip("=")


def unbase58(symbols: str) -> bytes:
    number = 0
    for symbol in symbols:
        number = number * 58 + BASE58.index(symbol)
    return bytes(len(symbols) - len(symbols.lstrip("1"))) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def key_of(proof: Any) -> tuple[bytes, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey]:
    """The Multikey's bytes and the key; ValueError where it is no key of the suite."""
    key = unbase58(proof["verificationMethod"].partition("#z")[2])
    if proof["cryptosuite"] == "ecdsa-jcs-2019" and key[:2] == b"\x80\x24" and len(key) == 35:
        return key, ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key[2:])
    if proof["cryptosuite"] == "eddsa-jcs-2022" and key[:2] == b"\xed\x01" and len(key) == 34:
        y = int.from_bytes(key[2:], "little") % 2**255
        u, v = y * y - 1, D25519 * y * y + 1
        # On the curve x² is u/v, so that uv is a square; the order is low where y, u or dy⁴+2y²-1 is 0.
        if y < P25519 and pow(u * v, P25519 // 2, P25519) == 1 and y * (v * y * y + u) % P25519:
            return key, ed25519.Ed25519PublicKey.from_public_bytes(key[2:])
    raise ValueError


def signed(certificate: Any) -> bool:
    proof, key = certificate["proof"], key_of(certificate["proof"])[1]
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    unsecured = {name: value for name, value in certificate.items() if name != "proof"}
    data, signature = sha256(canonical(options)) + sha256(canonical(unsecured)), unbase58(proof["proofValue"][1:])
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
            return True
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
        return len(signature) == 64 and s <= P256_ORDER // 2
    except InvalidSignature:
        return False


def newest_of(told: Any) -> Any:
    """The last amendment, or the certificate where there is none; None where the chain does not hold."""
    first = shown = told["certificate"]
    for amendment in told["amendments"]:
        named = amendment.get("replaces") == multibase(digest_of(shown))
        same = amendment["credentialSubject"]["serial"] == first["credentialSubject"]["serial"]
        if not (named and same and amendment["issuer"]["id"] == first["issuer"]["id"] and signed(amendment)):
            return None
        shown = amendment
    return shown


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root of an RFC 6962 tree by the path of one leaf; no root at all where the path has another length."""
    if size <= 1 or not path:
        return leaf if (index, size, path) == (0, 1, []) else b""
    left = 1 << ((size - 1).bit_length() - 1)
    if index < left:
        return sha256(b"\1", root_of(leaf, index, left, path[:-1]), path[-1])
    return sha256(b"\1", path[-1], root_of(leaf, index - left, size - left, path[:-1]))


def root_by(inclusion: Any, digest: bytes) -> str:
    path = [bytes.fromhex(step[2:]) for step in inclusion["path"]]
    if inclusion["size"] > 2**32:
        return ""
    return hexed(root_of(sha256(b"\0", digest), inclusion["index"], inclusion["size"], path))
