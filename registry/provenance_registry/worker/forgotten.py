"""Finds anchors of this registry's studios that its database does not know: then it is an older copy of another.

What waits in such a copy may have been anchored since, among other certificates.  Anchored once more it would have two
tokens, and a piece that was revoked under the one would be authentic under the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from provenance.encoding import Hash32
from provenance.errors import StorageError
from provenance.status_list import registry_did
from provenance_registry.records import LotRow
from provenance_registry.repository import Repository
from provenance_registry.service.directory import Directory
from provenance_registry.service.index import IndexedLedger


class Forgotten:
    """Looks for such anchors of the studios that the registry at `base_url` names, past number `written_off`."""

    def __init__(self, repository: Repository, index: IndexedLedger, base_url: str, written_off: int = 0) -> None:
        self._repository = repository
        self._index = index
        self._studios = f"{registry_did(base_url)}:studios:"
        self._written_off = written_off
        self._looked: tuple[tuple[int, Hash32] | None, Directory] | None = None
        self._found: Sequence[LotRow] = ()

    def lots(self) -> Sequence[LotRow]:
        """Return the lots of our studios whose roots are in no batch, or in one that lacks leaves, in order.

        An anchor of ours is a batch before it is sent, so that one under way is never among them.
        """
        # A block's hash commits to all before it: with the same newest lot, all lots are the same.
        seen = self._repository.newest_lot(), self._index.directory
        if seen != self._looked:
            self._looked = seen
            ours = self._index.directory.named_under(self._studios)
            self._found = self._repository.unknown_lots(ours, self._written_off) if ours else ()
        return self._found

    def look_again(self) -> None:
        """Take note that a batch was added for an anchor that is there already."""
        self._looked = None


def older_database(lots: Sequence[LotRow]) -> StorageError:
    """Return the error that names the newest of the anchors that are not known, and who can mend that."""
    return StorageError(
        "database-older",
        "The ledger has anchors of this registry's studios that its database does not know, the newest of them number "
        "{anchor}: the database is an older copy. What waits may be anchored already, and is not anchored again.",
        hint="Restore the newest copy of the database. Only where that is lost: bring the pieces back by the studios' "
        "bundles with `kilnmark registry rebuild`, or go on without those anchors by "
        "KILNMARK_WRITE_OFF_ANCHORS={anchor}.",
        anchor=max(lot.anchor_id for lot in lots),
    )
