"""Moulds: the answer that many pieces have in common, with gaps for what is each piece's own.

Of an undisturbed piece (anchored deep enough, in force, never amended, not lost) the verdict follows from its lot, its
issuer and key as the directory has them, and how many photos it names.  What differs from one such piece to the next
are names and numbers.  So the core's verdict on one of them, once, is the answer for all: bytes with gaps.  A mould is
kept only if, filled for the piece that it was made of, it gives that piece's answer byte for byte.
"""

from __future__ import annotations

import secrets
from typing import Any, TypeAlias

from provenance.canonical import JSONObject, canonicalize
from provenance.ledger import BlockRef
from provenance.serial import Serial
from provenance.status import Status
from provenance.strict import block_to_json
from provenance_registry.records import PieceFacts

Traits: TypeAlias = tuple[str, str, str, int]
"""What of a certificate its verdict depends on beside its names: DID and name of the issuer, key, number of photos."""

_MARK = secrets.token_hex(16)
"""Stands in the gaps while a mould is made: nobody can have written it into a certificate."""
_GAPS = "block", "digest", "leaf", "token", "holder", "serial", "shown", "tokenId", "url"
"""What is filled in, in the order in which it stands in sorted JSON."""
_DETAILS = {"included": "leaf", "token-agrees": "token"}
"""Findings whose detail is a piece's own."""


def is_undisturbed(facts: PieceFacts) -> bool:
    """Tell whether all rows of a piece fit together, and nothing was ever said of it but who holds it."""
    if facts.lot_id is None or facts.token_id is None or facts.leaf is None or facts.batch_id is None:
        return False
    lot_id, index = divmod(int(facts.token_id), 2**32)
    return (
        lot_id == facts.lot_id
        and index < facts.lot_count
        and facts.lot_offset + index == facts.leaf
        and facts.batch_root == facts.root
        and facts.status in (None, Status.ACTIVE)
        and not (facts.status_time or facts.amendments or facts.lost_since or facts.found_from)
    )


def block_bytes(block: BlockRef) -> bytes:
    """Return what an answer says of the block as of which it holds."""
    return canonicalize(block_to_json(block))


class Mould:
    """One answer with gaps."""

    def __init__(self, template: bytes, base_url: str) -> None:
        self._template = template
        self._url = f"{base_url}/P/".encode("ascii")

    def fill(self, facts: PieceFacts, serial: Serial, block: bytes) -> bytes:
        """Return the answer about an undisturbed piece of the mould's kind as of a block."""
        digest, compact = facts.digest.hex().encode(), serial.compact.encode()
        token_id = (facts.token_id or "").encode()
        return self._template % (
            block,
            digest,
            b"%d of %d" % (facts.leaf or 0, facts.leaf_count),
            token_id,
            (facts.holder or facts.studio).hex().encode(),
            str(serial).encode(),
            digest,
            token_id,
            self._url + compact,
        )


def mould_of(members: JSONObject, facts: PieceFacts, serial: Serial, block: bytes, base_url: str) -> Mould | None:
    """Return the mould of an answer, or ``None`` where the answer is no filled mould."""
    findings: Any = members["findings"]
    gapped: JSONObject = {name: _gap(name) if name in _GAPS else value for name, value in members.items()}
    gapped["findings"] = [
        {**finding, "detail": _gap(_DETAILS[finding["code"]])} if finding["code"] in _DETAILS else finding
        for finding in findings
    ]
    template = canonicalize(gapped).replace(b"%", b"%%")
    written = {"block": b"%b", "digest": b'"0x%b"', "shown": b'"0x%b"', "holder": b'"0x%b"', "leaf": b'"leaf %b"',
               "token": b'"token %b"'}  # fmt: skip
    for name in _GAPS:
        template = template.replace(f'"{_gap(name)}"'.encode(), written.get(name, b'"%b"'))
    mould = Mould(template, base_url)
    try:
        filled = mould.fill(facts, serial, block)
    except TypeError:  # Another number of gaps.
        return None
    return mould if filled == canonicalize(members) else None


def _gap(name: str) -> str:
    return f"{_MARK}-{name}"
