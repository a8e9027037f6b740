"""The ledger port: what the core and the registry ask of a chain, in the words of the domain.

`LedgerReader` is what a verifier needs; `Ledger` adds events and transactions.  ``provenance.evm`` implements both
over JSON-RPC, the registry implements the reader over its index, ``provenance.testing`` holds the suite that every
implementation must pass.  Nothing here knows ABI, gas or HTTP.

All methods raise `LedgerError` (``retryable`` says whether to ask again); times are aware UTC datetimes in whole
seconds, as block times are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from provenance.encoding import Address, Digest, Hash32, KeyId, Root
from provenance.errors import MalformedError
from provenance.handover import Claim, HolderOrder, Holding, Release
from provenance.status import AmendOrder, Status, StatusOrder

MAX_LEAVES = 8_000
"""Most pieces in one anchor: 2^24 gas (EIP-7825) at about 1,950 gas a piece, with room to spare."""

_LOT_BITS = 32


@dataclass(frozen=True, slots=True)
class LedgerIdentity:
    """What pins one deployment of the ledger.

    `genesis` is the hash of block 0, `code_hash` the keccak-256 of the deployed code (EXTCODEHASH),
    `deployment_id` 32 random bytes given to the constructor: a re-created test chain differs in it.
    """

    chain_id: int
    genesis: Hash32
    contract: Address
    code_hash: Hash32
    deployment_id: Hash32


@dataclass(frozen=True, slots=True)
class BlockRef:
    """One block by number, hash and time."""

    number: int
    hash: Hash32
    time: datetime


def make_token_id(lot_id: int, index: int) -> int:
    """Return ``lot_id << 32 | index``, the ERC-721 id of the piece at `index` of a lot."""
    if not (0 < lot_id < 1 << _LOT_BITS and 0 <= index < 1 << _LOT_BITS):
        raise MalformedError("bad-token-id", "A token id is made of a lot from 1 and an index, 32 bits each.")
    return lot_id << _LOT_BITS | index


def split_token_id(token_id: int) -> tuple[int, int]:
    """Return ``(lot_id, index)`` of `token_id`; raises `MalformedError` where it cannot be one."""
    lot_id, index = token_id >> _LOT_BITS, token_id & ((1 << _LOT_BITS) - 1)
    if not 0 < lot_id < 1 << _LOT_BITS:
        raise MalformedError("bad-token-id", "A token id is made of a lot from 1 and an index, 32 bits each.")
    return lot_id, index


@dataclass(frozen=True, slots=True)
class KeyWindow:
    """The window ``[start, end)`` in which a studio's key counts; `end` is ``None`` while it is open."""

    start: datetime
    end: datetime | None

    def covers(self, moment: datetime) -> bool:
        """Tell whether `moment` lies in the window."""
        return self.start <= moment and (self.end is None or moment < self.end)


@dataclass(frozen=True, slots=True)
class AnchorRecord:
    """An anchored root: `anchor_id` counts from 1, `time` and `block_number` are those of its block."""

    anchor_id: int
    root: Root
    leaf_count: int
    time: datetime
    block_number: int


@dataclass(frozen=True, slots=True)
class AmendmentRecord:
    """The newest amendment of a piece: the digest of its certificate, its time, and how many there were."""

    digest: Digest
    time: datetime
    count: int


@dataclass(frozen=True, slots=True)
class LedgerRecord:
    """All that a verifier needs to know of one token and one key, as of one block.

    - `studio` is the studio of the token's lot; `did_hash` the SHA-256 of the DID it was accredited with, `name_hash`
      that of the name it bore at the anchor's time.
    - The token's leaf in the anchor's tree is ``offset + index`` of the token id.
    - `holder` owns the token: the studio until the first hand-over.
    - `standing_at_anchor`: the studio was accredited and not suspended at the anchor's time; `standing_now`: it is.
    - `key` is the window of the key asked about at that studio, ``None`` where the studio never had that key.
    - `status_time` is when the status was last set, `lost_since` when the holder reported the piece lost.
    - `amendment` is ``None`` where the piece was never amended.
    """

    token_id: int
    studio: Address
    did_hash: Digest
    name_hash: Digest
    offset: int
    anchor: AnchorRecord
    holder: Address
    status: Status
    status_time: datetime | None
    lost_since: datetime | None
    standing_at_anchor: bool
    standing_now: bool
    key: KeyWindow | None
    amendment: AmendmentRecord | None


@dataclass(frozen=True, slots=True)
class AnchorEvidence:
    """The ledger's own event of an anchor: where the chain says that it happened."""

    anchor_id: int
    root: Root
    transaction: Hash32
    block: BlockRef


@dataclass(frozen=True, slots=True)
class Deployment:
    """A ledger as another one names it: its predecessor, or its successor, which takes over `final_block`'s state."""

    contract: Address
    chain_id: int
    final_block: int


@dataclass(frozen=True, slots=True)
class Controller:
    """Who signs for a studio; `upcoming` will from `start` on, both ``None`` where no change is proposed."""

    current: Address
    upcoming: Address | None
    start: datetime | None


