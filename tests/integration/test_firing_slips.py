"""A slip out of focus: the photos around it are the potter's to assign, also once it was photographed anew."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from provenance_cli.firing.contact import SHEET
from provenance_cli.firing.workbook import PHOTOS
from tests.support.kiln import Phone, Shoot
from tests.support.offline_shops import TITLE, OfflineShop, begun, write


def test_what_lies_around_a_slip_out_of_focus_stays_in_doubt_once_it_is_sharp(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, folder = OfflineShop(tmp_path, capsys), tmp_path / "firing"
    record = begun(shop, folder, 4)
    one, two, three, four = record.serials
    phone, shots = Phone("One", datetime(2026, 11, 2, 10, 0)), Shoot(folder, random.Random(5), (800, 600))  # noqa: DTZ001
    shots.all_of(phone, [one, two], (0, 1))
    blurred = shots.slip(phone, three, blur=30)
    of_three = [shots.piece(phone, three, side) for side in (0, 1)]
    shots.all_of(phone, [four], (0, 1))
    of_two = [name for name, serial in shots.truth.items() if serial == two]
    left = {*of_two, blurred, *of_three}
    write(folder, {(number, TITLE): f"碗 {number}" for number in range(1, 5)})
    assert shop.done("firing", folder, "--check")["ready"] == [1, 4]
    words = "after slip 2, slip 3 is missing or cannot be read (of number 2 or 3?)"
    assert (folder / SHEET).read_text("utf-8").count(words) == len(left)

    phone.clock += timedelta(hours=2)
    shots.all_of(phone, [three], (2, 3))
    checked = shop.done("firing", folder, "--check")
    assert checked["ready"] == [1, 3, 4]
    assert {photo["photo"] for photo in checked["unassigned"]} == left
    assert {photo["reason"] for photo in checked["unassigned"]} == {"a-slip-may-be-missing"}
    shop.lang = "zh-Hans"
    shop.done("firing", folder, "--check")
    words = "2 号条之后缺少 3 号条，或它无法读出（是 2 号的，还是 3 号的？）"
    assert (folder / SHEET).read_text("utf-8").count(words) == len(left)
    write(folder, {(2, PHOTOS): ";".join(of_two)})
    assert shop.done("firing", folder, "--check")["ready"] == [1, 2, 3, 4]


def test_a_photo_that_another_firing_was_signed_with_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, before, folder = OfflineShop(tmp_path, capsys), tmp_path / "before", tmp_path / "after"
    phone = Phone("One", datetime(2026, 11, 2, 10, 0))  # noqa: DTZ001
    first, second = begun(shop, before, 1), begun(shop, folder, 1)
    shots = Shoot(before, random.Random(6), (800, 600))
    shots.all_of(phone, first.serials, (0,))
    write(before, {(1, TITLE): "碗"})
    code, _data, _talk = shop.run("firing", before)
    assert code == 3  # Signed, and the registry cannot be reached.
    name = list(shots.truth)[-1]
    more = Shoot(folder, random.Random(7), (800, 600))
    more.slip(Phone("One", datetime(2026, 11, 2, 9, 0)), second.serials[0])  # noqa: DTZ001
    (folder / name).write_bytes((before / name).read_bytes())
    write(folder, {(1, TITLE): "盏"})
    checked = shop.done("firing", folder, "--check")
    assert checked["unassigned"] == [{"photo": name, "reason": "on-another-certificate"}]
    assert f"the certificate of another piece shows the same photo: {first.serials[0]}" in (folder / SHEET).read_text(
        "utf-8"
    )
    write(folder, {(1, PHOTOS): name})
    assert shop.done("firing", folder, "--check")["ready"] == [1]
    assert shop.done("firing", before, "--check")["unassigned"] == []
