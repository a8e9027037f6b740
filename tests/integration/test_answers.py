"""The quick answer to a scan is the core's own, byte for byte, through any history."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from provenance.certificate import Certificate
from provenance.encoding import Digest, Root
from provenance.errors import LedgerError, ProvenanceError, StorageError, UnreachableError
from provenance.handover import Claim, Release
from provenance.keys import P256Signer
from provenance.ledger import (
    AddKeyCall,
    AmendCall,
    ClaimCall,
    Deployment,
    LedgerCall,
    ReinstateCall,
    ReportFoundCall,
    ReportLostCall,
    SetStatusCall,
    ShortenKeyCall,
    SuspendCall,
)
from provenance.merkle import MerkleTree
from provenance.piece import Photo
from provenance.policy import TrustPolicy
from provenance.serial import Serial
from provenance.status import Status
from provenance.verdict import Verdict
from provenance_registry.db.repository import SQLRepository
from provenance_registry.records import StoredCertificate
from provenance_registry.service.amendments import Amendments
from provenance_registry.service.answers import Answers
from provenance_registry.service.index import IndexedLedger
from provenance_registry.service.remembered import Remembered
from provenance_registry.service.trees import Tree, Trees
from provenance_registry.service.verdicts import Verdicts
from tests.support.pipeline import RELAYER, Pipeline, Ticking
from tests.support.postgres import Server
from tests.support.scene import ISSUER, OTHER, OTHER_ISSUER, STEWARD, STUDIO, Person, person


class Counted(Verdicts):
    """Verdicts that count how often the core was asked."""

    asked = 0

    def verdict(self, serial: Serial) -> tuple[Verdict, StoredCertificate | None]:
        self.asked += 1
        return super().verdict(serial)


class Town:
    """A registry, what happens to it, and its answers both ways."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random, self.clock, self.slow = random.Random(seed), Ticking(), False
        self.pipeline = Pipeline(folder, confirmations=2, monotonic=self.clock)
        self.scene, self.ledger = self.pipeline.scene, self.pipeline.ledger
        self.keys = [self.scene.signer]
        self.others_key = P256Signer.generate()
        self.scene.accredit(OTHER, OTHER_ISSUER, self.others_key)
        self.counted = Counted(*self.parts)
        self.answers = self.answers_of(self.counted)
        self.pieces: list[Certificate] = []
        self.compared, self.done = 0, set[str]()

    @property
    def parts(self) -> tuple[SQLRepository, IndexedLedger, Amendments, TrustPolicy]:
        return self.pipeline.repository, self.pipeline.index, self.pipeline.amendments, self.pipeline.policy

    def answers_of(self, verdicts: Verdicts) -> Answers:
        repository, index, amendments, policy = self.parts
        return Answers(repository, index, amendments, verdicts, ISSUER.base_url, policy.confirmations)

    def agree(self) -> None:
        """Compare every piece's answer, and an unknown one's, with those of a verifier that was never asked before."""
        for serial in [*(piece.piece.serial for piece in self.pieces), Serial.random()]:
            assert self.answers.answer(serial) == self.answers_of(Verdicts(*self.parts)).full(serial)
            self.compared += 1

    def run(self, steps: int) -> None:
        acts = [*2 * [self.submit], *4 * [self.turn], *2 * [self.reinstate], self.status, self.amend,
                self.amend_nothing, self.suspend, self.add_key, self.shorten, self.hand_over, self.lose, self.find,
                self.reorganise, self.lag, self.wait, self.restart]  # fmt: skip
        for _ in range(steps):
            act: Callable[[], None] = self.random.choice(acts)
            try:
                act()
            except LedgerError as error:
                if error.code not in ("ledger-refused", "nothing-there"):
                    raise
            else:
                self.done.add(act.__name__)
            self.agree()

    def do(self, call: LedgerCall, who: Person) -> None:
        """Send a call, which the ledger may refuse."""
        self.ledger.send(self.ledger.prepare(call, who, self.ledger.next_nonce(who.address)))
        self.ledger.mine()

    def submit(self) -> None:
        for _ in range(self.random.randrange(1, 4)):
            photos = tuple(Photo(Digest.of(bytes([number]))) for number in range(self.random.randrange(3)))
            if self.random.random() < 0.3:
                piece = self.scene.sign(
                    signer=self.others_key, issuer=OTHER_ISSUER, list_id="0123456789xy", photos=photos
                )
            else:
                piece = self.scene.sign(signer=self.random.choice(self.keys), photos=photos)
            self.pieces.append(self.pipeline.submit(piece))

    def turn(self) -> None:
        self.pipeline.turn(self.random.randrange(1, 4))

    def token(self) -> tuple[Certificate, int]:
        """Choose a piece that has a token."""
        found = [(piece, self.pipeline.stored(piece).token_id) for piece in self.pieces]
        known = [(piece, token_id) for piece, token_id in found if token_id is not None]
        if not known:
            raise LedgerError("nothing-there", "There is no piece yet.", retryable=False)
        return self.random.choice(known)

    def status(self) -> None:
        status = self.random.choice([Status.ACTIVE, Status.ON_HOLD, Status.ON_HOLD, Status.RETIRED, Status.REVOKED])
        self.do(SetStatusCall(self.token()[1], status), self.random.choice([STUDIO, STEWARD]))

    def amend(self) -> None:
        piece, token_id = self.token()
        serial, key = piece.piece.serial, self.random.choice(self.keys)
        amendment = self.scene.sign("改", signer=key, serial=serial, replaces=piece.digest)
        try:
            self.pipeline.submissions.submit(amendment.data)
        except ProvenanceError:
            return
        self.agree()  # Kept, and not yet named by the ledger.
        self.do(AmendCall((token_id,), (amendment.digest,)), STUDIO)

    def amend_nothing(self) -> None:
        self.do(AmendCall((self.token()[1],), (Digest(self.random.randbytes(32)),)), STUDIO)

    def suspend(self) -> None:
        self.do(SuspendCall(STUDIO.address), STEWARD)

    def reinstate(self) -> None:
        self.do(ReinstateCall(STUDIO.address), STEWARD)

    def add_key(self) -> None:
        self.keys.append(P256Signer.generate())
        self.do(AddKeyCall(STUDIO.address, self.keys[-1].public_key.multikey_bytes), STEWARD)

    def shorten(self) -> None:
        """End a key's time, which may be dated back before anchors that stand."""
        end = self.ledger.now - timedelta(hours=self.random.randrange(100))
        self.do(ShortenKeyCall(STUDIO.address, self.random.choice(self.keys).public_key.key_id, end), STEWARD)

    def hand_over(self) -> None:
        token_id = self.token()[1]
        nonce = self.pipeline.repository.token(token_id).nonce
        release = Release(token_id, person(20).address, nonce)
        claim = Claim(token_id, person(self.random.randrange(30, 33)).address, nonce)
        self.do(ClaimCall(release, b"", claim, b""), RELAYER)

    def lose(self) -> None:
        self.do(ReportLostCall(self.token()[1]), STUDIO)

    def find(self) -> None:
        self.do(ReportFoundCall(self.token()[1]), self.random.choice([STUDIO, STEWARD]))

    def reorganise(self) -> None:
        depth = min(self.random.randrange(1, 6), self.ledger.head().number - 6)
        if depth > 0:
            self.ledger.reorganise(depth)
            self.agree()  # The index does not know yet.
            self.ledger.mine(depth + self.random.randrange(2))

    def lag(self) -> None:
        self.clock.now += 61
        self.agree()
        self.pipeline.turn()

    def wait(self) -> None:
        self.scene.later(hours=self.random.choice([1, 50, 24 * 9, 24 * 40]))
        self.ledger.mine()

    def restart(self) -> None:
        self.answers = self.answers_of(self.counted)


