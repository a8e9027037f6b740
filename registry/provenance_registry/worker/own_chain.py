"""An embedded chain is one process's alone: it grows only under the lease, and only where the database has read it.

Two copies of a folder on one PostgreSQL would seal two chains, and the database would follow now the one and now the
other: what was anchored on the one would be taken back, and anchored again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from provenance.errors import ConflictError
from provenance.evm.ledger import EVMLedger
from provenance_registry.ledgers import demand_chain_of
from provenance_registry.repository import Repository
from provenance_registry.service.lease import SECONDS, Lease

PATIENCE = 2 * SECONDS
"""Seconds for the lease of a registry that died to run out."""


class OwnChain:
    """Guards `seal`, which seals the embedded chain; ``None`` where the ledger is behind a node, and nobody's own."""

    def __init__(
        self, seal: Callable[[], object] | None, lease: Lease, repository: Repository, ledger: EVMLedger
    ) -> None:
        self._seal = seal
        self._lease = lease
        self._repository = repository
        self._ledger = ledger

    def demand(self) -> None:
        """Return if the chain has the block that the database has read; raises `StorageError` for another chain."""
        if self._seal is not None:
            demand_chain_of(self._repository.indexed_head(), self._ledger)

    def seal(self) -> None:
        """Seal what waits; raises `ProvenanceError` where another registry has the database by now."""
        if self._seal is not None:
            self._lease.require()
            self.demand()
            self._seal()


def demand_only(lease: Lease, where: str) -> None:
    """Return once this process has the `lease`; raises `ConflictError` while another registry lives on the database.

    Raises `LedgerError` where the database does not say who has it.
    """
    deadline = time.monotonic() + PATIENCE
    while not lease.is_held:
        if time.monotonic() > deadline:
            lease.look()
            raise ConflictError(
                "database-taken",
                "Another registry works on the database {path}, and a chain in a folder is one registry's alone.",
                hint="Stop the other one first. To serve from several processes, keep the ledger behind a node "
                "(KILNMARK_LEDGER); to try a copy of the registry, give it a copy of the database.",
                path=where,
            )
        time.sleep(0.1)
