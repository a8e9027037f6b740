"""A second verifier of Kilnmark bundles: all that it knows is docs/certificate-format.md and the published schemas."""

import json
import re
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
# Each code of a finding, and the outcome that it forces, from the page's own table. All other codes are advisories.
ROW = r"^\| (?:\d|any) \| `([a-z-]+)` \| [a-z-]+ \| (?:`([A-Z_]+)` )?\|"
FORCES = dict(re.findall(ROW, (ROOT / "docs/certificate-format.md").read_text("utf-8"), re.MULTILINE))
ENDING = ["altered", "not-anchored", "foreign-ledger", "not-included", "ledger-behind", "not-on-ledger"]
NOT_CHECKED = {4: "studio-not-checked", 5: "token-not-checked", 6: "status-not-checked"}
BASE32, BASE58 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
P25519, D25519 = 2**255 - 19, -121665 * pow(121666, -1, 2**255 - 19)


def verify(bundle: bytes, policy: Any, ledger: Any, serial: str | None, tag: str | None, photos: Any) -> dict[str, Any]:
    """The verdict; ValueError or RecursionError where the bytes are no bundle. A ledger may raise ConnectionError."""
    told, said = json.loads(bundle), [(0, "well-formed")]
    exact = canonical(told) == bundle.removesuffix(b"\n") and schema("bundle").is_valid(told)
    if not exact or not all(map(well_formed, [told["certificate"], *told["amendments"]])):
        raise ValueError
    try:
        for check, code in examine(said, told, policy, ledger, serial, tag, photos):
            if code and (code not in FORCES or check not in dict(said)):
                said.append((check, code))
            if code in ENDING:
                break
    except ConnectionError as reason:  # Its code is what check 3 tells.
        unknown = [finding for finding in NOT_CHECKED.items() if finding[0] not in dict(said)]
        if unknown or str(reason) == "nodes-disagree":  # Else it is only not known whether there is a successor.
            said += [(3, str(reason)), *unknown]
        said += [(9, "as-exported")] if "asExported" in told and len(unknown) == 3 else []
    said += [(check, "not-reached") for check in range(9) if check not in dict(said)]
    said.sort(key=lambda finding: finding[0])
    forced = [(o, c) for o in ("NOT_AUTHENTIC", "INCONCLUSIVE", "PENDING") for _, c in said if FORCES.get(c) == o]
    outcome, decided = [*forced, ("AUTHENTIC", "authentic")][0]
    findings = [[check, code] for check, code in said if code in FORCES]
    advisories = [code for _, code in said if code not in FORCES]
    return {"outcome": outcome, "reason": decided, "findings": findings, "advisories": advisories}


