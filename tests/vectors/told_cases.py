"""Vectors of what is told beside the ledger's own record: testimony, status lists, and nodes that must agree."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from provenance.bundle import Bundle
from provenance.canonical import JSONObject, JSONValue, canonicalize
from provenance.certificate import CREDENTIALS_CONTEXT, STATUS_LIST_BITS, format_time
from provenance.encoding import to_base64url
from provenance.proof import add_proof
from provenance.status import Status
from provenance.testimony import ExportedRecord
from tests.support.nodes import FailingNode, LaggingNode, LyingNode, result
from tests.support.stories import LIST_ID, REGISTRY, Story, p256
from tests.vectors.casebook import UNREACHABLE, Casebook, Change, changed, honest, stored, word


def testimony(book: Casebook, story: Story) -> None:
    """What the bundle's writer saw on the ledger: told where no ledger is asked, looked at nowhere else."""
    lin = story.studios["lin"]

    def exported(bundle: Bundle) -> Bundle:
        head, key_id = story.ledger.head(), bundle.certificate.public_key.key_id
        record = story.ledger.record(bundle.receipts[0].token_id, key_id, head)
        assert record is not None
        return replace(bundle, exported=story.time, as_exported=ExportedRecord.of(record, head))

    bundle, revoked = story.made(lin, 2)
    told, before = exported(bundle), exported(revoked)
    story.set_status(revoked, Status.REVOKED, lin.account)
    book.add("testimony beside the ledger", story, told)
    book.add("testimony, offline", story, told, ledger=None)
    book.add("testimony, the node cannot be reached", story, told, ledger=UNREACHABLE)
    book.add("testimony from before a revocation, beside the ledger", story, before)
    book.add("testimony from before a revocation, offline", story, before, ledger=None)
    book.add("testimony of a revoked piece, offline", story, exported(revoked), ledger=None)
    lost = story.studio("lost", "遗窑")
    (gone,) = story.made(lost)
    story.report_lost(gone, lost.account)
    story.shorten(lost, story.time + timedelta(days=1))
    book.add("testimony of a lost piece and a key that ended, offline", story, exported(gone), ledger=None)

    def says(**members: Any) -> Change:
        return lambda d: d["asExported"].update(members)

    cases: dict[str, Change] = {
        "with an unknown member": says(note="x"),
        "without its block": lambda d: d["asExported"].pop("block"),
        "that is a text": lambda d: d.update(asExported="ACTIVE"),
        "of a status that there is not": says(status="GENUINE"),
        "of a status in small letters": says(status="active"),
        "of a standing that is a number": says(standing={"atAnchor": 1, "atExport": True}),
        "of a standing at one time only": says(standing={"atAnchor": True}),
        "of amendments below zero": says(amendments=-1),
        "of a key that ended and never began": says(key={"until": "2026-11-02T08:00:00Z"}),
        "of a status set in seconds": says(statusTime=1_800_000_000),
        "of a holder in capitals": says(holder="0x" + "AB" * 20),
        "of what is not anchored": lambda d: (d.update(receipts=[]), d.pop("inclusion")),
    }
    for what, change in cases.items():
        book.add(f"malformed: testimony {what}", story, changed(told, change), ledger=None)


