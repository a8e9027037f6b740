"""A registry as a process of its own, on the embedded ledger, on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx

from provenance.application import Application, Binding
from provenance.certificate import Certificate, Issuer, StatusEntry
from provenance.errors import UnreachableError
from provenance.evm.accounts import Account
from provenance.evm.ledger import EVMLedger
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.ledger import AccreditCall, AddKeyCall, LedgerCall
from provenance.piece import Photo, Piece
from provenance.policy import TrustPolicy
from provenance.serial import Serial
from provenance_cli.client import RegistryClient
from provenance_cli.ledgers import open_pinned, send_and_wait
from provenance_cli.workshop import new_list_id
from tests.support import forks
from tests.support.forks import ForkedProcess
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


class RunningRegistry:
    """One registry and its people."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder, self.settings = folder, settings
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.client = RegistryClient(self.base_url)
        self.admin, self.steward = Account.generate()[0], Account.generate()[0]
        self.process: subprocess.Popen[bytes] | ForkedProcess | None = None

    def start(self, *, wait: bool = True, forked: bool = True, **more: str) -> None:
        """Start it: forked from one that has loaded everything, which takes others seconds, or as users do."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KILNMARK_")},
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "cli"), str(ROOT / "registry")]),
            "KILNMARK_DATA": str(self.folder),
            "KILNMARK_PORT": str(self.port),
            "KILNMARK_ADMIN": str(self.admin.address),
            "KILNMARK_STEWARD": str(self.steward.address),
            "KILNMARK_BATCH_AGE": "0.2",
            "KILNMARK_STOP_WITH_STDIN": "1",
            **self.settings,
            **more,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.folder.parent / f"{self.folder.name}.log"
        server = forks.registries() if forked else None
        if server is None:
            with log.open("ab") as out:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "provenance_registry"],
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=out,
                    stderr=out,
                )
        else:
            self.process = ForkedProcess(server, {"environment": environment, "log": str(log)})
        if wait:
            self.wait_ready()

    @property
    def log(self) -> str:
        return (self.folder.parent / f"{self.folder.name}.log").read_text("utf-8", "replace")

    def written(self) -> dict[str, bytes]:
        """Return every file that it wrote, by its place, and its log as ``log``."""
        found = {"log": self.log.encode()}
        for path in self.folder.rglob("*"):
            with suppress(FileNotFoundError, IsADirectoryError):  # It may put a file away meanwhile.
                found[str(path)] = path.read_bytes()
        return found

    def wait_ready(self, patience: float = 120.0) -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, self.log
            try:
                if self.client.ready().get("status") == "ready":
                    return
            except UnreachableError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"not ready: {self.log}")

    def wait_alive(self, patience: float = 120.0) -> None:
        """Wait until it answers at all: one with an older database is not ready."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                self.client.about()
            except UnreachableError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"not alive: {self.log}")

    def stop(self) -> int:
        return self.wait_dead(120)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.wait_dead(120)

    def wait_dead(self, patience: float = 60.0, *, asked: bool = True) -> int:
        """Return the exit code; the registry is asked to stop unless it must die on its own."""
        process = self.process
        assert process is not None
        assert process.stdin is not None
        try:
            if not asked:
                process.wait(patience)
        finally:
            process.stdin.close()
        return process.wait(patience)

    @property
    def policy(self) -> TrustPolicy:
        return self.client.policy()

    def ledger(self) -> EVMLedger:
        return open_pinned(self.policy)

    def steward_does(self, call: LedgerCall) -> None:
        send_and_wait(self.ledger(), call, self.steward)


class Studio:
    """A studio at a registry, with its keys."""

    def __init__(self, registry: RunningRegistry, slug: str = "lin", name: str = "林家窑") -> None:
        self.registry = registry
        self.issuer = Issuer(registry.base_url, slug, name)
        self.signer = P256Signer.generate()
        self.account = Account.generate()[0]
        self.list_id, self.index = new_list_id(), 0

    def accredit(self) -> None:
        binding = Binding(self.issuer, self.signer.public_key, self.account.address)
        Application.sign(binding, self.signer, self.account.sign_binding)
        self.registry.steward_does(AccreditCall(self.account.address, self.issuer.did, self.issuer.name))
        self.registry.steward_does(AddKeyCall(self.account.address, self.signer.public_key.multikey_bytes))
        # The chain has it; the registry's index has it a moment later.
        url = f"{self.registry.base_url}/api/v1/keys/{self.signer.public_key.key_id}"
        deadline = time.monotonic() + 60
        while httpx.get(url, timeout=60, trust_env=False).status_code != 200:
            assert time.monotonic() < deadline, self.registry.log
            time.sleep(0.05)

    def sign(
        self, title: str = "青花梅瓶", serial: Serial | None = None, photos: tuple[Photo, ...] = ()
    ) -> Certificate:
        from datetime import UTC, datetime

        piece = Piece(serial or Serial.random(), {"zh-Hans": title}, height_mm=312, photos=photos)
        self.index += 1
        entry = StatusEntry(self.list_id, self.index)
        return issue(piece, self.issuer, self.signer, status_entry=entry, now=datetime.now(UTC))

    def submit(self, *certificates: Certificate) -> list[dict[str, object]]:
        return self.registry.client.submit([certificate.data for certificate in certificates])

    def wait_anchored(self, *certificates: Certificate, patience: float = 120.0) -> None:
        deadline = time.monotonic() + patience
        wanted = list(dict.fromkeys(certificate.digest for certificate in certificates))
        while time.monotonic() < deadline:
            states = self.registry.client.states(wanted)
            if len(states) == len(wanted) and {state for state, *_ in states.values()} == {"anchored"}:
                return
            time.sleep(0.05)
        told = Counter(state for state, *_ in self.registry.client.states(wanted).values())
        raise AssertionError(f"not anchored: {told} of {len(wanted)} {self.registry.log}")