def examine(said: Any, told: Any, policy: Any, ledger: Any, serial: Any, tag: Any, photos: Any) -> Any:
    """Pairs of a check and a code that holds, if any. What was said before counts: of each check the first finding."""
    chain, place = [told["certificate"], *told["amendments"]], ("chainId", "genesis", "contract")
    yield 1, "signed" if signed(chain[0]) else "altered"
    yield 5, serial not in (None, chain[0]["credentialSubject"]["serial"]) and "other-serial"
    yield 2, not told["receipts"] and "not-anchored"
    own = [r for r in told["receipts"] if all(r[name] == policy["ledger"][name] for name in place)]
    old = [r for r in told["receipts"] for of in policy.get("predecessors", []) if all(r[n] == of[n] for n in place)]
    yield 3, not own + old and "foreign-ledger"
    receipt = own[0] if own else min(old, key=lambda receipt: receipt["block"]["time"])
    block, token = receipt["block"], receipt["tokenId"]
    index, path, size = (told["inclusion"][name] for name in ("index", "path", "size"))
    root = root_of(sha256(b"\0" + sha256(canonical(chain[0])).digest()).digest(), index, size, path)
    yield 2, "included" if "0x" + root.hex() == receipt["root"] else "not-included"
    yield 8, "tag-unproven" if tag in (None, chain[0]["credentialSubject"]["id"].partition("/P/")[0]) else "other-host"
    holds = all(map(replaces, chain[1:], chain))
    images = ["0x" + image["id"][-64:] for image in chain[-1 if holds else 0]["credentialSubject"].get("image", [])]
    at_hand = [image for image in images if image in (photos or {})]
    yield 7, any("0x" + sha256(photos[image]).hexdigest() != image for image in at_hand) and "photo-changed"
    yield 7, not images and "no-photos"
    yield 7, "photos-agree" if at_hand == images else "photos-not-checked"
    yield 7, photos is not None and (7, "photos-not-checked") in said and "photo-missing"
    if ledger is None:
        raise ConnectionError("offline")
    yield 3, not 2**32 <= int(token) < 2**64 and "not-on-ledger"  # No lot has such a number.
    head = ledger("head", {})
    first, last = ({"tokenId": token, "keyId": key_of(c)[0], "at": head} for c in (chain[0], chain[-1]))
    record = ledger("record", first)
    event = ledger("anchorEvidence", {"root": receipt["root"], "blockHash": block["hash"]}) if own else None
    missing = not record or record["anchor"]["root"] != receipt["root"]
    yield 3, missing and ("ledger-behind" if own and block["number"] > head["number"] else "not-on-ledger")
    anchor, key, status = record["anchor"], record["key"], record["status"]
    here = (anchor["blockNumber"], anchor["time"]) == (block["number"], block["time"])
    imported = bool(policy.get("predecessors")) and anchor["time"] < block["time"] if own else here
    seen = not own or (event and (event["transaction"], event["block"]) == (receipt["transaction"], block))
    depth = head["number"] - (block["number"] if own else min(anchor["blockNumber"], head["number"])) + 1
    yield 3, not (seen and (here or imported)) and "stale-receipt"
    yield 3, "anchored" if depth >= policy["confirmations"] else "not-confirmed"
    yield 3, seen and imported and "imported"
    names = ["0x" + sha256(chain[0]["issuer"][name].encode()).hexdigest() for name in ("id", "name")]
    yield 4, names != [record["didHash"], record["nameHash"]] and "wrong-issuer"
    yield 4, not record["standingAtAnchor"] and "not-accredited"
    yield 4, not key and "wrong-key"
    valid = key and key["start"] <= anchor["time"] < (key["end"] or "later")
    yield 4, "accredited" if valid else "key-not-valid"
    yield 4, not record["standingNow"] and "studio-suspended"
    yield 4, valid and key["end"] and "key-retired"
    steward = status == "on-hold" and ledger("statusBySteward", {"tokenId": token, "at": head})
    yield 6, "held-by-guild" if steward else {"retired": "active"}.get(status, status)
    yield 6, status == "retired" and "retired"
    yield 6, record["lostSince"] and "lost"
    newest, shown = record["amendment"] or {"count": 0}, ["0x" + sha256(canonical(c)).hexdigest() for c in chain[1:]]
    yield 5, (record["offset"] + int(token) % 2**32, anchor["leafCount"]) != (index, size) and "wrong-token"
    yield 5, not holds and "bad-amendment"
    yield 5, (len(shown) > newest["count"] or newest.get("digest") in shown[:-1]) and "amendment-unknown"
    yield 5, newest["count"] and newest["digest"] not in shown and "amendment-missing"
    window = 5 not in dict(said) and shown and ledger("record", last)["key"]
    valid = window and window["start"] <= newest["time"] < (window["end"] or "later")
    yield 5, "token-agrees" if valid or not shown else "bad-amendment"
    yield 5, shown and (5, "token-agrees") in said and "amended"
    yield 5, len(shown) < newest["count"] and (5, "token-agrees") in said and "amendment-not-shown"
    yield 9, ledger("successor", {"at": head}) and "successor-named"


def schema(name: str, base: str = "") -> Any:
    """A published schema, at the registry with this address. In Python `$` would let a line end pass."""
    text = (ROOT / f"provenance/formats/{name}-v1.schema.json").read_text("utf-8").replace('$"', r'\\Z"')
    return Schema(json.loads(text.replace("^{registry}", "^" + base.replace(".", r"\\.")).replace("{registry}", base)))


def well_formed(certificate: Any) -> bool:
    """Whether a certificate has the form of its schema, and its members agree in what no schema can say."""
    base = certificate["credentialSchema"]["id"].removesuffix("/schemas/piece/v1")
    if len(canonical(certificate)) > 65536 or not schema("piece", base).is_valid(certificate):
        return False
    piece, did, status = certificate["credentialSubject"], certificate["issuer"]["id"], certificate["credentialStatus"]
    resources = certificate.get("relatedResource", [])
    media = [item["id"] for kind in ("image", "scan", "file") for item in piece.get(kind, [])]
    return (
        key_of(certificate) is not None
        and did.startswith(f"did:web:{base.partition('//')[2].replace(':', '%3A')}:studios:")
        and certificate["proof"]["verificationMethod"].startswith(did + "#")
        and status["id"] == "{statusListCredential}#{statusListIndex}".format_map(status)
        and piece["id"] == f"{base}/P/" + piece["serial"].replace("-", "")
        and piece["serial"][-1] == check_symbol(piece["serial"][:-1].replace("-", ""))
        and piece.get("edition", {"number": 1})["number"] <= piece.get("edition", {"of": 1})["of"]
        and media == [resource["id"] for resource in resources]
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


def replaces(new: Any, old: Any) -> bool:
    same = all(old[name][of] == new[name][of] for name, of in (("issuer", "id"), ("credentialSubject", "serial")))
    replaced = urlsafe_b64decode(new.get("replaces", "")[1:] + "==")[2:]
    return same and replaced == sha256(canonical(old)).digest() and signed(new)


def root_of(node: bytes, index: int, size: int, path: list[str]) -> bytes:
    """The root of an RFC 6962 tree by the path of one leaf; no root at all where the path has another length."""
    if size <= 1 or not path:
        return node if (index, size, path) == (0, 1, []) else b""
    left, sibling = 1 << ((size - 1).bit_length() - 1), bytes.fromhex(path[-1][2:])
    if index < left:
        return sha256(b"\1" + root_of(node, index, left, path[:-1]) + sibling).digest()
    return sha256(b"\1" + sibling + root_of(node, index - left, size - left, path[:-1])).digest()
