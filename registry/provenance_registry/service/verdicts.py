"""Answering scans: bundles from what is kept, verdicts from the index."""

from __future__ import annotations

from dataclasses import replace

from provenance.bundle import Bundle, InclusionProof, Receipt
from provenance.certificate import Certificate
from provenance.encoding import Digest
from provenance.errors import LedgerError, NotFoundError
from provenance.policy import TrustPolicy
from provenance.serial import Serial
from provenance.testimony import ExportedRecord
from provenance.verdict import Verdict, not_vouched, unknown
from provenance.verify import Verifier
from provenance_registry.records import LotRow, State, StoredCertificate
from provenance_registry.repository import Repository
from provenance_registry.service.amendments import Amendments
from provenance_registry.service.index import IndexedLedger
from provenance_registry.service.trees import Trees


class Verdicts:
    """The use cases of looking a piece up."""

    def __init__(
        self, repository: Repository, index: IndexedLedger, amendments: Amendments, policy: TrustPolicy
    ) -> None:
        self._repository = repository
        self._index = index
        self._amendments = amendments
        self._verifier = Verifier(policy, index)
        self.trees = Trees(repository.leaf_digests, repository.proof_nodes)

    def find(self, serial: Serial) -> StoredCertificate:
        """Return the certificate under a serial; raises `NotFoundError`, also where one is held under it."""
        stored = self._repository.by_serial(serial)
        if stored is None and self._repository.is_held_under(serial):
            raise NotFoundError(
                "not-vouched",
                "A certificate waits here, but the guild vouches for no such studio or key yet.",
                hint="Do not rely on it yet. Ask the studio.",
            )
        if stored is None:
            raise NotFoundError("unknown-serial", "No certificate has this number.")
        return stored

    def bundle(self, stored: StoredCertificate) -> Bundle:
        """Return the bundle of a certificate: with proof and receipt once the index has its anchor, and with the
        amendments that the ledger names."""
        certificate = Certificate.from_bytes(stored.data)
        lot = self._lot(stored)
        if lot is None or stored.leaf is None or stored.batch_id is None or stored.token_id is None:
            return Bundle(certificate)
        identity = self._index.identity
        receipt = Receipt(
            chain_id=identity.chain_id,
            genesis=identity.genesis,
            contract=identity.contract,
            token_id=stored.token_id,
            root=lot.root,
            transaction=lot.transaction,
            block=lot.block,
        )
        tree = self.trees.get(stored.batch_id, lot.root)
        inclusion = InclusionProof(stored.leaf, tree.size, tree.path(stored.leaf))
        amendments = tuple(Certificate.from_bytes(item.data) for item in self._amendments.shown(stored))
        return Bundle(certificate, inclusion, (receipt,), amendments)

    def document(self, digest: Digest) -> bytes:
        """Return the exact bytes of a certificate by its digest.

        Raises `NotFoundError`, also for one that is held, and for an amendment that the ledger does not name.
        """
        stored = self._repository.certificate(digest)
        if stored is not None and stored.state is not State.HELD:
            return stored.data
        amendment = self._repository.amendment(digest)
        if amendment is None or amendment not in self._amendments.shown(self._amendments.first_of(amendment)):
            raise NotFoundError("unknown-certificate", "No such certificate is registered.")
        return amendment.data

    def shown(self, stored: StoredCertificate) -> Certificate:
        """Return the form of a piece's certificate whose words may be shown: the newest one that counts."""
        bundle = self.bundle(stored)
        return bundle.form(self._verifier.verify(bundle).shown)

    def exported(self, stored: StoredCertificate) -> Bundle:
        """Return the bundle of a certificate as it is given away: with what the index says of it now, as testimony."""
        bundle = self.bundle(stored)
        if not bundle.receipts:
            return bundle
        try:
            head = self._index.head()
            record = self._index.record(bundle.receipts[0].token_id, stored.key_id, head)
        except LedgerError:
            return bundle  # Nothing is told where the index may be out of date.
        return bundle if record is None else replace(bundle, as_exported=ExportedRecord.of(record, head))

    def _lot(self, stored: StoredCertificate) -> LotRow | None:
        if stored.token_id is None or stored.batch_id is None:
            return None
        lot = self._repository.lot(stored.token_id >> 32)
        batch = self._repository.batch(stored.batch_id)
        return lot if lot is not None and batch is not None and lot.root == batch.root else None

    def verdict(self, serial: Serial) -> tuple[Verdict, StoredCertificate | None]:
        """Return the verdict on a serial, and its certificate where there is one."""
        try:
            stored = self.find(serial)
        except NotFoundError as error:
            return (not_vouched(serial) if error.code == "not-vouched" else unknown(serial)), None
        return self._verifier.verify(self.bundle(stored), serial=serial), stored
