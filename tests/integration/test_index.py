"""The index answers what the ledger answers, field by field, through any history, a successor's import included."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provenance.encoding import Digest, KeyId, Root
from provenance.errors import LedgerError
from provenance.evm.accounts import Account
from provenance.evm.deploy import deploy
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.evm.ledger import EVMLedger
from provenance.handover import Claim, Release
from provenance.keys import P256Signer
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    Allotment,
    AmendCall,
    AnchorCall,
    Anchored,
    CancelReleasesCall,
    ClaimCall,
    ClockSet,
    Deployment,
    ExecuteRecoveryCall,
    ImportedPiece,
    ImportPiecesCall,
    LedgerCall,
    ProposeControllerCall,
    ProposeRecoveryCall,
    ReinstateCall,
    ReportFoundCall,
    ReportLostCall,
    SealCall,
    SetClockCall,
    SetStatusCall,
    ShortenKeyCall,
    StatusSet,
    SuspendCall,
    VetoRecoveryCall,
)
from provenance.status import Status
from provenance.succession.history import directory_call
from provenance_registry.db.repository import SQLRepository
from provenance_registry.service.index import IndexedLedger
from provenance_registry.worker.indexer import Indexer

START = 1_800_000_000
DAY = 24 * 3600


@dataclass
class Town:
    """A chain whose clock the test moves, and its people."""

    chain: EmbeddedChain
    now: list[int]
    admin: Account
    steward: Account
    anchorer: Account
    importer: Account
    studios: list[Account]
    buyers: list[Account]

    def mine(self) -> None:
        self.now[0] += 1
        self.chain.seal()

    def deploy(self, predecessor: Deployment | None = None) -> EVMLedger:
        return deploy(
            EmbeddedProvider(self.chain),
            self.admin,
            admin=self.admin.address,
            steward=self.steward.address,
            anchorer=self.anchorer.address,
            base_uri="https://registry.example/tokens/",
            importer=None if predecessor is None else self.importer.address,
            predecessor=predecessor,
            wait=self.mine,
        )

    def do(self, ledger: EVMLedger, call: LedgerCall, who: Account) -> None:
        transaction = ledger.prepare(call, who, ledger.next_nonce(who.address))
        ledger.send(transaction)
        self.mine()
        outcome = ledger.outcome(transaction.hash)
        assert outcome is not None
        assert outcome.succeeded, outcome.error

    @property
    def everybody(self) -> list[Account]:
        return [*self.studios, *self.buyers]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    now, people = [START], [Account.generate()[0] for _ in range(8)]
    path = tmp_path_factory.mktemp("town") / "chain.db"
    chain = EmbeddedChain(path, funded=[person.address for person in people], clock=lambda: now[0], max_pause=10**9)
    admin, steward, anchorer, importer = people[:4]
    yield Town(chain, now, admin, steward, anchorer, importer, people[4:6], people[6:])
    chain.close()


class Followed:
    """A ledger, and a registry's index that follows it."""

    def __init__(self, ledger: EVMLedger, path: Path) -> None:
        self.ledger = ledger
        self.repository = SQLRepository(path)
        self.index = IndexedLedger(self.repository, ledger.identity, 60)
        self.indexer = Indexer(self.repository, ledger, self.index)
        self.keys: list[KeyId] = [KeyId(bytes(31) + b"\1")]  # Nobody's.

    def tokens(self) -> list[int]:
        found = list[int]()
        for event in self.ledger.events(0, self.ledger.head().number):
            if isinstance(event, Anchored):
                found += [lot.lot_id << 32 | place for lot in event.lots for place in range(lot.count)]
        return found

    def agree(self) -> int:
        """Compare everything; return how many records were compared."""
        self.indexer.catch_up()
        head, compared = self.ledger.head(), 0
        assert self.index.head() == head
        for token_id in [*self.tokens(), 1 << 32 | 99, 99 << 32]:
            for key_id in [self.keys[0], *self.keys[-5:]]:
                assert self.index.record(token_id, key_id, head) == self.ledger.record(token_id, key_id, head)
                compared += 1
            assert self.index.status_by_steward(token_id, head) == self.ledger.status_by_steward(token_id, head)
            holding = self.ledger.holding(token_id, head)
            expected = None if holding is None else (holding.signer, holding.nonce)
            if self.ledger.sealed():  # Before, nobody's signature counts.
                assert self.index.signing(token_id, head.time) == expected
        return compared