def status_lists(book: Casebook, story: Story) -> None:
    """The registry's list for third parties: the ledger counts, and a difference is told."""
    lin, registry = story.studios["lin"], p256("the registry")
    (bundle,), (revoked,) = story.made(lin), story.made(lin)
    story.set_status(revoked, Status.REVOKED, lin.account)
    did = "did:web:registry.example"

    def listed(
        *places: int,
        url: str = f"{REGISTRY}/status/{LIST_ID}",
        size: int = STATUS_LIST_BITS // 8,
        by: str = "did:web:registry.example",
        **subject: JSONValue,
    ) -> bytes:
        bits = bytearray(size)
        for place in places:
            bits[place >> 3] |= 0x80 >> (place & 7)
        tail = struct.pack("<II", zlib.crc32(bits), len(bits))
        packed = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + stored(bytes(bits)) + tail
        moment = format_time(story.time)
        document: JSONObject = {
            "@context": [CREDENTIALS_CONTEXT],
            "id": url,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": did,
            "validFrom": moment,
            "credentialSubject": {
                "id": f"{url}#list",
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
                "encodedList": "u" + to_base64url(packed),
                **subject,
            },
        }
        method = f"{by}#{registry.public_key.multikey}"
        return canonicalize(add_proof(document, registry, verification_method=method, created=moment))

    place, other = bundle.certificate.status_entry.index, revoked.certificate.status_entry.index
    book.add("a status list that agrees", story, bundle, status_list=listed(other))
    book.add("a status list that agrees on a revoked piece", story, revoked, status_list=listed(other))
    book.add("a status list that has not heard of the revocation", story, revoked, status_list=listed(place))
    book.add("a status list that revokes a piece in force", story, bundle, status_list=listed(place))
    book.add(
        "a status list that revokes a piece in force, offline", story, bundle, status_list=listed(place), ledger=None
    )
    forged = listed(other).replace(b'"revocation"', b'"suspension"')
    book.add("a status list that could not be fetched", story, bundle, status_list=b"")
    book.add("a status list for another purpose", story, bundle, status_list=forged)
    book.add("a status list changed after signing", story, bundle,
             status_list=listed(other).replace(b"2026-11", b"2026-12"))  # fmt: skip
    for what, made in (
        ("of another type", listed(other, type="StatusList2021")),
        ("signed for another purpose", listed(other, statusPurpose="suspension")),
        ("in hex", listed(other, encodedList="f00")),
        ("that is a number", listed(other, encodedList=1)),
        ("that is cut short", listed(other, encodedList="uH4sIAAAAAAAA_w")),
        ("by another registry", listed(other, by="did:web:copy.example")),
    ):
        book.add(f"a status list {what}", story, bundle, status_list=made)
    book.add("another status list", story, bundle, status_list=listed(url=f"{REGISTRY}/status/0123456789ac"))
    book.add("a status list that is too short", story, bundle, status_list=listed(size=100))


def name_a_successor(data: str) -> str:
    """Return another answer where it is three words: those of a deployment."""
    return word(data, 0, 1) if len(data) == 2 + 3 * 64 else data


def agreeing(book: Casebook, story: Story) -> None:
    """(3): of several nodes two must agree."""
    lin = story.studios["lin"]
    bundle, revoked = story.made(lin, 2)
    story.set_status(revoked, Status.REVOKED, lin.account)
    before = story.ledger.head().number - 1
    hiding = partial(LyingNode, method="eth_call", change=result(partial(word, place=10, value=0)))
    behind, dead = partial(LaggingNode, last=before), partial(FailingNode, answers=0)
    ever = story.time + timedelta(hours=1)

    def put(name: str, shown: Bundle, *nodes: Any, **how: Any) -> None:
        book.add(f"two nodes must agree: {name}", story, shown, nodes=nodes, **how)

    put("two do", bundle, honest, honest)
    put("two do, of a revoked piece", revoked, honest, honest)
    put("one hides a revocation", revoked, honest, hiding)
    put("one hides a revocation, and two tell of it", revoked, honest, hiding, honest)
    put("two hide a revocation", revoked, hiding, hiding)
    naming = partial(LyingNode, method="eth_call", change=result(name_a_successor))
    put("one names a successor", bundle, honest, naming)
    put("one of two is dead", bundle, honest, dead)
    put("one of three is dead", bundle, honest, dead, honest)
    put("all are dead", bundle, dead, dead)
    put("one is a block behind for a moment", bundle, honest, behind)
    put("one is a block behind for an hour", bundle, honest, behind, now=ever)
    put("one of three is a block behind for an hour", revoked, honest, behind, honest, now=ever)
    put("one is a block behind, before a revocation", revoked, behind, honest)

    def claim(block: Any) -> Any:
        return block and {**block, "number": hex(max(int(block["number"], 16), story.ledger.head().number) + 1)}

    put("one of three claims a block to come, and shows none", bundle, honest, honest,
        partial(LyingNode, method="eth_getBlockByNumber", change=result(claim)))  # fmt: skip

    (sold,) = story.made(lin)
    last = story.ledger.head().number
    story.set_status(sold, Status.REVOKED, lin.account)
    story.idle(1)
    ever = story.time + timedelta(hours=1)

    def date_anew(block: Any) -> Any:
        hidden = block and int(block["number"], 16) == last + 1
        return {**block, "timestamp": hex(int(ever.timestamp()))} if hidden else block

    stuck = partial(LaggingNode, last=last)
    young = partial(LyingNode, method="eth_getBlockByNumber", change=result(date_anew))
    put("one lacks a revocation for an hour, and another calls its block young", sold, young, stuck, honest, now=ever)
    put("one lacks a revocation for an hour, and the only other calls its block young", sold, young, stuck, now=ever)
