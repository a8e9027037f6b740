"""The demo: the whole way of a piece, on this machine, with the same functions that the commands use.

Everything lives in one folder and can be killed and run again at any point: keys, port and addresses stay, and nothing
is signed or anchored twice.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from provenance.bundle import Bundle
from provenance.canonical import canonicalize, parse_canonical
from provenance.decoding import Decoder
from provenance.encoding import Digest
from provenance.evm.accounts import Account
from provenance.evm.ledger import EVMLedger
from provenance.keystore import Unlocked
from provenance.printing.cards import print_cards
from provenance.printing.layouts import DEFAULT_LAYOUT, layout_named
from provenance.status import Status
from provenance.texts import headline
from provenance.verdict import Outcome, Verdict
from provenance.verify import Verifier
from provenance_cli.authenticity import authenticity_page, write_page
from provenance_cli.cards import card_of, label_of
from provenance_cli.commands.cards import write_cards
from provenance_cli.commands.revoke import order_status
from provenance_cli.commands.sign import sign_pieces
from provenance_cli.commands.submit import tell_refused, wait_for_anchor
from provenance_cli.context import App
from provenance_cli.demo_guild import Demo
from provenance_cli.files import write_file
from provenance_cli.i18n import _, later
from provenance_cli.intake_report import tell_faults
from provenance_cli.ledgers import open_pinned
from provenance_cli.named_files import send_photos
from provenance_cli.sending import submit_all
from provenance_cli.tag_formats import Job, write_pdf
from provenance_cli.workshop import Workshop

STEPS = (later("signing"), later("anchoring"), later("printing"), later("verifying"))
"""What is timed."""
OUTCOMES = (later("AUTHENTIC"), later("NOT_AUTHENTIC"), later("PENDING"), later("INCONCLUSIVE"), later("UNKNOWN"))
"""The words for outcomes."""


@dataclass(slots=True)
class Result:
    """What the demo measured."""

    pieces: int = 0
    authentic: int = 0
    others: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    gas: float = 0.0
    sheet: str = ""
    card: str = ""
    certificate: str = ""
    pages: int = 0
    url: str = ""
    tampered: str = ""
    revoked: str = ""

    @contextlib.contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measure how long something takes."""
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


def run(demo: Demo, data: Path | None, result: Result) -> None:
    """Go the whole way, telling each step; fill `result`."""
    app = demo.app
    step = _Steps(app)
    demo.require_readable()
    step(_("Starting a registry with its own ledger in this machine"))
    demo.start_registry()
    workshop, unlocked = demo.workshop()
    policy = demo.client.policy()
    write_file(workshop.policy_path, policy.to_bytes() + b"\n")
    ledger = open_pinned(policy)
    step(_("The studio applies; the steward accredits it and its key on the ledger"))
    demo.accredit(workshop, unlocked, ledger)
    step(_("Entering the pieces of the spreadsheet, and one more, which is revoked in the end"))
    tell_faults(app, demo.enter(workshop, data))
    with result.timed("signing"), app.progress(len(workshop.store.pieces(unsigned=True)), _("Signing")) as advance:
        signed = sign_pieces(workshop, workshop.store.pieces(unsigned=True), unlocked.signer, app, advance)
    step(_("Signing certificates, offline"), f"{signed:,} · {result.seconds['signing']:.2f} s")
    with result.timed("anchoring"):
        with app.progress(signed, _("Submitting")) as advance:
            refused = submit_all(workshop, demo.client, advance)
        tell_refused(app, refused)
        tell_refused(app, send_photos(workshop, demo.client, app)[1])
        wait_for_anchor(workshop, demo.client, app)
    step(_("Submitting them; the registry anchors them in batches"), f"{result.seconds['anchoring']:.2f} s")
    items = workshop.store.certificates(("anchored",))
    sacrifice = next(item for item in items if item.certificate.piece.title.get("en") == "A cup to be revoked")
    kept = [item for item in items if item is not sacrifice]
    shown = next((item for item in kept if item.certificate.piece.photos), kept[0])
    result.pieces = len(kept)
    result.sheet = str(demo.folder / "tags.pdf")
    with result.timed("printing"), app.progress(len(kept), _("Printing")) as advance:
        labels = [label_of(item.certificate, app.lang, demo=True) for item in kept]
        report = write_pdf(Job(labels, layout_named(DEFAULT_LAYOUT), app.clock()), Path(result.sheet), advance)
    result.pages = report.pages
    result.card = str(demo.folder / "boxcard.pdf")
    card = card_of(shown.certificate, app.lang, demo=True)
    write_cards([card], Path(result.card), app, lambda number: None, partial(print_cards, size="A7"))
    step(_("Printing tags, every code read back"), f"{len(labels):,} · {result.seconds['printing']:.2f} s")
    with result.timed("verifying"), app.progress(len(kept), _("Verifying")) as advance:
        verifier = Verifier(policy, ledger)
        for item in kept:
            verdict = verifier.verify(Bundle.from_bytes(item.bundle or b""), serial=item.certificate.piece.serial)
            if verdict.outcome is Outcome.AUTHENTIC:
                result.authentic += 1
            else:
                result.others[verdict.reason] = result.others.get(verdict.reason, 0) + 1
            advance(1)
    step(
        _("Verifying every one against the ledger, not the registry's word"),
        _("{n:,} AUTHENTIC").format(n=result.authentic) + f" · {result.seconds['verifying']:.2f} s",
    )
    result.certificate = print_certificate(demo, workshop, shown.bundle or b"", verifier)
    result.gas = gas_a_piece(ledger, [Bundle.from_bytes(item.bundle or b"") for item in items])
    sample = shown.certificate.piece
    result.url = f"{demo.base_url}/P/{sample.serial.compact}"
    answered = demo.client.verdict(sample.serial)["outcome"]
    step(_("The registry's page on {serial} says").format(serial=sample.serial), _(str(answered)))
    verdict = verifier.verify(tampered(shown.bundle or b""))
    result.tampered = verdict.outcome.value
    step(_("A certificate with one letter changed is refused"), _in_short(verdict, app.lang))
    revoked = revoke(demo, ledger, unlocked, verifier, sacrifice.bundle or b"")
    result.revoked = revoked.outcome.value
    step(_("A certificate that the studio revoked is named"), _in_short(revoked, app.lang))


