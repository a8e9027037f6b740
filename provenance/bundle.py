"""The bundle: one file with all that is needed to check a piece without its registry.

Canonical JSON (RFC 8785).  It holds the certificate as it was signed, its amendments, the inclusion proof, and the
receipts of its anchors: a list, since a piece may be anchored on more than one ledger in time.  What its writer saw on
the ledger may stand beside them, as testimony.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from provenance.canonical import JSONObject, JSONValue, canonicalize, is_of, parse_canonical
from provenance.certificate import MAX_CERTIFICATE_BYTES, Certificate, format_time, parse_time
from provenance.encoding import Address, Digest, Hash32, Root, read_at
from provenance.errors import MalformedError
from provenance.ledger import BlockRef, LedgerIdentity
from provenance.merkle import HASH_BYTES
from provenance.strict import block_from_json, block_to_json, count_of, members_of
from provenance.testimony import ExportedRecord

BUNDLE_TYPE = "KilnmarkBundle"
BUNDLE_VERSION = 1
MAX_AMENDMENTS = 16
"""Amendments of one piece; a mistake is seldom mended twice."""
MAX_RECEIPTS = 4
"""Ledgers that one piece is anchored on."""
MAX_PATH = 32
"""Longest inclusion path: leaves are counted in 32 bits."""
MAX_BUNDLE_BYTES = (MAX_AMENDMENTS + 1) * MAX_CERTIFICATE_BYTES + 65_536


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """The place of a leaf in its batch and the hashes from its sibling up to the root."""

    index: int
    size: int
    path: tuple[bytes, ...]

    def to_json(self) -> JSONObject:
        """Return the JSON form; hashes in ``0x`` hex."""
        return {"index": self.index, "size": self.size, "path": ["0x" + step.hex() for step in self.path]}

    @classmethod
    def from_json(cls, value: JSONValue) -> InclusionProof:
        """Read the JSON form; raises `MalformedError`."""
        members = members_of(value, "inclusion", _INCLUSION)
        path = members["path"]
        if not isinstance(path, list) or len(path) > MAX_PATH:
            raise MalformedError("not-a-bundle", "Expected a list of hashes.", field="inclusion.path")
        try:
            steps = [bytes.fromhex(step[2:]) for step in path if isinstance(step, str)]
        except ValueError:
            steps = []
        # Written again they are the same text, so that none of them has another spelling.
        if ["0x" + step.hex() for step in steps] != path or not {HASH_BYTES}.issuperset(map(len, steps)):
            raise MalformedError("bad-hex", "A step of the path is a hash.", field="inclusion.path")
        index, size = count_of(members, "index", "inclusion"), count_of(members, "size", "inclusion")
        return cls(index, size, tuple(steps))


@dataclass(frozen=True, slots=True)
class Receipt:
    """Evidence of an anchor: which ledger, which transaction, which block, which token."""

    chain_id: int
    genesis: Hash32
    contract: Address
    token_id: int
    root: Root
    transaction: Hash32
    block: BlockRef

    def is_of(self, ledger: LedgerIdentity) -> bool:
        """Tell whether the receipt speaks of that ledger."""
        return (self.chain_id, self.genesis, self.contract) == (ledger.chain_id, ledger.genesis, ledger.contract)

    def to_json(self) -> JSONObject:
        """Return the JSON form; the token id in decimal text, since it exceeds what JavaScript counts exactly."""
        return {
            "chainId": self.chain_id,
            "genesis": str(self.genesis),
            "contract": str(self.contract),
            "tokenId": str(self.token_id),
            "root": str(self.root),
            "transaction": str(self.transaction),
            "block": block_to_json(self.block),
        }

    @classmethod
    def from_json(cls, value: JSONValue) -> Receipt:
        """Read the JSON form; raises `MalformedError`."""
        members = members_of(value, "receipts", _RECEIPT)
        token = members["tokenId"]
        if not isinstance(token, str) or not _TOKEN_ID.match(token):
            raise MalformedError("not-a-bundle", "A token id is a number in decimal text.", field="receipts.tokenId")
        return cls(
            chain_id=count_of(members, "chainId", "receipts"),
            genesis=read_at("receipts.genesis", Hash32.parse, members["genesis"]),
            contract=read_at("receipts.contract", Address.parse, members["contract"]),
            token_id=int(token),
            root=read_at("receipts.root", Root.parse, members["root"]),
            transaction=read_at("receipts.transaction", Hash32.parse, members["transaction"]),
            block=block_from_json(members["block"], "receipts.block"),
        )


@dataclass(frozen=True, slots=True)
class Bundle:
    """A certificate and the evidence for it; before its anchor there is no inclusion proof and no receipt.

    `amendments` stand oldest first; `exported` is when the file was written, for people only; `as_exported` is what the
    ledger said then, on the word of whoever wrote the file.
    """

    certificate: Certificate
    inclusion: InclusionProof | None = None
    receipts: tuple[Receipt, ...] = ()
    amendments: tuple[Certificate, ...] = ()
    exported: datetime | None = None
    as_exported: ExportedRecord | None = None

    def __post_init__(self) -> None:
        if (self.inclusion is None) != (not self.receipts):
            raise MalformedError("not-a-bundle", "An inclusion proof and receipts come together.", field="inclusion")
        if len({(one.chain_id, one.genesis, one.contract) for one in self.receipts}) != len(self.receipts):
            # Of two, nobody could tell which one counts: whoever adds a false one would accuse the piece.
            raise MalformedError("not-a-bundle", "A ledger has one receipt.", field="receipts")
        if self.as_exported is not None and not self.receipts:
            raise MalformedError("not-a-bundle", "What is not anchored has no record yet.", field="asExported")

    @property
    def newest(self) -> Certificate:
        """The newest form of the certificate that is shown."""
        return self.amendments[-1] if self.amendments else self.certificate

    def form(self, digest: Digest | None) -> Certificate:
        """Return the form of the certificate that has `digest`, as a verdict names it; else the first."""
        return next((form for form in self.amendments if form.digest == digest), self.certificate)

    def to_bytes(self) -> bytes:
        """Return the file's bytes."""
        members: JSONObject = {
            "type": BUNDLE_TYPE,
            "version": BUNDLE_VERSION,
            "certificate": self.certificate.document(),
            "amendments": [amendment.document() for amendment in self.amendments],
            "receipts": [receipt.to_json() for receipt in self.receipts],
        }
        if self.inclusion is not None:
            members["inclusion"] = self.inclusion.to_json()
        if self.exported is not None:
            members["exported"] = format_time(self.exported)
        if self.as_exported is not None:
            members["asExported"] = self.as_exported.to_json()
        return canonicalize(members)

    @classmethod
    def from_bytes(cls, data: bytes) -> Bundle:
        """Read what `to_bytes` writes; a file's last line end is forgiven; raises `MalformedError`."""
        document = parse_canonical(data.removesuffix(b"\n"), limit=MAX_BUNDLE_BYTES)
        if not is_of(document, BUNDLE_TYPE, BUNDLE_VERSION):
            raise MalformedError("not-a-bundle", "This is not a bundle that this program can read.", field="type")
        if not _BUNDLE.issuperset(document):
            raise MalformedError(
                "not-a-bundle", "The bundle has an unknown member.", field=min(document.keys() - _BUNDLE)
            )
        inclusion, exported, told = (document.get(name) for name in ("inclusion", "exported", "asExported"))
        return cls(
            certificate=_certificate(document.get("certificate")),
            inclusion=None if inclusion is None else InclusionProof.from_json(inclusion),
            receipts=tuple(Receipt.from_json(item) for item in _list(document, "receipts", MAX_RECEIPTS)),
            amendments=tuple(_certificate(item) for item in _list(document, "amendments", MAX_AMENDMENTS)),
            exported=None if exported is None else parse_time(exported, "exported"),
            as_exported=None if told is None else ExportedRecord.from_json(told),
        )


_TOKEN_ID = re.compile(r"(?:0|[1-9][0-9]{0,19})\Z")
_BUNDLE = frozenset(("type", "version", "certificate", "amendments", "receipts", "inclusion", "exported", "asExported"))
_INCLUSION = frozenset(("index", "size", "path"))
_RECEIPT = frozenset(("chainId", "genesis", "contract", "tokenId", "root", "transaction", "block"))


def _certificate(value: JSONValue | None) -> Certificate:
    if not isinstance(value, dict):
        raise MalformedError("not-a-bundle", "Expected a certificate.", field="certificate")
    return Certificate.from_document(value)


def _list(document: JSONObject, name: str, limit: int) -> list[JSONValue]:
    value = document.get(name)
    if not isinstance(value, list) or len(value) > limit:
        raise MalformedError("not-a-bundle", "Expected a list of at most {limit}.", field=name, limit=limit)
    return value
