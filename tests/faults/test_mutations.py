"""The verifier is not fooled; and the run that says so would notice if it were."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.ledger import SetStatusCall
from provenance.policy import TrustPolicy
from provenance.status import Status
from provenance.verdict import CODES, Outcome, Result
from provenance.verify import _Inquiry
from tests.faults.mutations import Run, table
from tests.faults.mutators import MUTATORS, places
from tests.support.chains import guild
from tests.support.played import Played, Shown, p256, play

SHORT = 3_000
GUARDS = (
    "altered", "not-included", "foreign-ledger", "not-on-ledger", "stale-receipt", "wrong-issuer", "wrong-key",
    "key-not-valid", "wrong-token", "bad-amendment", "amendment-void", "amendment-missing", "revoked", "on-hold",
    "not-confirmed", "not-anchored",
)  # fmt: skip
"""Codes whose check stands alone between some forgery and AUTHENTIC."""


@pytest.mark.parametrize("seed", [1, 2])
def test_no_changed_bundle_is_authentic_and_nothing_foreign_is_raised(seed: int) -> None:
    tally = Run(play(seed), seed).go(SHORT // 2)
    assert tally.faults == [], table(tally)
    assert tally.trials == SHORT // 2
    assert set(MUTATORS) <= set(tally.outcomes)
    total = {name for counter in tally.outcomes.values() for name in counter}
    assert {"NOT_AUTHENTIC", "INCONCLUSIVE", "PENDING", "AUTHENTIC", "refused"} <= total


@pytest.mark.parametrize("code", GUARDS)
def test_a_check_that_is_deaf_is_found_out(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check is broken in turn: it finds the fault, and says that it passed."""
    say = _Inquiry.say
    passed = next(name for name, row in CODES.items() if row.check is CODES[code].check and row.result is Result.PASSED)

    def deaf(self: _Inquiry, said: str, detail: str = "") -> bool:
        return say(self, passed if said == code else said, detail)

    monkeypatch.setattr(_Inquiry, "say", deaf)
    run = Run(play(3), 3)
    run.unchanged()
    # After these nothing else is reached, so that they alone make nothing authentic.
    word = "not-reached and not" if code in ("not-anchored", "foreign-ledger", "not-on-ledger") else "authentic and not"
    assert any(word in fault for fault in run.tally.faults), run.tally.faults
    assert CODES[code].result is not Result.PASSED


def test_the_same_seed_gives_the_same_trials() -> None:
    one, other = (Run(play(5), 5).go(200) for _ in range(2))
    assert (one.outcomes, one.reasons, one.errors) == (other.outcomes, other.reasons, other.errors)


def test_places_are_all_members() -> None:
    document = {"a": [{"b": 1}, "c"], "d": True}
    assert [container[key] for container, key in places(document, (str, int))] == [1, "c", True]


def test_on_the_embedded_chain(tmp_path: Path) -> None:
    with guild(tmp_path / "guild") as made:
        bundles = made.anchor(*(made.sign() for _ in range(5)))
        honest = made.signer
        made.signer = p256(99)
        forged = made.anchor(made.sign(), made.sign())[0]
        made.do(SetStatusCall(bundles[4].receipts[0].token_id, Status.REVOKED))
        keys = {"own": honest, "foreign": p256(99), **dict.fromkeys(("other", "retired", "ed25519", "future"), p256(7))}
        played = Played(TrustPolicy(made.ledger.identity, ()), made.ledger, dict(keys))
        played.shown += [Shown(f"honest {n}", bundles[n], Outcome.AUTHENTIC, "authentic") for n in range(4)]
        played.shown.append(Shown("revoked", bundles[4], Outcome.NOT_AUTHENTIC, "revoked"))
        played.shown.append(Shown("a foreign key", forged, Outcome.NOT_AUTHENTIC, "wrong-key"))
        tally = Run(played, 4).go(200)
        assert tally.faults == [], table(tally)
