"""Holding a successor against its predecessor's final block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import zip_longest

from provenance.encoding import Address, KeyId
from provenance.handover import Holding
from provenance.ledger import (
    Anchored,
    BlockRef,
    Controller,
    KeyAdded,
    Ledger,
    LedgerCall,
    LedgerEvent,
    LedgerRecord,
    Lot,
    PieceImported,
    StatusSet,
    StudioAccredited,
    make_token_id,
)
from provenance.succession.history import directory_call, history, require_canonical

MAX_DIFFERENCES = 100
"""Differences that are told: one is too many to seal, and more than these only repeat themselves."""
_NO_KEY = KeyId(bytes(32))


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the successor tells otherwise.

    `subject` names what is asked about (``token 4294967296``), `member` what of it (``holder``), `old` and `new` what
    both ledgers tell, in words for experts.
    """

    subject: str
    member: str
    old: str
    new: str


def compare(
    old: Ledger,
    final_block: BlockRef,
    new: Ledger,
    at: BlockRef,
    *,
    first_block: int = 0,
    new_first_block: int = 0,
) -> list[Difference]:
    """Return how `new`, as of its block `at`, differs from `old` as of `final_block`; at most `MAX_DIFFERENCES`.

    To be asked after the import and before anything else happens on `new`, sealed or not.  Compared are the history of
    anchors and directory with its times, the record and the holding of every token, and every studio's controller,
    order nonce and key windows; what lapses by time alone is reckoned with.  Four reads a token; memory is bounded by
    studios, keys, and the pieces whose status a steward set.  Raises `LedgerError`.
    """
    require_canonical(old, final_block)
    require_canonical(new, at)
    found: list[Difference] = []
    comparison = _Comparison(old, final_block, new, at, new.sealed())
    for difference in comparison.run(first_block, new_first_block):
        found.append(difference)
        if len(found) == MAX_DIFFERENCES:
            break
    return found


@dataclass(slots=True)
class _Comparison:
    old: Ledger
    final: BlockRef
    new: Ledger
    at: BlockRef
    sealed: bool

    def run(self, first_block: int, new_first_block: int) -> Iterator[Difference]:
        earlier = _Told(self.old, first_block, self.final.number)
        later = _Told(self.new, new_first_block, self.at.number)
        alike = True
        for place, (one, other) in enumerate(zip_longest(earlier.played(), later.played())):
            if alike and one != other:
                alike = False  # All that follows is shifted.
                yield Difference(f"event {place}", "history", str(one), str(other))
        for token_id in sorted(earlier.by_steward ^ later.by_steward):
            told = (str(token_id in who.by_steward) for who in (earlier, later))
            yield Difference(f"token {token_id}", "by_steward", *told)
        tokens: dict[Address, int] = {}
        for happening in history(self.old, first_block, self.final.number):
            if isinstance(happening.event, Anchored):
                for lot in happening.event.lots:
                    tokens.setdefault(lot.studio, make_token_id(lot.lot_id, 0))
                    yield from self._lot(lot)
        for studio in earlier.studios:
            yield from self._studio(studio)
        for studio, key_id in earlier.keys:
            if studio in tokens:  # Without a token nobody can ask, and the history was compared.
                yield from self._key(studio, key_id, tokens[studio])

    def _lot(self, lot: Lot) -> Iterator[Difference]:
        controller = self._controller(lot.studio)
        for index in range(lot.count):
            token_id = make_token_id(lot.lot_id, index)
            subject = f"token {token_id}"
            record = self.old.record(token_id, _NO_KEY, self.final)
            holding = self.old.holding(token_id, self.final)
            if holding is not None and record is not None:
                holding = self._lapsed(holding, record.studio, controller)
                record = replace(record, lost_since=holding.lost_since)
            yield from _members(subject, record, self.new.record(token_id, _NO_KEY, self.at))
            yield from _members(subject, holding, self.new.holding(token_id, self.at))

    def _lapsed(self, holding: Holding, studio: Address, controller: Controller) -> Holding:
        """Return a holding of the final block as the successor must tell it now.

        A return that had not lapsed and a recovery wait anew there: nobody could undo them meanwhile.
        """
        holding = replace(holding, found_from=None, recovery=None)
        if holding.holder == studio:
            holding = replace(holding, signer=controller.current)
        return holding

    def _controller(self, studio: Address) -> Controller:
        """Return who signed for a studio in the final block, and who does now: before sealing, that block is now."""
        controller, now = self.old.controller(studio, self.final), self._now()
        if controller.upcoming is not None and controller.start is not None and controller.start <= now:
            return Controller(controller.upcoming, None, None)
        return controller

    def _now(self) -> datetime:
        return self.at.time if self.sealed else self.final.time

    def _studio(self, studio: Address) -> Iterator[Difference]:
        subject = f"studio {studio}"
        yield from _members(subject, self._controller(studio), self.new.controller(studio, self.at))
        nonces = self.old.order_nonce(studio, self.final), self.new.order_nonce(studio, self.at)
        if nonces[0] != nonces[1]:
            yield Difference(subject, "order_nonce", str(nonces[0]), str(nonces[1]))

    def _key(self, studio: Address, key_id: KeyId, token_id: int) -> Iterator[Difference]:
        windows = [
            None if record is None else record.key
            for record in (self.old.record(token_id, key_id, self.final), self.new.record(token_id, key_id, self.at))
        ]
        if windows[0] != windows[1]:
            yield Difference(f"key {key_id} of studio {studio}", "window", str(windows[0]), str(windows[1]))


class _Told:
    """What a ledger's events tell, gathered while its history is read."""

    def __init__(self, ledger: Ledger, first_block: int, last_block: int) -> None:
        self._ledger, self._first, self._last = ledger, first_block, last_block
        self.studios: dict[Address, None] = {}
        self.keys: dict[tuple[Address, KeyId], None] = {}
        self.by_steward: set[int] = set()

    def played(self) -> Iterator[tuple[datetime, int, LedgerCall]]:
        """Yield what is played again, and when it counts from."""
        for happening in history(self._ledger, self._first, self._last):
            self._note(happening.event)
            call = directory_call(happening.event)
            if call is not None:
                yield happening.time, happening.number, call

    def _note(self, event: LedgerEvent) -> None:
        match event:
            case StudioAccredited():
                self.studios[event.studio] = None
            case KeyAdded():
                self.keys[event.studio, event.key_id] = None
            case StatusSet():
                self._set(event.token_id, event.by_steward)
            case PieceImported():
                self._set(event.piece.token_id, event.piece.by_steward)

    def _set(self, token_id: int, by_steward: bool) -> None:
        (self.by_steward.add if by_steward else self.by_steward.discard)(token_id)


def _members(
    subject: str, old: LedgerRecord | Holding | Controller | None, new: LedgerRecord | Holding | Controller | None
) -> Iterator[Difference]:
    if old is None or new is None:
        if old is not new:
            yield Difference(subject, "existence", str(old is not None), str(new is not None))
        return
    for member in fields(old):
        one, other = getattr(old, member.name), getattr(new, member.name)
        if one != other:
            yield Difference(subject, member.name, str(one), str(other))
