"""Fuzzes one target in a process of its own: ``python -m tests.fuzz.child TARGET LIBFUZZER-ARGUMENTS``."""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

INSTRUMENTED = ["provenance", "provenance_cli", "provenance_registry", "tests.fuzz.targets", "eth_abi"]

with atheris.instrument_imports(include=INSTRUMENTED):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    name, *arguments = sys.argv[1:]
    atheris.Setup([name, *arguments], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
