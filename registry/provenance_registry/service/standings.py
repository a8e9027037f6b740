"""How certificates stand that are anchored: what the ledger said of piece and key since then."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.encoding import Digest
from provenance.status import Status
from provenance_registry.repository import Repository
from provenance_registry.service.directory import Directory

KEY_VOID = "key-not-valid-when-anchored"
"""The reason where a key's end, which a compromise dates back, lies before the anchor."""
OF_STATUS = {Status.REVOKED: "revoked", Status.ON_HOLD: "on-hold", Status.RETIRED: "retired"}


def standings(repository: Repository, directory: Directory, digests: Sequence[Digest]) -> dict[Digest, str]:
    """Return why anchored certificates do not count, or not without more; those that plainly do are left out."""
    found = dict[Digest, str]()
    for row in repository.anchored_of(digests):
        studio = directory.studio(row.studio)
        key = None if studio is None else studio.keys.get(row.key_id)
        if key is not None and not key[1].covers(row.anchored):
            found[row.digest] = KEY_VOID
        elif row.status in OF_STATUS:
            found[row.digest] = OF_STATUS[row.status]
    return found
