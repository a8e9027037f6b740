"""Photos, 3D scans and the files of digital works: kept by digest, and only where a registered certificate names them.

Nothing here is ever decoded.  What comes goes to disk as it comes, and counts only once all of it has the digest that
was announced; where the certificates say of which type it is, it must begin as that type does.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from provenance.encoding import Digest
from provenance.errors import MalformedError, NotFoundError, StorageError
from provenance.resources import MARK_BYTES, PHOTO_TYPES, has_mark, is_marked
from provenance_registry.folder import sync_folder
from provenance_registry.records import FileKind, NamedFile
from provenance_registry.repository import Repository

SHOWN_TYPES = (*PHOTO_TYPES, "image/gif")
"""Types that browsers may show where they meet them: pictures that can hold nothing to be run."""
MIN_FREE = 256 * 2**20
"""Bytes of disk that scans and files must leave free: database and chain stand on the same one."""
_COMING = "coming"
"""The folder of what has not come wholly; what a kill left there is forgotten at the next start."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that is here."""

    path: Path
    media_type: str
    kind: FileKind

    @property
    def is_settled(self) -> bool:
        """Whether it stays of that type whatever other certificates say of it: a photo that is one, by its mark."""
        return self.kind is FileKind.PHOTO

    @property
    def is_shown(self) -> bool:
        """Whether a browser may show it, instead of saving it."""
        return self.media_type in SHOWN_TYPES


class Media:
    """The folder of files; `limits` gives the most bytes of each kind."""

    def __init__(self, repository: Repository, folder: Path, limits: Mapping[FileKind, int]) -> None:
        self._repository = repository
        self._folder = folder
        self._limits = limits
        shutil.rmtree(folder / _COMING, ignore_errors=True)

    def _path(self, digest: Digest) -> Path:
        return self._folder / digest.hex()[:2] / digest.hex()

    def receive(self, digest: Digest, size: int | None = None) -> Upload | None:
        """Return where a file goes, or ``None`` where it is here already; `size` is what its sender announces.

        Raises `NotFoundError` where no certificate names it, `MalformedError` where it is too large, `StorageError`
        where the disk fails.
        """
        names = self._repository.named(digest)
        if not names:
            raise NotFoundError("not-named", "No certificate names this file.", hint="Submit the certificate first.")
        if self._is_whole(digest, size):
            return None
        limit = max(self._limits[name.kind] for name in names)
        upload = Upload(self._path(digest), self._folder / _COMING, digest, names, limit)
        try:
            upload.require(size or 0)
        except BaseException:
            upload.close()
            raise
        return upload

    def _is_whole(self, digest: Digest, size: int | None) -> bool:
        """Tell whether a file is here as it came: what a failing disk left of it is as good as none."""
        try:
            found = self._path(digest).stat()
        except OSError:
            return False
        return size in (None, found.st_size) and _has_digest(
            self._path(digest), digest, found.st_size, found.st_mtime_ns
        )

    def find(self, digest: Digest) -> KeptFile:
        """Return a file that a certificate names, or an amendment that the ledger names; raises `NotFoundError`."""
        path = self._path(digest)
        try:
            with path.open("rb") as file:
                head = file.read(MARK_BYTES)
        except OSError:
            raise NotFoundError("no-file-here", "There is no such file here.") from None
        found = _name_of([name for name in self._repository.named(digest) if name.counts], head)
        if found is None:
            raise NotFoundError("no-file-here", "There is no such file here.")
        return KeptFile(path, found.media_type, found.kind)

    def has(self, digest: Digest) -> bool:
        """Tell whether a file is here."""
        return self._path(digest).exists()


class Upload:
    """A file on its way in; not for two threads at once.  Close it, whatever becomes of it."""

    def __init__(self, path: Path, coming: Path, digest: Digest, names: Sequence[NamedFile], limit: int) -> None:
        self._path, self._digest, self._names, self._limit = path, digest, names, limit
        self._hash, self._size, self._head = hashlib.sha256(), 0, b""
        self.is_photo = all(name.kind is FileKind.PHOTO for name in names)
        try:
            coming.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=coming)
        except OSError as error:
            raise _failed(error) from None
        self._file, self._temporary = os.fdopen(handle, "wb"), Path(name)

    def require(self, size: int) -> None:
        """Require that so many bytes are within the limit, and that the disk has room for them."""
        if size > self._limit:
            raise MalformedError(
                "too-large", "The file has more than {limit} bytes, which is the most here.", limit=self._limit
            )
        free = shutil.disk_usage(self._temporary.parent).free
        if not self.is_photo and size - self._size > free - MIN_FREE:
            raise StorageError(
                "disk-full", "The registry's disk has no room for this file.", hint="Tell whoever runs the registry."
            )

    def write(self, chunk: bytes) -> None:
        """Take the next bytes; raises `MalformedError` for too many, and `StorageError`."""
        self.require(self._size + len(chunk))
        self._size += len(chunk)
        self._head = (self._head + chunk[:MARK_BYTES])[:MARK_BYTES]
        self._hash.update(chunk)
        try:
            self._file.write(chunk)
        except OSError as error:
            raise _failed(error) from None

    def finish(self) -> bool:
        """Keep the file; tell whether it is new.  Raises `MalformedError` for other bytes, and `StorageError`."""
        if Digest(self._hash.digest()) != self._digest:
            raise MalformedError("wrong-digest", "The bytes are not those of the digest.")
        if _name_of(self._names, self._head) is None:
            if self.is_photo:
                raise MalformedError("not-a-photo", "A photo must be JPEG, PNG or WebP.")
            raise MalformedError(
                "wrong-kind",
                "The file does not begin as the certificate says, which calls it {kinds}.",
                kinds=", ".join(name.media_type for name in self._names),
            )
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new = not self._path.exists()
            self._temporary.replace(self._path)
            self._sync_names()
        except OSError as error:
            raise _failed(error) from None
        return new

    def _sync_names(self) -> None:
        try:
            sync_folder(self._path.parent)
            sync_folder(self._path.parent.parent)
        except OSError:
            # A sync that is tried again may succeed without having written anything: the file must come again.
            self._path.unlink(missing_ok=True)
            raise

    def close(self) -> None:
        """Let go of the file, and forget what was not finished."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._temporary.unlink(missing_ok=True)


def _name_of(names: Sequence[NamedFile], head: bytes) -> NamedFile | None:
    """Return as what a file is served: a photo before all, and what its mark shows before what any file could be."""
    able = [name for name in names if has_mark(name.media_type, head)]
    return min(able, key=lambda name: (name.kind is not FileKind.PHOTO, not is_marked(name.media_type)), default=None)


@lru_cache(maxsize=4096)
def _has_digest(path: Path, digest: Digest, _size: int, _changed: int) -> bool:
    """Tell whether the file has the digest; asked once for each size and time of change."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest() == digest.value
    except OSError:
        return False


def _failed(error: OSError) -> StorageError:
    return StorageError("cannot-store", "The file could not be kept: {reason}.", reason=error)
