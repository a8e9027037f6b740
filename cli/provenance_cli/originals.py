"""Files that a certificate names by their digest and that stay as they are: 3D scans and digital works."""

from __future__ import annotations

import hashlib
from pathlib import Path

from provenance.encoding import Digest
from provenance.errors import MalformedError, StorageError
from provenance.resources import MARK_BYTES, has_mark

KINDS = {
    ".glb": "model/gltf-binary",
    ".obj": "model/obj",
    ".stl": "model/stl",
    ".3mf": "model/3mf",
    ".usdz": "model/vnd.usdz+zip",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".pdf": "application/pdf",
}
"""Ending to media type."""


def describe(path: Path, *, field: str) -> tuple[Digest, str]:
    """Return the digest of a file, however large, and its media type.

    Raises `MalformedError` for a file that is missing, empty or not of the kind that its name says, and `StorageError`
    for one that cannot be read.
    """
    try:
        media_type = KINDS[path.suffix.lower()]
    except KeyError:
        raise MalformedError(
            "unknown-kind",
            "{file} is of no kind that a certificate can name.",
            field=field,
            hint="Kinds are {kinds}.",
            file=path.name,
            kinds=", ".join(KINDS),
        ) from None
    try:
        with path.open("rb") as file:
            start = file.read(MARK_BYTES)
            file.seek(0)
            digest = Digest(hashlib.file_digest(file, "sha256").digest())
    except (FileNotFoundError, IsADirectoryError, ValueError):
        raise MalformedError("no-file", "There is no file {file}.", field=field, file=path.name) from None
    except OSError as error:
        raise StorageError("unreadable", "{path} cannot be read: {reason}.", path=path, reason=error) from None
    if not has_mark(media_type, start):
        if not start:
            raise MalformedError("wrong-kind", "{file} is empty.", field=field, file=path.name)
        raise MalformedError(
            "wrong-kind",
            "{file} does not begin as a file of its kind ({media_type}) does.",
            field=field,
            hint="Save it again from the program that made it, or give it the ending of the kind that it is.",
            file=path.name,
            media_type=media_type,
        )
    return digest, media_type
