"""Random lives of a ledger, and a successor that takes one over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import strategies as st

from provenance.encoding import Address, Digest, KeyId, Root
from provenance.errors import LedgerError
from provenance.handover import Claim, HolderAction, HolderOrder, Release
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    Allotment,
    AmendCall,
    AnchorCall,
    BlockRef,
    CancelReleasesCall,
    ClaimCall,
    Deployment,
    ExecuteRecoveryCall,
    HolderOrderCall,
    LedgerCall,
    ProposeControllerCall,
    ProposeRecoveryCall,
    ReinstateCall,
    RelayAmendCall,
    RelayStatusCall,
    ReportFoundCall,
    ReportLostCall,
    SetExemptionCall,
    SetStatusCall,
    ShortenKeyCall,
    SuspendCall,
    VetoRecoveryCall,
    make_token_id,
)
from provenance.status import AmendOrder, Status, StatusOrder
from provenance.testing.memory import MemoryLedger
from provenance.testing.rules.state import PieceState, State
from tests.support.scene import ANCHORER, NOW, STEWARD, Person

STUDIOS = [Person(Address(bytes([0x51, number]) + bytes(18))) for number in range(3)]
HOLDERS = [Person(Address(bytes([0x40, number]) + bytes(18))) for number in range(4)]
IMPORTER = Person(Address(b"\x77" * 20))

DEEDS = (
    "accredit", "accredit", "suspend", "reinstate", "key", "key", "shorten", "controller", "anchor", "anchor", "anchor",
    "claim", "claim", "claim", "cancel", "lost", "lost", "found", "recover", "recover", "veto", "execute", "exempt",
    "status", "status", "relay", "amend", "amendment", "order", "wait", "wait", "idle",
)  # fmt: skip
Deed = tuple[str, int, int, int]
deeds = st.tuples(st.sampled_from(DEEDS), *[st.integers(0, 255)] * 3)


def _long(seed: int) -> list[Deed]:
    chance = Random(seed)
    return [
        (chance.choice(DEEDS), chance.randrange(256), chance.randrange(256), chance.randrange(256)) for _ in range(120)
    ]


histories: st.SearchStrategy[list[Deed]] = st.lists(deeds, max_size=40) | st.integers(0, 2**32).map(_long)
"""Short ones, which shrink, and long ones, in which things come together that seldom do."""


class Life:
    """A ledger and what happens on it; a deed that the rules refuse does not happen."""

    def __init__(self, ledger: MemoryLedger | None = None) -> None:
        self.ledger = ledger or MemoryLedger(
            steward=STEWARD.address, anchorer=ANCHORER.address, now=NOW, is_signed=lambda *_: True
        )
        self.roots = 0
        for number, studio in enumerate(STUDIOS[:2]):
            if ledger is None:
                self.do(AccreditCall(studio.address, f"did:{number}", "Kiln"), STEWARD)
                self.anchor(number, 2, 0)

    def live(self, history: Iterable[Deed]) -> BlockRef:
        """Let all of it happen and return the last block."""
        for deed in history:
            self.act(*deed)
        return self.ledger.head()

    def do(self, call: LedgerCall, who: Person) -> None:
        try:
            transaction = self.ledger.prepare(call, who, self.ledger.next_nonce(who.address))
        except LedgerError:
            return
        self.ledger.send(transaction)
        self.ledger.mine()

    @property
    def state(self) -> State:
        return state_at(self.ledger, self.ledger.head())

    def token(self, a: int) -> int:
        lots = self.state.lots
        lot, _ = lots[1 + a % min(len(lots), 4)]  # Few pieces, so that much becomes of them.
        return make_token_id(lot.lot_id, a // 7 % min(lot.count, 2))

    def anchor(self, a: int, b: int, c: int) -> None:
        shares = tuple(Allotment(STUDIOS[(a + step) % 3].address, 1 + b % 5) for step in range(1 + c % 2))
        self.roots += 1
        root = Root(Digest.of(f"{self.ledger.identity.contract} {self.roots}".encode()).value)
        self.do(AnchorCall(root, sum(s.count for s in shares), self.ledger.next_lot(), shares), ANCHORER)

    def act(self, kind: str, a: int, b: int, c: int) -> None:
        studio, token, digest = STUDIOS[a % 3].address, self.token(a), Digest.of(bytes([b, c]))
        holding = self.ledger.holding(token, self.ledger.head())
        assert holding is not None
        signer, who = Person(holding.signer), STEWARD if c % 2 else Person(holding.signer)
        maker = self.state.studio_of(token)
        nonce = self.ledger.order_nonce(maker)
        multikey = b"\x80\x24" + bytes([2, b % 3, *[0] * 31])
        heir = [*HOLDERS, *STUDIOS][b % 7].address
        match kind:
            case "accredit":
                self.do(AccreditCall(studio, f"did:{a % 3}", f"Kiln {b % 3}", min(c % 4, 1)), STEWARD)
            case "suspend":
                self.do(SuspendCall(studio), STEWARD)
            case "reinstate":
                self.do(ReinstateCall(studio), STEWARD)
            case "key":
                self.do(AddKeyCall(studio, multikey), STEWARD)
            case "shorten":
                end = self.ledger.now + timedelta(days=c - 100)
                self.do(ShortenKeyCall(studio, KeyId(Digest.of(multikey).value), end), STEWARD)
            case "controller":
                self.do(ProposeControllerCall(studio, heir), STEWARD)
            case "anchor":
                self.anchor(a, b, c)
            case "claim":
                release, claim = Release(token, heir, holding.nonce), Claim(token, heir, holding.nonce)
                self.do(ClaimCall(release, b"x", claim, b"x"), STEWARD)
            case "cancel":
                self.do(CancelReleasesCall(token), signer)
            case "lost":
                self.do(ReportLostCall(token), signer)
            case "found":
                self.do(ReportFoundCall(token), who)
            case "recover":
                self.do(ProposeRecoveryCall(token, heir), STEWARD)
            case "veto":
                self.do(VetoRecoveryCall(token), who)
            case "execute":
                self.do(ExecuteRecoveryCall(token), STEWARD)
            case "exempt":
                self.do(SetExemptionCall(token, heir if c % 3 else None), STEWARD)
            case "status":
                self.do(SetStatusCall(token, Status(b % 4)), STEWARD if c % 2 else Person(maker))
            case "relay":
                self.do(RelayStatusCall(StatusOrder(token, Status(b % 4), maker, nonce, 0), b"x"), STEWARD)
            case "amend":
                self.do(AmendCall((token,), (digest,)), Person(maker))
            case "amendment":
                self.do(RelayAmendCall(AmendOrder(token, digest, maker, nonce, 0), b"x"), STEWARD)
            case "order":
                self.do(HolderOrderCall(HolderOrder(HolderAction(b % 4), token, holding.nonce), b"x"), STEWARD)
            case "wait":
                self.ledger.now += timedelta(days=(1, 3, 8, 31)[b % 4])
            case "idle":
                self.ledger.mine(1 + b % 3)


def successor_of(old: MemoryLedger, final: BlockRef) -> MemoryLedger:
    """Return a fresh ledger that may take `old` over."""
    return MemoryLedger(
        steward=STEWARD.address,
        anchorer=ANCHORER.address,
        importer=IMPORTER.address,
        predecessor=Deployment(old.identity.contract, old.identity.chain_id, final.number),
        now=old.now + timedelta(days=1),
        is_signed=lambda *_: True,
    )


def carry_out(ledger: MemoryLedger, call: LedgerCall) -> None:
    """Carry out an importer's call, which must succeed."""
    transaction = ledger.prepare(call, IMPORTER, ledger.next_nonce(IMPORTER.address))
    ledger.send(transaction)
    ledger.mine()
    outcome = ledger.outcome(transaction.hash)
    assert outcome is not None
    assert outcome.succeeded, outcome.error


def state_at(ledger: MemoryLedger, block: BlockRef) -> State:
    """Return the simulator's storage in a block: what no port shows."""
    return ledger._state(block)


def essence(state: State, time: int) -> dict[str, object]:
    """Return all of a storage that a move must keep, as of `time`, without what says nothing."""
    pieces = {}
    for token_id, piece in state.pieces.items():
        lost = piece.lost_at(time)
        bare = replace(piece, lost_since=lost, found_from=0)  # A return waits anew at a successor.
        if bare != PieceState():
            pieces[token_id] = bare
    return {
        "studios": state.studios,
        "owner_of_did": state.owner_of_did,
        "suspensions": state.suspensions,
        "keys": state.keys,
        "order_nonces": {studio: nonce for studio, nonce in state.order_nonces.items() if nonce},
        "anchors": state.anchors,
        "anchor_ids": state.anchor_ids,
        "lots": state.lots,
        "pieces": pieces,
        "holders": {token: holder for token, holder in state.holders.items() if holder != state.studio_of(token)},
        "exempt_keys": {token: key for (token, _), key in state.exempt_keys.items() if state.exempt_key(token) == key},
        "amendments": state.amendments,
    }
