"""A registry in a forked child: the real one, on a clock that runs faster, to be killed at any moment."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provenance.errors import ProvenanceError
from provenance.evm.embedded import EmbeddedChain
from provenance_registry import running
from provenance_registry.app import build
from provenance_registry.service import checkpoints
from provenance_registry.settings import Settings
from provenance_registry.worker.sealer import Sealer
from tests.faults.naive import NaiveSealer

TURN = 0.01
"""Seconds between the worker's turns: a trial must not wait for a quarter of a second several times."""


@dataclass(frozen=True)
class FastClock:
    """Seconds that pass `speed` times as fast from `start` on: the embedded chain seals one block a second at most."""

    start: float
    monotonic: float
    speed: float = 60.0

    @classmethod
    def now(cls) -> FastClock:
        return cls(time.time(), time.monotonic())

    def __call__(self) -> float:
        return self.start + (time.monotonic() - self.monotonic) * self.speed


def run(order: dict[str, Any], told: int) -> int:
    """Run a registry as `order` says; what its parent tells later comes through the pipe `told`."""
    os.environ.update(order["environment"])
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    arm(order.get("armed"))
    threading.Thread(target=_listen, args=(told,), daemon=True).start()
    clock = FastClock(*order["clock"])
    if order.get("naive"):
        Sealer.seal, Sealer.settle = NaiveSealer.seal, NaiveSealer.settle  # type: ignore[assignment,method-assign]
    defaults = EmbeddedChain.__init__.__kwdefaults__
    assert defaults is not None
    defaults["clock"] = clock
    settings = Settings.from_env(os.environ)
    try:
        registry = build(settings, clock=_dated(clock))
    except ProvenanceError as error:
        logging.error("%s: %s", error.code, error.message)
        return 5
    registry.worker._interval = order.get("turn", TURN)
    try:
        asyncio.run(running._serve(registry, settings))
    finally:
        registry.close()
    return 0


def warm_up() -> None:
    """Build a registry once and forget it, so that no fork has to fill the caches of libraries again."""
    someone = "0x" + "11" * 20
    with tempfile.TemporaryDirectory() as folder:
        names = {"KILNMARK_DATA": str(Path(folder, "data")), "KILNMARK_ADMIN": someone, "KILNMARK_STEWARD": someone}
        for _ in range(2):  # The first start deploys, the second finds.
            build(Settings.from_env(names)).close()


def _dated(clock: FastClock) -> Callable[[], datetime]:
    return lambda: datetime.fromtimestamp(clock(), UTC)


def arm(point: str | None) -> None:
    """Let the process die where it passes a checkpoint, given as ``name`` or ``name:times``."""
    checkpoints.arm(point)


def _listen(told: int) -> None:
    with os.fdopen(told, "rb") as pipe:
        for line in pipe:
            arm(json.loads(line)["arm"])
    os._exit(9)  # Whoever started this is gone.
