"""A decoder that a photo has taken over names files; none of them is written anywhere but where renditions are."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from provenance.decoding import Decoder
from provenance.encoding import Digest
from provenance_registry.records import FileKind
from provenance_registry.service.media import KeptFile
from provenance_registry.service.renditions import Renditions

PHOTO = b"a photo"


class TakenOver(Decoder):
    """Answers what the photo wants it to."""

    def render(self, photo: bytes) -> dict[str, bytes]:
        """Name a picture, and places beside it."""
        return {"480.jpg": photo, "../../../kilnmark.db": b"", "index.html": b""}


class OnePhoto:
    """What the registry keeps, as far as renditions ask."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, digest: Digest) -> KeptFile:
        """Return the photo."""
        return KeptFile(self._path, "image/jpeg", FileKind.PHOTO)


def test_names_of_a_decoder_that_was_led_astray_lead_nowhere(tmp_path: Path) -> None:
    kept, folder = tmp_path / "photo", tmp_path / "data" / "renditions"
    kept.write_bytes(PHOTO)
    folder.mkdir(parents=True)
    media: Any = OnePhoto(kept)
    renditions = Renditions(media, folder, TakenOver())
    renditions.start()
    digest = Digest.of(PHOTO)
    renditions.ask(digest)
    deadline = time.monotonic() + 60
    while not renditions.names(digest) and time.monotonic() < deadline:
        time.sleep(0.01)
    renditions.stop()
    assert renditions.names(digest) == {"480.jpg"}
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"photo", f"data/renditions/{digest.hex()[:2]}/{digest.hex()}/480.jpg"}
