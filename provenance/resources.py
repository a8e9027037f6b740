"""What belongs to a piece by the digest of its bytes: photos, 3D scans, and the files of a digital work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from provenance.encoding import Digest
from provenance.errors import MalformedError

PHOTO_TYPES = ("image/jpeg", "image/png", "image/webp")
PHOTO_ROLES = ("overview", "detail", "base-mark")
SCAN_TYPES = ("model/gltf-binary", "model/obj", "model/stl", "model/3mf", "model/vnd.usdz+zip")
"""Forms of a 3D scan that are one file, so that one digest covers them."""
FILE_TYPES = (
    *PHOTO_TYPES,
    "image/tiff",
    "image/svg+xml",
    "image/gif",
    "video/mp4",
    "video/webm",
    "application/pdf",
    *SCAN_TYPES,
)
"""Forms of a digital work."""
_MARKS: dict[str, tuple[tuple[int, tuple[bytes, ...]], ...]] = {
    "image/jpeg": ((0, (b"\xff\xd8\xff",)),),
    "image/png": ((0, (b"\x89PNG\r\n\x1a\n",)),),
    "image/webp": ((0, (b"RIFF",)), (8, (b"WEBP",))),
    "image/tiff": ((0, (b"II*\0", b"MM\0*")),),
    "image/gif": ((0, (b"GIF87a", b"GIF89a")),),
    "video/mp4": ((4, (b"ftyp",)),),
    "video/webm": ((0, (b"\x1aE\xdf\xa3",)),),
    "application/pdf": ((0, (b"%PDF-",)),),
    "model/gltf-binary": ((0, (b"glTF",)),),
    "model/3mf": ((0, (b"PK\x03\x04",)),),
    "model/vnd.usdz+zip": ((0, (b"PK\x03\x04",)),),
}
"""What stands at which places of a file of that type; the types that are text have no such mark."""
MARK_BYTES = 32
"""Bytes at the beginning of a file in which its mark is."""


def has_mark(media_type: str, head: bytes) -> bool:
    """Tell whether a file that begins with `head` may be of that type: not empty, and with the mark of its type."""
    marks = _MARKS.get(media_type, ())
    return bool(head) and all(head[place:].startswith(options) for place, options in marks)


def is_marked(media_type: str) -> bool:
    """Tell whether a type has a mark; a file of any bytes may be of one that has none."""
    return media_type in _MARKS


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo by the digest of its bytes; `role` says what it shows."""

    digest: Digest
    media_type: str = "image/jpeg"
    role: str = "overview"

    def __post_init__(self) -> None:
        if self.media_type not in PHOTO_TYPES:
            raise MalformedError(
                "bad-photo", "A photo must be one of {kinds}.", field="photos", kinds=", ".join(PHOTO_TYPES)
            )
        if self.role not in PHOTO_ROLES:
            raise MalformedError(
                "bad-photo", "A photo's role must be one of {roles}.", field="photos", roles=", ".join(PHOTO_ROLES)
            )


@dataclass(frozen=True, slots=True)
class Scan:
    """A 3D scan by the digest of its bytes."""

    digest: Digest
    media_type: str = "model/gltf-binary"

    def __post_init__(self) -> None:
        if self.media_type not in SCAN_TYPES:
            raise MalformedError(
                "bad-scan", "A 3D scan must be one of {kinds}.", field="scans", kinds=", ".join(SCAN_TYPES)
            )


@dataclass(frozen=True, slots=True)
class WorkFile:
    """A file of a digital work, by the digest of its bytes."""

    digest: Digest
    media_type: str

    def __post_init__(self) -> None:
        if self.media_type not in FILE_TYPES:
            raise MalformedError(
                "bad-file", "A digital work must be one of {kinds}.", field="files", kinds=", ".join(FILE_TYPES)
            )


Resource: TypeAlias = Photo | Scan | WorkFile
