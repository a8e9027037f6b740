"""A registry in a forked child, as ``python -m provenance_registry`` is in a process of its own."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from typing import Any

from provenance.evm.accounts import Account
from provenance_registry import entry, running
from provenance_registry.app import build
from provenance_registry.service import checkpoints
from provenance_registry.settings import Settings


def warm_up() -> None:
    """Make a registry once, which loads what it needs on its way, and end it."""
    assert callable(running.run), "what the command loads by itself"
    with tempfile.TemporaryDirectory(prefix="kilnmark-warm-") as folder:
        account = str(Account.generate()[0].address)
        names = {"KILNMARK_DATA": f"{folder}/data", "KILNMARK_ADMIN": account, "KILNMARK_STEWARD": account}
        build(Settings.from_env(names)).close()


def run(order: dict[str, Any], told: int) -> int:
    """Run the registry in the environment of `order`, with its log and with `told` for its standard input."""
    os.environ.clear()
    os.environ.update(order["environment"])
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor, other in enumerate((told, log, log)):
        os.dup2(other, descriptor)
    os.close(told)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.argv = ["provenance_registry"]
    random.seed()
    checkpoints.arm(os.environ.get("KILNMARK_TEST_KILL_AT"))
    try:
        return entry.main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
