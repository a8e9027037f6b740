"""What a ledger tells of a deployment, a block, a token and a studio, in the words of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from provenance.encoding import Address, Digest, Hash32, Root
from provenance.errors import MalformedError
from provenance.status import Status

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
    amendment: AmendmentRecord | None
