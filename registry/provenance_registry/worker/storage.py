"""Whether the registry can write, and what room its disk has: told before, and for as long as, writes fail.

Where only submissions write, nobody would learn of a full disk but those who submit, nor that it has room again: so
after a write that failed one is tried at each turn until one succeeds.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from provenance.errors import ProvenanceError, StorageError
from provenance_registry.repository import Repository
from provenance_registry.worker.loop import tell

MIN_FREE = 8 * 2**20
"""Bytes of disk below which `/readyz` says so: a large batch and its log of writes may take as much at once."""
TRIED = "tried"
"""The row of the leases that a write is tried on; it is nobody's lease."""


class Storage:
    """Looks after the database's writes and the folder's disk."""

    def __init__(self, repository: Repository, folder: Path) -> None:
        self._repository = repository
        self._folder = folder

    def look(self) -> None:
        """Raise what keeps the registry from writing, or soon will, if anything."""
        found = list[ProvenanceError]()
        if self._repository.trouble is not None:
            try:
                self._repository.write(lambda transaction: transaction.take_lease(TRIED, "", 0, alone=True))
            except ProvenanceError as error:
                found.append(error)
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError as error:
            found.append(
                StorageError("cannot-write", "{path} cannot be used: {reason}.", path=self._folder, reason=error)
            )
        else:
            if free < MIN_FREE:
                found.append(
                    StorageError(
                        "disk-low",
                        "The disk of {path} has only {kibibytes} KiB left.",
                        hint="Make room. What finds none is refused, and nothing that was acknowledged is lost.",
                        path=self._folder,
                        kibibytes=free // 1024,
                    )
                )
        tell(found)
