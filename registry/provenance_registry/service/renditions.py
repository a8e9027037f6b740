"""Smaller pictures of photos, in forms that browsers load fast: drawn from what is kept, and drawn again where lost.

The photo that the certificate names is shown beside them and stays what counts: a rendition proves nothing.  One thread
draws, one photo at a time, in a decoder's process; a page that comes first shows the photo itself.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import shutil
import tempfile
import threading
from pathlib import Path

from provenance.decoding import Decoder
from provenance.encoding import Digest
from provenance.errors import MalformedError, NotFoundError, ProvenanceError
from provenance.media import RENDITION_TYPES, RENDITION_WIDTHS
from provenance_registry.records import FileKind
from provenance_registry.service.media import MIN_FREE, KeptFile, Media

log = logging.getLogger(__name__)

MAX_WAITING = 10_000
"""Photos that wait to be drawn; what finds no place is asked for again by the next page that shows it."""
NAMES = frozenset(f"{width}.{ending}" for width in RENDITION_WIDTHS for ending in RENDITION_TYPES)
"""Every name that a rendition can have."""
_HOPELESS = "none"
"""Stands in a photo's folder where nothing can be drawn of it: nobody tries again."""


class Renditions:
    """The folder of renditions of what `media` keeps."""

    def __init__(self, media: Media, folder: Path, decoder: Decoder) -> None:
        self._media = media
        self._folder = folder
        self._decoder = decoder
        self._waiting: queue.Queue[Digest | None] = queue.Queue(MAX_WAITING)
        self._asked = set[Digest]()
        self._thread = threading.Thread(target=self._run, name="renditions", daemon=True)

    def start(self) -> None:
        """Start to draw."""
        self._thread.start()

    def stop(self) -> None:
        """Draw no more; what is being drawn is given up."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._waiting.get_nowait()
        self._waiting.put(None)
        self._decoder.close()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def names(self, photo: Digest) -> frozenset[str]:
        """Return the names of a photo's renditions; where there are none yet, they are drawn soon."""
        try:
            found = frozenset(os.listdir(self._path(photo)))  # noqa: PTH208
        except OSError:
            self.ask(photo)
            return frozenset()
        return found & NAMES

    def ask(self, photo: Digest) -> None:
        """Have a photo drawn, unless it waits already or too many do."""
        if photo not in self._asked:
            with contextlib.suppress(queue.Full):
                self._waiting.put_nowait(photo)
                self._asked.add(photo)

    def find(self, photo: Digest, name: str) -> KeptFile:
        """Return a rendition of a photo that is shown; raises `NotFoundError`."""
        path = self._path(photo) / name
        if name not in NAMES or self._media.find(photo).kind is not FileKind.PHOTO or not path.is_file():
            raise NotFoundError("no-file-here", "There is no such file here.")
        return KeptFile(path, RENDITION_TYPES[name.rpartition(".")[2]], FileKind.PHOTO)

    def _path(self, photo: Digest) -> Path:
        return self._folder / photo.hex()[:2] / photo.hex()

    def _run(self) -> None:
        for left in self._folder.glob("making-*"):
            shutil.rmtree(left, ignore_errors=True)
        while (photo := self._waiting.get()) is not None:
            try:
                self._draw(photo)
            except (ProvenanceError, OSError) as error:
                log.warning("no renditions of %s: %s", photo.hex(), error)
            finally:
                self._asked.discard(photo)

    def _draw(self, photo: Digest) -> None:
        target = self._path(photo)
        if target.exists() or shutil.disk_usage(self._folder.parent).free < MIN_FREE:
            return
        kept = self._media.find(photo)
        try:
            drawn = self._decoder.render(kept.path.read_bytes())
        except MalformedError as error:
            log.warning("nothing can be drawn of %s: %s", photo.hex(), error)
            drawn = {_HOPELESS: b""}
        target.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=self._folder, prefix="making-"))
        try:
            for name, data in drawn.items():
                if name in NAMES or name == _HOPELESS:  # A decoder that was led astray names no other place.
                    (making / name).write_bytes(data)
            making.rename(target)
        finally:
            shutil.rmtree(making, ignore_errors=True)
