"""Fuzzes every parser of outside bytes, guided by coverage: ``python -m tests.fuzz [--seconds N] [TARGET ...]``.

The fuzzer is atheris (libFuzzer), in one locked version in a cache folder: it is no dependency of the project, and has
wheels for few machines.  Inputs that break a target are kept beside the grown corpus, and named; with ``--keep`` the
smallest inputs that reach something new join the corpus of the tests, a few kilobytes a parser.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.fuzz.targets import TARGETS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kilnmark" / "fuzz"
LOCK = HERE / "requirements.lock"
CORPUS = HERE / "corpus"
MAX_INPUT, MAX_KEPT = 8_192, 3_072
"""Bytes of an input, and of the inputs that are kept for one target beside the first ones."""


def fuzzer() -> Path | None:
    """Return the folder that holds atheris, installing it where it is not there; ``None`` where it cannot be."""
    folder = CACHE / f"atheris-{sys.version_info.major}.{sys.version_info.minor}"
    if (folder / "atheris").is_dir():
        return folder
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "--target", str(folder), "-r", str(LOCK)]
    print("Installing the fuzzer ...", flush=True)
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return folder if done.returncode == 0 else None


def fuzz(name: str, tools: Path, seconds: int) -> bool:
    """Fuzz one target; tell whether it held."""
    grown, found = CACHE / "corpus" / name, CACHE / "found" / name
    for folder in (grown, found, CORPUS / name):
        folder.mkdir(parents=True, exist_ok=True)
    flags = [f"-max_total_time={seconds}", f"-max_len={MAX_INPUT}", f"-artifact_prefix={found}/", "-timeout=10"]
    flags += ["-rss_limit_mb=2048", "-print_final_stats=1"]
    done = _child(name, tools, [*flags, str(grown), str(CORPUS / name)])
    runs = re.findall(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    covered = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", done.stderr)
    reached = "cov {}, ft {}, corpus {}".format(*covered[-1]) if covered else "nothing reached"
    print(f"  {name:<22}{int(runs[-1]) if runs else 0:>12,} inputs  {reached}", flush=True)
    if done.returncode != 0:
        print(f"FAULT in {name}: the input is in {found}\n{done.stderr[-3_000:]}", flush=True)
    return done.returncode == 0


def keep(name: str) -> None:
    """Let the smallest inputs that reached something new when they were found join the corpus of the tests."""
    room = MAX_KEPT
    for path in sorted((CACHE / "corpus" / name).iterdir(), key=lambda item: (item.stat().st_size, item.name)):
        room -= path.stat().st_size
        if room < 0:
            break
        shutil.copyfile(path, CORPUS / name / path.name[:16])


def _child(name: str, tools: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    places = [str(ROOT), str(ROOT / "cli"), str(ROOT / "registry"), str(tools)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "tests.fuzz.child", name, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace", check=False
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the parsers of outside bytes.")
    parser.add_argument("names", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=10, help="for each target (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="let new inputs join the corpus of the tests")
    options = parser.parse_args()
    unknown = set(options.names) - set(TARGETS)
    if unknown:
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    tools = fuzzer()
    if tools is None:
        print("NOT FUZZED: atheris has no wheel for this Python and machine, or there is no network.", file=sys.stderr)
        return 2
    names = options.names or list(TARGETS)
    print(f"{len(names)} targets, {options.seconds} s each; what grows is in {CACHE}", flush=True)
    held = []
    for name in names:
        held.append(fuzz(name, tools, max(1, options.seconds)))  # To libFuzzer 0 is for ever.
        if options.keep:
            keep(name)
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