@pytest.mark.usefixtures("either_database")
@pytest.mark.parametrize("seed", range(3))
def test_quick_answers_are_the_cores(tmp_path: Path, seed: int) -> None:
    town = Town(tmp_path, seed)
    town.submit()
    town.pipeline.turn(5)
    town.run(30)
    assert "turn" in town.done
    assert town.compared > 60
    assert town.counted.asked < town.compared  # Some are told quickly, or nothing was compared here.


@pytest.mark.usefixtures("either_database")
def test_an_undisturbed_piece_asks_the_core_once(tmp_path: Path) -> None:
    town = Town(tmp_path, 0)
    town.pieces = [town.pipeline.submit() for _ in range(5)]
    town.pipeline.turn(6)
    for _ in range(2):
        town.agree()
    assert town.counted.asked == 1 + 2  # One mould, and twice a serial that is unknown.


def _look_until_away(repository: SQLRepository) -> None:
    for _ in range(100):  # A session of the server may outlive the first of its processes for a moment.
        repository.look(Serial.random())
        time.sleep(0.05)


def test_a_scan_after_the_database_server_was_away_is_answered() -> None:
    server = Server()
    try:
        repository = SQLRepository(server.make())
        assert repository.look(Serial.random()) is None
        server.kill()
        with pytest.raises(UnreachableError):
            _look_until_away(repository)
        server.start_again()
        assert repository.look(Serial.random()) is None
        repository.close()
    finally:
        server.close()


