"""A studio, a simulated ledger and anchored pieces, in microseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from provenance.batch import assemble
from provenance.bundle import Bundle, Receipt
from provenance.certificate import Certificate, Issuer, StatusEntry
from provenance.encoding import Address, Digest
from provenance.issue import issue
from provenance.keys import P256Signer, Signer
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    AmendCall,
    AnchorCall,
    LedgerCall,
    SetStatusCall,
)
from provenance.piece import Photo, Piece
from provenance.policy import TrustPolicy
from provenance.serial import Serial
from provenance.status import Status
from provenance.testing.memory import MemoryLedger
from provenance.verdict import Verdict
from provenance.verify import Verifier

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
LIST_ID = "0123456789ab"


@dataclass(frozen=True)
class Person:
    """Somebody with an address."""

    address: Address


def person(number: int) -> Person:
    return Person(Address(bytes([number]) * 20))


STEWARD, ANCHORER, STUDIO, OTHER = person(1), person(2), person(3), person(4)
ISSUER = Issuer("https://registry.kilnmark.test", "lin", "林家窑")
OTHER_ISSUER = Issuer("https://registry.kilnmark.test", "chen", "陈家窑")


@dataclass
class Scene:
    """A ledger with one accredited studio; `piece` makes, signs and anchors."""

    ledger: MemoryLedger = field(
        default_factory=lambda: MemoryLedger(steward=STEWARD.address, anchorer=ANCHORER.address, now=NOW)
    )
    signer: Signer = field(default_factory=P256Signer.generate)
    confirmations: int = 1
    index: int = 0
    accredited: bool = True

    def __post_init__(self) -> None:
        if self.accredited:
            self.accredit(STUDIO, ISSUER, self.signer)

    def do(self, call: LedgerCall, who: Person) -> None:
        transaction = self.ledger.prepare(call, who, self.ledger.next_nonce(who.address))
        self.ledger.send(transaction)
        self.ledger.mine()
        outcome = self.ledger.outcome(transaction.hash)
        assert outcome is not None
        assert outcome.succeeded, outcome.error

    def accredit(self, studio: Person, issuer: Issuer, signer: Signer) -> None:
        self.do(AccreditCall(studio.address, issuer.did, issuer.name), STEWARD)
        self.do(AddKeyCall(studio.address, signer.public_key.multikey_bytes), STEWARD)

    def later(self, **amount: float) -> None:
        self.ledger.now += timedelta(**amount)

    def sign(
        self,
        title: str = "青花梅瓶",
        *,
        signer: Signer | None = None,
        issuer: Issuer = ISSUER,
        serial: Serial | None = None,
        photos: tuple[Photo, ...] = (),
        replaces: Digest | None = None,
        now: datetime = NOW,
        list_id: str = LIST_ID,
    ) -> Certificate:
        piece = Piece(serial or Serial.random(), {"zh-Hans": title, "en": "Meiping"}, height_mm=312, photos=photos)
        self.index += 1
        entry = StatusEntry(list_id, self.index)
        return issue(piece, issuer, signer or self.signer, status_entry=entry, now=now, replaces=replaces)

    def anchor(self, *certificates: Certificate, studio: Person = STUDIO) -> list[Bundle]:
        """Anchor certificates in one batch and return their bundles, in the order given."""
        batch = assemble((studio.address, certificate.digest) for certificate in certificates)
        first_lot = self.ledger.next_lot()
        call = AnchorCall(batch.root, len(batch.leaves), first_lot, batch.allotments)
        transaction = self.ledger.prepare(call, ANCHORER, self.ledger.next_nonce(ANCHORER.address))
        self.ledger.send(transaction)
        self.ledger.mine()
        outcome = self.ledger.outcome(transaction.hash)
        assert outcome is not None
        assert outcome.succeeded
        identity, bundles = self.ledger.identity, []
        for certificate in certificates:
            place = batch.leaves.index(certificate.digest)
            receipt = Receipt(
                identity.chain_id,
                identity.genesis,
                identity.contract,
                batch.token_id(place, first_lot),
                batch.root,
                transaction.hash,
                outcome.block,
            )
            bundles.append(Bundle(certificate, batch.inclusion(place), (receipt,)))
        return bundles

    def piece(self, title: str = "青花梅瓶") -> Bundle:
        """Sign and anchor one piece among five."""
        return self.anchor(*(self.sign(title) for _ in range(5)))[2]

    def set_status(self, bundle: Bundle, status: Status, who: Person = STUDIO) -> None:
        self.do(SetStatusCall(bundle.receipts[0].token_id, status), who)

    def amend(self, bundle: Bundle, amendment: Certificate) -> None:
        self.do(AmendCall((bundle.receipts[0].token_id,), (amendment.digest,)), STUDIO)

    @property
    def policy(self) -> TrustPolicy:
        return TrustPolicy(self.ledger.identity, (), self.confirmations)

    def verify(
        self, bundle: Bundle, serial: Serial | None = None, photos: dict[Digest, bytes] | None = None
    ) -> Verdict:
        return Verifier(self.policy, self.ledger).verify(bundle, serial=serial, photos=photos)
