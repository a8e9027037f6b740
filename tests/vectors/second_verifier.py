"""A second verifier of Kilnmark bundles: all that it knows is docs/certificate-format.md and the published schemas."""

import re
from hashlib import sha256
from typing import Any

from tests.vectors.second_form import PLACE, ROOT, base_of, digest_of, key_of, read, replaced_by, signed

# Each code of a finding, and the outcome that it forces, from the page's own table. All other codes are advisories.
ROW = r"^\| (?:\d|any) \| `([a-z-]+)` \| [a-z-]+ \| (?:`([A-Z_]+)` )?\|"
FORCES = dict(re.findall(ROW, (ROOT / "docs/certificate-format.md").read_text("utf-8"), re.MULTILINE))
ENDING = ["altered", "not-anchored", "foreign-ledger", "not-included", "ledger-behind", "not-on-ledger"]
NOT_CHECKED = {4: "studio-not-checked", 5: "token-not-checked", 6: "status-not-checked"}


def verify(bundle: bytes, policy: Any, ledger: Any, serial: str | None, tag: str | None, photos: Any) -> dict[str, Any]:
    """The verdict; ValueError or RecursionError where the bytes are no bundle. A ledger may raise ConnectionError."""
    told, said, reason = read(bundle), [(0, "well-formed")], ""
    other = serial not in (None, told["certificate"]["credentialSubject"]["serial"]) and "other-serial"
    try:
        for check, code in examine(said, told, policy, ledger, other, tag):
            if code and (code not in FORCES or check not in dict(said)):
                said.append((check, code))
            if code in ENDING:
                break
    except ConnectionError as unanswered:  # Its code is what check 3 tells.
        reason = str(unanswered)
    if other and (1, "signed") in said and 5 not in dict(said):
        said.append((5, other))
    unknown = [finding for finding in NOT_CHECKED.items() if reason and finding[0] not in dict(said)]
    if unknown or reason == "nodes-disagree":  # Else only who set the status, or a successor, is not known.
        said += [(3, reason), *unknown]
    said += photo_check([told["certificate"], *told["amendments"]][-1 if (5, "amended") in said else 0], photos, said)
    said += [(9, "as-exported")] if "asExported" in told and 4 in dict(unknown) else []
    said += [(check, "not-reached") for check in range(9) if check not in dict(said)]
    said.sort(key=lambda finding: finding[0])
    forced = [(o, c) for o in ("NOT_AUTHENTIC", "INCONCLUSIVE", "PENDING") for _, c in said if FORCES.get(c) == o]
    outcome, decided = [*forced, ("AUTHENTIC", "authentic")][0]
    findings = [[check, code] for check, code in said if code in FORCES]
    advisories = [code for _, code in said if code not in FORCES]
    return {"outcome": outcome, "reason": decided, "findings": findings, "advisories": advisories}


