"""Hand-overs: what holders and claimants sign, and what stands in the way of a piece's moving.

A holder signs a `Release` that names a one-time claim key; whoever has that key signs a `Claim` that names the new
holder; anybody may send both.  All of it is EIP-712 typed data in the ledger's domain (``provenance.evm.typed_data``);
deadlines are unix seconds, the last one that counts, and 0 means until cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from provenance.encoding import Address

MAX_SIGNATURE_BYTES = 2_048
"""Longest signature taken from outside: a passkey's has about 600 bytes, a contract account's a few hundred."""


@dataclass(frozen=True, slots=True)
class Release:
    """A holder's word that whoever has the claim key may name the next holder; `nonce` is the piece's."""

    token_id: int
    claim_key: Address
    nonce: int
    deadline: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """The claim key's word who holds the piece next; `nonce` is the piece's, that of the release."""

    token_id: int
    new_holder: Address
    nonce: int
    deadline: int = 0


class HolderAction(IntEnum):
    """What a holder may order by signature beside a release; the numbers are the contract's."""

    CANCEL_RELEASES = 0
    REPORT_LOST = 1
    REPORT_FOUND = 2
    VETO_RECOVERY = 3


@dataclass(frozen=True, slots=True)
class HolderOrder:
    """A holder's order about a piece; `nonce` is the piece's."""

    action: HolderAction
    token_id: int
    nonce: int
    deadline: int = 0


@dataclass(frozen=True, slots=True)
class Recovery:
    """A proposed recovery: `heir` will hold the piece once it is executed, which is possible from `start` on."""

    heir: Address
    start: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """Who holds a piece, and what stands in the way of a hand-over.

    - `signer` signs for the holder: itself, or the controller of the studio that made and holds the piece.
    - `nonce` is what the next release, claim or holder's order must carry.
    - `lost_since` is ``None`` where the piece is not reported lost, `found_from` where that report does not lapse.
    - `barred`: the piece's own studio holds it and is suspended: it can order nothing, and releases the piece to
      `exempt_key` alone, the claim key that a steward exempted for a buyer who paid before.
    """

    holder: Address
    signer: Address
    nonce: int
    lost_since: datetime | None
    found_from: datetime | None
    barred: bool
    exempt_key: Address | None
    recovery: Recovery | None
