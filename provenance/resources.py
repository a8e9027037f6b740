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
