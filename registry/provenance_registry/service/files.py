"""What a certificate names by digest, as the registry keeps it."""

from __future__ import annotations

from provenance.piece import Piece
from provenance_registry.records import FileKind, NamedFile


def named_files(piece: Piece) -> list[NamedFile]:
    """Return the photos, scans and files of a piece."""
    kinds = (FileKind.PHOTO, piece.photos), (FileKind.SCAN, piece.scans), (FileKind.FILE, piece.files)
    return [NamedFile(item.digest, kind, item.media_type) for kind, items in kinds for item in items]
