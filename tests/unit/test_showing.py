"""What `kilnmark verify` shows fits in a terminal, in both languages, whatever a verdict says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.ledger import SuspendCall
from provenance.policy import TrustPolicy, identity_from_json
from provenance.status import Status
from provenance.testimony import ExportedRecord
from provenance.verdict import ADVISORIES, CODES, Finding, Outcome, Verdict
from provenance.verify import Verifier
from provenance_cli import i18n
from provenance_cli.columns import width
from provenance_cli.context import App
from provenance_cli.showing import WIDTH, show_verdict
from tests.support.scene import OTHER, STEWARD, STUDIO, Scene
from tests.support.spellings import LEDGER

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    i18n.use("en")


def shown(
    verdict: Verdict,
    capsys: Capture,
    lang: str = "en",
    studio: str = "林家窑",
    *,
    verbose: bool = False,
) -> str:
    i18n.use(lang)
    show_verdict(App(lang=lang), verdict, "青花缠枝莲纹梅瓶", studio, verbose=verbose)
    return capsys.readouterr().out


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
@pytest.mark.parametrize("code", CODES)
def test_every_line_fits(code: str, lang: str, capsys: Capture) -> None:
    scene = Scene()
    said = scene.verify(scene.piece())
    outcome = CODES[code].outcome or Outcome.AUTHENTIC
    reason = code if CODES[code].outcome else "authentic"
    details = dict.fromkeys(ADVISORIES, "0x" + "ab" * 20 + ", chain 1")
    finding = Finding(CODES[code].check, code, "a detail of many words, " * 5)
    verdict = replace(
        said, outcome=outcome, reason=reason, findings=(finding,), advisories=tuple(ADVISORIES), details=details
    )
    for verbose in (False, True):
        lines = shown(verdict, capsys, lang, verbose=verbose).splitlines()
        assert max(map(width, lines)) <= WIDTH, max(lines, key=width)
        assert sum(line.startswith("  ! ") for line in lines) == len(ADVISORIES)


def test_only_the_long_form_tells_against_what_was_checked(capsys: Capture) -> None:
    scene = Scene()
    verdict = scene.verify(scene.piece())
    assert "Held against" not in shown(verdict, capsys)
    long = " ".join(shown(verdict, capsys, verbose=True).split())
    assert long.count("Held against: ") == 9
    assert "Held against: the token's status on the ledger." in long
    assert f"block {scene.ledger.head().number}" in long
    assert "以账本上的状态为准" in shown(verdict, capsys, "zh-Hans", verbose=True)


def test_the_holder_is_told(capsys: Capture) -> None:
    scene = Scene()
    verdict = scene.verify(scene.piece())
    assert "Holder  the studio, 林家窑" in shown(verdict, capsys)
    assert "Holder  the studio\n" in shown(verdict, capsys, studio="")
    assert "持有者  工作室 林家窑" in shown(verdict, capsys, "zh-Hans")
    assert f"Holder  {OTHER.address}" in shown(replace(verdict, holder=OTHER.address), capsys)


def test_who_set_a_status_and_when_is_told_while_it_counts(capsys: Capture) -> None:
    scene = Scene()
    bundle = scene.piece()
    scene.set_status(bundle, Status.ON_HOLD, STEWARD)
    held = scene.verify(bundle)
    text = shown(held, capsys)
    assert "Status  on hold, set by the guild, 2026-11-02 08:00:" in text
    assert "→ Ask the guild." in text
    assert "Status  on hold, set 2026-11-02" in shown(replace(held, by_steward=None), capsys)
    scene.set_status(bundle, Status.RETIRED, STEWARD)
    assert "Status  broken or gone, set by the guild, 2026" in shown(scene.verify(bundle), capsys)
    scene.set_status(bundle, Status.ACTIVE, STEWARD)
    text = shown(scene.verify(bundle), capsys)
    assert "Status  " not in text
    assert text.count("Genuine record") == 1
    scene.set_status(bundle, Status.REVOKED)
    assert "Status  revoked, set by the studio, 2026-11-02" in shown(scene.verify(bundle), capsys)


def test_testimony_is_told_as_such(capsys: Capture) -> None:
    scene = Scene()
    bundle = scene.piece()
    scene.do(SuspendCall(STUDIO.address), STEWARD)
    head = scene.ledger.head()
    record = scene.ledger.record(bundle.receipts[0].token_id, bundle.certificate.public_key.key_id, head)
    assert record is not None
    told = replace(ExportedRecord.of(record, head), status=Status.REVOKED, lost_since=head.time)
    verdict = Verifier(scene.policy, None).verify(replace(bundle, as_exported=told))
    text = shown(verdict, capsys)
    for line in (
        "As this file says of 2026-11-02 08:00:", "nobody has verified it", "Status                revoked",
        "Studio at the anchor  in good standing", "Studio on that day    not in good standing", "Reported lost",
    ):  # fmt: skip
        assert line in text
    assert "无人核实" in shown(verdict, capsys, "zh-Hans")
    assert "As this file says" not in shown(scene.verify(replace(bundle, as_exported=told)), capsys)


def test_a_new_policy_that_has_fewer_nodes_agree_says_so(capsys: Capture, tmp_path: Path) -> None:
    from provenance_cli.commands.ledger.basics import publish

    identity = identity_from_json(LEDGER)
    nodes = ("https://one.example", "https://two.example")
    before = TrustPolicy(identity, nodes, agreeing=2)
    for policy, told in ((TrustPolicy(identity, nodes[:1]), True), (before, False)):
        publish(App(), policy, tmp_path / "policy.json", before)
        assert ("KILNMARK_AGREEING" in capsys.readouterr().err) is told
