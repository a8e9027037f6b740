"""Taking the last step of a firing back: the spreadsheet's changes, its beginning, and nothing that is signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance_cli.firing.beginning import SLIPS
from provenance_cli.firing.record import RECORD, FiringRecord
from provenance_cli.firing.undoing import MAX_KEPT, keep_version, versions
from provenance_cli.firing.workbook import BOOK, LOST
from provenance_cli.store import Entry
from tests.support.offline_shops import TITLE, OfflineShop, begun, cell, photograph, write


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> OfflineShop:
    return OfflineShop(tmp_path, capsys)


def test_the_spreadsheet_goes_back_change_by_change_and_at_last_the_beginning(
    shop: OfflineShop, tmp_path: Path
) -> None:
    folder = tmp_path / "firing"
    record = begun(shop, folder, 3)
    photo = folder / "IMG_1.jpg"
    photograph(folder, record)
    photo.write_bytes(b"no photo, and nobody's to delete")
    write(folder, {(1, TITLE): "青花碗", (2, TITLE): "盏"})
    shop.done("firing", folder, "--check")
    shop.done("firing", folder, "--check")  # A look that finds nothing new is no step.
    write(folder, {(2, LOST): "是 yes", (3, TITLE): "杯"})
    assert shop.done("firing", folder, "--check")["lost"] == [2]

    code, data, talk = shop.run("firing", folder, "--undo")
    assert (code, data["undone"], data["numbers"]) == (0, "spreadsheet", [2, 3])
    assert "at number 2–3" in talk
    assert "Next: " in talk
    assert cell(folder, 2, LOST) is None
    assert cell(folder, 1, TITLE) == "青花碗"
    assert cell(Path(data["kept"]), 3, TITLE) == "杯"
    write(folder, {(1, TITLE): "changed, and never looked at"})
    assert shop.done("firing", folder, "--undo")["numbers"] == [1]
    assert cell(folder, 1, TITLE) == "青花碗"
    (folder / BOOK).write_bytes(b"PK\x03\x04 what is left of a spreadsheet")
    assert shop.done("firing", folder, "--undo")["numbers"] is None
    assert cell(folder, 1, TITLE) == "青花碗"
    assert shop.done("firing", folder, "--undo")["numbers"] == [1, 2]
    assert cell(folder, 1, TITLE) is None

    photos = {path.name: path.read_bytes() for path in folder.glob("*.jpg")}
    code, data, talk = shop.run("firing", folder, "--undo")
    assert (code, data["undone"]) == (0, "beginning")
    kept = Path(data["kept"])
    assert FiringRecord.read(kept) == record
    assert {BOOK, SLIPS, RECORD} <= {path.name for path in kept.iterdir()}
    assert not any((folder / name).exists() for name in (BOOK, SLIPS, RECORD))
    assert {path.name: path.read_bytes() for path in folder.glob("*.jpg")} == photos
    code, _data, talk = shop.run("firing", folder, "--undo")
    assert code == 5
    assert "no firing in" in talk
    again = begun(shop, folder, 2)
    assert not set(again.serials) & set(record.serials)
    unassigned = shop.done("firing", folder, "--check")["unassigned"]
    assert {photo["reason"] for photo in unassigned} == {"slip-of-another-firing"}


def test_pieces_that_a_broken_run_entered_leave_the_workshop_with_the_firing(shop: OfflineShop, tmp_path: Path) -> None:
    from provenance.piece import Piece

    record = begun(shop, tmp_path / "firing", 2)
    store = shop.workshop.store
    store.add_pieces([Entry(Piece(serial, title={"en": "Cup"}), record.origin(serial)) for serial in record.serials])
    shop.done("piece", "add", "--title", "Another")
    assert len(store.pieces()) == 3
    shop.done("firing", tmp_path / "firing", "--undo")
    assert [piece.title for piece in store.pieces()] == [{"en": "Another"}]


def test_a_piece_that_a_broken_run_entered_and_that_was_lost_is_no_draft(shop: OfflineShop, tmp_path: Path) -> None:
    from provenance.piece import Piece

    record = begun(shop, tmp_path / "firing", 1)
    store = shop.workshop.store
    store.add_pieces([Entry(Piece(record.serials[0], title={"en": "Cup"}), record.origin(record.serials[0]))])
    write(tmp_path / "firing", {(1, LOST): "是 yes"})
    shop.done("firing", tmp_path / "firing")
    assert not store.pieces()


def test_what_is_signed_stays_and_the_way_to_mend_it_is_told(shop: OfflineShop, tmp_path: Path) -> None:
    folder = tmp_path / "firing"
    record = begun(shop, folder, 2)
    photograph(folder, record)
    write(folder, {(1, TITLE): "碗"})
    code, _data, talk = shop.run("firing", folder)
    assert code == 3, talk  # There is no network; the first is signed.
    assert len(shop.workshop.store.states()) == 1
    before = (folder / BOOK).read_bytes()
    code, data, talk = shop.run("firing", folder, "--undo")
    assert (code, data["error"]) == (3, "firing-signed")
    assert "change its row" in talk
    assert "kilnmark revoke" in talk
    assert (folder / BOOK).read_bytes() == before


def test_a_spreadsheet_that_is_gone_comes_back_as_it_was_read_last(shop: OfflineShop, tmp_path: Path) -> None:
    folder = tmp_path / "firing"
    begun(shop, folder, 1)
    write(folder, {(1, TITLE): "碗"})
    shop.done("firing", folder, "--check")
    (folder / BOOK).unlink()
    code, data, talk = shop.run("firing", folder, "--check")
    assert code == 0
    assert "was gone: it is there again" in talk
    assert data["withoutTitle"] == []


def test_only_so_many_versions_are_kept(shop: OfflineShop, tmp_path: Path) -> None:
    folder = tmp_path / "firing"
    begun(shop, folder, 1)
    for number in range(MAX_KEPT + 3):
        (folder / BOOK).write_text(f"a,b\n{number},\n", "utf-8")
        keep_version(folder)
        keep_version(folder)
    kept = versions(folder)
    assert len(kept) == MAX_KEPT
    assert kept[-1].read_bytes() == (folder / BOOK).read_bytes()


@pytest.mark.parametrize("lock", ["~$pieces.xlsx", ".~lock.pieces.xlsx#"])
def test_nothing_is_signed_or_undone_while_the_spreadsheet_is_open_elsewhere(
    shop: OfflineShop, tmp_path: Path, lock: str
) -> None:
    folder = tmp_path / "firing"
    record = begun(shop, folder, 1)
    photograph(folder, record)
    write(folder, {(1, TITLE): "碗"})
    (folder / lock).write_bytes(b"somebody")
    code, data, talk = shop.run("firing", folder, "--check")
    assert (code, data["ready"]) == (0, [1])
    assert "what is not saved there is not seen here" in talk
    for arguments in ((), ("--undo",)):
        code, data, talk = shop.run("firing", folder, *arguments)
        assert (code, data["error"]) == (5, "spreadsheet-open")
        assert lock in talk
    assert shop.workshop.store.states() == {}
    assert cell(folder, 1, TITLE) == "碗"
