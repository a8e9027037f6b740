"""What the ledger says has happened: one class an event, in the words of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from provenance.encoding import Address, Digest, Hash32, KeyId, Root
from provenance.ledger.records import BlockRef, Deployment, ImportedPiece
from provenance.status import Status


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """One event of the ledger: its block, its place in that block, and its transaction."""

    block: BlockRef
    log_index: int
    transaction: Hash32


@dataclass(frozen=True, slots=True)
class StudioAccredited(LedgerEvent):
    """A steward accredited a studio (or renewed it) under a DID and a name; `scopes` are bit flags, 1 is MAKER."""

    studio: Address
    did: str
    name: str
    scopes: int


@dataclass(frozen=True, slots=True)
class StudioSuspended(LedgerEvent):
    """A steward suspended a studio from the block's time on."""

    studio: Address


@dataclass(frozen=True, slots=True)
class StudioReinstated(LedgerEvent):
    """A steward lifted a suspension from the block's time on."""

    studio: Address


@dataclass(frozen=True, slots=True)
class KeyAdded(LedgerEvent):
    """A steward added a key; `multikey` are its Multikey bytes (`key_id` their SHA-256), `start` its first moment."""

    studio: Address
    key_id: KeyId
    multikey: bytes
    start: datetime


@dataclass(frozen=True, slots=True)
class KeyWindowShortened(LedgerEvent):
    """A key was retired, or a compromise dated back: its window now ends at `end`."""

    studio: Address
    key_id: KeyId
    end: datetime


@dataclass(frozen=True, slots=True)
class Lot:
    """One studio's share of a batch: `count` leaves from `offset` on."""

    lot_id: int
    studio: Address
    count: int
    offset: int


@dataclass(frozen=True, slots=True)
class Anchored(LedgerEvent):
    """A batch was anchored."""

    anchor_id: int
    root: Root
    leaf_count: int
    lots: tuple[Lot, ...]


@dataclass(frozen=True, slots=True)
class StatusSet(LedgerEvent):
    """A studio or a steward set the status of a piece."""

    token_id: int
    status: Status
    by_steward: bool


@dataclass(frozen=True, slots=True)
class Amended(LedgerEvent):
    """A studio put a new certificate in the place of a piece's earlier one; `count` is the number of amendments."""

    token_id: int
    digest: Digest
    count: int


@dataclass(frozen=True, slots=True)
class ControllerProposed(LedgerEvent):
    """From `start` on `controller` signs for a studio, unless another change is proposed before."""

    studio: Address
    controller: Address
    start: datetime


@dataclass(frozen=True, slots=True)
class Moved(LedgerEvent):
    """A piece passed to another holder; `nonce` is the piece's from now on."""

    token_id: int
    former: Address
    holder: Address
    nonce: int


@dataclass(frozen=True, slots=True)
class ReleasesCancelled(LedgerEvent):
    """All releases of a piece signed so far are void; `nonce` is the piece's from now on."""

    token_id: int
    nonce: int


@dataclass(frozen=True, slots=True)
class ReportedLost(LedgerEvent):
    """The holder reported a piece lost, `since` then."""

    token_id: int
    since: datetime
    nonce: int


@dataclass(frozen=True, slots=True)
class ReportedFound(LedgerEvent):
    """A report of loss lapses at `start`: at once by a steward's word, after a delay by the holder's."""

    token_id: int
    start: datetime
    nonce: int


@dataclass(frozen=True, slots=True)
class RecoveryProposed(LedgerEvent):
    """A steward proposed that `heir` hold a piece; from `start` on anybody may execute it."""

    token_id: int
    holder: Address
    heir: Address
    start: datetime


@dataclass(frozen=True, slots=True)
class RecoveryVetoed(LedgerEvent):
    """The holder vetoed a recovery, or a steward withdrew it."""

    token_id: int
    heir: Address
    by_steward: bool


@dataclass(frozen=True, slots=True)
class ExemptionSet(LedgerEvent):
    """A steward let a suspended studio's release of a piece to one claim key count, or to none (``None``)."""

    token_id: int
    claim_key: Address | None


@dataclass(frozen=True, slots=True)
class ClockSet(LedgerEvent):
    """What a successor plays again from now on happened at `time`, in block `number` of its predecessor."""

    time: datetime
    number: int


@dataclass(frozen=True, slots=True)
class PieceImported(LedgerEvent):
    """A successor took over what became of a piece."""

    piece: ImportedPiece


@dataclass(frozen=True, slots=True)
class OrderNonceImported(LedgerEvent):
    """A successor took over the number of a studio's next signed order."""

    studio: Address
    nonce: int


@dataclass(frozen=True, slots=True)
class Sealed(LedgerEvent):
    """A successor's import is complete, for ever."""


@dataclass(frozen=True, slots=True)
class SuccessorNamed(LedgerEvent):
    """Another ledger takes over the state of `successor.final_block`."""

    successor: Deployment
