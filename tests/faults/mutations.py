"""Can the verifier be fooled?  A hundred thousand seeded changes of bundles, certificates, proofs and receipts.

    python -m tests.faults.mutations [--trials 100000] [--seed 1] [--json]

Every changed bundle is read and verified against a ledger that was really played (`tests.support.played`).  It is a
fault where one is AUTHENTIC whose essence is not that of a genuine bundle, exactly; where one that was asked for under
a piece's serial is AUTHENTIC for another piece; where a bundle of a genuine essence is called anything worse; and where
anything but a `ProvenanceError` is raised.  The exit code is 1 then, and the trials are printed in full.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import cycle

from provenance.bundle import Bundle, InclusionProof, Receipt
from provenance.canonical import canonicalize, parse_canonical
from provenance.certificate import Certificate
from provenance.encoding import Digest
from provenance.errors import ProvenanceError
from provenance.serial import Serial
from provenance.verdict import Outcome
from provenance.verify import Verifier
from tests.faults.mutators import MUTATORS, Draw, Mutator
from tests.support.played import PHOTO, Played, Shown, play

TRIALS = 100_000
OFFLINE = 0.2
"""The share of trials that are looked at without a ledger too, where nothing may vouch, no testimony either."""
PARTS = ("a certificate's bytes", "an inclusion proof's bytes", "a receipt's bytes")
COLUMNS = ("NOT_AUTHENTIC", "INCONCLUSIVE", "PENDING", "AUTHENTIC", "refused")


@dataclass
class Tally:
    """What came of all trials."""

    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    reasons: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)
    """Why changed bundles may be AUTHENTIC."""
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def trials(self) -> int:
        """How many changed bundles were looked at."""
        return sum(counter.total() for counter in self.outcomes.values())


class Run:
    """Trials over one played history."""

    def __init__(self, played: Played, seed: int) -> None:
        self.played, self.chance, self.tally = played, random.Random(seed), Tally()
        self._offline = Verifier(played.policy, None)
        self._genuine = played.genuine()
        self._photos = {Digest.of(PHOTO): PHOTO}
        self._kinds: dict[str, Callable[[Draw], Bundle]] = {
            name: partial(_read, mutate) for name, mutate in MUTATORS.items()
        }
        self._kinds |= dict(zip(PARTS, (self._certificate, self._inclusion, self._receipt), strict=True))

    def go(self, trials: int) -> Tally:
        """Carry out `trials` trials, as many of each kind, and tell what came of them."""
        started = time.perf_counter()
        self.unchanged()
        for kind in cycle(self._kinds):  # A kind may have nothing to change here: the next one comes all the same.
            if self.tally.trials >= trials:
                break
            self.trial(kind)
        self.tally.seconds = time.perf_counter() - started
        return self.tally

    def unchanged(self) -> None:
        """Hold every bundle as it is against what must come of it: what is not a trial, and not to be believed else."""
        for shown in self.played.shown:
            verdict = self.played.verifier.verify(shown.bundle)
            if (verdict.outcome, verdict.reason) != (shown.outcome, shown.reason):
                said = f"{verdict.outcome.value}, {verdict.reason}"
                self.tally.faults.append(f"“{shown.name}”, unchanged: {said} and not {shown.outcome.value}")

    def trial(self, kind: str) -> None:
        """Change one bundle in one way, unless chance left it as it was."""
        draw = self._draw()
        try:
            bundle = self._kinds[kind](draw)
            if bundle == draw.shown.bundle:
                return  # Nothing changed: no trial.
        except _UnchangedError:
            return
        except ProvenanceError as error:
            self._count(kind, "refused")
            self.tally.errors[error.code] += 1
            return
        except Exception:
            self._count(kind, "raised")
            self._fault(kind, draw, traceback.format_exc(), draw.data.decode())
            return
        self._verify(kind, draw, bundle)

    def _verify(self, kind: str, draw: Draw, bundle: Bundle) -> None:
        asked = self.chance.choice((None, draw.shown.bundle.certificate.piece.serial))
        photos = self.chance.choice((None, None, {}, self._photos))
        base_url = self.chance.choice((None, draw.shown.bundle.certificate.issuer.base_url))
        try:
            verdict = self.played.verifier.verify(bundle, serial=asked, photos=photos, base_url=base_url)
        except Exception:
            self._count(kind, "raised")
            self._fault(kind, draw, traceback.format_exc(), bundle.to_bytes().decode())
            return
        if self.chance.random() < OFFLINE and self._offline.verify(bundle).outcome is Outcome.AUTHENTIC:
            self._fault(kind, draw, "authentic without a ledger", bundle.to_bytes().decode())
        self._count(kind, verdict.outcome.value.upper().replace("-", "_").replace(" ", "_"))
        self.tally.reasons[verdict.reason] += 1
        wrong = self._judge(bundle, verdict.outcome, asked)
        if wrong:
            self._fault(kind, draw, wrong, bundle.to_bytes().decode())
        elif verdict.outcome is Outcome.AUTHENTIC:
            self.tally.same[self._why(draw.shown.bundle, bundle)] += 1

    def _why(self, before: Bundle, after: Bundle) -> str:
        """Return in what a bundle of a genuine essence differs from the one that was changed."""
        if after.certificate != before.certificate:
            return "it is another genuine bundle now, whole"
        if self.played.essence(before) not in self._genuine:
            return "what was false in it is mended"
        if (after.amendments, after.inclusion) != (before.amendments, before.inclusion):
            return "its proof or corrections are those of its other genuine form"
        if after.receipts == before.receipts:
            return "only members for people differ: `exported`, testimony"
        if self.played.essence(after) != self.played.essence(before):
            return "its anchor is named as the predecessor's or as this ledger's, both true"
        if self.played.counting(after) == self.played.counting(before):
            return "only receipts differ that do not count"
        return "a predecessor's receipt names another transaction or block hash"

    def _judge(self, bundle: Bundle, outcome: Outcome, asked: Serial | None) -> str:
        """Return what is wrong with the outcome, or nothing."""
        essence = self.played.essence(bundle)
        genuine = essence is not None and essence in self._genuine
        same = asked in (None, bundle.certificate.piece.serial)
        if outcome is Outcome.AUTHENTIC and not genuine:
            return "authentic, and no genuine bundle"
        if outcome is Outcome.AUTHENTIC and not same:
            return "authentic, and another piece than the one asked for"
        if outcome is not Outcome.AUTHENTIC and genuine and same:
            return f"a genuine bundle, and {outcome.value}"
        return ""

    def _draw(self) -> Draw:
        shown = self.chance.choice(self.played.shown)
        issuer = shown.bundle.certificate.issuer
        kin = [item for item in self.played.shown if item is not shown and item.bundle.certificate.issuer == issuer]
        strangers = [item for item in self.played.shown if item.bundle.certificate.issuer != issuer]
        return Draw(self.chance, self.played, shown, self._one(kin), self._one(strangers))

    def _one(self, items: list[Shown]) -> Shown:
        return self.chance.choice(items or self.played.shown)

    def _count(self, kind: str, outcome: str) -> None:
        self.tally.outcomes[kind][outcome] += 1

    def _fault(self, kind: str, draw: Draw, what: str, bundle: str) -> None:
        number = self.tally.trials
        self.tally.faults.append(f"trial {number}, {kind}, of “{draw.shown.name}”: {what}\n  {bundle}")

    # --- single parts, changed as bytes and put back ---------------------------------------------------------------

    def _certificate(self, draw: Draw) -> Bundle:
        data = draw.shown.bundle.certificate.data
        return replace(draw.shown.bundle, certificate=Certificate.from_bytes(_noise(draw, data)))

    def _inclusion(self, draw: Draw) -> Bundle:
        proof = draw.shown.bundle.inclusion
        if proof is None:
            raise _UnchangedError
        data = _noise(draw, canonicalize(proof.to_json()))
        return replace(draw.shown.bundle, inclusion=InclusionProof.from_json(parse_canonical(data, limit=65_536)))

    def _receipt(self, draw: Draw) -> Bundle:
        receipts = draw.shown.bundle.receipts
        if not receipts:
            raise _UnchangedError
        data = _noise(draw, canonicalize(receipts[0].to_json()))
        changed = Receipt.from_json(parse_canonical(data, limit=65_536))
        return replace(draw.shown.bundle, receipts=(changed, *receipts[1:]))


class _UnchangedError(Exception):
    """The bundle has nothing of the kind to change."""


def _read(mutate: Mutator, draw: Draw) -> Bundle:
    data = mutate(draw)
    if data == draw.data:
        raise _UnchangedError
    return Bundle.from_bytes(data)


def _noise(draw: Draw, data: bytes) -> bytes:
    """Change some bytes so that much of it still reads: a digit for a digit, a letter for a letter, or anything."""
    chance, changed = draw.chance, bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(changed))
        symbol = changed[at]
        alike = next((group for group in (b"0123456789", b"abcdef", b"ghijkxyzGHJKXYZ") if symbol in group), b"")
        if alike and chance.random() < 0.8:
            changed[at] = chance.choice(alike)
        else:
            changed[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
    return bytes(changed)


def table(tally: Tally) -> str:
    """Return the tally for a person."""
    width = max(map(len, tally.outcomes)) + 1
    lines = [f"{'kind of change':<{width}}{'trials':>8}" + "".join(f"{name:>15}" for name in COLUMNS)]
    total = Counter[str]()
    for kind, counter in tally.outcomes.items():
        total += counter
        lines.append(f"{kind:<{width}}{counter.total():>8,}" + "".join(f"{counter[name]:>15,}" for name in COLUMNS))
    lines.append(f"{'all':<{width}}{total.total():>8,}" + "".join(f"{total[name]:>15,}" for name in COLUMNS))
    for title, counts in (
        ("reasons of verdicts", tally.reasons),
        ("why AUTHENTIC after a change", tally.same),
        ("errors by code", tally.errors),
    ):
        lines += ["", title, *(f"  {code:<72}{count:>8,}" for code, count in counts.most_common())]
    lines += ["", f"{tally.trials:,} trials in {tally.seconds:.1f} s, {len(tally.faults)} faults",
              "AUTHENTIC stands only where the changed bundle has exactly the essence of a genuine one: certificates,",
              "proof and anchor as the ledger has them."]  # fmt: skip
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Change bundles at random and see whether the verifier is fooled.")
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    tally = Run(play(options.seed), options.seed).go(options.trials)
    if options.json:
        names = ("seconds", "faults", "outcomes", "reasons", "same", "errors")
        told = {"trials": tally.trials, **{name: getattr(tally, name) for name in names}}
        print(json.dumps(told))
    else:
        print(table(tally))
        for fault in tally.faults[:20]:
            print("FAULT", fault, file=sys.stderr)
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