def test_what_is_not_plain_asks_the_core_each_time(tmp_path: Path) -> None:
    town = Town(tmp_path, 0)
    town.pieces = [town.pipeline.submit()]
    town.pipeline.turn(6)
    serial = town.pieces[0].piece.serial
    plain = town.answers.answer(serial)
    asked = town.counted.asked
    town.do(SetStatusCall(town.token()[1], Status.ON_HOLD), STUDIO)
    town.pipeline.turn()
    for _ in range(3):
        assert town.answers.answer(serial) != plain
    assert town.counted.asked == asked + 3
    town.clock.now += 61  # Contact to the ledger is lost.
    assert b'"index-behind"' in town.answers.answer(serial).body


def test_a_certificate_that_was_changed_in_the_database_is_not_vouched_for(tmp_path: Path) -> None:
    town = Town(tmp_path, 0)
    town.pieces = [town.pipeline.submit() for _ in range(2)]
    town.pipeline.turn(6)
    first, second = (piece.piece.serial for piece in town.pieces)
    assert b'"AUTHENTIC"' in town.answers.answer(first).body
    with sqlite3.connect(tmp_path / "registry.db") as database:  # The mould is there, the piece was never asked for.
        altered = town.pieces[1].data.replace(b'"validFrom":"2026', b'"validFrom":"2025')
        database.execute("UPDATE certificates SET data = ? WHERE serial = ?", (altered, second.compact))
    assert b'"NOT_AUTHENTIC"' in town.answers.answer(second).body


def test_a_successor_is_told_as_soon_as_the_core_tells_it(tmp_path: Path) -> None:
    town = Town(tmp_path, 0)
    town.pieces = [town.pipeline.submit()]
    town.pipeline.turn(6)
    serial = town.pieces[0].piece.serial
    assert b"successor-named" not in town.answers.answer(serial).body
    index = town.pipeline.index
    index._named = Deployment(person(40).address, 7, 1)
    town.answers.answer(serial)  # The core has asked for this block already, and its answer must not stay.
    town.pipeline.turn()
    assert b"successor-named" in town.answers.answer(serial).body
    town.agree()


@pytest.mark.parametrize("size", [*range(1, 18), 100, 257])
def test_trees_of_bytes_are_those_of_the_core(size: int) -> None:
    leaves = [Digest.of(bytes([place % 256, place // 256])).value for place in range(size)]
    tree, core = Tree(leaves), MerkleTree(leaves)
    assert (tree.size, tree.root) == (core.size, core.root)
    assert [tree.path(place) for place in range(size)] == [core.path(place) for place in range(size)]


def test_trees_are_kept_up_to_so_many_bytes() -> None:
    batches = [[Digest.of(bytes([batch, leaf])).value for leaf in range(8)] for batch in range(4)]
    read = list[int]()

    def leaves(batch_id: int) -> list[bytes]:
        read.append(batch_id)
        return batches[batch_id]

    trees = Trees(leaves, limit=2 * Tree(batches[0]).memory)
    for batch_id in (0, 1, 0, 2, 0, 1):
        trees.get(batch_id, Root(MerkleTree(batches[batch_id]).root))
    assert read == [0, 1, 2, 1]
    with pytest.raises(StorageError):
        trees.get(3, Root(bytes(32)))


def test_what_is_remembered_is_bounded_and_what_is_asked_for_stays() -> None:
    memory: Remembered[int, str] = Remembered(10)
    for number in range(1_000):
        memory.keep(number, str(number))
        assert memory.get(0) == "0"
    assert sum(memory.get(number) is not None for number in range(1_000)) <= 10
