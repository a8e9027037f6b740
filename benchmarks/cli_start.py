"""How long ``kilnmark --help`` takes in a fresh process, and which heavy modules it loads (none)."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from benchmarks.table import Aim, report

ROUNDS = 15
HEAVY = ("web3", "sqlalchemy", "eth_account", "eth", "cryptography", "litestar", "httpx")
_PROGRAM = "from provenance_cli.main import main; main()"
_PROBE = (
    "import sys; from provenance_cli.main import run; code = run(['--help']); "
    "print('LOADED', *[name for name in sys.argv[1:] if name in sys.modules], file=sys.stderr); sys.exit(code)"
)


def milliseconds(*arguments: str) -> float:
    """Return the median wall time of a fresh interpreter with `arguments`."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
        times.append((time.perf_counter() - started) * 1_000)
    return statistics.median(times)


def main() -> int:
    probe = subprocess.run([sys.executable, "-c", _PROBE, *HEAVY], capture_output=True, text=True, check=True)
    loaded = probe.stderr.rpartition("LOADED")[2].split()
    os.environ.pop("PYTHONPATH", None)
    bare = milliseconds("-c", "pass")
    return report(
        "cli_start",
        f"fresh process, disk warm, median of {ROUNDS}; heavy modules loaded: {', '.join(loaded) or 'none'}",
        [
            Aim("kilnmark --help", milliseconds("-c", _PROGRAM, "--help"), "<=", 120, "ms"),
            Aim("kilnmark --help, Chinese", milliseconds("-c", _PROGRAM, "--lang", "zh-Hans", "--help"), unit="ms"),
            Aim("python -c pass", bare, unit="ms"),
            Aim("heavy modules", len(loaded), "<=", 0),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
