"""A studio's gallery shows what the verifier calls genuine now, the newest first, and nothing of anything else."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from provenance.certificate import Certificate
from provenance.status import Status
from provenance_registry.service import gallery as module
from provenance_registry.service.gallery import Gallery
from tests.support.pipeline import Pipeline, Ticking
from tests.support.scene import OTHER, OTHER_ISSUER, STUDIO


def titles(forms: object) -> list[str]:
    assert isinstance(forms, list)
    return [form.piece.title["zh-Hans"] for form in forms]


def submitted(pipeline: Pipeline, title: str) -> Certificate:
    certificate = pipeline.submit(pipeline.scene.sign(title))
    pipeline.turn(4)
    return certificate


def rewrite(folder: Path, certificate: Certificate, data: bytes) -> None:
    """Change the bytes that the registry keeps of a certificate, as whoever has its disk may."""
    with sqlite3.connect(folder / "registry.db") as database:
        changed = database.execute(
            "UPDATE certificates SET data = ? WHERE digest = ?", (data, certificate.digest.value)
        )
        assert changed.rowcount == 1
    database.close()


def test_pages_hold_every_piece_once_the_newest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline(tmp_path)
    pipeline.scene.accredit(OTHER, OTHER_ISSUER, pipeline.scene.signer)
    pipeline.turn()
    for size in (3, 1, 2):
        for _ in range(size):
            pipeline.submit()
        pipeline.submit(pipeline.scene.sign(issuer=OTHER_ISSUER, list_id="0" * 12))
        pipeline.turn(4)
    every = pipeline.repository.pieces_of(STUDIO.address, 0, 100).pieces[::-1]
    assert len(every) == 6
    for limit in (1, 2, 3, 6, 7):
        monkeypatch.setattr(module, "GALLERY_PAGE", limit)
        found, before = list[Certificate](), module.NEWEST
        while True:
            page = Gallery(pipeline.repository, pipeline.verdicts).page(STUDIO.address, before)
            assert len(page.forms) <= limit
            found += page.forms
            if page.following is None:
                break
            assert page.following < before
            before = page.following
        assert [form.digest for form in found] == [piece.digest for piece in every]
    pipeline.repository.close()


def test_only_genuine_records_are_shown_with_their_words(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path)
    good, revoked, held, altered, broken = (
        submitted(pipeline, name) for name in ("good", "revoked", "held", "altered", "broken")
    )
    gallery = Gallery(pipeline.repository, pipeline.verdicts)
    assert titles(gallery.page(STUDIO.address).forms) == ["broken", "altered", "held", "revoked", "good"]
    pipeline.relay_status(pipeline.order(revoked, Status.REVOKED))
    pipeline.turn(4)
    pipeline.relay_status(pipeline.order(held, Status.ON_HOLD, nonce=1))
    pipeline.turn(4)
    assert altered.data.count(b"altered") == 1
    rewrite(tmp_path, altered, altered.data.replace(b"altered", b"forgery"))
    rewrite(tmp_path, broken, b"{" + broken.data)
    waiting = pipeline.submit(pipeline.scene.sign("waiting"))
    assert pipeline.state(waiting) != "anchored"
    page = gallery.page(STUDIO.address)
    assert titles(page.forms) == ["good"]
    assert page.forms[0].digest == good.digest
    pipeline.repository.close()


def test_a_registry_out_of_touch_shows_nothing(tmp_path: Path) -> None:
    clock = Ticking()
    pipeline = Pipeline(tmp_path, monotonic=clock)
    submitted(pipeline, "good")
    gallery = Gallery(pipeline.repository, pipeline.verdicts)
    assert titles(gallery.page(STUDIO.address).forms) == ["good"]
    clock.now += 3_600
    assert titles(gallery.page(STUDIO.address).forms) == []
    pipeline.repository.close()
