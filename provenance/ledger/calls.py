"""What can be asked of the ledger to do: one class a call, and what studios, holders and claim keys sign for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from provenance.encoding import Address, Digest, KeyId, Root
from provenance.handover import Claim, HolderOrder, Release
from provenance.ledger.records import Deployment, ImportedPiece
from provenance.status import AmendOrder, Status, StatusOrder


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
class SetExemptionCall:
    """Let a suspended studio's release of a piece to one claim key count; ``None`` takes that back: by a steward."""

    token_id: int
    claim_key: Address | None


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
    | ProposeRecoveryCall | VetoRecoveryCall | ExecuteRecoveryCall | SetExemptionCall
    | SetClockCall | ImportPiecesCall | ImportOrderNonceCall | SealCall | NameSuccessorCall
    | BeginAdminTransferCall | AcceptAdminTransferCall | CancelAdminTransferCall | GrantRoleCall | RevokeRoleCall
)  # fmt: skip


LedgerMessage = StatusOrder | AmendOrder | Release | Claim | HolderOrder
"""What studios, holders and claim keys sign for the ledger: EIP-712 typed data in its domain."""
