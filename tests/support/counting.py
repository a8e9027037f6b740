"""Counting what reads cost: a figure that no load of the machine changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from provenance_registry.db.repository import SQLRepository


def steps_of(repository: SQLRepository, read: Callable[[], object]) -> int:
    """Return how many steps SQLite's machine takes for what `read` reads."""
    if repository._engine.dialect.name != "sqlite":
        pytest.skip("steps are counted in SQLite alone")
    steps = list[None]()
    engine, watching = repository._engine, [True]

    def watch(connection: Any, *_: object) -> None:
        connection.set_progress_handler((lambda: steps.append(None)) if watching[0] else None, 1)

    sa.event.listen(engine, "checkout", watch)
    read()
    watching[0] = False
    read()  # Whatever connection is taken up, it is not watched any more.
    sa.event.remove(engine, "checkout", watch)
    return len(steps)