class _Steps:
    def __init__(self, app: App) -> None:
        self._app, self._number = app, 0

    def __call__(self, text: str, outcome: str = "") -> None:
        self._number += 1
        line = _("{number:>2}. {step}: {outcome}.") if outcome else _("{number:>2}. {step}.")
        self._app.say(line.format(number=self._number, step=text, outcome=outcome))


def _in_short(verdict: Verdict, language: str) -> str:
    return _("{outcome} ({why})").format(outcome=_(verdict.outcome.value), why=headline(verdict, language).lower())


def tampered(data: bytes) -> Bundle:
    """Return the bundle with one letter of the title changed, as a forger would."""
    members: dict[str, Any] = parse_canonical(data, limit=len(data))
    title = members["certificate"]["credentialSubject"]["title"]
    language = next(iter(title))
    title[language] = title[language][:-1] + ("x" if not title[language].endswith("x") else "y")
    return Bundle.from_bytes(canonicalize(members))


def revoke(demo: Demo, ledger: EVMLedger, unlocked: Unlocked, verifier: Verifier, data: bytes) -> Verdict:
    """Revoke the piece that was made for it, unless that was done, and return the verdict on it."""
    bundle = Bundle.from_bytes(data)
    verdict = verifier.verify(bundle)
    if verdict.outcome is Outcome.AUTHENTIC:
        account = Account.from_seed(unlocked.seed)
        order_status(demo.client, ledger, account, bundle.receipts[0].token_id, Status.REVOKED)
        verdict = verifier.verify(bundle)
    return verdict


def print_certificate(demo: Demo, workshop: Workshop, data: bytes, verifier: Verifier) -> str:
    """Write the certificate of authenticity of a piece and return its path; empty where its record is not genuine."""

    def photo(digest: Digest) -> bytes:
        return workshop.photo_path(digest).read_bytes()

    bundle = Bundle.from_bytes(data)
    verdict = verifier.verify(bundle, serial=bundle.certificate.piece.serial)
    if verdict.outcome is not Outcome.AUTHENTIC:
        return ""
    path = demo.folder / "certificate.pdf"
    with Decoder() as decoder:
        page = authenticity_page(bundle, data, verdict, demo.app.lang, photo, decoder, demo=True)
    write_page(page, path, demo.app.clock())
    return str(path)


def gas_a_piece(ledger: EVMLedger, bundles: list[Bundle]) -> float:
    """Return the mean gas of a piece over the anchors of `bundles`."""
    leaves, gas = 0, 0
    for transaction, size in {(b.receipts[0].transaction, b.inclusion.size) for b in bundles if b.inclusion}:
        outcome = ledger.outcome(transaction)
        if outcome is not None:
            leaves, gas = leaves + size, gas + outcome.gas_used
    return gas / leaves if leaves else 0.0


def dumps(result: Result) -> dict[str, Any]:
    """Return the result for ``--json``."""
    return json.loads(json.dumps({name: getattr(result, name) for name in Result.__slots__}))  # type: ignore[no-any-return]
