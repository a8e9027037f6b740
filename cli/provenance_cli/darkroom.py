"""Where a workshop's photos are prepared, each once: importing a spreadsheet again costs a look at its files."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from provenance.decoding import Decoder
from provenance.encoding import Digest
from provenance_cli.files import write_file
from provenance_cli.workshop import Workshop


class WorkshopDarkroom:
    """A `provenance_cli.facts.Darkroom` in a workshop's folder, used as a context.  A dry one keeps no photo."""

    def __init__(self, workshop: Workshop, *, dry: bool = False) -> None:
        self._workshop = workshop
        self._store = workshop.store
        self._dry = dry
        self._decoder = Decoder()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._decoder.close()

    def prepare(self, source: bytes) -> Digest:
        """Return the digest of the prepared photo; raises `MalformedError` for what is none."""
        seen = Digest.of(source)
        known = self._store.prepared_photo(seen)
        if known is not None and self._workshop.photo_path(known).exists():
            return known
        prepared = self._decoder.prepare(source)
        if not self._dry:
            write_file(self._workshop.photo_path(prepared.digest), prepared.data)
            self._store.keep_prepared(seen, prepared.digest)
        return prepared.digest

    def note(self, digest: Digest, path: Path) -> None:
        """Take note of where a scan or a file lies, for sending it."""
        if not self._dry:
            self._store.keep_original(digest, path)
