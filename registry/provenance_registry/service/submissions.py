"""Taking certificates in: the signature is the authorisation, the digest the idempotency key."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from provenance.certificate import Certificate
from provenance.encoding import Digest
from provenance.errors import ProvenanceError, StorageError
from provenance_registry.records import Registration, Signatory, State, StoredAmendment, StoredCertificate
from provenance_registry.repository import Repository, Transaction
from provenance_registry.service.amendments import Amendments
from provenance_registry.service.clock import Clock
from provenance_registry.service.index import IndexedLedger
from provenance_registry.service.reading import Readers, Reading, read


@dataclass(frozen=True, slots=True)
class Accepted:
    """A certificate or an amendment that is on disk; `new` is false where it was before."""

    certificate: StoredCertificate | StoredAmendment
    new: bool


_Checked: TypeAlias = Registration | Certificate | ProvenanceError
"""A certificate as it will be kept, with what it names; an amendment as it was read; or why it is refused."""


class Submissions:
    """The use case of submitting certificates."""

    def __init__(
        self,
        repository: Repository,
        index: IndexedLedger,
        amendments: Amendments,
        base_url: str,
        clock: Clock,
        *,
        max_held: int,
        readers: Readers | None = None,
    ) -> None:
        self._repository = repository
        self._index = index
        self._amendments = amendments
        self._base_url = base_url
        self._clock = clock
        self._max_held = max_held
        self._readers = readers

    def submit(self, data: bytes) -> Accepted:
        """Register one certificate; returns once it is on disk.

        Raises `MalformedError` or `VerificationError` for a certificate that is none, `ConflictError` for a serial
        that is taken, and for an amendment as `provenance_registry.service.amendments.Amendments` says.
        """
        (answer,) = self.submit_many([data])
        if isinstance(answer, ProvenanceError):
            raise answer
        return answer

    def read_ahead(self, lines: Sequence[bytes]) -> Future[list[Reading | None]] | None:
        """Have lines read by helpers where that is worthwhile; what they say is for `submit_many`."""
        return None if self._readers is None else self._readers.ask(lines)

    def give_readers_up(self) -> None:
        """End helpers that do not answer; the next to ask starts others."""
        if self._readers is not None:
            self._readers.end()

    def submit_many(
        self, lines: Sequence[bytes], read_before: Sequence[Reading | None] = ()
    ) -> list[Accepted | ProvenanceError]:
        """Register certificates in one transaction; each gets its own answer, in order."""
        now, standings = self._clock(), dict[Signatory, str | None]()
        checked = [
            self._check(data, now, standings, reading)
            for data, reading in zip(lines, read_before or [None] * len(lines), strict=True)
        ]
        return self._repository.write(lambda transaction: self._store_all(transaction, checked))

    def _check(
        self, data: bytes, now: datetime, standings: dict[Signatory, str | None], reading: Reading | None = None
    ) -> _Checked:
        if reading is None:
            try:
                certificate = read(data, self._base_url)
            except ProvenanceError as error:
                return error
            if certificate.replaces is not None:
                # One that is kept already is answered as before, whatever has become of its key.
                known = self._repository.amendment(certificate.digest) is not None
                return (None if known else self._amendments.refusal(certificate)) or certificate
            reading = Reading.of(certificate)
        signer = Signatory(reading.did, reading.name, reading.key_id)
        if signer not in standings:
            standings[signer] = self._index.directory.standing(signer.did, signer.name, signer.key_id, now)[1]
        reason = standings[signer]
        stored = StoredCertificate(
            digest=reading.digest,
            serial=reading.serial,
            data=data,
            did=reading.did,
            name=reading.name,
            key_id=reading.key_id,
            state=State.WAITING if reason is None else State.HELD,
            reason=reason,
            received=now,
        )
        return Registration(stored, reading.entry, reading.named)

    def _store_all(self, transaction: Transaction, checked: Sequence[_Checked]) -> list[Accepted | ProvenanceError]:
        answers = dict[int, Accepted | ProvenanceError]()
        coming = {place: item for place, item in enumerate(checked) if isinstance(item, Registration)}
        known = transaction.find([item.certificate.digest for item in coming.values()]) if coming else {}
        new, held, twice = dict[Digest, int](), None, list[int]()
        for place, item in coming.items():
            digest = item.certificate.digest
            if digest in known:
                answers[place] = Accepted(known[digest], new=False)
            elif digest in new:
                twice.append(place)
            else:
                if item.certificate.state is State.HELD:
                    held = transaction.held() if held is None else held
                    if held >= self._max_held:
                        answers[place] = _too_many_held()
                        continue
                    held += 1
                new[digest] = place
        conflicts = transaction.add_certificates([coming[place] for place in new.values()]) if new else []
        for place, conflict in zip(new.values(), conflicts, strict=True):
            answers[place] = conflict or Accepted(coming[place].certificate, new=True)
        for place in twice:
            first = answers[new[coming[place].certificate.digest]]
            answers[place] = Accepted(first.certificate, new=False) if isinstance(first, Accepted) else first
        for place, other in enumerate(checked):
            if place not in answers:
                answers[place] = self._store_other(transaction, other)
        return [answers[place] for place in range(len(checked))]

    def _store_other(self, transaction: Transaction, item: _Checked) -> Accepted | ProvenanceError:
        if isinstance(item, Certificate):
            try:
                return Accepted(*self._amendments.store(transaction, item))
            except ProvenanceError as error:
                return error
        if isinstance(item, Registration):
            raise TypeError("a certificate that is none of the others")
        return item


def _too_many_held() -> StorageError:
    return StorageError(
        "too-many-held",
        "The registry holds too many certificates of studios that nobody has accredited.",
        hint="Have the studio accredited first, then submit again.",
    )
