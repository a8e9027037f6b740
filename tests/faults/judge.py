"""What the chain holds, by plain web3 calls and code of its own: nothing here is the project's.

Certificates are told by the SHA-256 of their bytes.  A bundle is only a hint of where a leaf should be: the trees are
recomputed from the leaves, and held against the roots that the chain has.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from web3 import HTTPProvider, Web3

ARTIFACT = Path(__file__).resolve().parents[2] / "provenance/evm/artifacts/PieceLedger.json"
NOBODY = "0x" + "00" * 20


@dataclass(frozen=True)
class Anchor:
    """An anchor as the chain tells of it."""

    root: bytes
    leaf_count: int
    first_lot: int
    lots: tuple[tuple[str, int], ...]
    transaction: bytes

    def tokens(self) -> list[tuple[int, str]]:
        """Return the token of each leaf, with the studio that holds it at first."""
        found, place = list[tuple[int, str]](), 0
        for number, (studio, count) in enumerate(self.lots):
            found += [((self.first_lot + number) << 32 | (place + leaf), studio) for leaf in range(count)]
            place += count
        return found


@dataclass
class Judgement:
    """What a run came to."""

    acknowledged: int
    anchors: int
    lost: set[bytes] = field(default_factory=set)
    double: int = 0
    faults: list[str] = field(default_factory=list)


class PlainChain:
    """A ledger at a node, by web3's own decoding of the contract's ABI."""

    def __init__(self, url: str, contract: str) -> None:
        self._web3 = Web3(HTTPProvider(url, request_kwargs={"timeout": 30}))
        abi = json.loads(ARTIFACT.read_text("utf-8"))["abi"]
        self._contract: Any = self._web3.eth.contract(address=Web3.to_checksum_address(contract), abi=abi)

    def anchors(self) -> list[Anchor]:
        """Return all anchors on the chain that the node holds for the true one."""
        found = []
        for log in self._contract.events.Anchored().get_logs(from_block=0):
            told = log["args"]
            lots = tuple((str(lot["studio"]).lower(), int(lot["count"])) for lot in told["allotments"])
            hash_ = bytes(log["transactionHash"])
            found.append(Anchor(bytes(told["root"]), told["leafCount"], told["firstLot"], lots, hash_))
        return found

    def minted(self) -> Counter[tuple[int, str]]:
        """Return the tokens that were minted, with whom they went to, and how often."""
        logs = self._contract.events.Transfer().get_logs(from_block=0)
        return Counter(
            (int(log["args"]["tokenId"]), str(log["args"]["to"]).lower())
            for log in logs
            if log["args"]["from"] == NOBODY
        )

    def record(self, token: int) -> tuple[bytes, int, str]:
        """Return root and place of a token's leaf, and its owner."""
        told = self._contract.functions.record(token, bytes(32)).call()
        names = [part["name"] for part in self._record_parts()]
        members = dict(zip(names, told, strict=True))
        owner = str(self._contract.functions.ownerOf(token).call()).lower()
        return bytes(members["root"]), int(members["leafIndex"]), owner

    def _record_parts(self) -> list[dict[str, Any]]:
        (item,) = [item for item in self._contract.abi if item.get("name") == "record"]
        parts: list[dict[str, Any]] = item["outputs"][0]["components"]
        return parts


def tree_root(leaves: list[bytes]) -> bytes:
    """Return the Merkle tree hash of RFC 6962, section 2.1, as it is written there."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + tree_root(leaves[:split]) + tree_root(leaves[split:])).digest()


def judge(chain: PlainChain, bundles: Mapping[bytes, Mapping[str, Any] | None]) -> Judgement:
    """Hold what was acknowledged, by digest with the bundle that the registry gives, against the chain.

    Nothing but these certificates may ever have been submitted.
    """
    anchors = chain.anchors()
    judgement = Judgement(len(bundles), len(anchors))
    roots = Counter(anchor.root for anchor in anchors)
    for root, times in roots.items():
        if times > 1:
            judgement.faults.append(f"root {root.hex()} is anchored {times} times")
    placed: dict[bytes, dict[int, bytes]] = {}
    for digest, bundle in bundles.items():
        receipts = (bundle or {}).get("receipts") or []
        if bundle is None or not receipts or "inclusion" not in bundle:
            judgement.lost.add(digest)
            continue
        leaves = placed.setdefault(bytes.fromhex(receipts[0]["root"][2:]), {})
        index = int(bundle["inclusion"]["index"])
        if index in leaves:
            judgement.faults.append(f"two certificates claim leaf {index} of one root")
            judgement.lost.add(digest)
            continue
        leaves[index] = digest
    for root, leaves in placed.items():
        complete = sorted(leaves) == list(range(len(leaves)))
        if root not in roots or not complete or tree_root([leaves[place] for place in range(len(leaves))]) != root:
            judgement.faults.append(f"root {root.hex()} is not on the chain, or not of these leaves")
            judgement.lost |= set(leaves.values())
    covered = len(bundles) - len(judgement.lost)
    # Whatever the chain has beyond the leaves that are accounted for was anchored a second time.
    judgement.double = sum(anchor.leaf_count for anchor in anchors) - covered
    minted, due = chain.minted(), Counter(token for anchor in anchors for token in anchor.tokens())
    if minted != due:
        judgement.faults.append(f"{(minted - due).total()} tokens too many were minted, {(due - minted).total()} lack")
    return judgement


def disagreement(chain: PlainChain, digest: bytes, bundle: Mapping[str, Any], verdict: Mapping[str, Any]) -> str | None:
    """Return in what a verdict on an anchored piece differs from the chain, if in anything."""
    token = int(bundle["receipts"][0]["tokenId"])
    root, index, owner = chain.record(token)
    own = {
        "outcome": "AUTHENTIC",
        "digest": "0x" + digest.hex(),
        "holder": owner,
        "root": "0x" + root.hex(),
        "index": index,
    }
    told = {
        "outcome": verdict["outcome"],
        "digest": verdict["digest"],
        "holder": str(verdict["holder"]).lower(),
        "root": bundle["receipts"][0]["root"],
        "index": bundle["inclusion"]["index"],
    }
    differing = [f"{name}: {told[name]}, the chain says {own[name]}" for name in own if told[name] != own[name]]
    return "; ".join(differing) or None