class Chance:
    """Draws what happens next, from a seed."""

    def __init__(self, town: Town, followed: Followed, seed: int) -> None:
        self.town, self.followed, self.random = town, followed, random.Random(seed)
        self.ledger = followed.ledger
        self.done = set[str]()

    def begin(self) -> None:
        for number, studio in enumerate(self.town.studios):
            self.town.do(self.ledger, self.accredit(number), self.town.steward)
            self.add_key(studio)

    def accredit(self, number: int) -> AccreditCall:
        name = self.random.choice("林陈王李")
        return AccreditCall(self.town.studios[number].address, f"did:web:registry.example:studios:s{number}", name)

    def add_key(self, studio: Account) -> None:
        key = P256Signer.generate().public_key
        self.town.do(self.ledger, AddKeyCall(studio.address, key.multikey_bytes), self.town.steward)
        self.followed.keys.append(key.key_id)

    def steps(self, count: int) -> None:
        for _ in range(count):
            act = self.random.choice(self.acts())
            if self.random.random() < 0.3:
                self.town.now[0] += self.random.choice([1, 3_600, 2 * DAY, 8 * DAY, 31 * DAY])
            try:
                act()
            except LedgerError as error:
                if error.code != "ledger-refused":
                    raise
            else:
                self.done.add(act.__name__)

    def acts(self) -> list[Callable[[], None]]:
        once = [self.rename, self.suspend, self.reinstate, self.key, self.shorten, self.anchor, self.controller]
        return [*once, self.anchor, *(2 * [self.status, self.amend, self.hand_over, self.lost, self.found, self.cancel,
                                           self.recover, self.veto, self.execute])]  # fmt: skip

    def by(self, call: LedgerCall, *who: Account) -> None:
        self.town.do(self.ledger, call, self.random.choice(who or (self.town.steward,)))

    def token(self) -> int:
        tokens = self.followed.tokens()
        return self.random.choice(tokens) if tokens else 1 << 32

    def studio(self) -> Account:
        return self.random.choice(self.town.studios)

    def signer(self, token_id: int) -> Account:
        holding = self.ledger.holding(token_id, self.ledger.head())
        people = {person.address: person for person in self.town.everybody}
        return people[holding.signer] if holding is not None else self.town.buyers[0]

    def rename(self) -> None:
        self.by(self.accredit(self.random.randrange(2)))

    def suspend(self) -> None:
        self.by(SuspendCall(self.studio().address))

    def reinstate(self) -> None:
        self.by(ReinstateCall(self.studio().address))

    def key(self) -> None:
        self.add_key(self.studio())

    def shorten(self) -> None:
        end = datetime.fromtimestamp(self.town.now[0] - self.random.randrange(DAY), UTC)
        self.by(ShortenKeyCall(self.studio().address, self.random.choice(self.followed.keys), end))

    def controller(self) -> None:
        self.by(ProposeControllerCall(self.studio().address, self.random.choice(self.town.everybody).address))

    def anchor(self) -> None:
        counts = [self.random.randrange(1, 3) for _ in range(self.random.randrange(1, 3))]
        shares = tuple(Allotment(self.studio().address, count) for count in counts)
        root = Root(self.random.randbytes(32))
        self.by(AnchorCall(root, sum(counts), self.ledger.next_lot(), shares), self.town.anchorer)

    def status(self) -> None:
        token_id = self.token()
        status = self.random.choice([*(2 * [Status.ACTIVE, Status.ON_HOLD]), Status.RETIRED, Status.REVOKED])
        self.by(SetStatusCall(token_id, status), self.town.steward, self.signer(token_id))

    def amend(self) -> None:
        token_id = self.token()
        self.by(AmendCall((token_id,), (Digest(self.random.randbytes(32)),)), *self.town.everybody)

    def hand_over(self) -> None:
        token_id, claim_key = self.token(), Account.generate()[0]
        holding = self.ledger.holding(token_id, self.ledger.head())
        nonce = 0 if holding is None else holding.nonce
        release = Release(token_id, claim_key.address, nonce)
        claim = Claim(token_id, self.random.choice(self.town.everybody).address, nonce)
        signed = self.signer(token_id).sign_message(self.ledger.identity, release)
        claimed = claim_key.sign_message(self.ledger.identity, claim)
        self.by(ClaimCall(release, signed, claim, claimed), *self.town.buyers)

    def lost(self) -> None:
        token_id = self.token()
        self.by(ReportLostCall(token_id), self.signer(token_id))

    def found(self) -> None:
        token_id = self.token()
        self.by(ReportFoundCall(token_id), self.town.steward, self.signer(token_id))

    def cancel(self) -> None:
        token_id = self.token()
        self.by(CancelReleasesCall(token_id), self.signer(token_id))

    def recover(self) -> None:
        self.by(ProposeRecoveryCall(self.token(), self.random.choice(self.town.everybody).address))

    def veto(self) -> None:
        token_id = self.token()
        self.by(VetoRecoveryCall(token_id), self.town.steward, self.signer(token_id))

    def execute(self) -> None:
        self.by(ExecuteRecoveryCall(self.token()))


