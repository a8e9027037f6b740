"""Photos: kept by digest, and only where a registered certificate names them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from provenance.encoding import Digest
from provenance.errors import MalformedError, NotFoundError, StorageError
from provenance_registry.repository import Repository

_SIGNATURES = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"RIFF": "image/webp",
}


def sniff(data: bytes) -> str:
    """Return the media type of an image by its first bytes; raises `MalformedError` for anything else."""
    for signature, media_type in _SIGNATURES.items():
        if data.startswith(signature) and (media_type != "image/webp" or data[8:12] == b"WEBP"):
            return media_type
    raise MalformedError("not-a-photo", "A photo must be JPEG, PNG or WebP.")


class Media:
    """The folder of photos."""

    def __init__(self, repository: Repository, folder: Path) -> None:
        self._repository = repository
        self._folder = folder

    def _path(self, digest: Digest) -> Path:
        return self._folder / digest.hex()[:2] / digest.hex()

    def put(self, digest: Digest, data: bytes) -> bool:
        """Keep a photo; tell whether it is new.

        Raises `NotFoundError` where no certificate names it, `MalformedError` where the bytes are others,
        `StorageError` where the disk fails.
        """
        if not self._repository.is_media_named(digest):
            raise NotFoundError("not-named", "No certificate names this photo.", hint="Submit the certificate first.")
        if Digest.of(data) != digest:
            raise MalformedError("wrong-digest", "The bytes are not those of the digest.")
        sniff(data)
        path = self._path(digest)
        if path.exists():
            return False
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except OSError as error:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()
            raise StorageError("cannot-store", "The photo could not be kept: {reason}.", reason=error) from None
        return True

    def get(self, digest: Digest) -> tuple[bytes, str]:
        """Return a photo and its media type; raises `NotFoundError`."""
        try:
            data = self._path(digest).read_bytes()
        except OSError:
            raise NotFoundError("no-photo", "There is no such photo here.") from None
        return data, sniff(data)

    def has(self, digest: Digest) -> bool:
        """Tell whether a photo is here."""
        return self._path(digest).exists()
