"""Photos, scans and files in the registry's folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from provenance.encoding import Digest
from provenance.errors import MalformedError, NotFoundError, ProvenanceError, StorageError
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.piece import Photo, Piece, Scan, WorkFile
from provenance.resources import FILE_TYPES, MARK_BYTES, has_mark
from provenance_registry.http import media as uploads
from provenance_registry.records import FileKind
from provenance_registry.service import media as module
from provenance_registry.service.media import Media
from tests.support.pipeline import Pipeline
from tests.support.scene import ISSUER, NOW

JPEG, GLB, PDF = b"\xff\xd8\xff a photo", b"glTF a scan", b"%PDF- a work"
HTML = b"<script>alert(1)</script>"


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path)
    yield made
    made.repository.close()


@pytest.fixture
def media(pipeline: Pipeline, tmp_path: Path) -> Media:
    limits = {FileKind.PHOTO: 40, FileKind.SCAN: 400, FileKind.FILE: 4_000}
    return Media(pipeline.repository, tmp_path / "media", limits)


def name(pipeline: Pipeline, *items: Photo | Scan | WorkFile, signer: P256Signer | None = None) -> None:
    draft = pipeline.scene.sign()
    files = tuple(item for item in items if isinstance(item, WorkFile))
    piece = Piece(draft.piece.serial, draft.piece.title, files=files) if files else draft.piece
    photos = tuple(item for item in items if isinstance(item, Photo))
    piece = replace(piece, photos=photos, scans=tuple(item for item in items if isinstance(item, Scan)))
    key = signer or pipeline.scene.signer
    pipeline.submit(issue(piece, ISSUER, key, status_entry=draft.status_entry, now=NOW))


def put(media: Media, data: bytes, digest: Digest | None = None) -> bool:
    upload = media.receive(digest or Digest.of(data))
    if upload is None:
        return False
    try:
        for place in range(0, len(data), 5):
            upload.write(data[place : place + 5])
        return upload.finish()
    finally:
        upload.close()


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_files_of_all_kinds_are_kept_by_digest(pipeline: Pipeline, media: Media, tmp_path: Path) -> None:
    name(pipeline, Photo(Digest.of(JPEG)), Scan(Digest.of(GLB)))
    name(pipeline, WorkFile(Digest.of(PDF), "application/pdf"))
    for data, media_type, is_shown in (
        (JPEG, "image/jpeg", True),
        (GLB, "model/gltf-binary", False),
        (PDF, "application/pdf", False),
    ):
        assert not media.has(Digest.of(data))
        assert put(media, data)
        assert not put(media, data)
        kept = media.find(Digest.of(data))
        assert (kept.path.read_bytes(), kept.media_type, kept.is_shown) == (data, media_type, is_shown)
    assert len(files_in(tmp_path / "media")) == 3


def test_nothing_is_kept_that_no_certificate_names_or_that_is_another(
    pipeline: Pipeline, media: Media, tmp_path: Path
) -> None:
    with pytest.raises(NotFoundError):
        media.receive(Digest.of(GLB))
    name(pipeline, Scan(Digest.of(GLB)), signer=P256Signer.generate())
    with pytest.raises(NotFoundError):  # It is held: anybody could fill the disk.
        media.receive(Digest.of(GLB))
    name(pipeline, Scan(Digest.of(GLB)))
    with pytest.raises(MalformedError) as caught:
        put(media, GLB + b"!", Digest.of(GLB))
    assert caught.value.code == "wrong-digest"
    assert files_in(tmp_path / "media") == []
    with pytest.raises(NotFoundError):
        media.find(Digest.of(GLB))


def test_a_file_is_of_the_type_that_its_certificate_says(pipeline: Pipeline, media: Media) -> None:
    name(pipeline, Photo(Digest.of(HTML)), Scan(Digest.of(PDF)))
    for data, code in ((HTML, "not-a-photo"), (PDF, "wrong-kind")):
        with pytest.raises(MalformedError) as caught:
            put(media, data)
        assert caught.value.code == code
    name(pipeline, WorkFile(Digest.of(HTML), "image/svg+xml"))  # A kind without a mark: it is only ever saved.
    assert put(media, HTML)
    assert not media.find(Digest.of(HTML)).is_shown


def test_each_kind_has_its_limit(pipeline: Pipeline, media: Media) -> None:
    photo, scan = JPEG + b"x" * 40, GLB + b"x" * 80
    name(pipeline, Photo(Digest.of(photo)), Scan(Digest.of(scan)))
    for size in (None, len(photo)):
        with pytest.raises(MalformedError) as caught:
            media.receive(Digest.of(photo), size) if size else put(media, photo)
        assert caught.value.code == "too-large"
    assert put(media, scan)
    name(pipeline, WorkFile(Digest.of(photo), "image/jpeg"))  # The same picture as a work may be larger.
    assert put(media, photo)


def test_large_files_leave_the_database_its_room(
    pipeline: Pipeline, media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    name(pipeline, Scan(Digest.of(GLB)), Photo(Digest.of(JPEG)))
    monkeypatch.setattr(module, "MIN_FREE", 2**62)
    with pytest.raises(StorageError) as caught:
        put(media, GLB)
    assert caught.value.code == "disk-full"
    assert put(media, JPEG)


def test_a_disk_that_fails_leaves_nothing_behind(pipeline: Pipeline, media: Media, tmp_path: Path) -> None:
    name(pipeline, Scan(Digest.of(GLB)))
    (tmp_path / "media").mkdir(exist_ok=True)
    blocked = tmp_path / "media" / Digest.of(GLB).hex()[:2]
    blocked.write_bytes(b"a file where a folder must be")
    with pytest.raises(StorageError):
        put(media, GLB)
    blocked.unlink()
    assert put(media, GLB)


def test_what_had_not_come_wholly_is_forgotten_at_the_next_start(
    pipeline: Pipeline, media: Media, tmp_path: Path
) -> None:
    name(pipeline, Scan(Digest.of(GLB)))
    upload = media.receive(Digest.of(GLB))
    assert upload is not None
    upload.write(GLB)
    upload._file.close()  # As a kill does.
    assert len(files_in(tmp_path / "media")) == 1
    Media(pipeline.repository, tmp_path / "media", {})
    assert files_in(tmp_path / "media") == []


@pytest.mark.parametrize("damage", [GLB[:-1], b"", b"X" * len(GLB)])
def test_what_a_disk_damaged_is_sent_anew(pipeline: Pipeline, media: Media, damage: bytes) -> None:
    name(pipeline, Scan(Digest.of(GLB)))
    assert put(media, GLB)
    assert not put(media, GLB)
    path = media.find(Digest.of(GLB)).path
    path.write_bytes(damage)
    os.utime(path, ns=(1, 1))
    put(media, GLB)
    assert path.read_bytes() == GLB
    assert media.receive(Digest.of(GLB), len(GLB)) is None


def test_a_files_name_is_on_the_disk_before_it_counts(
    pipeline: Pipeline, media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    name(pipeline, Scan(Digest.of(GLB)))
    forced = list[tuple[Path, bool]]()
    path = media._path(Digest.of(GLB))
    monkeypatch.setattr(module, "sync_folder", lambda folder: forced.append((folder, path.exists())))
    assert put(media, GLB)
    assert forced == [(path.parent, True), (path.parent.parent, True)]


def test_an_upload_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_GRACE", 0.5)
    monkeypatch.setattr(uploads, "MIN_RATE", 1_000.0)

    async def took(size: int) -> int:
        async def stream() -> AsyncIterator[bytes]:
            for number in range(20):
                await asyncio.sleep(0.05 if number else 0)
                yield bytes(size)

        request: Any = SimpleNamespace(stream=stream)
        return len([chunk async for chunk in uploads._chunks(request)])

    # On a thread of its own: a browser that another test has opened keeps a loop running on this one.
    with ThreadPoolExecutor() as thread:
        assert thread.submit(lambda: asyncio.run(took(1_000))).result() == 20
        with pytest.raises(MalformedError) as caught:
            thread.submit(lambda: asyncio.run(took(1))).result()
    assert caught.value.code == "upload-stalled"


def test_marks_stand_at_the_beginning() -> None:
    for media_type in FILE_TYPES:
        assert not has_mark(media_type, b"")
        assert has_mark(media_type, b"no mark at all") == (media_type in ("image/svg+xml", "model/obj", "model/stl"))
    assert has_mark("image/webp", b"RIFF\0\0\0\0WEBP")
    assert not has_mark("image/webp", b"XXXX\0\0\0\0WEBP")
    assert len(b"\x89PNG\r\n\x1a\n") < MARK_BYTES
    assert issubclass(MalformedError, ProvenanceError)


def test_a_file_whose_name_is_not_on_disk_is_not_acknowledged_when_it_comes_again(
    pipeline: Pipeline, media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    name(pipeline, Photo(Digest.of(JPEG)))

    def fail(_: Path) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(module, "sync_folder", fail)
        for _ in range(2):  # The second time too: nothing has forced its name to disk since.
            with pytest.raises(StorageError):
                put(media, JPEG)
    assert put(media, JPEG)
    assert not put(media, JPEG)
