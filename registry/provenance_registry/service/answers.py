"""Answers to scans: the verdict on a serial, as the bytes that go out.

Most scans are of pieces of which nothing was ever said but that they are genuine.  For those one statement reads all
rows, and a mould (`provenance_registry.service.moulds`) gives the answer.  A certificate's signature and its place in
the batch are checked when it is first asked for, and never again: they cannot change.  Wherever anything is not as it
mostly is (the index may be behind, a status, an amendment, a loss, an anchor that does not lie deep enough), and
wherever it is not certain that nothing is, the core's verifier answers, as it would without this module.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeAlias

from provenance.canonical import JSONObject, canonicalize
from provenance.certificate import Certificate
from provenance.encoding import Digest, Root
from provenance.errors import LedgerError, ProvenanceError
from provenance.ledger import BlockRef, Deployment
from provenance.merkle import verify_inclusion
from provenance.serial import Serial
from provenance.tag import tag_url
from provenance.verdict import Outcome, Verdict
from provenance_registry.records import PieceFacts, StoredCertificate
from provenance_registry.repository import Repository
from provenance_registry.service.amendments import Amendments
from provenance_registry.service.directory import Directory
from provenance_registry.service.index import IndexedLedger
from provenance_registry.service.moulds import Mould, Traits, block_bytes, is_undisturbed, mould_of
from provenance_registry.service.remembered import Remembered
from provenance_registry.service.verdicts import Verdicts

MAX_PIECES = 2_000_000
"""Pieces whose signature and place in a batch are known to be right, half of them for sure: some 130 bytes each."""
MAX_MOULDS = 4_096
"""Each has an answer's length; the pieces of a lot have a few of them in common."""

_Epoch: TypeAlias = tuple[Directory, Deployment | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON that is said of a serial, and whether anything is known of it."""

    body: bytes
    known: bool


class Answers:
    """The use case of a scan.  `confirmations` are those of the policy that `verdicts` judges by."""

    def __init__(
        self,
        repository: Repository,
        index: IndexedLedger,
        amendments: Amendments,
        verdicts: Verdicts,
        base_url: str,
        confirmations: int,
    ) -> None:
        self._repository = repository
        self._index = index
        self._amendments = amendments
        self._verdicts = verdicts
        self._base_url = base_url
        self._confirmations = confirmations
        self._vouched: Remembered[Hashable, Traits] = Remembered(MAX_PIECES)
        self._moulds: Remembered[Hashable, Mould] = Remembered(MAX_MOULDS)
        self._traits: dict[Traits, Traits] = {}
        self._epoch: _Epoch | None = None
        self._block: tuple[BlockRef, bytes] | None = None

    def answer(self, serial: Serial) -> Answer:
        """Return the answer about a serial; that for an unknown one has the same form.  Raises `StorageError`."""
        epoch = self._epoch_now()
        try:
            head = self._index.head()
        except LedgerError:
            return self.full(serial)
        facts = self._repository.look(serial)
        if facts is None or not self._is_plain(facts, head):
            return self.full(serial)
        traits = self._vouched.get(_place(facts, serial)) or self._vouch(facts, serial)
        if traits is None:
            return self.full(serial)
        kind = traits, facts.state, facts.lot
        mould = self._moulds.get(kind)
        if mould is None:
            return self._cast(serial, facts, kind, epoch)
        return Answer(mould.fill(facts, serial, self._block_bytes(head)), known=True)

    def full(self, serial: Serial) -> Answer:
        """Return the answer that the core's verifier gives."""
        verdict, stored = self._verdicts.verdict(serial)
        return Answer(canonicalize(self._members(serial, verdict, stored)), verdict.outcome is not Outcome.UNKNOWN)

    def _members(self, serial: Serial, verdict: Verdict, stored: StoredCertificate | None) -> JSONObject:
        members = verdict.to_json()
        if stored is not None:
            members["state"] = stored.state.value
            members["url"] = tag_url(self._base_url, serial)
            if verdict.newest is not None:
                members["amendments"] = [str(item.digest) for item in self._amendments.shown(stored)]
        return members

    def _epoch_now(self) -> _Epoch:
        """Return what the moulds hold for beside their lots; they are forgotten where it is another than before."""
        directory, successor = self._index.directory, self._index.successor()
        epoch = self._epoch
        if epoch is None or epoch[0] is not directory or epoch[1] != successor:
            self._moulds.clear()
            self._epoch = epoch = directory, successor
        return epoch

    def _is_plain(self, facts: PieceFacts, head: BlockRef) -> bool:
        """Tell whether the piece is undisturbed, and its anchor's event lies deep enough."""
        return is_undisturbed(facts) and head.number - facts.block_number + 1 >= self._confirmations

    def _vouch(self, facts: PieceFacts, serial: Serial) -> Traits | None:
        """Check what can never change of a piece; return its traits where all of it is right."""
        data = self._repository.data(Digest(facts.digest))
        if data is None or facts.batch_id is None or facts.leaf is None:
            return None
        try:
            certificate = Certificate.from_bytes(data)
            certificate.check_signature()
            tree = self._verdicts.trees.get(facts.batch_id, Root(facts.root))
            path = tree.path(facts.leaf)
            verify_inclusion(certificate.digest.value, facts.leaf, facts.leaf_count, path, facts.root)
        except ProvenanceError:
            return None
        if certificate.digest.value != facts.digest or certificate.piece.serial != serial or certificate.replaces:
            return None
        issuer = certificate.issuer
        traits = issuer.did, issuer.name, certificate.public_key.multikey, len(certificate.piece.photos)
        traits = self._traits.setdefault(traits, traits)  # One for all pieces that have them.
        if len(self._traits) > MAX_MOULDS:
            self._traits.clear()
        self._vouched.keep(_place(facts, serial), traits)
        return traits

    def _cast(self, serial: Serial, facts: PieceFacts, kind: Hashable, epoch: _Epoch) -> Answer:
        """Return the full answer, and keep its mould where nothing moved meanwhile."""
        verdict, stored = self._verdicts.verdict(serial)
        members = self._members(serial, verdict, stored)
        answer = Answer(canonicalize(members), verdict.outcome is not Outcome.UNKNOWN)
        still = self._repository.look(serial) == facts and self._epoch_now() is epoch
        if verdict.outcome is Outcome.AUTHENTIC and verdict.block is not None and still and _tells(verdict, epoch[1]):
            mould = mould_of(members, facts, serial, block_bytes(verdict.block), self._base_url)
            if mould is not None:
                self._moulds.keep(kind, mould)
        return answer

    def _block_bytes(self, head: BlockRef) -> bytes:
        known = self._block
        if known is None or known[0] is not head:
            self._block = known = head, block_bytes(head)
        return known[1]


_SECRET = secrets.token_bytes(32)
"""Under which places are named, so that nobody can look for two of one name."""


def _place(facts: PieceFacts, serial: Serial) -> bytes:
    """Name what a certificate was vouched for: its bytes, its serial, and the leaf of a root that it is."""
    place = b"%b%b%b%d" % (facts.digest, serial.compact.encode(), facts.root, facts.leaf or 0)
    return hashlib.blake2b(place, digest_size=16, key=_SECRET).digest()


def _tells(verdict: Verdict, successor: Deployment | None) -> bool:
    """Tell whether the verdict knows of just that successor: a verifier asks for one once a block."""
    told = verdict.details.get("successor-named")
    return told == (None if successor is None else f"{successor.contract}, chain {successor.chain_id}")
