"""Time is the ledger's: random timelines, and a model of what must come of each certificate, whatever date it bears."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import event, given, settings
from hypothesis import strategies as st

from provenance.bundle import Bundle
from provenance.certificate import Certificate, Issuer
from provenance.encoding import Address
from provenance.errors import LedgerError
from provenance.keys import Signer
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    AmendCall,
    LedgerCall,
    ReinstateCall,
    ShortenKeyCall,
    SuspendCall,
)
from provenance.verdict import Outcome, Verdict
from tests.support.played import p256
from tests.support.scene import ISSUER, NOW, OTHER_ISSUER, STEWARD, Person, Scene

STUDIOS = (Person(Address(b"\x31" * 20)), Person(Address(b"\x32" * 20)))
ISSUERS = (ISSUER, OTHER_ISSUER)
KEYS: tuple[Signer, ...] = tuple(p256(number) for number in range(11, 16))

KINDS = (
    "accredit", "key", "key", "anchor", "anchor", "anchor", "amend", "amend", "suspend", "reinstate", "retire",
    "compromise", "wait",
)  # fmt: skip
Happening = tuple[str, int, int, int]
USUAL = (0, 0, 0, 1, 1, 1, 2, 3, 4)
"""Studio 0 has key 0 from the start and studio 1 key 1; the others may come, or stay foreign."""
happenings = st.tuples(st.sampled_from(KINDS), st.integers(0, 1), st.sampled_from(USUAL), st.integers(0, 60))


def _long(seed: int) -> list[Happening]:
    chance = Random(seed)
    return [(chance.choice(KINDS), chance.randrange(2), chance.choice(USUAL), chance.randrange(61)) for _ in range(60)]


timelines: st.SearchStrategy[list[Happening]] = st.lists(happenings, max_size=40) | st.integers(0, 2**32).map(_long)


@dataclass
class Told:
    """What the model remembers of a piece: whose lot, which key, when anchored; and its corrections."""

    studio: int
    key: int
    anchored: datetime
    bundle: Bundle
    corrections: list[tuple[int, datetime, Certificate]] = field(default_factory=list)


@dataclass
class Model:
    """The guild's book, kept by hand: nothing in it reads the ledger's records or the verifier."""

    windows: dict[tuple[int, int], list[datetime | None]] = field(default_factory=dict)
    suspended: set[int] = field(default_factory=set)
    pieces: list[Told] = field(default_factory=list)

    def counts(self, studio: int, key: int, moment: datetime) -> bool:
        """Tell whether a studio's key counts at a moment, as far as is known today."""
        window = self.windows.get((studio, key))
        if window is None:
            return False
        start, end = window
        return start is not None and start <= moment and (end is None or moment < end)

    def expects(self, told: Told) -> tuple[Outcome, str]:
        """Return what must come of a piece that is shown with all its corrections."""
        if (told.studio, told.key) not in self.windows:
            return Outcome.NOT_AUTHENTIC, "wrong-key"
        if not self.counts(told.studio, told.key, told.anchored):
            return Outcome.NOT_AUTHENTIC, "key-not-valid"
        if told.corrections:
            key, moment, _ = told.corrections[-1]
            if not self.counts(told.studio, key, moment) and len(told.corrections) > 1:
                return Outcome.INCONCLUSIVE, "amendment-void"
        return Outcome.AUTHENTIC, "authentic"

    def advisories(self, told: Told) -> set[str]:
        """Return what must be said beside AUTHENTIC."""
        window = self.windows[told.studio, told.key]
        return (
            ({"key-retired"} if window[1] is not None else set())
            | ({"studio-suspended"} if told.studio in self.suspended else set())
            | ({self.correction(told)} if told.corrections else set())
        )

    def correction(self, told: Told) -> str:
        """Return what must be said of the newest correction."""
        key, moment, _ = told.corrections[-1]
        return "amended" if self.counts(told.studio, key, moment) else "amendment-not-counted"


