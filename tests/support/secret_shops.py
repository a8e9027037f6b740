"""A studio's workshop at a running registry, whose secret codes are printed by the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provenance.claim_key import SecretCode
from provenance.evm.accounts import Account
from provenance.printing.readback import read_sheet
from provenance.serial import Serial
from provenance_cli import main
from provenance_cli.files import write_file
from provenance_cli.workshop import Workshop
from tests.support.registries import ROOT, RunningRegistry

_KILLED = """
import os, signal, sys
import provenance.tag
from provenance_cli import hand_over_client, main, private_file, secret_codes, secret_store
provenance.tag.is_public_host = lambda base_url: True
owner, name = {"asked": (secret_codes, "cancel"),
               "cancelled": (secret_codes, "draw"),
               "before": (hand_over_client.HandOverClient, "keep_releases"),
               "between": (private_file.PrivateFile, "fill"),
               "after": (secret_store.SecretStore, "mark_printed")}[sys.argv[1]]
setattr(owner, name, lambda *given, **named: os.kill(os.getpid(), signal.SIGKILL))
main.run(sys.argv[2:])
"""


class SecretShop:
    """An accredited studio with anchored pieces."""

    def __init__(
        self, folder: Path, registry: RunningRegistry, slug: str, capsys: pytest.CaptureFixture[str], pieces: int = 2
    ) -> None:
        self.folder, self.registry, self._capsys = folder, registry, capsys
        self.path = folder / "shop"
        write_file(folder / "passphrase", b"four words of mine\n")
        write_file(folder / "steward.key", bytes(registry.steward._account.key).hex().encode())
        write_file(folder / "policy.json", registry.policy.to_bytes())
        given = ("--registry", registry.base_url, "--name", "Sample Studio", "--slug", slug)
        self.done("init", self.path, *given)
        self.done("studio", "apply")
        steward = ("--key-file", folder / "steward.key", "--policy", folder / "policy.json")
        self.done("studio", "accredit", self.path / "application.json", *steward)
        for number in range(pieces):
            self.done("piece", "add", "--title", f"青花小杯 {number + 1}")
        self.done("sign")
        self.done("submit", "--wait")
        self.done("ledger", "pin", registry.base_url)

    @property
    def options(self) -> list[str]:
        return ["--json", "-y", "--lang", "en", "--passphrase-file", str(self.folder / "passphrase"),
                "-C", str(self.path)]  # fmt: skip

    def run(self, *arguments: object) -> tuple[int, Any, str]:
        """Return exit code, the JSON's value and what was said."""
        self._capsys.readouterr()
        code = main.run([*self.options, *map(str, arguments)])
        said = self._capsys.readouterr()
        assert code != 70, said.err
        return code, json.loads(said.out) if said.out else None, " ".join(said.err.split())

    def done(self, *arguments: object) -> Any:
        code, data, talk = self.run(*arguments)
        assert code == 0, talk
        return data

    def killed(self, moment: str, *arguments: object) -> None:
        """Run a command that kills itself at a moment: once it was `asked` for, once the codes there were are
        `cancelled`, `before` the releases go out, `between` that and the sheet, or `after` it.
        """
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "cli", ROOT / "registry")))}
        command = [sys.executable, "-c", _KILLED, moment, *self.options, *map(str, arguments)]
        dead = subprocess.run(command, env=environment, capture_output=True, timeout=120)
        assert dead.returncode == -signal.SIGKILL, dead.stderr.decode()

    @property
    def workshop(self) -> Workshop:
        return Workshop.open(self.path)

    @property
    def serials(self) -> list[Serial]:
        return [piece.serial for piece in self.workshop.store.pieces()]

    def token(self, serial: Serial) -> int:
        return int(self.registry.client.verdict(serial)["tokenId"])

    @property
    def sheet(self) -> Path:
        return self.path / "out" / "seals.pdf"

    def codes(self, path: Path | None = None) -> dict[Serial, SecretCode]:
        """Return the secret codes of a sheet, as a buyer's phone reads them."""
        found = [SecretCode.parse(text) for text in read_sheet((path or self.sheet).read_bytes())]
        return {code.serial: code for code in found}


def claim_account(code: SecretCode) -> Account:
    return Account.from_secret(code.private_key())
