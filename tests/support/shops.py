"""A workshop folder and its command line, run in this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provenance_cli import main
from provenance_cli.store import Store
from provenance_cli.workshop import Workshop


class Shop:
    """A workshop and its command line."""

    def __init__(
        self, folder: Path, capsys: pytest.CaptureFixture[str], registry: str = "https://registry.example"
    ) -> None:
        self.folder, self._capsys = folder, capsys
        (folder / "passphrase").write_text("four words of mine\n", "utf-8")
        identity = ("--registry", registry, "--name", "Sample Studio", "--slug", "sample")
        assert self.run("init", str(folder / "shop"), *identity)[0] == 0

    def run(self, *arguments: str) -> tuple[int, Any, str]:
        """Return exit code, the JSON's value and what was said."""
        options = [
            "--json",
            "-y",
            "--passphrase-file",
            str(self.folder / "passphrase"),
            "-C",
            str(self.folder / "shop"),
        ]
        code = main.run([*options, *arguments])
        said = self._capsys.readouterr()
        return code, json.loads(said.out) if said.out else None, said.err

    def add(self, *arguments: str) -> dict[str, Any]:
        """Enter a piece, and return what is said of it."""
        code, data, talk = self.run("piece", "add", *arguments)
        assert code == 0, talk
        assert isinstance(data, dict)
        return data

    @property
    def store(self) -> Store:
        """The records."""
        return Workshop.open(self.folder / "shop").store
