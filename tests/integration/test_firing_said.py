"""What is said of a firing is what is so: faults by their columns, photos that are settled, and titles."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance_cli.firing.contact import SHEET
from provenance_cli.firing.listing import write_listing
from provenance_cli.firing.saying import remedies, sentence
from provenance_cli.firing.stage import survey
from provenance_cli.firing.workbook import LOST, PHOTOS
from tests.integration.test_firing_paths import picture
from tests.support.offline_shops import TITLE, OfflineShop, begun, photograph, write

WEIGHT, HEIGHT = "重 Weight (g)", "高 Height (mm)"


def test_all_faults_of_a_row_are_told_by_their_columns_and_its_title_is_no_less_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, folder = OfflineShop(tmp_path, capsys, "zh-Hans"), tmp_path / "firing"
    begun(shop, folder, 3)
    for place in ("a", "b"):
        (folder / place).mkdir()
        (folder / place / "1.jpg").write_bytes(picture(1))
    of_one = {TITLE: "青花碗", WEIGHT: "半斤", HEIGHT: "tall", PHOTOS: "1.jpg; 9.jpg"}
    write(folder, {(1, heading): text for heading, text in of_one.items()} | {(2, TITLE): "盏", (2, LOST): "perhaps"})
    code, data, talk = shop.run("firing", folder, "--check")
    assert code == 4
    assert [(fault["line"], fault["column"]) for fault in data["faults"]] == [
        (3, PHOTOS), (3, PHOTOS), (3, HEIGHT), (3, WEIGHT), (4, LOST),
    ]  # fmt: skip
    assert data["withoutTitle"] == [3]
    assert f"第 3 行，{WEIGHT}：“半斤”不是重量" in talk
    assert "文件夹中没有照片“9.jpg”" in talk
    assert "文件夹中有 2 张照片都叫“1.jpg”" in talk
    assert "没有名称：3" in talk
    sheet = (folder / SHEET).read_text("utf-8")
    assert (sheet.count("青花碗"), sheet.count("尚无名称"), sheet.count("表格中这一行有错")) == (1, 1, 2)


def test_photos_that_the_potter_has_settled_are_no_trouble_and_others_none_once_all_is_signed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, folder = OfflineShop(tmp_path, capsys), tmp_path / "firing"
    record = begun(shop, folder, 3)
    shoot = photograph(folder, record)
    (folder / "loose").mkdir()
    (folder / "loose" / "0.jpg").write_bytes(picture(1))
    of_three = next(name for name, serial in shoot.truth.items() if serial == record.serials[2])
    (folder / "named.jpg").write_bytes(picture(2))
    write(folder, {(1, TITLE): "Bowl", (2, LOST): "是 yes", (3, TITLE): "Cup", (3, PHOTOS): "named.jpg"})
    data = shop.done("firing", folder, "--check")
    assert [photo["photo"] for photo in data["unassigned"]] == ["loose/0.jpg"]
    assert {photo["reason"] for photo in data["setAside"]} == {"of-a-lost-piece", "another-photo-was-named"}
    assert of_three in {photo["photo"] for photo in data["setAside"]}
    stage = survey(shop.workshop, folder, record, lambda number: None)
    assert any("Photos of no piece" in text for text in remedies(stage))
    assert shop.run("firing", folder)[0] == 3  # Signed now; there is no network.
    stage = survey(shop.workshop, folder, record, lambda number: None)
    assert "1 photo of no piece" in sentence(stage)
    assert list(remedies(stage)) == []


def test_a_firing_is_called_by_its_day_and_lists_what_was_just_corrected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, folder = OfflineShop(tmp_path, capsys), tmp_path / "of-november"
    record = begun(shop, folder, 1)
    photograph(folder, record)
    write(folder, {(1, TITLE): "Bowl"})
    assert shop.run("firing", folder)[0] == 3
    write(folder, {(1, TITLE): "Cup"})
    stage = survey(shop.workshop, folder, record, lambda number: None)
    text = write_listing(shop.workshop, stage, folder / "out").read_text("utf-8")
    assert "<td>Cup</td>" in text
    assert "<title>Firing of-november</title>" in text
    record.shared["fired"] = "2026/11/2"
    text = write_listing(shop.workshop, stage, folder / "out").read_text("utf-8")
    assert "<title>Firing 2026-11-02</title>" in text
