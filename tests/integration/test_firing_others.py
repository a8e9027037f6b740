"""A piece of a firing that stands badly keeps no other from its papers, and an amendment is not taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.printing.readback import read_sheet
from provenance_cli.firing.record import FiringRecord
from provenance_cli.firing.workbook import PHOTOS
from tests.integration.test_firing_paths import picture
from tests.support.offline_shops import TITLE, write
from tests.support.registries import RunningRegistry
from tests.support.secret_shops import SecretShop


def test_the_others_get_their_papers(
    registry: RunningRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.tag.is_public_host", lambda base_url: True)
    shop = SecretShop(tmp_path, registry, "kiln-of-others", capsys, pieces=0)
    folder = tmp_path / "firing"
    shop.done("firing", folder, "--pieces", 4)
    record = FiringRecord.read(folder)
    assert record is not None
    one, two, three, four = record.serials
    for number in range(1, 5):
        (folder / f"{number}.jpg").write_bytes(picture(number + 7_000))
    write(folder, {(1, TITLE): "碗", (1, PHOTOS): "1.jpg", (2, TITLE): "盏", (2, PHOTOS): "2.jpg"})
    shop.done("firing", folder)
    shop.done("piece", "amend", two, "--country", "CN", "--fuel", "pine")
    shop.done("tag", "void", two, "--reason", "damaged")
    shop.done("revoke", one)

    write(folder, {(3, TITLE): "瓶", (3, PHOTOS): "3.jpg", (4, TITLE): "罐", (4, PHOTOS): "4.jpg"})
    (tmp_path / "5.jpg").write_bytes(picture(7_005))
    other = shop.done("piece", "add", "--title", "Of no firing", "--photo", tmp_path / "5.jpg")["serial"]
    shop.done("sign")
    store = shop.workshop.store
    for digest in (photo.digest for photo in store.piece(store.pieces()[-1].serial).photos):
        shop.workshop.photo_path(digest).rename(tmp_path / "gone")  # It can be sent no more: it is told, run by run.
    code, data, talk = shop.run("firing", folder)
    assert code == 4
    assert other in talk
    assert set(data["states"].values()) == {"anchored"}
    assert "No papers are printed for number 1" in talk
    assert len(store.amendments(two)) == 1  # The row has no column for what it says.
    for name, count in (("tags-2.pdf", 2), ("seals-2.pdf", 2), ("boxcards.pdf", 2)):
        assert len(read_sheet((folder / "out" / name).read_bytes())) == count, name
    assert store.certificate(three).state == store.certificate(four).state == "anchored"
