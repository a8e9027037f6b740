"""The demo: the whole way of a piece, on this machine, with the same functions that the commands use.

Everything lives in one folder and can be killed and run again at any point: keys, port and addresses stay, and nothing
is signed or anchored twice.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from provenance.application import Application, Binding
from provenance.bundle import Bundle
from provenance.canonical import canonicalize, parse_canonical
from provenance.certificate import Issuer
from provenance.decoding import Decoder
from provenance.encoding import Digest
from provenance.errors import ConfigurationError, MalformedError, NotFoundError, UnreachableError
from provenance.evm.accounts import Account, account_of
from provenance.evm.ledger import EVMLedger
from provenance.keystore import Keystore, Unlocked
from provenance.piece import Piece
from provenance.printing.cards import print_cards
from provenance.printing.layouts import DEFAULT_LAYOUT, layout_named
from provenance.serial import Serial
from provenance.status import Status
from provenance.texts import headline
from provenance.verdict import Outcome, Verdict
from provenance.verify import Verifier
from provenance_cli.authenticity import authenticity_page, write_page
from provenance_cli.cards import card_of, label_of
from provenance_cli.client import RegistryClient
from provenance_cli.commands.cards import write_cards
from provenance_cli.commands.importing import read_pieces
from provenance_cli.commands.revoke import order_status
from provenance_cli.commands.sign import sign_pieces
from provenance_cli.commands.studio import accredit_on, read_application
from provenance_cli.commands.submit import tell_refused, wait_for_anchor
from provenance_cli.context import App
from provenance_cli.demo_photos import with_photos
from provenance_cli.files import write_file
from provenance_cli.i18n import _, later
from provenance_cli.intake import Fault
from provenance_cli.intake_report import tell_faults
from provenance_cli.ledgers import open_pinned
from provenance_cli.mapping import guess, read_mapping
from provenance_cli.named_files import send_photos
from provenance_cli.sending import submit_all
from provenance_cli.spreadsheet import read_sheet
from provenance_cli.store import Entry
from provenance_cli.tag_formats import Job, write_pdf
from provenance_cli.workshop import SETTINGS, Workshop

REGISTRY_NAME = "Kilnmark demo"
START_PATIENCE = 60.0
"""Seconds for the registry to start; the first start deploys the ledger."""
STEPS = (later("signing"), later("anchoring"), later("printing"), later("verifying"))
"""What is timed."""
OUTCOMES = (later("AUTHENTIC"), later("NOT_AUTHENTIC"), later("PENDING"), later("INCONCLUSIVE"), later("UNKNOWN"))
"""The words for outcomes."""
SACRIFICE = "demo:revoked"
"""Origin of the piece that the demo makes in order to revoke it."""


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


def sample_folder() -> Path:
    """Return the folder of sample pieces: in the installed package, or in the source tree."""
    here = Path(__file__).parent
    for folder in (here / "sample", here.parent.parent / "examples"):
        if folder.is_dir():
            return folder
    raise ConfigurationError("no-sample", "The sample pieces are not installed.", hint="Give a file with --data.")


class Demo:
    """One demo folder."""

    def __init__(self, app: App, folder: Path, *, lan: bool) -> None:
        self.app = app
        self.folder = folder
        self.lan = lan
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.base_url = f"http://{lan_address() if lan else '127.0.0.1'}:{self._port()}"
        self.client = RegistryClient(self.base_url)

    # --- setting up -------------------------------------------------------------------------------------------------

    def _port(self) -> int:
        path = self.folder / "port"
        if not path.exists():
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                write_file(path, str(probe.getsockname()[1]).encode())
        return int(path.read_text("ascii"))

    def _secret(self, name: str) -> str:
        """Return a random secret kept in a file that only its owner can read."""
        path = self.folder / name
        if not path.exists():
            write_file(path, secrets.token_hex(32).encode())
        return path.read_text("ascii")

    def steward(self) -> Account:
        """Return the steward's account; its key is no part of the registry's data."""
        return Account.from_secret(bytes.fromhex(self._secret("steward.key")))

    def start_registry(self) -> None:
        """Start the registry as a process of its own; it stops when this one ends, however it ends."""
        admin = Account.from_secret(bytes.fromhex(self._secret("admin.key")))
        environment = dict(os.environ) | {
            "KILNMARK_DATA": str(self.folder / "registry"),
            "KILNMARK_BASE_URL": self.base_url,
            "KILNMARK_HOST": "0.0.0.0" if self.lan else "127.0.0.1",  # noqa: S104 - only with --lan, which says so
            "KILNMARK_PORT": str(self._port()),
            "KILNMARK_NAME": REGISTRY_NAME,
            "KILNMARK_ADMIN": str(admin.address),
            "KILNMARK_STEWARD": str(self.steward().address),
            "KILNMARK_BATCH_AGE": "2",
            "KILNMARK_STOP_WITH_STDIN": "1",
        }
        deadline = time.monotonic() + START_PATIENCE
        log_path = self.folder / "registry.log"
        while True:
            if self.process is None or self.process.poll() is not None:
                if self.process is not None and time.monotonic() > deadline - START_PATIENCE / 2:
                    raise ConfigurationError(
                        "registry-failed",
                        "The registry does not start.",
                        hint="Its own words are in {log}.",
                        log=log_path,
                    )
                # An earlier registry may still be letting go of its files: a failed start is tried again.
                with log_path.open("ab") as log:
                    self.process = subprocess.Popen(
                        [sys.executable, "-m", "provenance_registry"],
                        env=environment,
                        stdin=subprocess.PIPE,
                        stdout=log,
                        stderr=log,
                        **_own_group(),
                    )
            with contextlib.suppress(UnreachableError):
                if self.client.ready().get("status") == "ready":
                    return
            if time.monotonic() > deadline:
                raise ConfigurationError(
                    "registry-failed",
                    "The registry does not become ready.",
                    hint="Its own words are in {log}.",
                    log=log_path,
                )
            time.sleep(0.1)

    def stop_registry(self) -> None:
        """Stop the registry and wait until it has let go."""
        if self.process is not None and self.process.poll() is None:
            if self.process.stdin is not None:
                self.process.stdin.close()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.terminate()
                self.process.wait(20)

    def workshop(self) -> tuple[Workshop, Unlocked]:
        """Return the demo's workshop, made where it is not, and its open keys."""
        folder = self.folder / "workshop"
        passphrase = self._secret("passphrase")
        if (folder / SETTINGS).exists():
            workshop = Workshop.open(folder)
            if workshop.issuer.base_url != self.base_url:
                raise ConfigurationError(
                    "other-address",
                    "This demo folder was made for {url}.",
                    hint="Certificates hold their registry's address: use another folder with --dir.",
                    url=workshop.issuer.base_url,
                )
        else:
            folder.mkdir(exist_ok=True)
            issuer = Issuer(self.base_url, "sample-studio", "示例工作室 Sample Studio")
            workshop = Workshop.create(folder, issuer, "zh-Hans")
        if not workshop.keystore_path.exists():
            Keystore.create(workshop.keystore_path, passphrase, self.app.lang, account_of)
        return workshop, workshop.keystore().unlock(passphrase)

    def accredit(self, workshop: Workshop, unlocked: Unlocked, ledger: EVMLedger) -> None:
        """Let the studio apply and the steward accredit it, unless that was done."""
        account = Account.from_seed(unlocked.seed)
        with contextlib.suppress(NotFoundError):
            entry = self.client.studio(account.address)
            if entry["keys"]:
                return
        binding = Binding(workshop.issuer, unlocked.signer.public_key, account.address)
        path = self.folder / "application.json"
        write_file(path, Application.sign(binding, unlocked.signer, account.sign_binding).to_bytes())
        accredit_on(ledger, read_application(path), self.steward())

    def require_readable(self) -> None:
        """Require that this version can read what the folder's workshop holds; raises `ConfigurationError`."""
        if not (self.folder / "workshop" / SETTINGS).exists():
            return
        try:
            store = Workshop.open(self.folder / "workshop").store
            store.pieces()
            store.certificates(("signed", "submitted", "anchored"))
        except MalformedError:
            raise ConfigurationError(
                "older-folder",
                "The demo's folder {folder} is of an earlier version, whose records have another form.",
                hint="Delete it, it holds nothing but the demo; or name another with --dir.",
                folder=self.folder,
            ) from None

    # --- the way of a piece -------------------------------------------------------------------------------------------

    def enter(self, workshop: Workshop, data: Path | None) -> list[Fault]:
        """Enter the sample, or the pieces of `data`; return what was wrong with rows, if anything."""
        samples = sample_folder()
        museum = samples / "museum-porcelain.csv.map.toml"
        faults = list[Fault]()
        for path in [data] if data else [samples / "museum-porcelain.csv", samples / "studio-firing.csv"]:
            sheet = read_sheet(path)
            try:
                columns = read_mapping(museum, sheet.headings)
            except MalformedError:
                columns = guess(sheet.headings)
            intake = read_pieces(workshop, path, sheet, columns)
            entries = intake.entries if data else with_photos(workshop, intake.entries)
            workshop.store.add_pieces(entries)
            faults += intake.faults
        extra = Piece(Serial.random(), {"zh-Hans": "将作废的小杯", "en": "A cup to be revoked"}, height_mm=52)
        workshop.store.add_pieces([Entry(extra, SACRIFICE)])
        return faults


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


def lan_address() -> str:
    """Return this machine's address in its network; nothing is sent to find it out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # A documentation address: UDP connects without a packet.
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _own_group() -> dict[str, Any]:
    """Keep the terminal's Ctrl-C from the registry: the demo stops it in order."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def dumps(result: Result) -> dict[str, Any]:
    """Return the result for ``--json``."""
    return json.loads(json.dumps({name: getattr(result, name) for name in Result.__slots__}))  # type: ignore[no-any-return]
