"""A studio that began on the embedded ledger moves to a public chain and loses nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provenance.batch import assemble
from provenance.bundle import Bundle, Receipt
from provenance.certificate import Certificate, Issuer, StatusEntry
from provenance.encoding import Address, Digest, Root
from provenance.errors import LedgerError
from provenance.evm.accounts import Account
from provenance.evm.deploy import deploy
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import BoundedHTTPProvider, Node
from provenance.evm.transactions import MAX_GAS
from provenance.handover import Claim, HolderAction, HolderOrder, Release
from provenance.issue import issue
from provenance.keys import P256Signer, Signer
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    Allotment,
    AmendmentRecord,
    AnchorCall,
    ClaimCall,
    Deployment,
    ExecuteRecoveryCall,
    HolderOrderCall,
    ImportedPiece,
    ImportPiecesCall,
    LedgerCall,
    ProposeControllerCall,
    ProposeRecoveryCall,
    RelayAmendCall,
    RelayStatusCall,
    SealCall,
    SetClockCall,
    SetExemptionCall,
    SetStatusCall,
    ShortenKeyCall,
    SuspendCall,
    make_token_id,
)
from provenance.piece import Piece
from provenance.policy import TrustPolicy
from provenance.serial import Serial
from provenance.status import AmendOrder, Status, StatusOrder
from provenance.succession import MAX_PIECES, compare, live_recoveries, resume
from provenance.verdict import Outcome, Verdict
from provenance.verify import Verifier
from tests.conformance import nodes
from tests.support.scene import ISSUER, LIST_ID, NOW, OTHER_ISSUER

ROOT = Path(__file__).resolve().parents[2]
DAY = 24 * 3_600
ADMIN, STEWARD, ANCHORER, LIN, CHEN, BUYER, HEIR, CONTROLLER = (Account.generate()[0] for _ in range(8))
IMPORTER, SECRET = Account.generate()
PAID = Account.generate()[0]  # The claim key of a buyer who paid before a suspension.


class House:
    """A ledger, its chain and what can be done there."""

    ledger: EVMLedger

    def mine(self) -> None:
        raise NotImplementedError

    def do(self, call: LedgerCall, who: Account) -> Receipt:
        """Carry out a call and return where, as a receipt of no token."""
        transaction = self.ledger.prepare(call, who, self.ledger.next_nonce(who.address))
        self.ledger.send(transaction)
        self.mine()
        outcome = self.ledger.outcome(transaction.hash)
        assert outcome is not None
        assert outcome.succeeded, outcome.error
        identity = self.ledger.identity
        root = call.root if isinstance(call, AnchorCall) else assemble([(LIN.address, Digest.of(b""))]).root
        return Receipt(identity.chain_id, identity.genesis, identity.contract, 0, root, transaction.hash, outcome.block)

    def anchor(self, *certificates: tuple[Account, Certificate]) -> list[Bundle]:
        batch = assemble((studio.address, certificate.digest) for studio, certificate in certificates)
        first_lot = self.ledger.next_lot()
        call = AnchorCall(batch.root, len(batch.leaves), first_lot, batch.allotments)
        receipt, bundles = self.do(call, ANCHORER), []
        for _, certificate in certificates:
            place = batch.leaves.index(certificate.digest)
            mine = replace(receipt, token_id=batch.token_id(place, first_lot))
            bundles.append(Bundle(certificate, batch.inclusion(place), (mine,)))
        return bundles

    def hand_over(self, bundle: Bundle, holder: Account, to: Account, key: Account | None = None) -> None:
        token, key, identity = bundle.receipts[0].token_id, key or Account.generate()[0], self.ledger.identity
        holding = self.ledger.holding(token, self.ledger.head())
        assert holding is not None
        release, claim = Release(token, key.address, holding.nonce), Claim(token, to.address, holding.nonce)
        signatures = holder.sign_message(identity, release), key.sign_message(identity, claim)
        self.do(ClaimCall(release, signatures[0], claim, signatures[1]), ANCHORER)

    def policy(self, *predecessors: House) -> TrustPolicy:
        return TrustPolicy(self.ledger.identity, (), predecessors=tuple(p.ledger.identity for p in predecessors))


class Village(House):
    """The embedded ledger of a village, 200 days ago."""

    def __init__(self, folder: Path) -> None:
        self.path, self.now = folder / "chain.db", int(time.time()) - 200 * DAY
        self.open()
        people = {"admin": ADMIN.address, "steward": STEWARD.address, "anchorer": ANCHORER.address}
        self.ledger = deploy(self.provider, ADMIN, base_uri="https://x/", wait=self.mine, **people)  # type: ignore[arg-type]

    def open(self) -> None:
        people = (ADMIN, STEWARD, ANCHORER, LIN, CHEN, BUYER)
        self.chain = EmbeddedChain(self.path, funded=[p.address for p in people], clock=lambda: self.now)
        self.provider = EmbeddedProvider(self.chain)

    def reopen(self) -> None:
        self.open()
        self.ledger = EVMLedger(self.provider, self.ledger.identity.contract, self.ledger.identity)

    def mine(self) -> None:
        self.now += 1
        self.chain.seal()


class City(House):
    """A public chain, where the successor is."""

    def __init__(self, provider: BoundedHTTPProvider, predecessor: Deployment) -> None:
        self.node = Node(provider)
        for account in (ADMIN, STEWARD, ANCHORER, IMPORTER, LIN):
            self.node.request("anvil_setBalance", str(account.address), hex(10**20))
        self.ledger = deploy(
            provider,
            ADMIN,
            admin=ADMIN.address,
            steward=STEWARD.address,
            anchorer=ANCHORER.address,
            base_uri="https://x/",
            importer=IMPORTER.address,
            predecessor=predecessor,
            wait=self.mine,
        )

    def mine(self) -> None:
        self.node.request("evm_increaseTime", 1)
        self.node.request("evm_mine")


def signed(
    signer: Signer, title: str, issuer: Issuer = ISSUER, *, serial: Serial | None = None, replaces: Digest | None = None
) -> Certificate:
    piece = Piece(serial or Serial.random(), {"en": title})
    return issue(piece, issuer, signer, status_entry=StatusEntry(LIST_ID, 1), now=NOW, replaces=replaces)


def used(village: Village) -> dict[str, Bundle]:
    """Let the village live, and return the bundles of its pieces."""
    do, ledger = village.do, village.ledger
    lin, later, chen = (P256Signer.generate() for _ in range(3))
    do(AccreditCall(LIN.address, ISSUER.did, ISSUER.name), STEWARD)
    do(AddKeyCall(LIN.address, lin.public_key.multikey_bytes), STEWARD)
    do(AccreditCall(CHEN.address, OTHER_ISSUER.did, OTHER_ISSUER.name), STEWARD)
    do(AddKeyCall(CHEN.address, chen.public_key.multikey_bytes), STEWARD)
    names = ("lost", "inherited", "amended", "revoked", "plain")
    batch = [(LIN, signed(lin, name)) for name in names] + [(CHEN, signed(chen, "held", OTHER_ISSUER))]
    pieces = dict(zip((*names, "held"), village.anchor(*batch), strict=True))
    tokens = {name: bundle.receipts[0].token_id for name, bundle in pieces.items()}

    village.now += 10 * DAY
    village.hand_over(pieces["lost"], LIN, BUYER)
    village.hand_over(pieces["inherited"], LIN, CHEN)
    village.hand_over(pieces["inherited"], CHEN, BUYER)
    newer = signed(
        lin, "amended", serial=pieces["amended"].certificate.piece.serial, replaces=pieces["amended"].certificate.digest
    )
    amend = AmendOrder(tokens["amended"], newer.digest, LIN.address, 0, 0)
    do(RelayAmendCall(amend, LIN.sign_message(ledger.identity, amend)), ANCHORER)
    pieces["amended"] = replace(pieces["amended"], amendments=(newer,))
    do(SetStatusCall(tokens["revoked"], Status.REVOKED), STEWARD)
    do(SetStatusCall(tokens["held"], Status.ON_HOLD), STEWARD)

    village.now += 5 * DAY
    do(ShortenKeyCall(LIN.address, lin.public_key.key_id, ledger.head().time), STEWARD)
    do(AccreditCall(LIN.address, ISSUER.did, "林家新窑"), STEWARD)
    do(AddKeyCall(LIN.address, later.public_key.multikey_bytes), STEWARD)
    do(SuspendCall(CHEN.address), STEWARD)
    do(SetExemptionCall(tokens["held"], PAID.address), STEWARD)
    renamed = Issuer(ISSUER.base_url, ISSUER.slug, "林家新窑")
    (pieces["retired"],) = village.anchor((LIN, signed(later, "retired", renamed)))
    (pieces["stolen key"],) = village.anchor((LIN, signed(lin, "stolen key", renamed)))
    do(ProposeControllerCall(LIN.address, CONTROLLER.address), STEWARD)
    lost = HolderOrder(HolderAction.REPORT_LOST, tokens["lost"], 1)
    do(HolderOrderCall(lost, BUYER.sign_message(ledger.identity, lost)), ANCHORER)

    village.now += 8 * DAY
    retire = StatusOrder(pieces["retired"].receipts[0].token_id, Status.RETIRED, LIN.address, 1, 0)
    do(RelayStatusCall(retire, CONTROLLER.sign_message(ledger.identity, retire)), ANCHORER)
    do(ProposeRecoveryCall(tokens["inherited"], HEIR.address), STEWARD)
    return pieces


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    village = Village(tmp_path)
    yield village
    village.chain.close()


def summary(verdict: Verdict) -> tuple[object, ...]:
    findings = [(finding.check, finding.code) for finding in verdict.findings]
    facts = (verdict.token_id, verdict.studio, verdict.holder, verdict.newest)
    return verdict.outcome, verdict.reason, findings, facts, set(verdict.advisories) - {"imported"}


def test_a_used_ledger_moves_through_kills_and_loses_nothing(village: Village) -> None:
    pieces = used(village)
    old, final = village.ledger, village.ledger.head()
    before = {name: Verifier(village.policy(), old).verify(bundle) for name, bundle in pieces.items()}
    assert [v.reason for v in before.values()] == [
        "authentic", "authentic", "authentic", "revoked", "authentic", "held-by-guild", "authentic", "key-not-valid"
    ]  # fmt: skip
    named = Deployment(old.identity.contract, old.identity.chain_id, final.number)
    with nodes.anvil() as provider:
        city = City(provider, named)
        village.chain.close()
        killed = move_through_kills(village, city, provider, final.number)
        assert killed >= 3
        village.reopen()
        old, new = village.ledger, EVMLedger(provider, city.ledger.identity.contract, importing=True)
        assert list(resume(old, final, new)) == []
        assert compare(old, final, new, new.head()) == []
        city.do(SealCall(), IMPORTER)
        assert compare(old, final, new, new.head()) == []

        # Every verdict, anchor time and holder survives, under the old policy and under the new one.
        for name, bundle in pieces.items():
            again = Verifier(village.policy(), old).verify(bundle)
            moved = Verifier(city.policy(village), new).verify(bundle)
            assert summary(again) == summary(moved) == summary(before[name]), name
            assert "imported" in moved.advisories
            assert "imported" not in again.advisories
            key = bundle.certificate.public_key.key_id
            records = old.record(bundle.receipts[0].token_id, key, final), new.record(
                bundle.receipts[0].token_id, key, new.head()
            )  # fmt: skip
            assert records[0] == records[1], name
            assert Verifier(city.policy(), new).verify(bundle).reason == "foreign-ledger"

        for call in live_recoveries(old, final):
            city.do(call, STEWARD)
        city.node.request("evm_increaseTime", 31 * DAY)
        city.mine()
        live_on(city, pieces)


def move_through_kills(village: Village, city: City, provider: BoundedHTTPProvider, final: int) -> int:
    """Let a process move the ledger, killed again and again, and return how often it was."""
    url = provider.url
    contracts = [str(house.ledger.identity.contract) for house in (village, city)]
    command = [sys.executable, str(ROOT / "tests/conformance/moving_child.py"), str(village.path), url, *contracts]
    command += [SECRET.hex(), str(final)]
    environment, dice, killed = {**os.environ, "PYTHONPATH": str(ROOT)}, random.Random(), 0
    while True:
        # With every kill the process gets a little further; at last it is left alone.
        lines = dice.randrange(1, 18) if killed < 5 else 10_000
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for _ in range(lines):
                if not child.stdout.readline():
                    break
            else:
                child.send_signal(signal.SIGKILL)
        if child.returncode == 0:
            return killed
        assert child.returncode == -signal.SIGKILL
        killed += 1


def live_on(city: City, pieces: dict[str, Bundle]) -> None:
    """Hold that the successor goes on where the village ended."""
    ledger = city.ledger
    plain, inherited = pieces["plain"], pieces["inherited"]
    city.hand_over(plain, CONTROLLER, HEIR)  # The controller's change came into force in the village.
    city.do(ExecuteRecoveryCall(inherited.receipts[0].token_id), LIN)
    for bundle in (plain, inherited):
        holding = ledger.holding(bundle.receipts[0].token_id, ledger.head())
        assert holding is not None
        assert holding.holder == HEIR.address
    with pytest.raises(LedgerError, match="StudioIsSuspended"):
        city.hand_over(pieces["held"], CHEN, HEIR)
    city.hand_over(pieces["held"], CHEN, BUYER, PAID)
    signer = P256Signer.generate()
    city.do(AddKeyCall(LIN.address, signer.public_key.multikey_bytes), STEWARD)
    renamed = Issuer(ISSUER.base_url, ISSUER.slug, "林家新窑")
    (native,) = city.anchor((LIN, signed(signer, "native", renamed)))
    verdict = Verifier(city.policy(), ledger).verify(native)
    assert (verdict.outcome, verdict.advisories) == (Outcome.AUTHENTIC, ())


def test_the_largest_import_fits_a_transaction(village: Village) -> None:
    named = Deployment(village.ledger.identity.contract, village.ledger.identity.chain_id, 1)
    village.ledger = deploy(
        village.provider,
        ADMIN,
        admin=ADMIN.address,
        steward=STEWARD.address,
        anchorer=ANCHORER.address,
        base_uri="https://x/",
        importer=ADMIN.address,
        predecessor=named,
        wait=village.mine,
    )
    then = datetime(2020, 1, 1, tzinfo=UTC)
    share = Allotment(LIN.address, MAX_PIECES)
    for call in (
        SetClockCall(then, 1),
        AccreditCall(LIN.address, ISSUER.did, ISSUER.name),
        AnchorCall(Root(b"r" * 32), MAX_PIECES, 1, (share,)),
    ):
        village.do(call, ADMIN)
    # Everything that can be said of a piece, and a new holder for each: no slot is written before.
    amendment = AmendmentRecord(Digest(b"\xff" * 32), datetime(2100, 1, 1, tzinfo=UTC), 2**31)
    pieces = tuple(
        ImportedPiece(
            make_token_id(1, index),
            Address(bytes([0xFF]) * 19 + bytes([index])),
            2**63,
            Status.RETIRED,
            True,
            *(datetime(2100, 1, 1, tzinfo=UTC),) * 2,
            amendment,
        )
        for index in range(MAX_PIECES)
    )
    transaction = village.ledger.prepare(ImportPiecesCall(pieces), ADMIN, village.ledger.next_nonce(ADMIN.address))
    village.ledger.send(transaction)
    village.mine()
    outcome = village.ledger.outcome(transaction.hash)
    assert outcome is not None
    assert outcome.succeeded, outcome.error
    assert outcome.gas_used < 0.98 * MAX_GAS, outcome.gas_used
