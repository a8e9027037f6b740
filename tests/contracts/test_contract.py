"""The contract's own tests, and the proof that the bytecode shipped is that of the source."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLCHAIN = ROOT / "hardhat-config"
NO_NPM = 3
"""The exit code by which ``run.sh`` says that there is no npm."""


def run(*arguments: str) -> str:
    """Run one task of the toolchain and return what it says; skip aloud where there is no npm."""
    if shutil.which("npm") is None:
        pytest.skip("SKIPPED: npm not found, so the contract cannot be compiled or tested")
    done = subprocess.run(
        ["sh", "run.sh", *arguments], cwd=TOOLCHAIN, capture_output=True, text=True, timeout=900, check=False
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-4_000:]
    return output


@pytest.mark.slow
@pytest.mark.timeout(960)
def test_solidity_tests_pass() -> None:
    output = run("test")
    passing = re.search(r"(\d+) passing", output)
    assert passing is not None, output[-4_000:]
    # A runner that finds no tests passes too; a leaf of the trees in hardhat-config/test is a test.
    leaves = sum(
        len(re.findall(r"function (?:test|invariant_)", path.read_text())) for path in TOOLCHAIN.glob("test/*.t.sol")
    )
    assert int(passing.group(1)) == leaves


@pytest.mark.slow
@pytest.mark.timeout(960)
def test_shipped_bytecode_is_that_of_the_source(tmp_path: Path) -> None:
    exported = tmp_path / "PieceLedger.json"
    run("export", "--to", str(exported))
    shipped = ROOT / "provenance" / "evm" / "artifacts" / "PieceLedger.json"
    assert exported.read_bytes() == shipped.read_bytes(), "run `make contracts` and commit what it writes"
    # The mint that the benchmark compares with is built in the same run, by the same rules.
    built = json.loads(
        (TOOLCHAIN / "cache" / "test-artifacts" / "test" / "PlainMint.sol" / "PlainMint.json").read_text("utf-8")
    )
    compared = json.loads((ROOT / "benchmarks" / "plain_mint.json").read_text("utf-8"))
    assert compared["bytecode"] == built["bytecode"], "run `make contracts` and commit what it writes"


def test_storage_layout_is_that_of_the_snapshot() -> None:
    assert "is the one in snapshots/storage.txt" in run("layout", "--check")


def test_gas_snapshot_keeps_an_anchor_near_its_floor() -> None:
    """The figures themselves are measured and compared by ``make check-contracts``."""
    gas = json.loads((TOOLCHAIN / "snapshots" / "PieceLedger.json").read_text(encoding="utf-8"))
    assert int(gas["anchor of 1000 pieces"]) <= 2_080 * 1_000


def test_toolchain_says_aloud_that_npm_is_missing(tmp_path: Path) -> None:
    for tool in ("sh", "dirname"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    done = subprocess.run(
        ["sh", "run.sh", "build"],
        cwd=TOOLCHAIN,
        capture_output=True,
        text=True,
        env={"PATH": str(tmp_path)},
        check=False,
    )
    assert done.returncode == NO_NPM
    assert "SKIPPED: npm not found" in done.stderr
