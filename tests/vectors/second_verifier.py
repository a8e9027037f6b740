"""A second verifier of Kilnmark bundles, from docs/certificate-format.md alone. It reads no status lists.

The form of a bundle is in second_form.py, digests, keys and signatures in second_proof.py.
"""

from collections.abc import Callable, Iterator
from typing import Any

from tests.vectors.second_form import Malformed, base_of, read
from tests.vectors.second_proof import digest_of, hexed, key_of, newest_of, root_by, sha256, signed

__all__ = ["Malformed", "Unanswered", "verify"]

Ledger = Callable[[str, dict[str, Any]], Any]  # A read by its name and its arguments, as verdicts.json lists them.
Findings = Iterator[tuple[int, str]]  # A check, and the code of a finding or an advisory.
# The outcomes that findings force, the gravest first.
FORCED = {
    "NOT_AUTHENTIC": """altered not-included not-on-ledger foreign-ledger not-accredited wrong-key key-not-valid
        wrong-issuer wrong-token other-serial bad-amendment revoked photo-changed""",
    "INCONCLUSIVE": """stale-receipt ledger-behind ledger-unreachable offline nodes-disagree studio-not-checked
        amendment-missing amendment-unknown amendment-void token-not-checked on-hold held-by-guild
        status-not-checked other-host""",
    "PENDING": "not-anchored not-confirmed",
}
ADVISORIES = (
    "studio-suspended key-retired lost retired amended amendment-not-counted amendment-not-shown photo-missing imported"
)
ADVISORIES += " successor-named as-exported"
NOT_CHECKED = {4: "studio-not-checked", 5: "token-not-checked", 6: "status-not-checked"}


class Unanswered(Exception):  # noqa: N818
    """The ledger could not be asked; the argument is the code that check 3 tells."""


def covers(window: Any, moment: str) -> bool:
    return bool(window and window["start"] <= moment and (window["end"] is None or moment < window["end"]))


def verify(
    bundle: bytes,
    policy: dict[str, Any],
    ledger: Ledger | None = None,
    serial: str | None = None,
    base_url: str | None = None,
    photos: dict[str, bytes] | None = None,
) -> dict[str, Any]:
    """The verdict on a bundle. Photos are named by their digest in 0x hex; without a ledger the verifier is offline."""
    told = read(bundle)
    said = [(0, "well-formed")]
    try:
        for check, code in examine(told, policy, ledger, base_url, photos):
            said.append((check, code))
    except Unanswered as reason:
        said += [(9, "as-exported")] if "asExported" in told and 6 not in dict(said) else []
        said += [(3, str(reason)), *((check, code) for check, code in NOT_CHECKED.items() if check not in dict(said))]
    if serial not in (None, told["certificate"]["credentialSubject"]["serial"]) and (1, "signed") in said:
        said = [*(finding for finding in said if finding[0] != 5), (5, "other-serial")]
    said += [(check, "not-reached") for check in range(9) if check not in dict(said)]
    said.sort(key=lambda finding: finding[0])
    findings = [finding for finding in said if finding[1] not in ADVISORIES.split()]
    verdict = {
        "findings": [list(finding) for finding in findings],
        "advisories": [c for _, c in said if c in ADVISORIES.split()],
    }
    for outcome, codes in FORCED.items():
        for _, code in findings:
            if code in codes.split():
                return {"outcome": outcome, "reason": code, **verdict}
    if any(code == "not-reached" for check, code in findings if check <= 6):
        return {"outcome": "INCONCLUSIVE", "reason": "not-reached", **verdict}
    return {"outcome": "AUTHENTIC", "reason": "authentic", **verdict}


def examine(told: Any, policy: Any, ledger: Ledger | None, base_url: str | None, photos: Any) -> Findings:
    certificate, inclusion = told["certificate"], told.get("inclusion")
    yield 1, "signed" if signed(certificate) else "altered"
    if not signed(certificate):
        return
    if not inclusion:
        yield 2, "not-anchored"
        return
    receipt, own = receipt_of(told, policy)
    if not receipt:
        yield 3, "foreign-ledger"
        return
    if root_by(inclusion, digest_of(certificate)) != receipt["root"]:
        yield 2, "not-included"
        return
    yield 2, "included"
    yield from on_photos(newest_of(told) or certificate, photos)
    yield 8, "tag-unproven" if base_url in (None, base_of(certificate)) else "other-host"
    if ledger is None:
        raise Unanswered("offline")
    yield from on_ledger(told, policy, receipt, own, ledger)


