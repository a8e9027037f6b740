"""A ledger on the embedded chain whose every byte is the same each time: fixed keys, fixed times, fixed randomness.

The contract runs, and whatever is told of it is its answer.  What is random elsewhere (the genesis block's own data,
the deployment id) is drawn here from the story's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

from provenance.batch import assemble
from provenance.bundle import Bundle, Receipt
from provenance.certificate import Certificate, Issuer, StatusEntry
from provenance.encoding import Address, Digest
from provenance.evm.accounts import Account
from provenance.evm.deploy import deploy
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.evm.fees import fees
from provenance.evm.ledger import EVMLedger
from provenance.handover import Claim, Release
from provenance.issue import issue
from provenance.keys import Ed25519Signer, P256Signer, Signer
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    AnchorCall,
    ClaimCall,
    Deployment,
    LedgerCall,
    ReportLostCall,
    SetStatusCall,
    ShortenKeyCall,
)
from provenance.piece import Piece
from provenance.serial import Serial
from provenance.status import Status

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
REGISTRY = "https://registry.example"
LIST_ID = "0123456789ab"
ROLES = ("deployer", "admin", "steward", "anchorer", "importer", "relayer", "idler", "buyer", "heir")


def secret(name: str) -> bytes:
    """Return a secret that protects nothing."""
    return hashlib.sha256(f"kilnmark stories: {name}".encode()).digest()


def account(name: str) -> Account:
    return Account.from_secret(secret(f"account of {name}"))


def p256(name: str) -> P256Signer:
    return P256Signer.from_secret(secret(f"key of {name}"))


def ed25519(name: str) -> Ed25519Signer:
    return Ed25519Signer.from_secret(secret(f"key of {name}"))


@dataclass(frozen=True)
class Studio:
    """A studio with its account and its certificate key."""

    slug: str
    name: str
    account: Account
    signer: Signer

    @property
    def issuer(self) -> Issuer:
        return Issuer(REGISTRY, self.slug, self.name)

    @property
    def address(self) -> Address:
        return self.account.address


@dataclass
class Numbers:
    """Serials and places in the status list, counted through all stories of one file."""

    given: int = 0

    def serial(self) -> Serial:
        self.given += 1
        body = f"{self.given:012}"
        return Serial(body + Serial.check_symbol(body))


@dataclass
class Story:
    """A deployed ledger and its people; every deed is mined into a block of its own unless done `together`."""

    name: str
    numbers: Numbers = field(default_factory=Numbers)
    start: datetime = START
    predecessor: Deployment | None = None

    def __post_init__(self) -> None:
        self.now = int(self.start.timestamp())
        self.studios: dict[str, Studio] = {}
        self.people = {role: account(role) for role in ROLES}
        drawn = iter(range(1_000))

        def draw(length: int = 32) -> bytes:
            return hashlib.sha256(f"{self.name} {next(drawn)}".encode()).digest()[:length]

        with patch("secrets.token_bytes", draw):
            funded = [person.address for person in self.people.values()]
            funded += [account(f"studio {number}").address for number in range(64)]
            self.chain = EmbeddedChain(Path(":memory:"), funded=funded, clock=lambda: self.now)
            self.provider = EmbeddedProvider(self.chain)
            self.ledger: EVMLedger = deploy(
                self.provider,
                self.people["deployer"],
                admin=self.people["admin"].address,
                steward=self.people["steward"].address,
                anchorer=self.people["anchorer"].address,
                base_uri=f"{REGISTRY}/tokens/",
                importer=None if self.predecessor is None else self.people["importer"].address,
                predecessor=self.predecessor,
                wait=self._seal,
            )

    def _seal(self) -> None:
        self.now += 1
        self.chain.seal()

    def later(self, **amount: float) -> None:
        self.now += int(timedelta(**amount).total_seconds())

    @property
    def time(self) -> datetime:
        """The time of the newest block."""
        return self.ledger.head().time

    # --- deeds ----------------------------------------------------------------------------------------------------

    def do(self, call: LedgerCall, who: Account | str = "steward") -> None:
        self.together((call, who))

    def together(self, *deeds: tuple[LedgerCall, Account | str]) -> None:
        """Have deeds of different people mined into one block, in their order."""
        signers = [self.people[who] if isinstance(who, str) else who for _, who in deeds]
        for first, second in pairwise(signers):  # The chain takes them in the order of their nonces.
            while self.ledger.next_nonce(second.address) < self.ledger.next_nonce(first.address):
                self.idle(1, second)
        sent = []
        for (call, _), signer in zip(deeds, signers, strict=True):
            transaction = self.ledger.prepare(call, signer, self.ledger.next_nonce(signer.address))
            self.ledger.send(transaction)
            sent.append(transaction.hash)
        self._seal()
        outcomes = [self.ledger.outcome(transaction) for transaction in sent]
        assert all(outcome is not None and outcome.succeeded for outcome in outcomes), outcomes
        assert len({outcome.block for outcome in outcomes if outcome is not None}) == 1

    def idle(self, blocks: int, who: Account | None = None) -> None:
        """Mine blocks in which nothing happens but that somebody pays himself nothing."""
        idler = who or self.people["idler"]
        for _ in range(blocks):
            transaction = idler.sign_transaction(
                {
                    "type": 2,
                    "chainId": self.ledger.identity.chain_id,
                    "nonce": self.ledger.next_nonce(idler.address),
                    "to": idler.address.value,
                    "value": 0,
                    "data": "0x",
                    "gas": 21_000,
                    **fees(self.ledger.contract.node),
                }
            )
            self.ledger.send(transaction)
            self._seal()

    # --- studios and pieces ---------------------------------------------------------------------------------------

    def apply(self, slug: str, name: str, make: Callable[[str], Signer] = p256) -> Studio:
        """Return a studio that is not accredited yet."""
        made = Studio(slug, name, account(f"studio {len(self.studios)}"), make(slug))
        self.studios[slug] = made
        return made

    def accredit(self, studio: Studio) -> None:
        self.do(AccreditCall(studio.address, studio.issuer.did, studio.name))

    def add_key(self, studio: Studio, signer: Signer | None = None) -> None:
        self.do(AddKeyCall(studio.address, (signer or studio.signer).public_key.multikey_bytes))

    def shorten(self, studio: Studio, end: datetime, signer: Signer | None = None) -> None:
        self.do(ShortenKeyCall(studio.address, (signer or studio.signer).public_key.key_id, end))

    def studio(self, slug: str, name: str, make: Callable[[str], Signer] = p256) -> Studio:
        """Return a studio with its key on the ledger."""
        made = self.apply(slug, name, make)
        self.accredit(made)
        self.add_key(made)
        return made

    def piece(self, title: str = "青花梅瓶", **facts: Any) -> Piece:
        facts.setdefault("serial", self.numbers.serial())
        facts.setdefault("height_mm", 312)
        return Piece(title={"zh-Hans": title, "en": "Meiping"}, **facts)

    def sign(
        self,
        studio: Studio,
        piece: Piece | None = None,
        *,
        signer: Signer | None = None,
        issuer: Issuer | None = None,
        replaces: Digest | None = None,
        now: datetime | None = None,
    ) -> Certificate:
        piece = piece or self.piece()
        entry = StatusEntry(LIST_ID, self.numbers.given)
        moment = now or datetime.fromtimestamp(self.now, UTC)
        issuer = issuer or studio.issuer
        return issue(piece, issuer, signer or studio.signer, status_entry=entry, now=moment, replaces=replaces)

    def anchor(
        self, *shares: tuple[Studio, Certificate], with_: tuple[LedgerCall, Account | str] | None = None
    ) -> list[Bundle]:
        """Anchor certificates in one batch, each in its studio's lot; return their bundles in the order given."""
        batch = assemble((studio.address, certificate.digest) for studio, certificate in shares)
        first = self.ledger.next_lot()
        call = AnchorCall(batch.root, len(batch.leaves), first, batch.allotments)
        self.together((call, "anchorer"), *(() if with_ is None else (with_,)))
        block, at, bundles = self.ledger.head(), self.ledger.identity, []
        evidence = self.ledger.anchor_evidence(batch.root, block.hash)
        assert evidence is not None
        for _, certificate in shares:
            place = batch.leaves.index(certificate.digest)
            token_id = batch.token_id(place, first)
            receipt = Receipt(
                at.chain_id, at.genesis, at.contract, token_id, batch.root, evidence.transaction, evidence.block
            )
            bundles.append(Bundle(certificate, batch.inclusion(place), (receipt,)))
        return bundles

    def made(self, studio: Studio, count: int = 1, **facts: Any) -> list[Bundle]:
        """Sign and anchor pieces in one batch."""
        return self.anchor(*((studio, self.sign(studio, self.piece(**facts))) for _ in range(count)))

    # --- what becomes of a piece ------------------------------------------------------------------------------------

    def set_status(self, bundle: Bundle, status: Status, who: Account | str = "steward") -> None:
        self.do(SetStatusCall(bundle.receipts[0].token_id, status), who)

    def report_lost(self, bundle: Bundle, holder: Account) -> None:
        self.do(ReportLostCall(bundle.receipts[0].token_id), holder)

    def hand_over(self, bundle: Bundle, holder: Account, heir: Address) -> None:
        """Have `holder` release a piece and its claim key name `heir`."""
        token_id, at = bundle.receipts[0].token_id, self.ledger.identity
        holding = self.ledger.holding(token_id, self.ledger.head())
        assert holding is not None
        claim_key = account(f"claim key of {token_id}")
        release, claim = Release(token_id, claim_key.address, holding.nonce), Claim(token_id, heir, holding.nonce)
        signatures = holder.sign_message(at, release), claim_key.sign_message(at, claim)
        self.do(ClaimCall(release, signatures[0], claim, signatures[1]), "relayer")
