"""The form of bundles and certificates, keys and signatures: the part of the second verifier that needs no ledger."""

import json
from base64 import urlsafe_b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.hashes import SHA256
from jsonschema import Draft202012Validator as Schema
from rfc8785 import dumps as canonical

ROOT = Path(__file__).parents[2]
PLACE = ("chainId", "genesis", "contract")  # What makes a receipt a ledger's.
BASE32, BASE58 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
P25519, D25519 = 2**255 - 19, -121665 * pow(121666, -1, 2**255 - 19)


def read(bundle: bytes) -> Any:
    """The bundle; ValueError or RecursionError where the bytes are none."""
    told, data = json.loads(bundle), bundle.removesuffix(b"\n")
    if len(data) > 1179648 or canonical(told) != data or not schema("bundle").is_valid(told):
        raise ValueError
    ledgers = {tuple(receipt[name] for name in PLACE) for receipt in told["receipts"]}
    if len(ledgers) < len(told["receipts"]) or not all(map(well_formed, [told["certificate"], *told["amendments"]])):
        raise ValueError
    return told


def schema(name: str, base: str = "") -> Any:
    """A published schema, at the registry with this address. In Python `$` would let a line end pass."""
    text = (ROOT / f"provenance/formats/{name}-v1.schema.json").read_text("utf-8").replace('$"', r'\\Z"')
    return Schema(json.loads(text.replace("^{registry}", "^" + base.replace(".", r"\\.")).replace("{registry}", base)))


def well_formed(certificate: Any) -> bool:
    """Whether a certificate has the form of its schema, and its members agree in what no schema can say."""
    base = base_of(certificate)
    form = schema("piece", base)
    if len(canonical(certificate)) > 65536 or not form.is_valid(certificate):
        return False
    piece, did, status = certificate["credentialSubject"], certificate["issuer"]["id"], certificate["credentialStatus"]
    resources = certificate.get("relatedResource", [])
    media = [(kind, item["id"]) for kind in ("image", "scan", "file") for item in piece.get(kind, [])]
    addresses = [address for _, address in media]
    types, of_set = form.schema["$defs"], piece.get("set", {"pieces": [piece["serial"]], "size": 2})
    parts = [part["serial"] for part in [piece.get("partOf", {}), *piece.get("parts", [])] if "serial" in part]
    related = [piece["serial"], *parts]
    return (
        key_of(certificate) is not None
        and did.startswith(f"did:web:{base.partition('//')[2].replace(':', '%3A')}:studios:")
        and certificate["proof"]["verificationMethod"].startswith(did + "#")
        and status["id"] == "{statusListCredential}#{statusListIndex}".format_map(status)
        and piece["id"] == f"{base}/P/" + piece["serial"].replace("-", "")
        and all(serial[-1] == check_symbol(serial[:-1].replace("-", "")) for serial in related + of_set["pieces"])
        and len(set(related)) == len(related)
        and piece.get("edition", {"number": 1})["number"] <= piece.get("edition", {"of": 1})["of"]
        and piece["serial"] in of_set["pieces"]
        and len(of_set["pieces"]) <= of_set["size"]
        and addresses == [resource["id"] for resource in resources]
        and len(set(addresses)) == len(addresses)
        and all(
            kind == "file" or resource["mediaType"] in types[kind + "Type"]["enum"]
            for (kind, _), resource in zip(media, resources, strict=True)
        )
        and all(r["id"].endswith(urlsafe_b64decode(r["digestMultibase"][1:] + "==")[2:].hex()) for r in resources)
    )


def check_symbol(symbols: str) -> str:
    check = 0
    for symbol in reversed(symbols):  # Horner's rule: a sum, and a product with x.
        check = (check ^ BASE32.index(symbol)) << 1
        check ^= 0b100101 * (check >> 5)
    return BASE32[check]


def unbase58(symbols: str) -> bytes:
    number: int = sum(BASE58.index(symbol) * 58**place for place, symbol in enumerate(reversed(symbols)))
    return bytes(len(symbols) - len(symbols.lstrip("1"))) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def key_of(certificate: Any) -> tuple[str, Any]:
    """The key's id and the key; ValueError where it is none. That it is of the suite is in the schema."""
    raw = unbase58(certificate["proof"]["verificationMethod"].partition("#z")[2])
    key_id = "0x" + sha256(raw).hexdigest()
    if raw[:2] == b"\x80\x24":
        return key_id, ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw[2:])
    y = int.from_bytes(raw[2:], "little") % 2**255
    u, v = y * y - 1, D25519 * y * y + 1
    # On the curve x² is u/v, so that uv is a square; the order is low where y, u or dy⁴+2y²-1 is 0.
    if raw[:2] == b"\xed\x01" and y < P25519 and pow(u * v, P25519 // 2, P25519) == 1 and y * (v * y * y + u) % P25519:
        return key_id, ed25519.Ed25519PublicKey.from_public_bytes(raw[2:])
    raise ValueError


def signed(certificate: Any) -> bool:
    proof, key = certificate["proof"], key_of(certificate)[1]
    options = canonical({name: value for name, value in proof.items() if name != "proofValue"})
    unsecured = canonical({name: value for name, value in certificate.items() if name != "proof"})
    data, signature = sha256(options).digest() + sha256(unsecured).digest(), unbase58(proof["proofValue"][1:])
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        if proof["cryptosuite"] == "eddsa-jcs-2022":
            key.verify(signature, data)
        else:
            key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return len(signature) == 64 and (s <= ec.SECP256R1().group_order // 2 or proof["cryptosuite"] == "eddsa-jcs-2022")


def base_of(certificate: Any) -> str:
    return str(certificate["credentialSchema"]["id"]).removesuffix("/schemas/piece/v1")


def digest_of(certificate: Any) -> bytes:
    return sha256(canonical(certificate)).digest()


def replaced_by(certificate: Any) -> bytes:
    return urlsafe_b64decode(certificate.get("replaces", "")[1:] + "==")[2:]
