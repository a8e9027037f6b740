"""Files that a certificate names by their digest and that stay as they are: 3D scans and digital works."""

from __future__ import annotations

import hashlib
from pathlib import Path

from provenance.encoding import Digest
from provenance.errors import MalformedError, StorageError

_FORMATS: dict[str, tuple[str, int, tuple[bytes, ...]]] = {
    ".glb": ("model/gltf-binary", 0, (b"glTF",)),
    ".obj": ("model/obj", 0, ()),
    ".stl": ("model/stl", 0, ()),
    ".3mf": ("model/3mf", 0, (b"PK\x03\x04",)),
    ".usdz": ("model/vnd.usdz+zip", 0, (b"PK\x03\x04",)),
    ".jpg": ("image/jpeg", 0, (b"\xff\xd8\xff",)),
    ".jpeg": ("image/jpeg", 0, (b"\xff\xd8\xff",)),
    ".png": ("image/png", 0, (b"\x89PNG\r\n\x1a\n",)),
    ".webp": ("image/webp", 8, (b"WEBP",)),
    ".tif": ("image/tiff", 0, (b"II*\0", b"MM\0*")),
    ".tiff": ("image/tiff", 0, (b"II*\0", b"MM\0*")),
    ".gif": ("image/gif", 0, (b"GIF87a", b"GIF89a")),
    ".svg": ("image/svg+xml", 0, ()),
    ".mp4": ("video/mp4", 4, (b"ftyp",)),
    ".webm": ("video/webm", 0, (b"\x1aE\xdf\xa3",)),
    ".pdf": ("application/pdf", 0, (b"%PDF-",)),
}
"""Ending to media type, and what stands at which place in such a file where its kind has a mark."""


def describe(path: Path, *, field: str) -> tuple[Digest, str]:
    """Return the digest of a file, however large, and its media type.

    Raises `MalformedError` for a file that is missing, empty or not of the kind that its name says, and `StorageError`
    for one that cannot be read.
    """
    try:
        media_type, place, marks = _FORMATS[path.suffix.lower()]
    except KeyError:
        raise MalformedError(
            "unknown-kind",
            "{file} is of no kind that a certificate can name.",
            field=field,
            hint="Kinds are {kinds}.",
            file=path.name,
            kinds=", ".join(_FORMATS),
        ) from None
    try:
        with path.open("rb") as file:
            start = file.read(32)[place:]
            file.seek(0)
            digest = Digest(hashlib.file_digest(file, "sha256").digest())
    except (FileNotFoundError, IsADirectoryError, ValueError):
        raise MalformedError("no-file", "There is no file {file}.", field=field, file=path.name) from None
    except OSError as error:
        raise StorageError("unreadable", "{path} cannot be read: {reason}.", path=path, reason=error) from None
    if not start or (marks and not start.startswith(marks)):
        raise MalformedError("wrong-kind", "{file} is empty, or not what its name says.", field=field, file=path.name)
    return digest, media_type
