"""What the registry keeps, as values: certificates, transactions, messages, and the index of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from provenance.certificate import StatusEntry
from provenance.encoding import Address, Digest, Hash32, KeyId, Root
from provenance.handover import Release
from provenance.ledger import AmendmentRecord, BlockRef, SignedTransaction
from provenance.serial import Serial
from provenance.status import Status


class State(Enum):
    """Where a certificate is on its way: `HELD` until its studio is accredited, `ANCHORED` once confirmed.

    A held one claims nothing: neither its serial nor its place in a status list, for anybody can sign in any name.
    """

    HELD = "held"
    WAITING = "waiting"
    BATCHED = "batched"
    ANCHORED = "anchored"


class Sending(Enum):
    """Where a transaction of the outbox is; `FINAL` and `REVERTED` are the ends."""

    PREPARED = "prepared"
    SENT = "sent"
    MINED = "mined"
    FINAL = "final"
    REVERTED = "reverted"


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """A certificate as registered: `did` and `name` are its issuer's, `reason` says why it is held."""

    digest: Digest
    serial: Serial
    data: bytes
    did: str
    name: str
    key_id: KeyId
    state: State
    reason: str | None
    received: datetime
    studio: Address | None = None
    batch_id: int | None = None
    leaf: int | None = None
    token_id: int | None = None


@dataclass(frozen=True, slots=True)
class StoredAmendment:
    """A certificate that replaces another: `first` is the piece's that was anchored, `number` counts from it."""

    digest: Digest
    first: Digest
    replaces: Digest
    number: int
    key_id: KeyId
    received: datetime
    data: bytes


class FileKind(Enum):
    """As what a certificate names a file."""

    PHOTO = "photo"
    SCAN = "scan"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file as a certificate names it; what an amendment says `counts` only while the ledger names it."""

    digest: Digest
    kind: FileKind
    media_type: str
    counts: bool = True


@dataclass(frozen=True, slots=True)
class StoredPrintLink:
    """A link by which a shop prints tags, as the studio signed it; `ended` where it was withdrawn."""

    id: str
    studio: Address
    key_id: KeyId
    received: datetime
    expires: datetime
    data: bytes
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class PrintMark:
    """What became of a tag of a link: how often and when last it was printed, and since when it is spoiled."""

    prints: int = 0
    printed: datetime | None = None
    spoiled: datetime | None = None


@dataclass(frozen=True, slots=True)
class PrintTotals:
    """What became of all tags of a link: how many were printed, how often in all, and how many are spoiled."""

    printed: int = 0
    prints: int = 0
    spoiled: int = 0
    last: datetime | None = None


class ScanCount(NamedTuple):
    """How many readers whose browsers prefer the language `region` scanned a tag on `day` (days since 1970)."""

    serial: Serial
    number: int
    day: int
    region: str
    readers: int


class Cause(Enum):
    """Why a tag may have been copied: so many scans, or somebody's signed word."""

    SCANS = "scans"
    STUDIO = "studio"
    STEWARD = "steward"


@dataclass(frozen=True, slots=True)
class Doubt:
    """That a tag may have been copied; `number` 0 is every tag of the piece."""

    serial: Serial
    number: int
    cause: Cause
    since: datetime


@dataclass(frozen=True, slots=True)
class Registration:
    """A certificate that comes in, with its place in a status list and the files that it names."""

    certificate: StoredCertificate
    entry: StatusEntry
    named: tuple[NamedFile, ...]


