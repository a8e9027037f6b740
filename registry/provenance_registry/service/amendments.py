"""Amendments: certificates that replace another.  They are taken in beside it, and shown once the ledger names them.

Of two that replace the same certificate both are kept: which of them counts is for the ledger to say, whose order the
studio's account signs, and not for whoever sends first.  A thief of a certificate key could otherwise keep the studio's
own amendment out for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from provenance.bundle import MAX_AMENDMENTS
from provenance.certificate import Certificate
from provenance.encoding import Digest
from provenance.errors import ConflictError, NotFoundError, ProvenanceError
from provenance.ledger import LedgerReader
from provenance.status import AmendOrder
from provenance_registry.records import State, StoredAmendment, StoredCertificate
from provenance_registry.repository import Repository, Transaction
from provenance_registry.service.files import named_files
from provenance_registry.service.index import IndexedLedger

MAX_PER_KEY = 24
"""Amendments of one piece that a certificate key may sign: the longest chain, and half as many again that were signed
anew.  They are counted by key, so that a stolen one leaves room for the next."""


class Amendments:
    """The use cases of taking amendments in, of ordering them, and of choosing which are shown."""

    def __init__(
        self, repository: Repository, index: IndexedLedger, ledger: LedgerReader, clock: Callable[[], datetime]
    ) -> None:
        self._repository = repository
        self._index = index
        self._ledger = ledger
        self._clock = clock

    def refusal(self, certificate: Certificate) -> ProvenanceError | None:
        """Return why the directory vouches for no amendment by that studio and key now, or ``None``.

        The name is not looked at: it must be that of the first certificate, which the studio may have borne before.
        What the ledger names already is taken, whatever has become of key and studio since.
        """
        if self._is_recorded(certificate):
            return None  # The ledger has vouched for it; only the registry has lost it.
        issuer = certificate.issuer
        key_id = certificate.public_key.key_id
        _, reason = self._index.directory.standing(issuer.did, issuer.name, key_id, self._clock())
        return None if reason is None or reason == "other-name" else _refused(reason)

    def _is_recorded(self, certificate: Certificate) -> bool:
        first = self._repository.by_serial(certificate.piece.serial)
        if first is None or first.token_id is None:
            return False
        return any(record.digest == certificate.digest for record in self._repository.amended(first.token_id))

    def store(self, transaction: Transaction, certificate: Certificate) -> tuple[StoredAmendment, bool]:
        """Keep an amendment; tell whether it is new.  Raises `NotFoundError` or `ConflictError`."""
        known = transaction.find_amendment(certificate.digest)
        if known is not None:
            return known, False
        first, before, number = _predecessors(transaction, certificate.replaces)
        _require_fit(certificate, Certificate.from_bytes(before))
        if number > MAX_AMENDMENTS:
            raise ConflictError(
                "too-many-amendments",
                "{serial} has {limit} amendments, and cannot have more.",
                hint="Revoke it, and enter the piece anew.",
                serial=certificate.piece.serial,
                limit=MAX_AMENDMENTS,
            )
        key_id = certificate.public_key.key_id
        if transaction.amendments_by(first.digest, key_id) >= MAX_PER_KEY:
            raise ConflictError(
                "too-many-amendments-kept",
                "The registry keeps {limit} amendments of {serial} by this key already.",
                hint="Record one of them on the ledger; more can be signed with the studio's next key.",
                serial=certificate.piece.serial,
                limit=MAX_PER_KEY,
            )
        amendment = StoredAmendment(
            digest=certificate.digest,
            first=first.digest,
            replaces=certificate.replaces or first.digest,
            number=number,
            key_id=key_id,
            received=self._clock(),
            data=certificate.data,
        )
        transaction.add_amendment(amendment, named_files(certificate.piece))
        return amendment, True

    def first_of(self, amendment: StoredAmendment) -> StoredCertificate:
        """Return the certificate of the piece that was anchored; raises `NotFoundError` while that one is held."""
        first = self._repository.certificate(amendment.first)
        if first is None or first.state is State.HELD:
            raise NotFoundError("unknown-certificate", "No such certificate is registered.")
        return first

    def shown(self, first: StoredCertificate) -> list[StoredAmendment]:
        """Return the amendments of a certificate that count, oldest first: up to the newest one that the ledger names.

        Where that one was never registered, those up to the newest that was.
        """
        kept = {amendment.digest: amendment for amendment in self._repository.amendments(first.digest)}
        if not kept or first.token_id is None:
            return []
        for record in reversed(self._repository.amended(first.token_id)):
            chain, digest = list[StoredAmendment](), record.digest
            while digest in kept:
                chain.append(kept[digest])
                digest = kept[digest].replaces
            if chain:
                return chain[::-1]
        return []

    def check_order(self, order: AmendOrder) -> None:
        """Require that an order names a registered amendment that the ledger could count now.

        The ledger itself takes any digest: one of nothing, or one that leaves another amendment out, would keep the
        piece from being shown to be authentic.  Raises `NotFoundError`, `ConflictError`, and `LedgerError`
        where the ledger cannot be asked.
        """
        amendment = self._repository.amendment(order.digest)
        if amendment is None:
            raise NotFoundError(
                "unknown-amendment",
                "The registry has no amendment of that digest.",
                hint="Register the amendment's certificate first, then order it.",
            )
        if self.first_of(amendment).token_id != order.token_id:
            raise ConflictError("other-piece", "The amendment is of another piece than the order names.")
        # Asked before the ledger: what came to its end by now is seen there.
        if self._repository.amendment_under_way(order.token_id):
            raise ConflictError(
                "amendment-under-way",
                "Another amendment of this piece is on its way to the ledger.",
                hint="Wait until it is there.",
            )
        # The index may be a block behind.
        record = self._ledger.record(order.token_id, amendment.key_id, self._ledger.head())
        if record is None:
            raise NotFoundError("unknown-token", "There is no such token.")
        newest = amendment.first if record.amendment is None else record.amendment.digest
        if newest == order.digest:
            raise ConflictError("amended-already", "The ledger names this amendment already.")
        if record.amendment is not None and self._repository.amendment(newest) is None:
            # A digest of nothing, recorded past this registry: a true amendment may follow the last true one.
            shown = self.shown(self.first_of(amendment))
            newest = shown[-1].digest if shown else amendment.first
        if amendment.replaces != newest:
            raise ConflictError(
                "not-the-next-amendment",
                "The amendment does not replace the newest certificate that the ledger names, {digest}.",
                hint="Order the amendments in their order; one that was left behind must be signed anew.",
                digest=newest,
            )
        if not record.standing_now:
            raise _refused("suspended")
        if record.key is None or not record.key.covers(self._clock()):
            raise _refused("key-not-valid")


def _predecessors(transaction: Transaction, replaces: Digest | None) -> tuple[StoredCertificate, bytes, int]:
    """Return the first certificate, the bytes of the one that is replaced, and the amendment's number."""
    if replaces is None:
        raise ValueError("this is no amendment")
    before = transaction.find_amendment(replaces)
    named = replaces if before is None else before.first
    first = transaction.find([named]).get(named)
    if first is None:
        raise NotFoundError(
            "unknown-predecessor",
            "The certificate that this amendment replaces is not registered.",
            hint="Register that one first.",
        )
    if first.state is State.HELD:
        raise ConflictError(
            "predecessor-held",
            "The certificate that this amendment replaces is held.",
            hint="Wait until the guild vouches for it, then send the amendment again.",
        )
    return (first, first.data, 1) if before is None else (first, before.data, before.number + 1)


