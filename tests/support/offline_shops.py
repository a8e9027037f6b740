"""A workshop whose registry nobody can reach: firings are begun, looked at and signed in it."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl.reader import excel

from provenance_cli import main
from provenance_cli.files import write_file
from provenance_cli.firing.record import FiringRecord
from provenance_cli.firing.workbook import BOOK
from provenance_cli.workshop import Workshop
from tests.support.kiln import Phone, Shoot

NOBODY = "http://127.0.0.1:9"
TITLE = "名称 Title (zh)"
PASSPHRASE = "four words of mine"


class OfflineShop:
    """A workshop in `folder`, with keys, whose studio no guild knows."""

    def __init__(
        self, folder: Path, capsys: pytest.CaptureFixture[str], lang: str = "en", registry: str = NOBODY
    ) -> None:
        self.path, self.lang, self._capsys = folder / "shop", lang, capsys
        write_file(folder / "passphrase", PASSPHRASE.encode() + b"\n")
        self.passphrase_file = folder / "passphrase"
        self.done("init", self.path, "--registry", registry, "--name", "Sample Studio", "--slug", "offline")

    def run(self, *arguments: object) -> tuple[int, Any, str]:
        """Return exit code, the JSON's value and what was said."""
        options = ["--json", "-y", "--lang", self.lang, "--passphrase-file", self.passphrase_file, "-C", self.path]
        self._capsys.readouterr()
        code = main.run([*map(str, options), *map(str, arguments)])
        said = self._capsys.readouterr()
        assert code != 70, said.err
        return code, json.loads(said.out) if said.out else None, " ".join(said.err.split())

    def done(self, *arguments: object) -> Any:
        """Run a command that must go well; return the JSON's value."""
        code, data, talk = self.run(*arguments)
        assert code == 0, talk
        return data

    @property
    def workshop(self) -> Workshop:
        return Workshop.open(self.path)


def begun(shop: OfflineShop, folder: Path, pieces: int) -> FiringRecord:
    """Begin a firing and return its record."""
    shop.done("firing", folder, "--pieces", pieces)
    record = FiringRecord.read(folder)
    assert record is not None
    return record


def photograph(folder: Path, record: FiringRecord, sides: tuple[int, ...] = (0,)) -> Shoot:
    """Photograph every piece after its slip."""
    shoot = Shoot(folder, random.Random(11), (640, 480))
    shoot.all_of(Phone("One", datetime(2026, 11, 2, 10, 0)), record.serials, sides)  # noqa: DTZ001
    return shoot


def write(folder: Path, cells: Mapping[tuple[int, str], str | None]) -> None:
    """Fill cells of the spreadsheet in, by number and heading."""
    opened: Any = excel.load_workbook
    book: Any = opened(folder / BOOK)
    sheet = book.active
    places = {cell.value: cell.column for cell in sheet[1]}
    for (number, heading), text in cells.items():
        sheet.cell(number + 2, places[heading]).value = text
    book.save(folder / BOOK)


def cell(folder: Path, number: int, heading: str) -> str | None:
    """Return what stands in a cell."""
    opened: Any = excel.load_workbook
    sheet = opened(folder / BOOK).active
    places = {item.value: item.column for item in sheet[1]}
    value: str | None = sheet.cell(number + 2, places[heading]).value
    return value
