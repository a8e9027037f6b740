"""The contract's storage, who calls it and when, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from provenance.encoding import Address, KeyId, Root
from provenance.ledger import AmendmentRecord, AnchorRecord, Deployment, LedgerMessage, Lot, Role
from provenance.status import Status

ZERO = Address(bytes(20))
SCOPE_MAKER = 1

Emitted = tuple[type[Any], tuple[Any, ...]]
"""An event's class and its own members, before it has a place in a block."""


class RefusedError(Exception):
    """The contract would revert; the text is its error with arguments."""


def refused(error: str, **members: object) -> RefusedError:
    """Return the refusal by the contract's own `error` and its members, in the contract's words for both."""
    return RefusedError(f"{error}({', '.join(f'{name}={value}' for name, value in members.items())})")


def when(seconds: int) -> datetime:
    """Return unix seconds as a time of the port."""
    return datetime.fromtimestamp(seconds, UTC)


def seconds(moment: datetime | None) -> int:
    """Return a time of the port in unix seconds, 0 for none."""
    return 0 if moment is None else int(moment.timestamp())


@dataclass(frozen=True, slots=True)
class Studio:
    """An accredited studio; `controller` signs for it before `upcoming_from`, `upcoming` from then on."""

    did: str
    names: tuple[tuple[int, str], ...]
    accredited_at: int
    scopes: int
    controller: Address
    upcoming: Address = ZERO
    upcoming_from: int = 0

    def name_at(self, time: int) -> str:
        """Return the name that the studio bore at `time`."""
        return [name for since, name in self.names if since <= time][-1]

    def controller_at(self, time: int) -> Address:
        """Return who signs for the studio at `time`."""
        return self.upcoming if self.upcoming_from and time >= self.upcoming_from else self.controller


@dataclass(frozen=True, slots=True)
class Window:
    """``[start, end)`` in unix seconds; `end` is ``None`` while it is open."""

    start: int
    end: int | None = None

    def covers(self, time: int) -> bool:
        """Tell whether `time` lies in the window."""
        return self.start <= time and (self.end is None or time < self.end)


@dataclass(frozen=True, slots=True)
class PieceState:
    """What became of a piece; times are 0 for never."""

    status: Status = Status.ACTIVE
    by_steward: bool = False
    status_time: int = 0
    exempt: bool = False
    lost_since: int = 0
    found_from: int = 0
    nonce: int = 0

    def lost_at(self, time: int) -> int:
        """Return since when the piece is lost, as of `time`; 0 where it is not."""
        return 0 if self.found_from and time >= self.found_from else self.lost_since


@dataclass(slots=True)
class State:
    """The contract's storage.  The values are immutable, so that a copy of the tables is a snapshot."""

    studios: dict[Address, Studio] = field(default_factory=dict)
    owner_of_did: dict[str, Address] = field(default_factory=dict)
    suspensions: dict[Address, tuple[Window, ...]] = field(default_factory=dict)
    keys: dict[tuple[Address, KeyId], Window] = field(default_factory=dict)
    order_nonces: dict[Address, int] = field(default_factory=dict)
    anchors: dict[int, AnchorRecord] = field(default_factory=dict)
    anchor_ids: dict[Root, int] = field(default_factory=dict)
    lots: dict[int, tuple[Lot, int]] = field(default_factory=dict)
    pieces: dict[int, PieceState] = field(default_factory=dict)
    holders: dict[int, Address] = field(default_factory=dict)
    recoveries: dict[int, tuple[Address, int]] = field(default_factory=dict)
    amendments: dict[int, AmendmentRecord] = field(default_factory=dict)
    nonces: dict[Address, int] = field(default_factory=dict)
    roles: frozenset[tuple[Role, Address]] = frozenset()
    admin: Address = ZERO
    admin_delay: int = 0
    pending_admin: tuple[Address, int] | None = None
    sealed: bool = True
    clock: int = 0
    clock_block: int = 0
    successor: Deployment | None = None

    def copy(self) -> State:
        """Return a snapshot."""
        snapshot = replace(self)
        for name in self.__slots__:
            value = getattr(snapshot, name)
            if isinstance(value, dict):
                setattr(snapshot, name, value.copy())
        return snapshot

    def time(self, block_time: int) -> int:
        """Return when what happens now counts from: the block's time, or the importer's clock before sealing."""
        return block_time if self.sealed else self.clock

    def suspended(self, studio: Address) -> bool:
        """Tell whether the studio is suspended."""
        return any(window.end is None for window in self.suspensions.get(studio, ()))

    def standing_now(self, studio: Address) -> bool:
        """Tell whether the studio is a maker and not suspended."""
        entry = self.studios.get(studio)
        return entry is not None and entry.scopes & SCOPE_MAKER != 0 and not self.suspended(studio)

    def standing_at(self, studio: Address, time: int) -> bool:
        """Tell whether the studio was accredited and not suspended at `time`."""
        entry = self.studios.get(studio)
        if entry is None or time < entry.accredited_at:
            return False
        return not any(window.covers(time) for window in self.suspensions.get(studio, ()))

    def studio_of(self, token_id: int) -> Address:
        """Return the studio of a token's lot; raises `RefusedError`."""
        lot = self.lots.get(token_id >> 32)
        if lot is None or token_id & 0xFFFFFFFF >= lot[0].count:
            raise refused("UnknownToken", tokenId=token_id)
        return lot[0].studio

    def holder_and_signer(self, token_id: int, block_time: int) -> tuple[Address, Address]:
        """Return who holds a piece and who signs for the holder; raises `RefusedError`."""
        studio = self.studio_of(token_id)
        holder = self.holders.get(token_id, studio)
        return holder, self.controller_of(studio, block_time) if holder == studio else holder

    def controller_of(self, studio: Address, block_time: int) -> Address:
        """Return who signs for a studio; nobody for an unknown one."""
        entry = self.studios.get(studio)
        return ZERO if entry is None else entry.controller_at(self.time(block_time))

    def piece(self, token_id: int) -> PieceState:
        """Return what became of a piece."""
        return self.pieces.get(token_id, PieceState())

    def barred(self, token_id: int) -> bool:
        """Tell whether a suspension keeps the piece's own studio from releasing it."""
        studio = self.studio_of(token_id)
        held = self.holders.get(token_id, studio) == studio
        return held and self.suspended(studio) and not self.piece(token_id).exempt


@dataclass(frozen=True, slots=True)
class Context:
    """Who calls, and in which block; `is_signed` tells whether a signature of a message is by an address."""

    sender: Address
    time: int
    number: int
    is_signed: Callable[[Address, LedgerMessage, bytes], bool]


def require_role(state: State, role: Role, account: Address) -> None:
    """Raise `RefusedError` where the account lacks a role."""
    if (role, account) not in state.roles:
        raise refused("AccessControlUnauthorizedAccount", account=account, neededRole=role.value)


def require_role_or_importer(state: State, role: Role, account: Address) -> None:
    """Raise `RefusedError` where it is not for the account to do this: before sealing, all is the importer's."""
    require_role(state, role if state.sealed else Role.IMPORTER, account)
    if not state.sealed and state.clock == 0:
        raise refused("WrongClock", time=0)


def require_sealed(state: State) -> None:
    """Raise `RefusedError` while the ledger imports."""
    if not state.sealed:
        raise refused("NotSealed")


def require_in_time(deadline: int, time: int) -> None:
    """Raise `RefusedError` after a deadline; 0 is none."""
    if deadline and time > deadline:
        raise refused("OrderExpired", deadline=deadline)
