"""A disk that is full or fails: a clear error, nothing half-written or lost, and all goes on once there is room."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.faults.disk import FAILING, FILLED, KINDS, run
from tests.faults.small_disk import SmallDisk, mounted
from tests.faults.tables import IMPOSSIBLE, NotPermittedError, carry_out
from tests.support.registries import ROOT

COMMAND = [sys.executable, "-c", "from provenance_cli.main import main; main()", "--lang", "en", "-y", "--json"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    try:
        with mounted(tmp_path / "small") as disk:
            yield disk
    except NotPermittedError as why:
        pytest.skip(f"SKIPPED: {why}")


def kilnmark(*arguments: object) -> tuple[int, str, str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "cli")]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    process = subprocess.run(
        [*COMMAND, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert "Traceback" not in process.stderr
    return process.returncode, process.stdout, process.stderr


def test_a_workshop_on_a_full_disk(small_disk: SmallDisk, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("correct horse battery\n", "utf-8")
    shop = small_disk.folder / "workshop"
    at = ("-C", shop, "--passphrase-file", tmp_path / "passphrase")
    names = ("--registry", "https://registry.kilnmark.test", "--name", "x", "--slug", "x")
    assert kilnmark(*at, "init", shop, *names)[0] == 0
    rows = "".join(f"第{number}件{'長' * 200}\n" for number in range(1_000))
    (tmp_path / "firing.csv").write_text("title\n" + rows, "utf-8")

    small_disk.fill(leave=65_536)
    code, _, talk = kilnmark(*at, "piece", "import", tmp_path / "firing.csv")
    assert code == 5, talk
    assert "full" in talk
    small_disk.make_room()
    assert json.loads(kilnmark(*at, "piece", "list")[1]) == []
    assert json.loads(kilnmark(*at, "piece", "import", tmp_path / "firing.csv")[1])["added"] == 1_000

    small_disk.fill(leave=400_000)
    code, _, talk = kilnmark(*at, "sign")
    assert code == 5, talk
    small_disk.make_room()
    signed = json.loads(kilnmark(*at, "sign")[1])["signed"]
    states = [piece["state"] for piece in json.loads(kilnmark(*at, "piece", "list")[1])]
    assert states == ["signed"] * 1_000
    assert 0 < signed <= 1_000
    assert sorted(path.name for path in shop.iterdir() if path.name.startswith(".kilnmark-")) == []


def test_a_registry_whose_disk_is_full_or_fails_loses_and_doubles_nothing() -> None:
    try:
        tally = run(len(KINDS), random.Random(1))
    except NotPermittedError as why:
        pytest.skip(f"SKIPPED: {why}")
    assert not tally.failed, str(tally)
    assert tally.trials.keys() == set(KINDS)
    assert tally.notes["answer: 507 database-unusable"] > len(FILLED), str(tally)
    assert tally.notes["system calls that failed"] > len(FAILING), str(tally)
    assert tally.verdicts > 0
    assert tally.slowest < 60.0, str(tally)


def test_a_tool_that_may_not_make_its_fault_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def forbidden(*_: object, **__: object) -> NoReturn:
        raise NotPermittedError("no process may be traced here")

    monkeypatch.setattr(sys, "argv", ["disk", "--trials", "1"])
    assert carry_out(forbidden, 1, "") == IMPOSSIBLE
    assert "NOT TRIED: no process may be traced here" in capsys.readouterr().err
