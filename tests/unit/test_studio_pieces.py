"""A studio's pieces are listed in the order of their tokens, page by page, and its entry is found by its key."""

from __future__ import annotations

from pathlib import Path

from provenance.encoding import KeyId
from provenance_registry.records import PieceRow
from tests.support.pipeline import Pipeline
from tests.support.scene import OTHER, OTHER_ISSUER, STUDIO


def test_pages_hold_every_piece_of_the_studio_once(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path)
    pipeline.scene.accredit(OTHER, OTHER_ISSUER, pipeline.scene.signer)
    pipeline.turn()
    mine = []
    for size in (3, 1, 4):
        mine += [pipeline.submit() for _ in range(size)]
        pipeline.submit(pipeline.scene.sign(issuer=OTHER_ISSUER, list_id="0" * 12))
        pipeline.turn(4)
    for limit in (1, 2, 3, 4, 8, 100):
        found: list[PieceRow] = []
        after = pages = 0
        while True:
            page = pipeline.repository.pieces_of(STUDIO.address, after, limit)
            found += page.pieces
            pages += 1
            if page.following is None:
                break
            assert page.following > after
            after = page.following
        assert {piece.digest for piece in found} == {certificate.digest for certificate in mine}
        assert len(found) == len(mine)
        assert [piece.token_id for piece in found] == sorted(piece.token_id for piece in found)
        assert pages == len(mine) // limit + 1
    assert pipeline.repository.pieces_of(OTHER.address, 0, 100).pieces != ()
    assert pipeline.repository.pieces_of(STUDIO.address, 10**20 - 1, 100).pieces == ()
    pipeline.repository.close()


def test_a_studio_is_found_by_a_key_that_it_had(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path)
    entry = pipeline.index.directory.by_key(pipeline.scene.signer.public_key.key_id)
    assert entry is not None
    assert entry.address == STUDIO.address
    assert pipeline.index.directory.by_key(KeyId(bytes(32))) is None
    pipeline.repository.close()