class LedgerReader(Protocol):
    """What verifying needs."""

    @property
    def identity(self) -> LedgerIdentity:
        """The deployment that answers, as read from it when the reader was opened."""

    def head(self) -> BlockRef:
        """Return the newest block known."""

    def record(self, token_id: int, key_id: KeyId, at: BlockRef) -> LedgerRecord | None:
        """Return the record as of block `at` (pinned by hash), or ``None`` where no such token exists then."""

    def anchor_evidence(self, root: Root, block_hash: Hash32) -> AnchorEvidence | None:
        """Return the event that anchored `root` in the canonical block `block_hash`, or ``None``."""


@dataclass(frozen=True, slots=True)
class ImportedPiece:
    """What became of one piece at a predecessor; see `Holding` and `LedgerRecord`."""

    token_id: int
    holder: Address
    nonce: int
    status: Status
    by_steward: bool
    status_time: datetime | None
    lost_since: datetime | None
    found_from: datetime | None
    amendment: AmendmentRecord | None


# --- events -----------------------------------------------------------------------------------------------------


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
    """A steward let the releases of a piece count, or no longer count, although its studio is suspended."""

    token_id: int
    exempt: bool


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


# --- calls ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Allotment:
    """`count` consecutive leaves of a batch for one studio."""

    studio: Address
    count: int


@dataclass(frozen=True, slots=True)
class AnchorCall:
    """Anchor a batch: by the anchorer.  `expected_first_lot` makes the token ids known before sending."""

    root: Root
    leaf_count: int
    expected_first_lot: int
    allotments: tuple[Allotment, ...]


@dataclass(frozen=True, slots=True)
class AccreditCall:
    """Accredit a studio under `did` and `name`: by a steward."""

    studio: Address
    did: str
    name: str
    scopes: int = 1


@dataclass(frozen=True, slots=True)
class AddKeyCall:
    """Add a certificate key of a studio, by its Multikey bytes, valid from the block's time on: by a steward."""

    studio: Address
    multikey: bytes


@dataclass(frozen=True, slots=True)
class ShortenKeyCall:
    """End a key's window at `end`, which may lie in the past and may only shorten it: by a steward."""

    studio: Address
    key_id: KeyId
    end: datetime


@dataclass(frozen=True, slots=True)
class SuspendCall:
    """Suspend a studio: by a steward."""

    studio: Address


@dataclass(frozen=True, slots=True)
class ReinstateCall:
    """Lift a suspension: by a steward."""

    studio: Address


@dataclass(frozen=True, slots=True)
class SetStatusCall:
    """Set a status in one's own name: by a steward, or by the studio's account itself."""

    token_id: int
    status: Status


@dataclass(frozen=True, slots=True)
class RelayStatusCall:
    """Send a studio's signed order: by anyone, usually the relayer."""

    order: StatusOrder
    signature: bytes


@dataclass(frozen=True, slots=True)
class AmendCall:
    """Put newer certificates in the place of earlier ones: by the studio's account."""

    token_ids: tuple[int, ...]
    digests: tuple[Digest, ...]


@dataclass(frozen=True, slots=True)
class RelayAmendCall:
    """Send a studio's signed amendment: by anyone, usually the relayer."""

    order: AmendOrder
    signature: bytes


@dataclass(frozen=True, slots=True)
class ProposeControllerCall:
    """Give a studio another controller after the contract's delay of seven days: by a steward."""

    studio: Address
    controller: Address


@dataclass(frozen=True, slots=True)
class ClaimCall:
    """Hand a piece over by what its holder and the claim key signed: by anyone, usually the relayer."""

    release: Release
    release_signature: bytes
    claim: Claim
    claim_signature: bytes


@dataclass(frozen=True, slots=True)
class HolderOrderCall:
    """Send a holder's signed order: by anyone, usually the relayer."""

    order: HolderOrder
    signature: bytes


@dataclass(frozen=True, slots=True)
class CancelReleasesCall:
    """Void all releases of a piece: by the one who signs for its holder."""

    token_id: int


@dataclass(frozen=True, slots=True)
class ReportLostCall:
    """Report a piece lost: by the one who signs for its holder."""

    token_id: int


@dataclass(frozen=True, slots=True)
class ReportFoundCall:
    """Take a report of loss back: by the one who signs for the holder, after a delay, or by a steward, at once."""

    token_id: int


@dataclass(frozen=True, slots=True)
class ProposeRecoveryCall:
    """Propose that `heir` hold a piece whose holder lost the key or died: by a steward."""

    token_id: int
    heir: Address


@dataclass(frozen=True, slots=True)
class VetoRecoveryCall:
    """End a recovery: by the one who signs for the holder, or by a steward."""

    token_id: int


@dataclass(frozen=True, slots=True)
class ExecuteRecoveryCall:
    """Execute a recovery that nobody vetoed in time: by anyone."""

    token_id: int


@dataclass(frozen=True, slots=True)
class SetExemptionsCall:
    """Let releases of named pieces count, or no longer count, although their studio is suspended: by a steward."""

    token_ids: tuple[int, ...]
    exempt: bool


