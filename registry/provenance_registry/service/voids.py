"""Voided tags: what studios signed, and what whoever scans such a tag is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from provenance.certificate import Certificate, format_time
from provenance.errors import MalformedError, NotFoundError, VerificationError
from provenance.serial import Serial
from provenance.signed_orders import SignedOrder
from provenance.tag import MAX_TAG_NUMBER
from provenance.verdict import Verdict
from provenance.voids import TagVoid
from provenance_registry.repository import Repository
from provenance_registry.service.clock import Clock
from provenance_registry.service.index import IndexedLedger

ADVISORY = "tag-voided"


class Voids:
    """The use cases of voiding tags and of scanning voided ones."""

    def __init__(self, repository: Repository, index: IndexedLedger, base_url: str, clock: Clock) -> None:
        self._repository = repository
        self._index = index
        self._base_url = base_url
        self._clock = clock

    def keep(self, data: bytes) -> tuple[TagVoid, bool]:
        """Void a tag; return what counts from now on, the first word on it, and whether it is new.

        Raises `MalformedError`, `NotFoundError` for an unknown piece, `VerificationError` where no key of the studio
        signed it.
        """
        signed = SignedOrder.from_bytes(TagVoid, data)
        void = signed.order
        if void.registry != self._base_url:
            raise MalformedError(
                "other-registry",
                "This voids a tag of the registry {other}.",
                field="registry",
                hint="This registry is {own}.",
                other=void.registry,
                own=self._base_url,
            )
        signed.check_signature()
        stored = self._repository.by_serial(void.serial)
        if stored is None:
            raise NotFoundError("unknown-serial", "No certificate has this number.")
        issuer = Certificate.from_bytes(stored.data).issuer
        entry, reason = self._index.directory.standing(issuer.did, issuer.name, signed.public_key.key_id, self._clock())
        if entry is None:
            raise VerificationError(
                "not-the-studio",
                "No key by which the studio may sign now has signed this: {reason}.",
                hint="The studio that certified the piece voids its tags, with its present key.",
                reason=reason or "unknown-key",
            )
        new = self._repository.write(lambda transaction: transaction.void_tag(void, data, self._clock()))
        (counts,) = [item for item in self._repository.voids(void.serial) if item.number == void.number]
        return counts, new

    def of(self, serial: Serial) -> list[TagVoid]:
        """Return the voided tags of a piece, by their numbers."""
        return self._repository.voids(serial)

    def among(self, serials: Sequence[Serial]) -> list[TagVoid]:
        """Return the voided tags of up to 1,000 pieces, by serial and number."""
        return self._repository.voids_among(serials)

    def counting(self, serial: Serial, number: int = 1) -> int | None:
        """Return the first tag of a piece, from `number` on, that is not voided; ``None`` where there is none."""
        voided = {void.number for void in self.of(serial)}
        return next((item for item in range(number, MAX_TAG_NUMBER + 1) if item not in voided), None)

    def advise(self, verdict: Verdict, serial: Serial, number: int) -> Verdict:
        """Return the verdict as a scan of that tag must tell it: the piece's own, and that the tag is voided."""
        for void in self._repository.voids(serial):
            if void.number == number:
                told = " ".join(word for word in (format_time(void.time), void.by) if word)
                advisories = (*verdict.advisories, ADVISORY)
                return replace(verdict, advisories=advisories, details={**verdict.details, ADVISORY: told})
        return verdict