def examine(said: Any, told: Any, policy: Any, ledger: Any, other: Any, tag: Any) -> Any:
    """Pairs of a check and a code that holds, if any. What was said before counts: of each check the first finding."""
    chain = [told["certificate"], *told["amendments"]]
    yield 1, "signed" if signed(chain[0]) else "altered"
    yield 2, not told["receipts"] and "not-anchored"
    own = [r for r in told["receipts"] if all(r[name] == policy["ledger"][name] for name in PLACE)]
    old = [r for r in told["receipts"] for of in policy.get("predecessors", []) if all(r[n] == of[n] for n in PLACE)]
    yield 3, not own + old and "foreign-ledger"
    receipt = own[0] if own else min(old, key=lambda receipt: receipt["block"]["time"])
    block, token = receipt["block"], receipt["tokenId"]
    index, path, size = (told["inclusion"][name] for name in ("index", "path", "size"))
    root = root_of(sha256(b"\0" + digest_of(chain[0])).digest(), index, size, path)
    yield 2, "included" if "0x" + root.hex() == receipt["root"] else "not-included"
    yield 8, "tag-unproven" if tag in (None, base_of(chain[0])) else "other-host"
    if ledger is None:
        raise ConnectionError("offline")
    yield 3, not 2**32 <= int(token) < 2**64 and "not-on-ledger"  # No lot has such a number.
    head = ledger("head", {})
    first, last = ({"tokenId": token, "keyId": key_of(c)[0], "at": head} for c in (chain[0], chain[-1]))
    record = ledger("record", first)
    event = ledger("anchorEvidence", {"root": receipt["root"], "blockHash": block["hash"]}) if own else None
    if not record or record["anchor"]["root"] != receipt["root"]:
        yield 3, own and block["number"] > head["number"] and "ledger-behind"
        there = ledger("anchorIdOf", {"root": receipt["root"], "at": head}) is not None
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
    names = ["0x" + sha256(chain[0]["issuer"][name].encode()).hexdigest() for name in ("id", "name")]
    yield 4, names != [record["didHash"], record["nameHash"]] and "wrong-issuer"
    yield 4, not key and "wrong-key"
    yield 4, not record["standingAtAnchor"] and "not-accredited"
    yield 4, "accredited" if covers(key, anchor["time"]) else "key-not-valid"
    yield 4, (4, "accredited") in said and key["end"] and "key-retired"
    yield 4, not record["standingNow"] and "studio-suspended"
    silent = steward = None
    try:
        steward = status != "active" and ledger("statusBySteward", {"tokenId": token, "at": head})
    except ConnectionError as unanswered:
        silent = unanswered
    yield 6, "held-by-guild" if steward and status == "on-hold" else {"retired": "active"}.get(status, status)
    yield 6, status == "retired" and "retired"
    yield 6, record["lostSince"] and "lost"
    yield 5, (record["offset"] + int(token) % 2**32, anchor["leafCount"]) != (index, size) and "wrong-token"
    yield 5, other
    newest, shown = record["amendment"] or {"count": 0}, ["0x" + digest_of(c).hex() for c in chain[1:]]
    yield 5, (len(shown) > newest["count"] or newest.get("digest") in shown[:-1]) and "amendment-unknown"
    yield 5, newest["count"] and newest["digest"] not in shown and "amendment-missing"
    yield 5, shown and not amends(chain[-1], chain[0]) and "bad-amendment"
    broken = any(replaced_by(new) != digest_of(old) for new, old in zip(chain[1:], chain, strict=False))
    yield 5, broken and ("bad-amendment" if newest["count"] == 1 else "amendment-missing")
    yield 5, not all(amends(c, chain[0]) for c in chain[1:-1]) and "bad-amendment"
    if shown and 5 not in dict(said):
        void = not covers((record if first == last else ledger("record", last))["key"], newest["time"])
        yield 5, "amendment-void" if void and newest["count"] > 1 else "token-agrees"
        yield 5, (5, "token-agrees") in said and ("amendment-not-counted" if void else "amended")
        yield 5, (5, "token-agrees") in said and len(shown) < newest["count"] and "amendment-not-shown"
    yield 5, "token-agrees"
    if silent:
        raise silent
    yield 5, ledger("successor", {"at": head}) and "successor-named"


def photo_check(form: Any, photos: Any, said: Any) -> list[tuple[int, str]]:
    images = ["0x" + image["id"][-64:] for image in form["credentialSubject"].get("image", [])]
    at_hand = [image for image in images if image in (photos or {})]
    if (2, "included") not in said:
        return []
    if not images:
        return [(7, "no-photos")]
    missing = [(7, "photo-missing")] if photos is not None and at_hand != images else []
    if any("0x" + sha256(photos[image]).hexdigest() != image for image in at_hand):
        return [(7, "photo-changed")]
    return [(7, "photos-agree" if at_hand == images else "photos-not-checked"), *missing]


def covers(window: Any, time: str) -> bool:
    return bool(window) and window["start"] <= time < (window["end"] or "later")


def amends(new: Any, old: Any) -> bool:
    """Whether it is signed, replaces something, and is of the same piece and issuer."""
    one, other = ((base_of(c), c["issuer"], c["credentialSubject"]["serial"]) for c in (new, old))
    return one == other and "replaces" in new and signed(new)


def root_of(node: bytes, index: int, size: int, path: list[str]) -> bytes:
    """The root of an RFC 6962 tree by the path of one leaf; no root at all where the path has another length."""
    if size <= 1 or not path:
        return node if (index, size, path) == (0, 1, []) else b""
    left, sibling = 1 << ((size - 1).bit_length() - 1), bytes.fromhex(path[-1][2:])
    if index < left:
        return sha256(b"\1" + root_of(node, index, left, path[:-1]) + sibling).digest()
    return sha256(b"\1" + sibling + root_of(node, index - left, size - left, path[:-1])).digest()