def receipt_of(told: Any, policy: Any) -> tuple[Any, bool]:
    """The receipt that counts, and whether it is the pinned ledger's: else it is the earliest of its predecessors'."""

    def of(places: Any) -> list[Any]:
        known = [[place[name] for name in ("chainId", "genesis", "contract")] for place in places]
        return [r for r in told["receipts"] if [r["chainId"], r["genesis"], r["contract"]] in known]

    if own := of([policy["ledger"]]):
        return own[0], True
    return min(of(policy.get("predecessors", [])), key=lambda receipt: receipt["block"]["time"], default=None), False


def on_photos(certificate: Any, photos: Any) -> Findings:
    digests = ["0x" + image["id"][-64:] for image in certificate["credentialSubject"].get("image", [])]
    at_hand = [digest for digest in digests if digest in (photos or {})]
    if any(hexed(sha256(photos[digest])) != digest for digest in at_hand):
        yield 7, "photo-changed"
    elif not digests:
        yield 7, "no-photos"
    elif at_hand == digests:
        yield 7, "photos-agree"
    else:
        yield 7, "photos-not-checked"
        if photos is not None:
            yield 7, "photo-missing"


def on_ledger(told: Any, policy: Any, receipt: Any, own: bool, ledger: Ledger) -> Findings:
    certificate, inclusion, token, block = told["certificate"], told["inclusion"], receipt["tokenId"], receipt["block"]
    if not 2**32 <= int(token) < 2**64:  # No lot has such a number.
        yield 3, "not-on-ledger"
        return
    head = ledger("head", {})

    def record_of(proof: Any) -> Any:
        return ledger("record", {"tokenId": token, "keyId": hexed(sha256(key_of(proof)[0])), "at": head})

    record = record_of(certificate["proof"])
    event = ledger("anchorEvidence", {"root": receipt["root"], "blockHash": block["hash"]}) if own else None
    if record is None or record["anchor"]["root"] != receipt["root"]:
        yield 3, "ledger-behind" if own and block["number"] > head["number"] else "not-on-ledger"
        return
    anchor, key, amended = record["anchor"], record["key"], record["amendment"]
    here = (anchor["blockNumber"], anchor["time"]) == (block["number"], block["time"])
    imported = bool(policy.get("predecessors")) and anchor["time"] < block["time"] if own else here
    seen = event is not None and (event["transaction"], event["block"]) == (receipt["transaction"], block)
    if not (here or imported) or (own and not seen):
        yield 3, "stale-receipt"
    else:
        depth = head["number"] - (block["number"] if own else min(anchor["blockNumber"], head["number"])) + 1
        yield 3, "anchored" if depth >= policy["confirmations"] else "not-confirmed"
        if imported:
            yield 3, "imported"

    named = [hexed(sha256(certificate["issuer"][name].encode())) for name in ("id", "name")]
    if named != [record["didHash"], record["nameHash"]]:
        yield 4, "wrong-issuer"
    elif not record["standingAtAnchor"]:
        yield 4, "not-accredited"
    elif key is None:
        yield 4, "wrong-key"
    else:
        yield 4, "accredited" if covers(key, anchor["time"]) else "key-not-valid"
    if not record["standingNow"]:
        yield 4, "studio-suspended"
    if key and key["end"] and covers(key, anchor["time"]):
        yield 4, "key-retired"

    if record["status"] == "on-hold":
        yield 6, "held-by-guild" if ledger("statusBySteward", {"tokenId": token, "at": head}) else "on-hold"
    else:
        yield 6, "revoked" if record["status"] == "revoked" else "active"
    if record["status"] == "retired":
        yield 6, "retired"
    if record["lostSince"]:
        yield 6, "lost"

    newest, digests = newest_of(told), [hexed(digest_of(amendment)) for amendment in told["amendments"]]
    if (record["offset"] + int(token) % 2**32, anchor["leafCount"]) != (inclusion["index"], inclusion["size"]):
        yield 5, "wrong-token"
    elif newest is None:
        yield 5, "bad-amendment"
    elif len(digests) > (amended["count"] if amended else 0) or (amended and amended["digest"] in digests[:-1]):
        yield 5, "amendment-unknown"
    elif amended and amended["digest"] not in digests:
        yield 5, "amendment-missing"
    elif amended and not covers(record_of(newest["proof"])["key"], amended["time"]):
        yield 5, "amendment-void" if amended["count"] > 1 else "token-agrees"
        if amended["count"] == 1:
            yield 5, "amendment-not-counted"
    else:
        yield 5, "token-agrees"
        if amended:
            yield 5, "amended"
        if amended and len(digests) < amended["count"]:
            yield 5, "amendment-not-shown"
    try:
        if ledger("successor", {"at": head}):
            yield 9, "successor-named"
    except Unanswered as reason:  # No outcome rests on the answer, but on a contradiction.
        if str(reason) == "nodes-disagree":
            yield 3, "nodes-disagree"