def imported(old: Followed, token_id: int) -> ImportedPiece:
    """Return what became of a piece, from the ledger itself."""
    head = old.ledger.head()
    record, holding = old.ledger.record(token_id, old.keys[0], head), old.ledger.holding(token_id, head)
    assert record is not None
    assert holding is not None
    words = [event for event in old.ledger.events(0, head.number) if isinstance(event, StatusSet)]
    by_steward = [event.by_steward for event in words if event.token_id == token_id][-1:] == [True]
    return ImportedPiece(
        token_id, holding.holder, holding.nonce, record.status, by_steward, record.status_time,
        holding.lost_since, record.amendment,
    )  # fmt: skip


def take_over(town: Town, old: Followed, successor: Followed) -> None:
    """Import everything, looking at the index in between."""
    ledger, clock = successor.ledger, -1
    for event in old.ledger.events(0, old.ledger.head().number):
        call = directory_call(event)
        if call is None:
            continue
        if event.block.number != clock:
            town.do(ledger, SetClockCall(event.block.time, event.block.number), town.importer)
            clock = event.block.number
            successor.indexer.catch_up()  # What it dates comes in another range than the clock.
        town.do(ledger, call, town.importer)
        if isinstance(event, Anchored):
            tokens = [lot.lot_id << 32 | place for lot in event.lots for place in range(lot.count)]
            pieces = tuple(imported(old, token_id) for token_id in tokens)
            town.do(ledger, ImportPiecesCall(pieces), town.importer)
            successor.agree()


@pytest.mark.parametrize("seed", [1])
def test_the_index_agrees_with_the_ledger_and_with_its_successor(town: Town, tmp_path: Path, seed: int) -> None:
    old = Followed(town.deploy(), tmp_path / "old.db")
    chance = Chance(town, old, seed)
    chance.begin()
    for _ in range(5):
        chance.steps(15)
        assert old.agree() > 0
    assert {"hand_over", "lost", "status", "amend", "anchor", "cancel"} <= chance.done

    final = old.ledger.head()
    contract, chain_id = old.ledger.identity.contract, old.ledger.identity.chain_id
    successor = Followed(town.deploy(Deployment(contract, chain_id, final.number)), tmp_path / "new.db")
    successor.keys = old.keys
    take_over(town, old, successor)
    successor.agree()
    at = old.ledger.head()
    for token_id in old.tokens():
        for key_id in old.keys:
            there = successor.index.record(token_id, key_id, successor.ledger.head())
            assert there == old.ledger.record(token_id, key_id, at)
    town.do(successor.ledger, SealCall(), town.importer)
    successor.agree()

    again = Chance(town, successor, seed + 100)
    for _ in range(3):
        again.steps(15)
        successor.agree()
    # A registry that starts late reads all of it in one range; one that was led astray reads it anew.
    late = Followed(successor.ledger, tmp_path / "late.db")
    late.keys = successor.keys
    late.agree()
    middle = next(event.block for event in successor.ledger.events(0, at.number + 10**6) if isinstance(event, ClockSet))
    late.repository.write(lambda transaction: transaction.rewind(middle))
    late.agree()
    for followed in (old, successor, late):
        followed.repository.close()


def test_a_report_of_loss_lapses_at_its_time(town: Town, tmp_path: Path) -> None:
    followed = Followed(town.deploy(), tmp_path / "registry.db")
    chance = Chance(town, followed, 7)
    chance.begin()
    (studio, _), key_id = town.studios, followed.keys[0]
    root = Root(secrets.token_bytes(32))
    town.do(followed.ledger, AnchorCall(root, 1, 1, (Allotment(studio.address, 1),)), town.anchorer)
    token_id = 1 << 32
    town.do(followed.ledger, ReportLostCall(token_id), studio)
    town.do(followed.ledger, ReportFoundCall(token_id), studio)
    lapses = followed.ledger.head().time + timedelta(days=7)
    seen = []
    for moment in (lapses - timedelta(seconds=1), lapses):
        town.now[0] = int(moment.timestamp()) - 1
        town.do(followed.ledger, AccreditCall(studio.address, "did:web:registry.example:studios:s0", "x"), town.steward)
        followed.agree()
        record = followed.index.record(token_id, key_id, followed.ledger.head())
        assert record is not None
        seen.append(record.lost_since is None)
    assert seen == [False, True]
    followed.repository.close()
