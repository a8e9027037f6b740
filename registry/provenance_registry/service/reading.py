"""Reading certificates and checking their signatures in processes of their own, where many come at once.

That is nine tenths of the work of registering one, and a process has one thread at a time for it.  What the helpers say
is trusted like our own: they are us, started by us.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TypeAlias

from provenance.certificate import Certificate, StatusEntry
from provenance.encoding import Digest, KeyId
from provenance.errors import MalformedError, ProvenanceError
from provenance.serial import Serial
from provenance_registry.records import FileKind, NamedFile
from provenance_registry.service.files import named_files

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
        self._pool: ProcessPoolExecutor | None = None

    def ask(self, lines: Sequence[bytes]) -> Future[list[Reading | None]] | None:
        """Return what will be read of each line, ``None`` for what must be looked at here; or ``None`` for all that."""
        if len(lines) < WORTHWHILE:
            return None
        try:
            if self._pool is None:
                helpers = max(1, min(MOST_HELPERS, os.cpu_count() or 1))
                spawn = multiprocessing.get_context("spawn")  # A fork would take our locks and files along.
                self._pool = ProcessPoolExecutor(helpers, mp_context=spawn, initializer=begin_helper)
            asked = self._pool.submit(_facts_of, list(lines), self._base_url)
        except (OSError, RuntimeError) as error:  # No memory or no process for it, or one has died.
            log.warning("certificates are read without helpers: %s", error)
            self._let_go()
            return None
        told: Future[list[Reading | None]] = Future()
        pool = self._pool
        asked.add_done_callback(lambda done: told.set_result(self._told(done, len(lines), pool)))
        return told

    def close(self) -> None:
        """End the helpers."""
        self.end()

    def end(self) -> None:
        """End helpers that do not answer, by force: what they were asked is told as not read."""
        # The executor has no method for it before Python 3.14, and would wait for them at the registry's end.
        stuck = list((getattr(self._pool, "_processes", None) or {}).values())
        answers = getattr(self._pool, "_result_queue", None)
        self._let_go()
        for process in stuck:
            process.kill()
        if answers is not None:  # It would wait for the rest of an answer as long as anybody could still write it.
            answers._writer.close()

    def _let_go(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _told(self, done: Future[list[_Facts | None]], count: int, pool: ProcessPoolExecutor) -> list[Reading | None]:
        if done.cancelled():
            return [None] * count
        error = done.exception()
        if error is None:
            return [None if facts is None else _reading(facts) for facts in done.result()]
        if isinstance(error, BrokenProcessPool) and self._pool is pool:
            self._pool = None  # The next to ask starts others.
        log.warning("a helper that reads certificates failed: %r", error)
        return [None] * count


def begin_helper() -> None:
    """Make a helper end with the registry, however that ends, and leave Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    from multiprocessing.connection import wait

    wait([sentinel])
    os._exit(0)


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