@dataclass(frozen=True, slots=True)
class SetClockCall:
    """Date what is played again from now on: by a successor's importer."""

    time: datetime
    number: int


@dataclass(frozen=True, slots=True)
class ImportPiecesCall:
    """Take over what became of pieces, after their anchors: by a successor's importer."""

    pieces: tuple[ImportedPiece, ...]


@dataclass(frozen=True, slots=True)
class ImportOrderNonceCall:
    """Take over the number of a studio's next signed order: by a successor's importer."""

    studio: Address
    nonce: int


@dataclass(frozen=True, slots=True)
class SealCall:
    """End the import for ever: by a successor's importer."""


@dataclass(frozen=True, slots=True)
class NameSuccessorCall:
    """Name the ledger that takes over, once: by the admin."""

    successor: Deployment


@dataclass(frozen=True, slots=True)
class BeginAdminTransferCall:
    """Propose another admin, who may accept after the ledger's delay: by the admin."""

    admin: Address


@dataclass(frozen=True, slots=True)
class AcceptAdminTransferCall:
    """Become the admin: by the proposed one, after the delay."""


@dataclass(frozen=True, slots=True)
class CancelAdminTransferCall:
    """Take a proposal of another admin back: by the admin."""


class Role(Enum):
    """The roles that the admin gives; the importer's counts before sealing only."""

    ANCHORER = "ANCHORER_ROLE"
    STEWARD = "STEWARD_ROLE"
    IMPORTER = "IMPORTER_ROLE"


@dataclass(frozen=True, slots=True)
class GrantRoleCall:
    """Give an account a role: by the admin."""

    role: Role
    account: Address


@dataclass(frozen=True, slots=True)
class RevokeRoleCall:
    """Take a role from an account: by the admin."""

    role: Role
    account: Address


LedgerCall = (
    AnchorCall | AccreditCall | AddKeyCall | ShortenKeyCall | SuspendCall | ReinstateCall | ProposeControllerCall
    | SetStatusCall | RelayStatusCall | AmendCall | RelayAmendCall
    | ClaimCall | HolderOrderCall | CancelReleasesCall | ReportLostCall | ReportFoundCall
    | ProposeRecoveryCall | VetoRecoveryCall | ExecuteRecoveryCall | SetExemptionsCall
    | SetClockCall | ImportPiecesCall | ImportOrderNonceCall | SealCall | NameSuccessorCall
    | BeginAdminTransferCall | AcceptAdminTransferCall | CancelAdminTransferCall | GrantRoleCall | RevokeRoleCall
)  # fmt: skip


LedgerMessage = StatusOrder | AmendOrder | Release | Claim | HolderOrder
"""What studios, holders and claim keys sign for the ledger: EIP-712 typed data in its domain."""


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction ready to send: the same bytes may be sent any number of times and count once."""

    raw: bytes
    hash: Hash32
    sender: Address
    nonce: int


@dataclass(frozen=True, slots=True)
class TransactionOutcome:
    """What became of a mined transaction; `error` names the contract's reason where it was reverted."""

    block: BlockRef
    succeeded: bool
    gas_used: int
    error: str | None = None


class TransactionSigner(Protocol):
    """An account that signs transactions; the secret stays inside."""

    @property
    def address(self) -> Address:
        """The account's address."""


class Ledger(LedgerReader, Protocol):
    """What the registry's worker and the steward's commands need beside reading."""

    def events(self, first_block: int, last_block: int) -> Sequence[LedgerEvent]:
        """Return the ledger's events of the blocks ``first_block..last_block``, both included, in order."""

    def block(self, number: int) -> BlockRef:
        """Return the canonical block of that number."""

    def next_lot(self) -> int:
        """Return the id that the next lot will have."""

    def anchor_id_of(self, root: Root) -> int | None:
        """Return the id under which `root` is anchored, or ``None``."""

    def order_nonce(self, studio: Address) -> int:
        """Return the number that the studio's next signed order must carry."""

    def holding(self, token_id: int, at: BlockRef) -> Holding | None:
        """Return who holds a piece as of block `at` (pinned by hash), or ``None`` where no such token exists then."""

    def controller(self, studio: Address) -> Controller:
        """Return who signs for a studio, and who will."""

    def predecessor(self) -> Deployment | None:
        """Return whose state this ledger took over, or ``None``."""

    def successor(self) -> Deployment | None:
        """Return which ledger takes over, or ``None``."""

    def sealed(self) -> bool:
        """Tell whether the ledger works: it never imported, or its import is complete."""

    def next_nonce(self, account: Address) -> int:
        """Return the number of the account's mined transactions, which is its next nonce."""

    def prepare(self, call: LedgerCall, signer: TransactionSigner, nonce: int) -> SignedTransaction:
        """Simulate, price and sign `call`; raises `LedgerError` (not retryable) where the contract would refuse it."""

    def send(self, transaction: SignedTransaction) -> None:
        """Hand the transaction to the node; a transaction that the node has already is no error."""

    def outcome(self, transaction: Hash32) -> TransactionOutcome | None:
        """Return what became of a mined transaction, or ``None`` while it is not mined."""
