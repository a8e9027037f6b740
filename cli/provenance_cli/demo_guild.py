"""The demo's guild: a registry, a steward and a workshop in one folder, kept from run to run."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from provenance.application import Application, Binding
from provenance.certificate import Issuer
from provenance.errors import ConfigurationError, MalformedError, NotFoundError, UnreachableError
from provenance.evm.accounts import Account, account_of
from provenance.evm.ledger import EVMLedger
from provenance.keystore import Keystore, Unlocked
from provenance.piece import Piece
from provenance.serial import Serial
from provenance_cli.client import RegistryClient
from provenance_cli.commands.importing import read_pieces
from provenance_cli.commands.studio import accredit_on, read_application
from provenance_cli.context import App
from provenance_cli.demo_photos import with_photos
from provenance_cli.files import write_file
from provenance_cli.intake import Fault
from provenance_cli.mapping import guess, read_mapping
from provenance_cli.spreadsheet import read_sheet
from provenance_cli.store import Entry
from provenance_cli.workshop import SETTINGS, Workshop

REGISTRY_NAME = "Kilnmark demo"
START_PATIENCE = 60.0
"""Seconds for the registry to start; the first start deploys the ledger."""
SACRIFICE = "demo:revoked"
"""Origin of the piece that the demo makes in order to revoke it."""


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


def sample_folder() -> Path:
    """Return the folder of sample pieces: in the installed package, or in the source tree."""
    here = Path(__file__).parent
    for folder in (here / "sample", here.parent.parent / "examples"):
        if folder.is_dir():
            return folder
    raise ConfigurationError("no-sample", "The sample pieces are not installed.", hint="Give a file with --data.")


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
