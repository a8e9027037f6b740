"""Looks at what was anchored with a verifier's eyes: an anchor counts only if studio and key stood at its block's time.

Between sealing and mining a studio may be suspended or a key retired.  The ledger takes such an anchor, no verifier
does, and the studio must learn it.
"""

from __future__ import annotations

from provenance.errors import StorageError
from provenance.policy import TrustPolicy
from provenance.verdict import Check, Result
from provenance.verify import Verifier
from provenance_registry.records import Signatory, StoredBatch
from provenance_registry.repository import Repository
from provenance_registry.service.index import IndexedLedger
from provenance_registry.service.verdicts import Verdicts

IN_VAIN = "-when-anchored"
"""Ends the reason of a certificate that is anchored and does not count; before it stands the finding's code."""


class Examiner:
    """Gives anchored certificates a reason where check (4) fails, or where they are not in the batch at all."""

    def __init__(self, repository: Repository, index: IndexedLedger, verdicts: Verdicts, policy: TrustPolicy) -> None:
        self._repository = repository
        self._verdicts = verdicts
        self._verifier = Verifier(policy, index)

    def examine(self) -> None:
        """Examine the batches that were anchored since; what cannot be checked yet waits.

        Raises `StorageError` for a batch whose leaves are damaged, once the others were seen to.
        """
        trouble: StorageError | None = None
        for batch in self._repository.unexamined_batches():
            try:
                faults = self._faults(batch)
            except StorageError as error:
                trouble = trouble or error
            else:
                if faults is not None:
                    self._repository.write(
                        lambda t, b=batch.batch_id, f=faults: t.record_examination(b, f)  # type: ignore[misc]
                    )
        if trouble is not None:
            raise trouble

    def _faults(self, batch: StoredBatch) -> dict[Signatory, str] | None:
        """Return what is wrong, by signer, or ``None`` where that cannot be told yet."""
        faults: dict[Signatory, str] = {}
        for signed in self._repository.signers(batch.batch_id):  # Check (4) is the same for all that one signed.
            verdict = self._verifier.verify(self._verdicts.bundle(signed))
            findings = {finding.check: finding for finding in verdict.findings}
            inclusion, studio = findings[Check.INCLUSION], findings[Check.STUDIO]
            finding = studio if inclusion.code == "included" else inclusion
            if finding.result is Result.NOT_CHECKED:
                return None
            if finding.result is Result.FAILED:
                faults[Signatory(signed.did, signed.name, signed.key_id)] = finding.code + IN_VAIN
        return faults
