"""The photos in a firing's folder: each is looked at once, and never changed, moved or renamed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from provenance.decoding import Decoder
from provenance.encoding import Digest
from provenance.errors import MalformedError, ProvenanceError
from provenance.media import read_photo
from provenance.serial import Serial
from provenance.slip import SLIP_PREFIX, parse_slip
from provenance_cli.context import Advance
from provenance_cli.firing.assigning import Seen
from provenance_cli.firing.record import NOTES, keep
from provenance_cli.i18n import _
from provenance_cli.report import words

ENDINGS = frozenset((".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"))
MAX_PHOTOS = 20_000
"""Photos of one folder: ten for each piece of the largest firing."""
_BOOK = "looked.msgpack"
_EACH = 50
"""Photos after which what was seen is kept, so that a run that is broken off begins near there."""


class _Look(msgspec.Struct, frozen=True, array_like=True):
    size: int
    changed: int
    digest: bytes
    taken: str = ""
    camera: str = ""
    codes: list[str] = []
    share: float = 0.0
    preview: bytes = b""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a folder holds: photos, their small pictures by digest, and files that are no photos with what is wrong."""

    photos: list[Seen]
    previews: dict[Digest, bytes]
    broken: list[tuple[str, str]]


def photo_files(folder: Path) -> list[str]:
    """Return the names of the photos in a folder and below, with slashes; raises `MalformedError` for too many."""
    names = sorted(_walk(folder, folder))
    if len(names) > MAX_PHOTOS:
        raise MalformedError(
            "too-many-photos",
            "The folder has {n:,} photos, the limit is {limit:,}.",
            hint="Leave only this firing's photos in it.",
            n=len(names),
            limit=MAX_PHOTOS,
        )
    return names


def _walk(folder: Path, root: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "out" or folder != root:
                    yield from _walk(Path(entry.path), root)
            elif Path(entry.name).suffix.lower() in ENDINGS and (entry.is_symlink() or entry.is_file()):
                yield Path(entry.path).relative_to(root).as_posix()


def look_at(folder: Path, serials: Sequence[Serial], advance: Advance) -> Looked:
    """Look at every photo that is new or was changed; `serials` are the firing's pieces."""
    known = _read(folder / NOTES / _BOOK)
    looks, todo, odd = dict[str, _Look](), list[tuple[str, int, int]](), list[tuple[str, str]]()
    for name in photo_files(folder):
        if fault := _oddity(folder, name):
            odd.append((os.fsencode(name).decode("utf-8", "replace"), fault))
            advance(1)
            continue
        try:
            state = (folder / name).stat()
        except FileNotFoundError:  # It was taken away just now.
            continue
        before = known.get(name)
        if before is not None and (before.size, before.changed) == (state.st_size, state.st_mtime_ns):
            looks[name] = before
            advance(1)
        else:
            todo.append((name, state.st_size, state.st_mtime_ns))
    with _Table() as table, ThreadPoolExecutor(table.places) as threads:
        for start in range(0, len(todo), _EACH):
            part = todo[start : start + _EACH]
            for (name, _size, _changed), look in zip(
                part, threads.map(lambda item: table.look(folder, *item), part), strict=True
            ):
                looks[name] = look
                advance(1)
            _keep(folder, known | looks)
    if set(known) - set(looks):
        _keep(folder, looks)
    told = _told(looks, frozenset(serials))
    return replace(told, broken=[*told.broken, *odd])


def _oddity(folder: Path, name: str) -> str:
    """Return why a file is not even looked at, an empty text for a plain one."""
    try:
        name.encode()
    except UnicodeEncodeError:  # As archives of Windows leave behind: it can be told to nobody as it is.
        return _("The name is not text on this system. Give the file another.")
    if (folder / name).is_symlink():  # What it leads to could be a photo of anything, and would become public.
        return _("This is a link. Copy the photo itself into the folder.")
    return ""


class _Table:
    """Processes that decode photos, one a thread."""

    def __init__(self) -> None:
        self.places = max(1, min(4, os.cpu_count() or 1))
        self._own = threading.local()
        self._all = list[Decoder]()
        self._lock = threading.Lock()

    def __enter__(self) -> _Table:
        return self

    def __exit__(self, *caught: object) -> None:
        for decoder in self._all:
            decoder.close()

    def look(self, folder: Path, name: str, size: int, changed: int) -> _Look:
        """Look at one photo; one that cannot be decoded is told so."""
        digest = b""
        try:
            data = read_photo(folder / name)
            digest = Digest.of(data).value
            shot = self._decoder().look(data)
        except ProvenanceError as error:
            return _Look(size, changed, digest, fault=words(error)[0])
        share = max((sight.side for sight in shot.sights), default=0.0)
        codes = [sight.text for sight in shot.sights if not sight.text or sight.text.startswith(SLIP_PREFIX)]
        return _Look(size, changed, digest, shot.taken, shot.camera, codes, share, shot.preview)

    def _decoder(self) -> Decoder:
        decoder: Decoder | None = getattr(self._own, "decoder", None)
        if decoder is None:
            decoder = self._own.decoder = Decoder()
            with self._lock:
                self._all.append(decoder)
        return decoder


def _told(looks: dict[str, _Look], serials: frozenset[Serial]) -> Looked:
    photos, previews, broken = list[Seen](), dict[Digest, bytes](), list[tuple[str, str]]()
    for name, look in looks.items():
        if look.fault:
            broken.append((name, look.fault))
            continue
        slips = [parse_slip(text) for text in look.codes if text]
        named = tuple(dict.fromkeys(slip if slip in serials else None for slip in slips))
        digest = Digest(look.digest)
        photos.append(Seen(name, digest, look.taken, look.camera, named, look.share, "" in look.codes))
        previews[digest] = look.preview
    return Looked(photos, previews, broken)


def forget(folder: Path) -> None:
    """Look at all photos anew in the next run: one was changed that has its size and its time of before."""
    (folder / NOTES / _BOOK).unlink(missing_ok=True)


def _read(path: Path) -> dict[str, _Look]:
    """Return what was seen before; notes that are damaged are made again."""
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=dict[str, _Look])
    except (OSError, msgspec.MsgspecError):
        return {}


def _keep(folder: Path, looks: dict[str, _Look]) -> None:
    """Keep what was seen; what could not be decoded may be next time, on a machine that is less busy."""
    good = {name: look for name, look in looks.items() if not look.fault}
    keep(folder / NOTES / _BOOK, msgspec.msgpack.encode(good))
