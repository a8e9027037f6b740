"""A second verifier of Kilnmark bundles: all that it knows is docs/certificate-format.md and the published schemas."""

import json
import re
from base64 import urlsafe_b64encode
from functools import reduce
from hashlib import sha256
from pathlib import Path
from typing import Any

from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC
from Crypto.Signature import DSS, eddsa
from jsonschema import Draft202012Validator as Schema
from rfc8785 import dumps as canonical

ROOT = Path(__file__).parents[2]
BASE32, BASE58 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# Each code of a finding, and the outcome that it forces, from the page's own table. All other codes are advisories.
ROW = r"^\| (?:\d|any) \| `([a-z-]+)` \| [a-z-]+ \| (?:`([A-Z_]+)` )?\|"
FORCES = dict(re.findall(ROW, (ROOT / "docs/certificate-format.md").read_text("utf-8"), re.MULTILINE))
ENDING = ["altered", "not-anchored", "foreign-ledger", "not-included", "ledger-behind", "not-on-ledger"]
NOT_CHECKED = {4: "studio-not-checked", 5: "token-not-checked", 6: "status-not-checked"}


class Certificate:
    def __init__(self, members: Any) -> None:
        """Read what the bundle's schema let pass; raise ValueError where it has not the form of a certificate."""
        self.members, self.base = members, members["credentialSchema"]["id"].removesuffix("/schemas/piece/v1")
        form = schema("piece", self.base)
        if len(canonical(members)) > 65536 or not form.is_valid(members):
            raise ValueError
        self.piece, self.issuer, self.proof = (members[name] for name in ("credentialSubject", "issuer", "proof"))
        self.digest, method = "0x" + sha256(canonical(members)).hexdigest(), self.proof["verificationMethod"]
        raw, self.ed = self.base58(method.partition("#z")[2]), self.proof["cryptosuite"] == "eddsa-jcs-2022"
        self.key_id = "0x" + sha256(raw).hexdigest()
        self.key: Any = eddsa.import_public_key(raw[2:]) if self.ed else ECC.import_key(raw[2:], curve_name="P-256")
        media = [(kind, item["id"]) for kind in ("image", "scan", "file") for item in self.piece.get(kind, [])]
        names, resources = [address for _, address in media], members.get("relatedResource", [])
        types = [form.schema["$defs"].get(f"{kind}Type", {}).get("enum") for kind, _ in media]
        parts = [self.piece, self.piece.get("partOf", {}), *self.piece.get("parts", [])]
        own = [part["serial"] for part in parts if "serial" in part]
        of_set, status = self.piece.get("set", {"pieces": own[:1], "size": 1}), members["credentialStatus"]
        edition = self.piece.get("edition", {"number": 1, "of": 1})
        agreeing = (
            self.issuer["id"].startswith(f"did:web:{self.base.partition('//')[2].replace(':', '%3A')}:studios:"),
            method.startswith(self.issuer["id"] + "#"),
            not self.ed or not (self.key.pointQ * 8).is_point_at_infinity(),
            status["id"] == "{statusListCredential}#{statusListIndex}".format_map(status),
            self.piece["id"] == f"{self.base}/P/" + own[0].replace("-", ""),
            all(self.check_symbol(serial) == serial[-1] for serial in own + of_set["pieces"]),
            own[0] in of_set["pieces"] and len(of_set["pieces"]) <= of_set["size"],
            edition["number"] <= edition["of"],
            len({*own, *names}) == len(own) + len(names) and names == [resource["id"] for resource in resources],
            all(self.multibase(resource["id"][-64:]) == resource["digestMultibase"] for resource in resources),
            all(not of or resource["mediaType"] in of for of, resource in zip(types, resources, strict=True)),
        )
        if not all(agreeing):
            raise ValueError

    def signed(self) -> bool:
        parts = ((self.proof, "proofValue"), (self.members, "proof"))
        data = b"".join(sha256(canonical({k: of[k] for k in of if k != name})).digest() for of, name in parts)
        signature = self.base58(self.proof["proofValue"][1:])
        scheme: Any = eddsa.new(self.key, "rfc8032") if self.ed else DSS.new(self.key, "fips-186-3")
        try:
            scheme.verify(data if self.ed else SHA256.new(data), signature)
        except ValueError:
            return False
        return self.ed or int.from_bytes(signature[32:], "big") <= P256_ORDER // 2

    def amends(self, old: "Certificate") -> bool:
        same = self.base == old.base and self.issuer == old.issuer and self.piece["serial"] == old.piece["serial"]
        return same and "replaces" in self.members and self.signed()

    def base58(self, symbols: str) -> bytes:
        number: int = sum(BASE58.index(symbol) * 58**place for place, symbol in enumerate(reversed(symbols)))
        return bytes(len(symbols) - len(symbols.lstrip("1"))) + number.to_bytes((number.bit_length() + 7) // 8, "big")

    def check_symbol(self, serial: str) -> str:  # Horner's rule: a sum, and a product with x.
        values = [BASE32.index(symbol) for symbol in reversed(serial[:-1].replace("-", ""))]
        return BASE32[reduce(lambda check, value: (twice := (check ^ value) << 1) ^ 0b100101 * (twice >> 5), values, 0)]

    def multibase(self, digest: str) -> str:
        return "u" + urlsafe_b64encode(b"\x12\x20" + bytes.fromhex(digest)).decode().rstrip("=")


def verify(bundle: bytes, policy: Any, ledger: Any, serial: str | None, tag: str | None, photos: Any) -> dict[str, Any]:
    """The verdict; ValueError or RecursionError where the bytes are no bundle. A ledger may raise ConnectionError."""
    told, data = json.loads(bundle), bundle.removesuffix(b"\n")
    if len(data) > 1179648 or canonical(told) != data or not schema("bundle").is_valid(told):
        raise ValueError
    receipts, forms = told["receipts"], [Certificate(members) for members in (told["certificate"], *told["amendments"])]
    if len({place_of(receipt) for receipt in receipts}) < len(receipts):
        raise ValueError
    first, last, said, reason = forms[0], forms[-1], [(0, "well-formed")], ""
    other = serial not in (None, first.piece["serial"]) and "other-serial"

    def covers(window: Any, time: str) -> bool:
        return bool(window) and window["start"] <= time < (window["end"] or "later")

    def examine() -> Any:
        """Pairs of a check and a code that holds, if any. Of a check the first finding counts, and all advisories."""
        yield 1, "signed" if first.signed() else "altered"
        yield 2, not receipts and "not-anchored"
        own = [receipt for receipt in receipts if place_of(receipt) == place_of(policy["ledger"])]
        before = [place_of(ledger) for ledger in policy.get("predecessors", [])]
        old = [receipt for receipt in receipts if place_of(receipt) in before]
        yield 3, not own + old and "foreign-ledger"
        receipt = own[0] if own else min(old, key=lambda receipt: receipt["block"]["time"])
        block, token, root = receipt["block"], receipt["tokenId"], receipt["root"]
        index, path, size = (told["inclusion"][name] for name in ("index", "path", "size"))
        leaf = sha256(b"\0" + bytes.fromhex(first.digest[2:])).digest()
        yield 2, "included" if "0x" + root_of(leaf, index, size, path).hex() == root else "not-included"
        yield 8, "tag-unproven" if tag in (None, first.base) else "other-host"
        if ledger is None:
            raise ConnectionError("offline")
        yield 3, not 2**32 <= int(token) < 2**64 and "not-on-ledger"  # No lot has such a number.
        head = ledger("head", {})
        record = ledger("record", {"tokenId": token, "keyId": first.key_id, "at": head})
        event = ledger("anchorEvidence", {"root": root, "blockHash": block["hash"]}) if own else None
        if not record or record["anchor"]["root"] != root:
            yield 3, own and block["number"] > head["number"] and "ledger-behind"
            there = ledger("anchorIdOf", {"root": root, "at": head}) is not None
            yield 3, "stale-receipt" if there else "not-on-ledger"
            return
        anchor, key, status = record["anchor"], record["key"], record["status"]
        here = (anchor["blockNumber"], anchor["time"]) == (block["number"], block["time"])
        imported = bool(policy.get("predecessors")) and anchor["time"] < block["time"] if own else here
        named = event and (event["transaction"], event["block"], event["anchorId"])
        seen = not own or named == (receipt["transaction"], block, anchor["anchorId"])
        height = block["number"] if own else anchor["blockNumber"]
        deep = head["number"] - height + 1 >= policy["confirmations"] or (not own and height > head["number"])
        yield 3, not (seen and (here or imported)) and "stale-receipt"
        yield 3, "anchored" if deep else "not-confirmed"
        yield 3, seen and imported and "imported"
        names = ["0x" + sha256(first.issuer[name].encode()).hexdigest() for name in ("id", "name")]
        yield 4, names != [record["didHash"], record["nameHash"]] and "wrong-issuer"
        yield 4, not key and "wrong-key"
        yield 4, not record["standingAtAnchor"] and "not-accredited"
        yield 4, "accredited" if covers(key, anchor["time"]) else "key-not-valid"
        yield 4, (4, "accredited") in said and key["end"] and "key-retired"
        yield 4, not record["standingNow"] and "studio-suspended"
        try:
            steward = status != "active" and ledger("statusBySteward", {"tokenId": token, "at": head})
        except ConnectionError as unanswered:
            steward = unanswered
        yield 6, steward is True and status == "on-hold" and "held-by-guild"
        yield 6, {"retired": "active"}.get(status, status)
        yield 6, status == "retired" and "retired"
        yield 6, record["lostSince"] and "lost"
        yield 5, (record["offset"] + int(token) % 2**32, anchor["leafCount"]) != (index, size) and "wrong-token"
        yield 5, other
        newest, shown = record["amendment"] or {"count": 0}, [form.digest for form in forms[1:]]
        yield 5, (len(shown) > newest["count"] or newest.get("digest") in shown[:-1]) and "amendment-unknown"
        yield 5, newest["count"] and newest["digest"] not in shown and "amendment-missing"
        yield 5, shown and not last.amends(first) and "bad-amendment"
        broken = [f.members.get("replaces") for f in forms[1:]] != [f.multibase(f.digest[2:]) for f in forms[:-1]]
        yield 5, broken and ("bad-amendment" if newest["count"] == 1 else "amendment-missing")
        yield 5, not all(form.amends(first) for form in forms[1:-1]) and "bad-amendment"
        if shown and 5 not in dict(said):
            ask = {"tokenId": token, "keyId": last.key_id, "at": head}
            void = not covers((record if last.key_id == first.key_id else ledger("record", ask))["key"], newest["time"])
            yield 5, "amendment-void" if void and newest["count"] > 1 else "token-agrees"
            yield 5, (5, "token-agrees") in said and ("amendment-not-counted" if void else "amended")
            yield 5, (5, "token-agrees") in said and len(shown) < newest["count"] and "amendment-not-shown"
        yield 5, "token-agrees"
        if isinstance(steward, ConnectionError):
            raise steward
        yield 5, ledger("successor", {"at": head}) and "successor-named"

    try:
        for check, code in examine():
            if code and (code not in FORCES or check not in dict(said)):
                said.append((check, code))
            if code in ENDING:
                break
    except ConnectionError as unanswered:  # Its words are the code of check 3.
        reason = str(unanswered)
    said += [(5, other)] if other and (1, "signed") in said and 5 not in dict(said) else []
    unknown = [finding for finding in NOT_CHECKED.items() if reason and finding[0] not in dict(said)]
    if unknown or reason == "nodes-disagree":  # Else only who set the status, or a successor, is not known.
        said += [(3, reason), *unknown]
    images = [image["id"][-64:] for image in (last if (5, "amended") in said else first).piece.get("image", [])]
    at_hand = {image: sha256(photos["0x" + image]).hexdigest() for image in images if "0x" + image in (photos or {})}
    seen = "photos-not-checked" if len(at_hand) < len(images) else "photos-agree" if images else "no-photos"
    changed = any(image != found for image, found in at_hand.items())
    missing = photos is not None and len(at_hand) < len(images) and not changed
    if (2, "included") in said:
        said += [(7, "photo-changed" if changed else seen), *([(7, "photo-missing")] if missing else [])]
    said += [(9, "as-exported")] if "asExported" in told and 4 in dict(unknown) else []
    said = sorted(said + [(c, "not-reached") for c in range(9) if c not in dict(said)], key=lambda finding: finding[0])
    forced = [(o, c) for o in ("NOT_AUTHENTIC", "INCONCLUSIVE", "PENDING") for _, c in said if FORCES.get(c) == o]
    outcome, decided = [*forced, ("AUTHENTIC", "authentic")][0]
    findings, advisories = [[n, c] for n, c in said if c in FORCES], [c for _, c in said if c not in FORCES]
    return {"outcome": outcome, "reason": decided, "findings": findings, "advisories": advisories}


def root_of(node: bytes, index: int, size: int, path: list[str]) -> bytes:
    """The root of an RFC 6962 tree by the path of one leaf; no root at all where the path has another length."""
    if size <= 1 or not path:
        return node if (index, size, path) == (0, 1, []) else b""
    left, sibling = 1 << ((size - 1).bit_length() - 1), bytes.fromhex(path[-1][2:])
    right = sibling if index < left else root_of(node, index - left, size - left, path[:-1])
    return sha256(b"\1" + (root_of(node, index, left, path[:-1]) if index < left else sibling) + right).digest()


def place_of(ledger: Any) -> tuple[Any, ...]:
    """Chain and contract, of a ledger or of a receipt."""
    return ledger["chainId"], ledger["genesis"], ledger["contract"]


def schema(name: str, base: str = "") -> Any:
    """A published schema, at the registry with this address. In Python `$` would let a line end pass."""
    text = (ROOT / f"provenance/formats/{name}-v1.schema.json").read_text("utf-8").replace('$"', r'\\Z"')
    return Schema(json.loads(text.replace("^{registry}", "^" + base.replace(".", r"\\.")).replace("{registry}", base)))