class Timeline:
    """Lets things happen on a ledger and writes them into the model; what the ledger refuses did not happen."""

    def __init__(self) -> None:
        self.scene = Scene(accredited=False)
        self.model = Model()

    @property
    def now(self) -> datetime:
        return self.scene.ledger.head().time

    def do(self, call: LedgerCall, who: Person = STEWARD) -> bool:
        try:
            self.scene.do(call, who)
        except LedgerError:
            return False
        return True

    def happen(self, kind: str, studio: int, key: int, days: int) -> None:
        model, who, multikey = self.model, STUDIOS[studio], KEYS[key].public_key
        match kind:
            case "accredit":
                self.do(AccreditCall(who.address, ISSUERS[studio].did, ISSUERS[studio].name))
            case "key":
                if self.do(AddKeyCall(who.address, multikey.multikey_bytes)):
                    model.windows[studio, key] = [self.now, None]
            case "retire" | "compromise":
                end = self.now + timedelta(seconds=1) - timedelta(days=days if kind == "compromise" else 0)
                if self.do(ShortenKeyCall(who.address, multikey.key_id, end)):
                    model.windows[studio, key][1] = end
            case "suspend":
                if self.do(SuspendCall(who.address)):
                    model.suspended.add(studio)
            case "reinstate":
                if self.do(ReinstateCall(who.address)):
                    model.suspended.discard(studio)
            case "anchor":
                self.anchor(studio, key, NOW - timedelta(days=days))
            case "amend":
                self.amend(studio, key, days)
            case "wait":
                self.scene.later(days=days)

    def anchor(self, studio: int, key: int, dated: datetime, issuer: Issuer | None = None) -> Bundle | None:
        """Anchor a certificate that bears any date, with any key: the anchorer does not look."""
        issuer = issuer or ISSUERS[studio]
        certificate = self.scene.sign(signer=KEYS[key], issuer=issuer, now=dated)
        try:
            bundle = self.scene.anchor(certificate, studio=STUDIOS[studio])[0]
        except LedgerError:
            known = any(place == studio for place, _ in self.model.windows)
            assert studio in self.model.suspended or not known, "a studio in good standing was refused"
            return None
        assert studio not in self.model.suspended
        self.model.pieces.append(Told(studio, key, self.now, bundle))
        return bundle

    def amend(self, studio: int, key: int, place: int) -> None:
        """Record a correction signed with any key of the five, by the account of the piece's studio."""
        pieces = [told for told in self.model.pieces if told.studio == studio]
        if not pieces:
            return
        told = pieces[place % len(pieces)]
        previous = told.corrections[-1][2] if told.corrections else told.bundle.certificate
        serial = told.bundle.certificate.piece.serial
        correction = self.scene.sign("更正", signer=KEYS[key], issuer=ISSUERS[studio], serial=serial,
                                     replaces=previous.digest, now=NOW - timedelta(days=place))  # fmt: skip
        if self.do(AmendCall((told.bundle.receipts[0].token_id,), (correction.digest,)), STUDIOS[studio]):
            told.corrections.append((key, self.now, correction))

    def verify(self, told: Told) -> Verdict:
        return self.scene.verify(replace(told.bundle, amendments=tuple(item[2] for item in told.corrections)))


def played(timeline: list[Happening]) -> Timeline:
    made = Timeline()
    for studio in (0, 1):
        made.happen("accredit", studio, 0, 0)
        made.happen("key", studio, studio, 0)
    for happening in timeline:
        made.happen(*happening)
    return made


@given(timelines)
@settings(max_examples=150, deadline=None)
def test_every_certificate_comes_out_as_the_model_says(timeline: list[Happening]) -> None:
    made = played(timeline)
    for told in made.model.pieces:
        verdict = made.verify(told)
        expected = made.model.expects(told)
        event(expected[1])
        assert (verdict.outcome, verdict.reason) == expected
        if expected[0] is Outcome.AUTHENTIC:
            assert set(verdict.advisories) == made.model.advisories(told)


@given(timelines, timelines, st.integers(0, 400), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_stolen_key_and_an_old_date(
    before: list[Happening], after: list[Happening], days: int, suspended: bool
) -> None:
    """Whatever happened before and after: the thief's are never authentic, and what was anchored before stays so."""
    made = played([item for item in before if item[0] not in ("suspend", "retire", "compromise")])
    honest = [told for told in made.model.pieces if told.key == told.studio == 0 and not told.corrections]
    one = made.anchor(0, 0, NOW)
    assert one is not None
    honest.append(made.model.pieces[-1])
    assert all(made.verify(told).outcome is Outcome.AUTHENTIC for told in honest)
    made.scene.ledger.mine()
    stolen = made.now
    old = NOW - timedelta(days=days)
    thief = made.scene.sign("贼", signer=KEYS[0], now=old)
    alone = [
        Bundle(thief),
        replace(one, certificate=thief),
        *(replace(told.bundle, certificate=thief) for told in honest[:3]),
    ]
    assert all(made.scene.verify(bundle).outcome is not Outcome.AUTHENTIC for bundle in alone)
    forged = [made.anchor(0, 0, old), made.anchor(0, 0, NOW - timedelta(days=days))]
    made.scene.later(days=days)
    if suspended:
        made.happen("suspend", 0, 0, 0)
    assert made.do(ShortenKeyCall(STUDIOS[0].address, KEYS[0].public_key.key_id, stolen)), "the theft is reported"
    for happening in after:
        if happening[0] not in ("compromise", "retire", "amend"):
            made.happen(*happening)
    for bundle in (*alone, *filter(None, forged)):
        assert made.scene.verify(bundle).outcome is not Outcome.AUTHENTIC
    for told in honest:
        verdict = made.verify(told)
        assert verdict.outcome is Outcome.AUTHENTIC
        assert "key-retired" in verdict.advisories


@given(timelines)
@settings(max_examples=40, deadline=None)
def test_the_date_on_a_certificate_changes_nothing(timeline: list[Happening]) -> None:
    """The same timeline with every certificate dated a century earlier comes out the same."""
    one, other = played(timeline), Timeline()
    sign = other.scene.sign

    def earlier(*args: str, now: datetime = NOW, **kwargs: object) -> Certificate:
        made: Certificate = sign(*args, now=now - timedelta(days=36_500), **kwargs)  # type: ignore[arg-type]
        return made

    other.scene.sign = earlier  # type: ignore[method-assign]
    for studio in (0, 1):
        other.happen("accredit", studio, 0, 0)
        other.happen("key", studio, studio, 0)
    for happening in timeline:
        other.happen(*happening)
    outcomes = [[made.verify(told).reason for told in made.model.pieces] for made in (one, other)]
    assert outcomes[0] == outcomes[1]
