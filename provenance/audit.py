"""What a ledger's events add up to, and where they contradict themselves.

`Tally` reads the events of a ledger from its first block on, and knows then every studio with its keys and lots, every
anchor, and whatever became of pieces since.  It believes nothing but the events; whoever audits a ledger compares it
with what the contract says of itself, and with the certificates that registries and studios keep.

>>> tally = Tally()
>>> for event in ledger.events(0, ledger.head().number): tally.add(event)  # doctest: +SKIP
>>> tally.pieces  # doctest: +SKIP
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain

from provenance.bundle import InclusionProof
from provenance.encoding import Address, Digest, KeyId, Root
from provenance.errors import Wording
from provenance.handover import Recovery
from provenance.ledger import (
    Amended,
    Anchored,
    AnchorRecord,
    ClockSet,
    Controller,
    ControllerProposed,
    Deployment,
    ExemptionSet,
    KeyAdded,
    KeyWindow,
    KeyWindowShortened,
    LedgerEvent,
    LedgerRecord,
    Lot,
    Moved,
    PieceImported,
    RecoveryProposed,
    RecoveryVetoed,
    ReleasesCancelled,
    ReportedFound,
    ReportedLost,
    Sealed,
    StatusSet,
    StudioAccredited,
    StudioReinstated,
    StudioSuspended,
    SuccessorNamed,
    make_token_id,
)
from provenance.status import Status


@dataclass(slots=True)
class StudioFacts:
    """A studio as its events tell it: `keys` by key id with their Multikey bytes, `lots` in their order."""

    address: Address
    did: str
    name: str
    scopes: int
    accredited: datetime
    suspended: datetime | None = None
    keys: dict[KeyId, tuple[bytes, KeyWindow]] = field(default_factory=dict)
    lots: list[Lot] = field(default_factory=list)
    controller: Controller | None = None

    @property
    def slug(self) -> str:
        """The short name at the end of its DID."""
        return self.did.rpartition(":")[2]

    @property
    def pieces(self) -> int:
        """How many pieces it made."""
        return sum(lot.count for lot in self.lots)


@dataclass(frozen=True, slots=True)
class Lost:
    """A report of loss: `since` when, and when it lapses, ``None`` where it does not."""

    since: datetime
    until: datetime | None


@dataclass(slots=True)
class Tally:
    """All that events say.  Events are added in order, from the ledger's first on.

    Of pieces only those are listed that something became of: all others are active and with their studio.
    """

    studios: dict[Address, StudioFacts] = field(default_factory=dict)
    anchors: dict[int, AnchorRecord] = field(default_factory=dict)
    lots: dict[int, tuple[Lot, int]] = field(default_factory=dict)
    statuses: dict[int, tuple[Status, bool]] = field(default_factory=dict)
    holders: dict[int, Address] = field(default_factory=dict)
    moves: int = 0
    lost: dict[int, Lost] = field(default_factory=dict)
    recoveries: dict[int, Recovery] = field(default_factory=dict)
    exempt: set[int] = field(default_factory=set)
    amendments: dict[int, tuple[Digest, int]] = field(default_factory=dict)
    amended_at: dict[int, datetime] = field(default_factory=dict)
    sealed: datetime | None = None
    successor: Deployment | None = None
    faults: list[Wording] = field(default_factory=list)
    _clock: ClockSet | None = None
    _by_root: dict[Root, int] = field(default_factory=dict)
    _leaves: dict[int, list[Lot]] = field(default_factory=dict)

    @property
    def pieces(self) -> int:
        """The number of tokens."""
        return sum(lot.count for lot, _ in self.lots.values())

    def balances(self) -> Counter[Address]:
        """Return how many pieces each account holds; those that hold none are left out."""
        counted: Counter[Address] = Counter()
        for lot, _ in self.lots.values():
            counted[lot.studio] += lot.count
        for token_id, holder in self.holders.items():
            counted[self.lots[token_id >> 32][0].studio] -= 1
            counted[holder] += 1
        return Counter({account: number for account, number in counted.items() if number})

    def token_of(self, root: Root, proof: InclusionProof) -> int | None:
        """Return the token whose leaf a proof names, or ``None`` where no such batch is anchored."""
        anchor = self.anchors.get(self._by_root.get(root, 0))
        if anchor is None or proof.size != anchor.leaf_count:
            return None
        lots = self._leaves[anchor.anchor_id]
        lot = lots[bisect_right([lot.offset for lot in lots], proof.index) - 1]
        return make_token_id(lot.lot_id, proof.index - lot.offset)

    def tokens(self) -> Iterator[int]:
        """Yield every token."""
        for lot, _ in self.lots.values():
            yield from (make_token_id(lot.lot_id, index) for index in range(lot.count))

    def anchored_in(self, studio: Address, window: KeyWindow) -> Iterator[tuple[AnchorRecord, Lot]]:
        """Yield the lots of a studio that were anchored within a window, with their anchors."""
        facts = self.studios.get(studio)
        for lot in facts.lots if facts is not None else ():
            anchor = self.anchors[self.lots[lot.lot_id][1]]
            if window.covers(anchor.time):
                yield anchor, lot

    def amended_in(self, studio: Address, window: KeyWindow) -> int:
        """Return how many pieces of a studio, anchored outside a window, have their newest amendment within it."""
        lots = ((token_id, time, *self.lots[token_id >> 32]) for token_id, time in self.amended_at.items())
        return sum(
            lot.studio == studio and window.covers(time) and not window.covers(self.anchors[anchor_id].time)
            for _token_id, time, lot, anchor_id in lots
        )

    def questions(self) -> Iterator[tuple[int, KeyId]]:
        """Yield the tokens and keys whose records hold all that events tell of.

        These are every token that an event is of, the first token of every lot, and every key of a studio with lots.
        """
        asked: dict[int, list[KeyId]] = {}
        for studio in self.studios.values():
            if studio.lots:
                asked[make_token_id(studio.lots[0].lot_id, 0)] = list(studio.keys)
        told = [make_token_id(lot_id, 0) for lot_id in self.lots], self.statuses, self.holders, self.amendments
        for token_id in chain(*told):
            asked.setdefault(token_id, [])
        for token_id, keys in asked.items():
            for key_id in keys or [KeyId(bytes(32))]:
                yield token_id, key_id

    def differences(self, token_id: int, key_id: KeyId, record: LedgerRecord | None) -> Iterator[Wording]:
        """Yield where the contract's record of a token and a key is another than its events add up to."""
        if record is None:
            yield Wording.of("The contract has no token {token}, and its events do.", {"token": token_id})
            return
        lot, anchor_id = self.lots[token_id >> 32]
        studio = self.studios.get(lot.studio) or StudioFacts(lot.studio, "", "", 0, datetime.min.replace(tzinfo=UTC))
        digest, count = self.amendments.get(token_id, (None, 0))
        newest = record.amendment
        window = studio.keys[key_id][1] if key_id in studio.keys else None
        pairs: tuple[tuple[Wording, object, object], ...] = (
            (Wording("studio"), record.studio, lot.studio),
            (Wording("place in its batch"), record.offset, lot.offset),
            (Wording("anchor"), record.anchor, self.anchors[anchor_id]),
            (Wording("holder"), record.holder, self.holders.get(token_id, lot.studio)),
            (Wording("status"), record.status.name, self.statuses.get(token_id, (Status.ACTIVE, False))[0].name),
            (Wording("newest certificate"), newest and newest.digest, digest),
            (Wording("number of amendments"), newest.count if newest else 0, count),
            (Wording("studio's DID, as its hash"), record.did_hash, Digest.of(studio.did.encode())),
            (Wording("studio's good standing"), record.standing_now,
             studio.suspended is None and studio.scopes & 1 == 1),
            (Wording("key's window"), _window(record.key), _window(window)),
        )  # fmt: skip
        for what, theirs, ours in pairs:
            if theirs != ours:
                yield Wording.of(
                    "Token {token}, {what}: the contract says {theirs}, its events {ours}.",
                    {"token": token_id, "what": what, "theirs": theirs, "ours": ours},
                )

    # --- reading events ---------------------------------------------------------------------------------------------

    def add(self, event: LedgerEvent) -> None:
        """Take in one event."""
        match event:
            case Anchored():
                self._anchored(event)
            case StudioAccredited():
                self._accredited(event)
            case StudioSuspended():
                self._studio(event.studio).suspended = self._when(event)
            case StudioReinstated():
                self._studio(event.studio).suspended = None
            case KeyAdded():
                self._studio(event.studio).keys[event.key_id] = event.multikey, KeyWindow(event.start, None)
            case KeyWindowShortened():
                self._shortened(event)
            case ControllerProposed():
                self._controller(event)
            case ClockSet():
                self._clock = event
            case Sealed():
                self.sealed, self._clock = event.block.time, None
            case SuccessorNamed():
                self.successor = event.successor
            case _:
                self._of_a_piece(event)

    def _of_a_piece(self, event: LedgerEvent) -> None:
        token_id = event.piece.token_id if isinstance(event, PieceImported) else getattr(event, "token_id", None)
        if token_id is None or not self._is_known(token_id):
            return
        if isinstance(event, Moved | ReleasesCancelled | ReportedLost | ReportedFound):
            self.exempt.discard(event.token_id)  # It was for the nonce that has risen.
        match event:
            case StatusSet():
                self.statuses[event.token_id] = event.status, event.by_steward
            case Amended():
                self.amendments[event.token_id] = event.digest, event.count
                self.amended_at[event.token_id] = self._when(event)
            case Moved():
                self._moved(event)
            case ReportedLost():
                self.lost[event.token_id] = Lost(event.since, None)
            case ReportedFound() if event.token_id in self.lost:
                self.lost[event.token_id] = Lost(self.lost[event.token_id].since, event.start)
            case RecoveryProposed():
                self.recoveries[event.token_id] = Recovery(event.heir, event.start)
            case RecoveryVetoed():
                self.recoveries.pop(event.token_id, None)
            case ExemptionSet():
                (self.exempt.add if event.claim_key else self.exempt.discard)(event.token_id)
            case PieceImported():
                self._imported(event)

    def _when(self, event: LedgerEvent) -> datetime:
        return self._clock.time if self._clock is not None else event.block.time

    def _anchored(self, event: Anchored) -> None:
        number = self._clock.number if self._clock is not None else event.block.number
        anchor = AnchorRecord(event.anchor_id, event.root, event.leaf_count, self._when(event), number)
        expected = len(self.anchors) + 1
        if event.anchor_id != expected:
            self._fault("Anchor {found} comes in the place of {expected}.", found=event.anchor_id, expected=expected)
        if event.root in self._by_root:
            first = self._by_root[event.root]
            self._fault("Anchor {number} has the root of anchor {first}.", number=event.anchor_id, first=first)
        shares = sum(lot.count for lot in event.lots)
        if shares != event.leaf_count:
            self._fault(
                "The lots of anchor {number} have {lots:,} pieces, its batch has {leaves:,}.",
                number=event.anchor_id, lots=shares, leaves=event.leaf_count,
            )  # fmt: skip
        self.anchors[event.anchor_id] = anchor
        self._by_root[event.root] = event.anchor_id
        self._leaves[event.anchor_id] = list(event.lots)
        for lot in event.lots:
            if lot.lot_id != len(self.lots) + 1:
                self._fault("Lot {found} comes in the place of {expected}.", found=lot.lot_id,
                            expected=len(self.lots) + 1)  # fmt: skip
            studio = self._studio(lot.studio)
            if studio.suspended is not None or not studio.scopes & 1:
                self._fault("Lot {lot} is of {studio}, which was not in good standing.", lot=lot.lot_id,
                            studio=lot.studio)  # fmt: skip
            studio.lots.append(lot)
            self.lots[lot.lot_id] = lot, event.anchor_id

    def _accredited(self, event: StudioAccredited) -> None:
        known = self.studios.get(event.studio)
        if known is None:
            self.studios[event.studio] = StudioFacts(
                event.studio, event.did, event.name, event.scopes, self._when(event)
            )
        else:
            known.name, known.scopes = event.name, event.scopes
            if known.did != event.did:
                self._fault("The studio {studio} has two DIDs.", studio=event.studio)

    def _shortened(self, event: KeyWindowShortened) -> None:
        studio = self._studio(event.studio)
        if event.key_id in studio.keys:
            multikey, window = studio.keys[event.key_id]
            studio.keys[event.key_id] = multikey, KeyWindow(window.start, event.end)
        else:
            self._fault("A key of {studio} ended that it never had.", studio=event.studio)

    def _controller(self, event: ControllerProposed) -> None:
        studio = self._studio(event.studio)
        before = studio.controller
        current = event.studio if before is None else before.current
        if before is not None and before.upcoming is not None and before.start is not None:
            current = before.upcoming if self._when(event) >= before.start else current
        studio.controller = Controller(current, event.controller, event.start)

    def _moved(self, event: Moved) -> None:
        token_id = event.token_id
        holder = self.holders.get(token_id, self.lots[token_id >> 32][0].studio)
        if holder != event.former:
            self._fault("Token {token} moved from {former}, but {holder} held it.", token=token_id,
                        former=event.former, holder=holder)  # fmt: skip
        self.holders[token_id] = event.holder
        self.moves += 1
        self.recoveries.pop(token_id, None)

    def _imported(self, event: PieceImported) -> None:
        piece = event.piece
        token_id = piece.token_id
        if piece.holder != self.lots[token_id >> 32][0].studio:
            self.holders[token_id] = piece.holder
        if piece.status_time is not None:
            self.statuses[token_id] = piece.status, piece.by_steward
        if piece.lost_since is not None:
            self.lost[token_id] = Lost(piece.lost_since, None)
        if piece.amendment is not None:
            self.amendments[token_id] = piece.amendment.digest, piece.amendment.count
            self.amended_at[token_id] = piece.amendment.time

    def _is_known(self, token_id: int) -> bool:
        place = self.lots.get(token_id >> 32)
        if place is None or token_id & 0xFFFFFFFF >= place[0].count:
            self._fault("There is an event of token {token}, which was never anchored.", token=token_id)
            return False
        return True

    def _studio(self, address: Address) -> StudioFacts:
        if address not in self.studios:
            self._fault("There is an event of the studio {studio}, which was never accredited.", studio=address)
            return StudioFacts(address, "", "", 0, datetime.min.replace(tzinfo=UTC))
        return self.studios[address]

    def _fault(self, template: str, /, **facts: object) -> None:
        self.faults.append(Wording.of(template, facts))


def _window(window: KeyWindow | None) -> str:
    if window is None:
        return "–"
    return f"{window.start:%Y-%m-%dT%H:%M:%SZ}–" + (f"{window.end:%Y-%m-%dT%H:%M:%SZ}" if window.end else "")
