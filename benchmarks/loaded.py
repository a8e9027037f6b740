"""A registry under load: a real process on the embedded ledger, filled with certificates of an accredited studio."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx

from benchmarks import sample
from provenance.certificate import Issuer, StatusEntry
from provenance.errors import UnreachableError
from provenance.evm.accounts import Account
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.ledger import AccreditCall, AddKeyCall
from provenance.serial import Serial
from provenance_cli.client import RegistryClient
from provenance_cli.ledgers import open_pinned, send_and_wait
from provenance_cli.workshop import new_list_id

ROOT = Path(__file__).resolve().parents[1]
LINES, LIST_PLACES = 1_000, 100_000
"""Certificates in one request, and in one status list."""


class LoadedRegistry:
    """A registry process in `folder`; what it is filled with is anchored in batches of `batch_size`.

    `database` is the address of an empty PostgreSQL database, ``None`` for a file of SQLite.
    """

    def __init__(self, folder: Path, batch_size: int, database: str | None = None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.client = RegistryClient(self.base_url)
        self._steward = Account.generate()[0]
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KILNMARK_")},
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "cli"), str(ROOT / "registry")]),
            "KILNMARK_DATA": str(folder / "registry"),
            "KILNMARK_PORT": str(self.port),
            "KILNMARK_ADMIN": str(self._steward.address),
            "KILNMARK_STEWARD": str(self._steward.address),
            "KILNMARK_BATCH_SIZE": str(batch_size),
            "KILNMARK_BATCH_AGE": "3",
            "KILNMARK_STOP_WITH_STDIN": "1",
            **({} if database is None else {"KILNMARK_DATABASE": database}),
        }
        self._log = folder / "registry.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LoadedRegistry:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "provenance_registry"],
                env=self._environment, stdin=subprocess.PIPE, stdout=log, stderr=log,
            )  # fmt: skip
        self._wait(self._ready)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(60)

    def fill(self, count: int) -> list[Serial]:
        """Sign, submit and anchor `count` pieces; return their serials."""
        issuer = Issuer(self.base_url, "sample-studio", sample.ISSUER.name)
        signer, account = P256Signer.generate(), Account.generate()[0]
        ledger = open_pinned(self.client.policy())
        send_and_wait(ledger, AccreditCall(account.address, issuer.did, issuer.name), self._steward)
        send_and_wait(ledger, AddKeyCall(account.address, signer.public_key.multikey_bytes), self._steward)
        key = f"{self.base_url}/api/v1/keys/{signer.public_key.key_id}"
        self._wait(lambda: httpx.get(key).status_code == 200)
        serials, list_id = list[Serial](), new_list_id()
        for start in range(0, count, LINES):
            if start % LIST_PLACES == 0:
                list_id = new_list_id()
            lines = list[bytes]()
            for place, piece in enumerate(sample.museum_pieces(min(LINES, count - start))):
                entry = StatusEntry(list_id, start % LIST_PLACES + place)
                certificate = issue(piece, issuer, signer, status_entry=entry, now=datetime.now(UTC))
                lines.append(certificate.data)
                serials.append(piece.serial)
            self.client.submit(lines)
        self._wait(lambda: f'kilnmark_certificates{{state="anchored"}} {count}\n' in self._metrics(), 36_000)
        if self.get(serials[-1])["outcome"] != "AUTHENTIC":
            raise RuntimeError(f"the pieces are not authentic: {self.get(serials[-1])}")
        return serials

    def get(self, serial: Serial) -> dict[str, object]:
        """Return the registry's answer about a piece."""
        answer: dict[str, object] = httpx.get(f"{self.base_url}/api/v1/pieces/{serial}").json()
        return answer

    def cpu(self) -> float:
        """Return the seconds of CPU that the process has had, in all its threads."""
        if self._process is None:
            raise RuntimeError("the registry does not run")
        fields = Path(f"/proc/{self._process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Return the most memory that the process has had, in MiB."""
        if self._process is None:
            raise RuntimeError("the registry does not run")
        status = Path(f"/proc/{self._process.pid}/status").read_text("utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1_024

    def _metrics(self) -> str:
        return httpx.get(f"{self.base_url}/metrics").text

    def _ready(self) -> bool:
        try:
            return self.client.ready().get("status") == "ready"
        except UnreachableError:
            return False

    def _wait(self, done: Callable[[], bool], patience: float = 60.0) -> None:
        deadline = time.monotonic() + patience
        while not done():
            if time.monotonic() > deadline or (self._process is not None and self._process.poll() is not None):
                raise RuntimeError(self._log.read_text("utf-8", "replace"))
            time.sleep(0.2)