@dataclass(frozen=True, slots=True)
class ProvenPiece:
    """A certificate that a bundle proves to be leaf `leaf` of an anchored batch, and the nodes that the proof tells.

    `nodes` are hashes of the batch's tree by level and place.
    """

    item: Registration
    leaf: int
    studio: Address
    token_id: int
    nodes: Mapping[tuple[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A batch that was rebuilt and of which `missing` certificates are not known."""

    root: Root
    first_lot: int
    missing: int


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signed a certificate: an issuer by DID and name, and the key."""

    did: str
    name: str
    key_id: KeyId


@dataclass(frozen=True, slots=True)
class Waiting(Signatory):
    """A certificate that waits for the next batch, without its bytes."""

    digest: Digest


@dataclass(frozen=True, slots=True)
class HeldGroup(Signatory):
    """The held certificates of one signer, and why they are held."""

    reason: str


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A sealed batch and the outbox entry that anchors it."""

    batch_id: int
    root: Root
    first_lot: int
    open: bool


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A signed transaction, durable before it is first sent.

    `former` are the bytes of the same call that were signed before, under other nonces.
    """

    entry_id: int
    kind: str
    account: Address
    nonce: int
    raw: bytes
    hash: Hash32
    sending: Sending
    block: BlockRef | None = None
    error: str | None = None
    former: tuple[SignedTransaction, ...] = ()

    @property
    def signed(self) -> SignedTransaction:
        """The transaction itself."""
        return SignedTransaction(self.raw, self.hash, self.account, self.nonce)


@dataclass(frozen=True, slots=True)
class RelayedMessage:
    """A signed message that the relayer sends for somebody, as it is recorded.

    `number` names what it uses up on the ledger, and with whom; `facts` are what clients are told of it.
    """

    message_id: str
    kind: str
    token_id: int
    number: str
    facts: Mapping[str, str]

    @property
    def owner(self) -> str:
        """Whose number it uses up: a studio's address, or the piece's token for whoever holds it."""
        return self.number.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A relayed message and how its transaction fares."""

    message: RelayedMessage
    entry: OutboxEntry


@dataclass(frozen=True, slots=True)
class SignedRelease:
    """A release with its signature."""

    release: Release
    signature: bytes

    def has_expired(self, now: int) -> bool:
        """Tell whether the release counts no more at `now`, in unix seconds."""
        return 0 < self.release.deadline < now


class Keeping(NamedTuple):
    """What became of a release: whether its claim key is `new`, and how many `others` of the piece count now."""

    new: bool
    others: int


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot of the index with its anchor.

    `block` is that of the anchor's event; `anchored_time` and `anchored_block` are when the anchor counts from, which
    a successor takes over from its predecessor.
    """

    lot_id: int
    studio: Address
    count: int
    offset: int
    anchor_id: int
    root: Root
    leaf_count: int
    anchored_time: datetime
    anchored_block: int
    transaction: Hash32
    block: BlockRef


@dataclass(frozen=True, slots=True)
class PieceRow:
    """A piece in a list: its first certificate, and its token."""

    digest: Digest
    serial: Serial
    token_id: int


@dataclass(frozen=True, slots=True)
class AnchoredRow:
    """What tells how an anchored certificate stands: its signer, its newest status, and when its anchor counts from."""

    digest: Digest
    studio: Address
    key_id: KeyId
    status: Status
    anchored: datetime


@dataclass(frozen=True, slots=True)
class PiecePage:
    """Some pieces in the order that was asked for, and the token after which there may be more, or ``None``."""

    pieces: tuple[PieceRow, ...]
    following: int | None


@dataclass(frozen=True, slots=True)
class TokenRow:
    """What the index knows of one token beside its lot; `holder` is ``None`` until the first hand-over.

    `by_steward` tells whether a steward set the status, ``None`` where nobody did or it is not known.  A report of loss
    lapses at `found_from`, where that is set.
    """

    status: Status
    status_time: datetime | None
    by_steward: bool | None
    amendment: AmendmentRecord | None
    holder: Address | None
    nonce: int
    lost_since: datetime | None
    found_from: datetime | None

    def lost_at(self, moment: datetime) -> datetime | None:
        """Return since when the piece is lost as of `moment`, or ``None``."""
        return None if self.found_from is not None and self.found_from <= moment else self.lost_since


class PieceFacts(NamedTuple):
    """All rows of one piece as they stand together: certificate, batch, newest event of its token, lot.

    What there is no row of is ``None``.  `first_lot` is the first lot under the lot's root.  A tuple of plain values:
    one is made at each scan.
    """

    digest: bytes
    state: str
    batch_id: int | None
    leaf: int | None
    token_id: str | None
    batch_root: bytes | None
    holder: bytes | None
    status: int | None
    status_time: int | None
    amendments: int | None
    lost_since: int | None
    found_from: int | None
    lot_id: int | None
    first_lot: int
    studio: bytes
    lot_count: int
    lot_offset: int
    anchor_id: int
    root: bytes
    leaf_count: int
    anchored_time: int
    anchored_block: int
    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    block_time: int

    @property
    def lot(self) -> tuple[object, ...]:
        """All that is known of the lot."""
        return self[12:]
