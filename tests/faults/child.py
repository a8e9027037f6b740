"""A registry in a forked child: the real one, on a clock that runs faster, to be killed at any moment."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from provenance.errors import ProvenanceError
from provenance.evm.embedded import EmbeddedChain
from provenance_registry import running
from provenance_registry.app import Registry, build
from provenance_registry.db import engine
from provenance_registry.service import checkpoints
from provenance_registry.service import lease as leases
from provenance_registry.settings import Settings
from provenance_registry.worker import accounts, deployment
from provenance_registry.worker.sealer import Sealer
from tests.faults.clocks import FastClock
from tests.faults.naive import NaiveSealer
from tests.faults.warm import live, remember

TURN = 0.02
"""Seconds between the worker's turns: a trial must not wait for a quarter of a second several times."""


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
    if "pause" in order:
        accounts.PAUSE = deployment.PAUSE = order["pause"]
    _share(order)
    settings = Settings.from_env(os.environ)
    try:
        registry = make(settings, clock, order.get("turn", TURN))
    except ProvenanceError as error:
        logging.error("%s: %s", error.code, error.message)
        return 5
    try:
        asyncio.run(running._serve(registry, settings))
    finally:
        registry.close()
    return 0


def make(settings: Settings, clock: FastClock, turn: float = TURN) -> Registry:
    """Build a registry whose time is `clock`'s."""
    defaults = EmbeddedChain.__init__.__kwdefaults__
    assert defaults is not None
    defaults["clock"] = clock
    registry = build(settings, clock=_dated(clock))
    registry.worker._interval = turn
    return registry


def warm_up() -> None:
    """Live a short life in this process, so that no fork has to fill the caches of libraries again."""
    remember()
    clock = FastClock.now()
    live(lambda settings: make(settings, clock))


def _dated(clock: FastClock) -> Callable[[], datetime]:
    return lambda: datetime.fromtimestamp(clock(), UTC)


def arm(point: str | None, *, stop: bool = False) -> None:
    """Let the process die, or stop, where it passes a checkpoint, given as ``name`` or ``name:times``."""
    checkpoints.arm(point, stop=stop)


def _share(order: dict[str, Any]) -> None:
    """Be one of several: under a name that the database sees, with a lease of another length, or without its fence."""
    if "name" in order:
        engine.CONNECTING["application_name"] = order["name"]
    if "lease" in order:
        defaults = leases.Lease.__init__.__kwdefaults__
        assert defaults is not None
        defaults["seconds"] = order["lease"]
        leases.PAUSE = order["lease"] * leases.PAUSE / leases.SECONDS
    if order.get("unfenced"):
        leases.Lease.check = lambda *_: None  # type: ignore[method-assign]
        leases.Lease.is_held = property(lambda lease: lease._term is not None)  # type: ignore[assignment,method-assign]


def _listen(told: int) -> None:
    with os.fdopen(told, "rb") as pipe:
        for line in pipe:
            asked = json.loads(line)
            arm(asked["arm"], stop=asked["stop"])
    os._exit(9)  # Whoever started this is gone.
