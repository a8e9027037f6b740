"""Reading certificates and checking their signatures in processes of their own, where many come at once.

That is nine tenths of the work of registering one, and a process has one thread at a time for it.  What the helpers say
is trusted like our own: they are us, started by us.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeAlias

from provenance.certificate import Certificate, StatusEntry
from provenance.encoding import Digest, KeyId
from provenance.errors import MalformedError, ProvenanceError
from provenance.serial import Serial
from provenance_registry.records import FileKind, NamedFile
from provenance_registry.service.files import named_files
from provenance_registry.service.helpers import Helpers

log = logging.getLogger(__name__)

MOST_HELPERS = 4
"""Helper processes: more read faster than one database writes."""
WORTHWHILE = 50
"""Certificates that are worth asking a helper."""

_Facts: TypeAlias = tuple[bytes, str, str, str, bytes, str, int, tuple[tuple[bytes, str, str], ...]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the registry keeps of a certificate that replaces none, and whose signature fits."""

    digest: Digest
    serial: Serial
    did: str
    name: str
    key_id: KeyId
    entry: StatusEntry
    named: tuple[NamedFile, ...]

    @classmethod
    def of(cls, certificate: Certificate) -> Reading:
        """Return what is kept of `certificate`."""
        return cls(
            certificate.digest,
            certificate.piece.serial,
            certificate.issuer.did,
            certificate.issuer.name,
            certificate.public_key.key_id,
            certificate.status_entry,
            tuple(named_files(certificate.piece)),
        )


def read(data: bytes, base_url: str) -> Certificate:
    """Read a certificate for the registry at `base_url` and check its signature; raises `ProvenanceError`."""
    certificate = Certificate.from_bytes(data)
    if certificate.issuer.base_url != base_url:
        raise MalformedError(
            "other-registry",
            "The certificate is made for the registry {other}.",
            field="issuer.id",
            hint="This registry is {own}.",
            other=certificate.issuer.base_url,
            own=base_url,
        )
    certificate.check_signature()
    return certificate


class Readers:
    """Helper processes, started when first needed."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._helpers = Helpers(max(1, min(MOST_HELPERS, os.cpu_count() or 1)))

    def ask(self, lines: Sequence[bytes]) -> Future[list[Reading | None]] | None:
        """Return what will be read of each line, ``None`` for what must be looked at here; or ``None`` for all that."""
        if len(lines) < WORTHWHILE:
            return None
        try:
            asked = self._helpers.ask(_facts_of, list(lines), self._base_url)
        except (OSError, RuntimeError) as error:  # No memory or no process for it, or one has died.
            log.warning("certificates are read without helpers: %s", error)
            return None
        told: Future[list[Reading | None]] = Future()
        asked.add_done_callback(lambda done: told.set_result(_told(done, len(lines))))
        return told

    def end(self) -> None:
        """End helpers that do not answer, by force: what they were asked is told as not read."""
        self._helpers.end()


def _told(done: Future[list[_Facts | None]], count: int) -> list[Reading | None]:
    if done.cancelled():
        return [None] * count
    error = done.exception()
    if error is None:
        return [None if facts is None else _reading(facts) for facts in done.result()]
    log.warning("a helper that reads certificates failed: %r", error)
    return [None] * count


def _facts_of(lines: Sequence[bytes], base_url: str) -> list[_Facts | None]:
    """Return the facts of each line as plain values; ``None`` for an amendment or an error, which are read again."""
    told = list[_Facts | None]()
    for line in lines:
        try:
            certificate = read(line, base_url)
        except ProvenanceError:
            told.append(None)
            continue
        told.append(None if certificate.replaces is not None else _facts(Reading.of(certificate)))
    return told


def _facts(reading: Reading) -> _Facts:
    named = tuple((item.digest.value, item.kind.value, item.media_type) for item in reading.named)
    entry = reading.entry
    return (
        reading.digest.value, reading.serial.compact, reading.did, reading.name, reading.key_id.value,
        entry.list_id, entry.index, named,
    )  # fmt: skip


def _reading(facts: _Facts) -> Reading:
    digest, serial, did, name, key_id, list_id, index, named = facts
    return Reading(
        Digest(digest), Serial(serial), did, name, KeyId(key_id), StatusEntry(list_id, index),
        tuple(NamedFile(Digest(file), FileKind(kind), media_type) for file, kind, media_type in named),
    )  # fmt: skip
