"""Certificates on their way to the registry: in a stream where they are many, and on from where a run before ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from provenance.canonical import load
from provenance.errors import MalformedError
from provenance_cli.problems import problem_error
from provenance_cli.records import REFUSED
from provenance_cli.streaming import BadAnswerError, stream

if TYPE_CHECKING:
    from provenance.encoding import Digest
    from provenance.errors import ProvenanceError
    from provenance_cli.client import RegistryClient
    from provenance_cli.context import Advance
    from provenance_cli.store import Signed, Store
    from provenance_cli.workshop import Workshop

HANDFUL = 250
"""Certificates that go in one request, and need no stream: under a megabyte, answered within a second."""
NOTED = 0.25
"""Seconds after which answers are written down: what was not is sent again after a kill, and answered as known."""
NOT_OFFERED = frozenset({404, 405, 411, 413, 501})
"""What an older registry, or a proxy that passes no stream on, answers to a stream."""
PATH = "/api/v1/certificates:stream"
Refused: TypeAlias = "tuple[str, ProvenanceError]"
"""A serial, and why its certificate was refused, or something that it names could not be sent."""


def submit_all(workshop: Workshop, client: RegistryClient, advance: Advance) -> list[Refused]:
    """Send certificates that are signed and not yet acknowledged; return those refused.

    What was acknowledged is written down as it goes, so that a run that is broken off anywhere can be repeated.
    """
    todo = workshop.store.certificates(("signed", REFUSED))
    notes = _Notes(workshop.store, advance)
    try:
        answered = _in_stream(client, todo, notes) if len(todo) > HANDFUL else 0
        for start in range(answered, len(todo), HANDFUL):
            group = todo[start : start + HANDFUL]
            for signed, result in zip(group, client.submit([item.certificate.data for item in group]), strict=True):
                notes.take(signed, result)
            notes.write()
    finally:
        notes.write()
    workshop.store.end_sending()
    return notes.refused


def _in_stream(client: RegistryClient, todo: Sequence[Signed], notes: _Notes) -> int:
    """Send certificates in a stream; return how many were answered, none where the registry offers no stream."""
    answered = 0
    try:
        for result in _results(client, todo):
            if "line" not in result and "code" in result:  # The end of the stream, not the fate of a certificate.
                raise problem_error(result, _status_of(result))
            if answered == len(todo) or result.get("line") != answered + 1:
                raise client.nonsense()
            notes.take(todo[answered], client.fate(result))
            answered += 1
    except BadAnswerError as error:
        if error.status in NOT_OFFERED and not answered:
            return 0
        raise client.problem(error.status, error.body) from None
    if answered < len(todo):
        raise client.unreachable()
    return answered


def _results(client: RegistryClient, todo: Sequence[Signed]) -> Iterator[dict[str, Any]]:
    path = urlsplit(client.base_url).path.rstrip("/") + PATH
    for line in stream(client.base_url, path, (item.certificate.data for item in todo)):
        try:
            result = load(line)
        except MalformedError:
            raise client.nonsense() from None
        if not isinstance(result, dict):
            raise client.nonsense()
        yield result


def _status_of(result: dict[str, Any]) -> int:
    status = result.get("status")
    return status if isinstance(status, int) else 500


class _Notes:
    """What the registry answered, written down from time to time."""

    def __init__(self, store: Store, advance: Advance) -> None:
        self._store, self._advance = store, advance
        self._changes = list[tuple["Digest", str, str | None, str | None]]()
        self._written = time.monotonic()
        self.refused = list[Refused]()

    def take(self, signed: Signed, result: dict[str, Any]) -> None:
        """Note the answer to one certificate."""
        digest = signed.certificate.digest
        if "code" in result:
            error = problem_error(result, 422)
            self.refused.append((str(signed.certificate.piece.serial), error))
            self._changes.append((digest, REFUSED, error.message, None))
        else:
            self._changes.append((digest, str(result.get("state")), None, None))
        if time.monotonic() - self._written >= NOTED:
            self.write()

    def write(self) -> None:
        """Write down what is noted: what is acknowledged is never sent again."""
        if self._changes:
            self._store.mark_answered(self._changes)
            self._advance(len(self._changes))
            self._changes.clear()
        self._written = time.monotonic()
