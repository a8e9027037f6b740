"""A kiln's pieces from the slips to the tags: one folder, one command, run again and again."""

from __future__ import annotations

import hashlib
import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl.reader import excel

from provenance.printing.readback import read_sheet
from provenance_cli.firing import going
from provenance_cli.firing.beginning import SLIPS
from provenance_cli.firing.contact import SHEET
from provenance_cli.firing.listing import LISTING
from provenance_cli.firing.record import FiringRecord
from provenance_cli.firing.workbook import BOOK, LOST, PHOTOS
from tests.support.kiln import Phone, Shoot
from tests.support.registries import RunningRegistry
from tests.support.secret_shops import SecretShop
from tests.support.windows import windows_faults

PIECES = 6
TITLE = "名称 Title (zh)"


def traces(folder: Path) -> dict[str, tuple[str, int]]:
    """Return digest and time of change of every photo."""
    found = (path for path in folder.rglob("*") if path.suffix in (".jpg", ".HEIC"))
    return {str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in found}


def write(folder: Path, cells: dict[tuple[int, str], str]) -> None:
    """Fill cells of the spreadsheet in, by number and heading."""
    opened: Any = excel.load_workbook
    book: Any = opened(folder / BOOK)
    sheet = book.active
    places = {cell.value: cell.column for cell in sheet[1]}
    for (number, heading), text in cells.items():
        sheet.cell(number + 2, places[heading]).value = text
    book.save(folder / BOOK)


