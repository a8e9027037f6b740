"""The status of a piece on the ledger, and a studio's signed orders about its pieces."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from provenance.encoding import Address, Digest


class Status(IntEnum):
    """What a studio or a steward has said of a piece; the numbers are the contract's.

    A studio cannot lift a steward's hold; ``REVOKED`` is final; ``RETIRED`` says that the piece is broken or gone.
    """

    ACTIVE = 0
    ON_HOLD = 1
    REVOKED = 2
    RETIRED = 3


@dataclass(frozen=True, slots=True)
class StatusOrder:
    """An order to set the status of a piece, to be signed as EIP-712 typed data by the studio's account.

    `nonce` is the studio's next order number on the ledger; `deadline` is in unix seconds, 0 for no limit.  Whoever
    holds the signed order may send it; nobody can change it or send it twice.
    """

    token_id: int
    status: Status
    studio: Address
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class AmendOrder:
    """An order to record a newer certificate of a piece, signed and counted as a `StatusOrder` is."""

    token_id: int
    digest: Digest
    studio: Address
    nonce: int
    deadline: int
