"""What a fork server does before it forks: one short life of a registry, so that no child fills caches again.

A child is then as a process that has run for a while: what it costs is its own work.  Nothing of the life is left but
what libraries remember of code and of statements.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from eth_hash.auto import keccak
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from provenance_registry import running
from provenance_registry.app import Registry
from provenance_registry.settings import Settings
from tests.faults.forked import Submitter
from tests.support.registries import RunningRegistry


def remember() -> None:
    """Let what is made at every start be made once: compiled statements, hashes, the list of migrations."""
    kind: Any = SQLiteDialect_pysqlite
    kind.__eq__ = lambda self, other: type(self) is type(other)  # Statements are kept by the dialect they are in.
    kind.__hash__ = lambda self: hash(type(self))
    create = sa.create_engine
    kept: LRUCache[Any, Any] = LRUCache(2_000)

    def create_engine(*arguments: Any, **options: Any) -> sa.Engine:
        engine = create(*arguments, **options)
        engine._compiled_cache = kept
        return engine

    sa.create_engine = create_engine
    keccak(b"")  # Chooses who hashes.
    keccak.hasher = functools.lru_cache(20_000)(keccak.hasher)  # type: ignore[assignment]
    scripts = ScriptDirectory.from_config
    made: dict[str, ScriptDirectory] = {}

    def from_config(config: Any) -> ScriptDirectory:
        folder = config.get_main_option("script_location")
        if folder not in made:
            made[folder] = scripts(config)
        return made[folder]

    ScriptDirectory.from_config = staticmethod(from_config)  # type: ignore[method-assign]


def live(made: Callable[[Settings], Registry]) -> None:
    """Start a registry in this process, let it anchor, ask it, and stop it; then do all that once more."""
    with tempfile.TemporaryDirectory(prefix="kilnmark-warm-") as folder:
        asked = RunningRegistry(Path(folder, "data"))
        names = {
            "KILNMARK_DATA": str(asked.folder),
            "KILNMARK_PORT": str(asked.port),
            "KILNMARK_ADMIN": str(asked.admin.address),
            "KILNMARK_STEWARD": str(asked.steward.address),
            "KILNMARK_BATCH_AGE": "0",
        }
        settings = Settings.from_env(names)
        studio = Submitter(asked)

        def first() -> None:
            studio.accredit()
            _anchor(studio)

        for life in (first, lambda: _anchor(studio)):
            _serve(made(settings), settings, asked, life)


def _anchor(studio: Submitter) -> None:
    studio.more(2)
    studio.offer()
    studio.settled(30)
    for certificate in studio.acknowledged.values():
        studio.registry.client.verdict(certificate.piece.serial)
        studio.registry.client.bundle(certificate.piece.serial)


def _serve(registry: Registry, settings: Settings, asked: RunningRegistry, life: Callable[[], None]) -> None:
    failed = list[BaseException]()

    def ask() -> None:
        try:
            asked.wait_alive()
            life()
        except BaseException as error:
            failed.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        asyncio.run(running._serve(registry, settings))
    finally:
        asking.join()
        registry.close()
    if failed:
        raise failed[0]