def test_the_whole_way_of_a_firing(
    registry: RunningRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.tag.is_public_host", lambda base_url: True)
    shop = SecretShop(tmp_path, registry, "kiln-of-tests", capsys, pieces=1)
    folder = shop.path / "2026-11-02"
    begun = shop.done("firing", folder, "--pieces", PIECES, "--kiln", "龙窑", "--fired", "2026/11/2")
    record = FiringRecord.read(folder)
    assert record is not None
    assert begun["serials"] == [str(serial) for serial in record.serials]
    assert len(read_sheet((folder / SLIPS).read_bytes())) == PIECES
    (folder / SLIPS).unlink()  # As if it had been killed before it wrote them.
    seen = shop.done("firing", folder)
    assert FiringRecord.read(folder) == record
    assert (folder / SLIPS).exists()
    assert seen["withoutTitle"] == seen["withoutPhoto"] == list(range(1, PIECES + 1))

    shoot = Shoot(folder / "photos", random.Random(7), (900, 700))
    one, two, three, four, five, six = record.serials
    shoot.all_of(Phone("One", datetime(2026, 11, 2, 10, 0)), [one, two, three], (0, 1), unreadable=[two])  # noqa: DTZ001
    shoot.all_of(Phone("Two", datetime(2026, 11, 2, 9, 50), "HEIF", "DSC"), [five, six], (0, 1))  # noqa: DTZ001
    (folder / "IMG_9999.jpg").write_bytes(b"no photo")
    before = traces(folder)
    write(folder, {(number, TITLE): f"青花碗 {number}" for number in (1, 2, 3, 5)} | {(4, LOST): "是 yes"})
    checked = shop.done("firing", folder, "--check")
    assert checked["lost"] == [4]
    assert checked["ready"] == [3, 5]  # Between 1 and 3 a slip is missing, and 6 has no title.
    assert (checked["withoutPhoto"], checked["withoutTitle"]) == ([1, 2], [6])
    assert checked["broken"] == ["IMG_9999.jpg"]
    loose = [photo["photo"] for photo in checked["unassigned"]]
    assert {shoot.truth[name.removeprefix("photos/")] for name in loose} <= {one, two, None}
    sheet = (folder / SHEET).read_text("utf-8")
    assert sheet.count("data:image/jpeg") == 6 + len(loose)
    assert "IMG_9999.jpg" in sheet

    of = {serial: [name for name, shown in shoot.truth.items() if shown == serial] for serial in (one, two)}
    write(folder, {(1, PHOTOS): "；".join(of[one]), (2, PHOTOS): ",".join(of[two]), (6, TITLE): "鬥彩杯"})
    done = shop.done("firing", folder)
    assert set(done["states"].values()) == {"anchored"}
    assert len(done["states"]) == PIECES - 1
    store = shop.workshop.store
    for serial, name in ((one, "overview"), (six, "overview")):
        piece = store.certificate(serial).certificate.piece
        assert [photo.role for photo in piece.photos] == [name, "detail"]
    for number, serial in enumerate(record.serials, 1):
        if serial != four:
            assert shop.registry.client.verdict(serial)["outcome"] == "AUTHENTIC"
            titles = store.certificate(serial).certificate.piece.title
            assert titles["zh-Hans"] == ("鬥彩杯" if number == 6 else f"青花碗 {number}")
    kept = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
    assert set(kept) == {"tags.pdf", "seals.pdf", "boxcards.pdf", LISTING}
    assert len(read_sheet(kept["tags.pdf"])) == len(shop.codes(folder / "out" / "seals.pdf")) == PIECES - 1
    assert str(four) in kept[LISTING].decode()
    assert traces(folder) == before
    assert windows_faults(shop.path) == []
    assert len(store.pieces()) == PIECES  # One was there before; the lost one never was.

    again = shop.done("firing", folder)
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir()} == kept
    assert again["ready"] == []
    write(folder, {(1, "高 Height (mm)"): "62", (3, LOST): "是 yes"})
    code, data, talk = shop.run("firing", folder)
    assert code == 4
    assert "signed, and cannot be marked as lost" in talk
    write(folder, {(3, LOST): ""})
    code, data, talk = shop.run("firing", folder)
    assert code == 0
    assert "Height: - → 62 mm" in talk
    assert [amendment.state for amendment in store.amendments_kept(one)] == ["recorded"]
    assert data["states"][str(one)] == "anchored"
    out = folder / "out"
    assert [Path(name).name for name in data["files"]] == ["boxcards-corrected.pdf", "boxcards.pdf", LISTING]
    assert [text[-13:] for text in read_sheet((out / "boxcards-corrected.pdf").read_bytes())] == [one.compact]
    assert "Next: print boxcards-corrected.pdf in" in talk
    assert "Number 1 was corrected after printing" in talk
    assert "secret code of number" not in talk  # A height stands on no label.
    write(folder, {(5, TITLE): "祭红碗", (6, "重 Weight (g)"): "310"})
    code, data, talk = shop.run("firing", folder)
    assert code == 0
    assert [text[-13:] for text in read_sheet((out / "tags-corrected.pdf").read_bytes())] == [five.compact]
    assert [text[-13:] for text in read_sheet((out / "boxcards-corrected-2.pdf").read_bytes())] == [five.compact]
    assert "Next: print tags-corrected.pdf, boxcards-corrected-2.pdf in" in talk
    assert f"seals-corrected.pdf {five}`" in talk
    assert store.newest_tag(five).number == 1
    assert "祭红碗" in (out / LISTING).read_text("utf-8")
    kept = {path.name: path.read_bytes() for path in out.iterdir()}
    talk = shop.run("firing", folder)[2]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == kept
    assert "There is nothing new to print" in talk
    assert "corrected" not in talk
    assert "secret code" not in talk


