"""What the command line loads when it only prints help, and what may not hide in its modules."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.cli_start import HEAVY
from provenance_cli.main import COMMANDS
from tests.conftest import ROOT

_PROBE = (
    "import sys; from provenance_cli.main import run; code = run(sys.argv[2:]); "
    "print('LOADED', *(set(sys.argv[1].split(',')) & set(sys.modules)), file=sys.stderr); sys.exit(code)"
)


def loaded(heavy: str, *arguments: str) -> tuple[int, str, list[str]]:
    """Run a command line in a fresh process; return exit code, output, and which of `heavy` it loaded."""
    process = subprocess.run(
        [sys.executable, "-c", _PROBE, heavy, *arguments],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'cli'}", "PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return process.returncode, process.stdout, process.stderr.rpartition("LOADED")[2].split()


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_help_loads_nothing_heavy(language: str) -> None:
    code, text, modules = loaded(",".join(HEAVY), "--lang", language, "--help")
    assert code == 0
    assert all(name in text for name in COMMANDS)
    assert modules == []


@pytest.mark.parametrize("command", [*COMMANDS, "ledger move", "ledger audit", "ledger key compromise"])
def test_the_help_of_a_command_loads_no_chain_and_no_database(command: str) -> None:
    code, text, modules = loaded("web3,sqlalchemy,eth,litestar", *command.split(), "--help")
    assert code == 0
    assert "Usage: kilnmark" in text
    assert modules == []


def test_pairings_are_loaded_for_who_calls_one_and_are_right_then() -> None:
    code = (
        "import sys; import provenance.evm.accounts, provenance.evm.embedded\n"
        "from provenance.evm.late import PAIRINGS\n"
        "assert not [name for name in PAIRINGS if sys.modules[name].__spec__]\n"
        "from py_ecc.bls import G2ProofOfPossession as bls\n"
        "key, signed = bls.SkToPk(7), bls.Sign(7, b'cup')\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as several:\n"
        "    print(*several.map(lambda word: bls.Verify(key, word, signed), (b'cup', b'pot', b'cup', b'pot')))\n"
        "assert sys.modules[PAIRINGS[1]].__spec__"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.stdout.split(), done.stderr) == (["True", "False"] * 2, "")


def test_a_registry_starts_without_what_its_helpers_draw_with() -> None:
    code = (
        "import sys; from provenance_registry.service.sheets import papers_for\n"
        "papers = papers_for('https://registry.example/P/0000000000000'); print(len(papers) > 3, 'fpdf' in sys.modules)"
    )
    paths = f"{ROOT}:{ROOT / 'cli'}:{ROOT / 'registry'}"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": paths}, capture_output=True, text=True, timeout=120
    )
    assert (done.stdout.split(), done.stderr) == (["True", "False"], "")