def _require_fit(certificate: Certificate, before: Certificate) -> None:
    if certificate.piece.serial != before.piece.serial:
        raise ConflictError(
            "other-serial",
            "The amendment is of piece {serial}, the certificate that it replaces of {other}.",
            serial=certificate.piece.serial,
            other=before.piece.serial,
        )
    if certificate.issuer != before.issuer:
        raise ConflictError(
            "other-issuer",
            "The amendment names another studio than the certificate that it replaces.",
            hint="Only the studio that issued a certificate amends it, under the name that stands there.",
        )
    if certificate.status_entry != before.status_entry:
        raise ConflictError(
            "other-status-entry",
            "The amendment has another place in the status list than the certificate that it replaces.",
            hint="Sign it with the same: both stand for one record.",
        )


def _refused(reason: str) -> ConflictError:
    match reason:
        case "key-not-valid":
            return ConflictError(
                "key-not-valid",
                "The key that signed the amendment is no longer valid.",
                hint="Forget it with `kilnmark piece amend --discard`, and sign it anew with the present key.",
            )
        case "unknown-key":
            return ConflictError(
                "unknown-key",
                "The ledger does not know the key that signed the amendment as the studio's.",
                hint="The guild must add it: send it a new application file.",
            )
        case "not-a-maker":
            return ConflictError(
                "not-a-maker", "The studio is not accredited as a maker.", hint="Ask the guild, then send it again."
            )
        case "suspended":
            return ConflictError(
                "suspended", "The studio is suspended: it cannot amend now.", hint="Ask the guild, then send it again."
            )
        case _:
            return ConflictError("not-accredited", "Nobody has accredited the studio.", hint="Ask the guild.")