def test_without_a_network_it_stops_after_signing_and_goes_on_later(
    registry: RunningRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.tag.is_public_host", lambda base_url: True)
    shop = SecretShop(tmp_path, registry, "kiln-without-a-network", capsys, pieces=0)
    folder = tmp_path / "elsewhere" / "firing"
    shop.done("firing", folder, "--pieces", "1", "--glaze", "影青釉")
    record = FiringRecord.read(folder)
    assert record is not None
    shoot = Shoot(folder, random.Random(3), (800, 600))
    phone = Phone("One", datetime(2026, 11, 2, 10, 0))  # noqa: DTZ001
    shoot.piece(phone, record.serials[0], 0, with_slip=True)
    shoot.piece(phone, record.serials[0], 1)
    write(folder, {(1, TITLE): "影青盏"})
    with monkeypatch.context() as offline:
        from provenance.errors import UnreachableError

        def nobody(*given: object, **named: object) -> None:
            raise UnreachableError("unreachable", "The registry cannot be reached.")

        offline.setattr("provenance_cli.client.RegistryClient._ask", nobody)
        code, _data, talk = shop.run("firing", folder)
    assert code == 3
    assert "Run this again when there is a network" in talk
    digest = shop.workshop.store.certificate(record.serials[0]).certificate.digest
    moved = tmp_path / "moved"
    folder.rename(moved)
    done = shop.done("firing", moved, "--no-codes")
    assert done["states"] == {str(record.serials[0]): "anchored"}
    assert shop.workshop.store.certificate(record.serials[0]).certificate.digest == digest
    assert {path.name for path in (moved / "out").iterdir()} == {"tags.pdf", "boxcards.pdf", LISTING}


def test_a_taken_folder_and_wrong_answers_are_told(
    registry: RunningRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = SecretShop(tmp_path, registry, "kiln-of-faults", capsys, pieces=0)
    assert shop.run("firing", shop.path, "--pieces", "3")[0] == 5
    assert shop.run("firing", tmp_path / "new")[0] == 5  # Nobody can be asked how many.
    assert shop.run("firing", tmp_path / "new", "--pieces", "0")[0] == 4
    assert shop.run("firing", tmp_path / "new", "--pieces", "2", "--fired", "2026-13-40")[0] == 4
    assert shop.run("firing", tmp_path / "new", "--pieces", "2", "--layout", "no such sheet")[0] != 0
    assert not (tmp_path / "new").exists()
    shop.done("firing", tmp_path / "new", "--pieces", "2")
    write(tmp_path / "new", {(1, "高 Height (mm)"): "tall", (2, PHOTOS): "IMG_1.jpg"})
    code, data, _talk = shop.run("firing", tmp_path / "new")
    assert code == 4
    assert [fault["line"] for fault in data["faults"]] == [3, 4]
    (tmp_path / "new" / BOOK).write_bytes(b"")
    assert shop.run("firing", tmp_path / "new")[0] == 4


def test_a_tag_that_was_voided_before_it_was_printed_keeps_no_other_back(
    registry: RunningRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.tag.is_public_host", lambda base_url: True)
    shop = SecretShop(tmp_path, registry, "kiln-with-a-void", capsys, pieces=0)
    folder = shop.path / "2026-11-02"
    shop.done("firing", folder, "--pieces", "3")
    record = FiringRecord.read(folder)
    assert record is not None
    Shoot(folder, random.Random(3), (800, 600)).all_of(
        Phone("One", datetime(2026, 11, 2, 10, 0)), list(record.serials), (0,)  # noqa: DTZ001
    )  # fmt: skip
    write(folder, {(number, TITLE): f"影青盏 {number}" for number in (1, 2, 3)})
    with monkeypatch.context() as killed:
        killed.setattr(going, "papers", lambda *given, **named: going.Papers([], []))
        assert set(shop.done("firing", folder)["states"].values()) == {"anchored"}
    void, revoked, good = record.serials
    shop.done("tag", "void", void)
    shop.done("revoke", revoked)
    code, data, talk = shop.run("firing", folder)
    assert (code, data["leftOut"]) == (0, [str(void), str(revoked)]), talk
    out = folder / "out"
    assert [text.rpartition("/")[2] for text in read_sheet((out / "tags.pdf").read_bytes())] == [good.compact]
    assert talk.count("Left out, while the others are printed") == 1
    assert "No papers are printed for number 2" in talk
    assert f"kilnmark tag replace {void}" in talk
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    data = shop.done("firing", folder)
    assert data["leftOut"] == [str(void), str(revoked)]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    shop.done("tag", "replace", void, "-o", str(tmp_path / "second.pdf"))
    assert shop.done("firing", folder)["leftOut"] == [str(revoked)]
