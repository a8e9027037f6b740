"""What happens seldom in a firing: the guild is slow, a photo changes under the hand, a folder is watched."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from PIL import Image

from provenance.encoding import Digest
from provenance.errors import MalformedError
from provenance.limits import LIMITS
from provenance.piece import Piece
from provenance.serial import Serial
from provenance_cli.darkroom import WorkshopDarkroom
from provenance_cli.files import write_file
from provenance_cli.firing.assigning import Seen
from provenance_cli.firing.stage import Item, with_photos
from provenance_cli.firing.workbook import BOOK, LOST, PHOTOS
from tests.support.offline_shops import TITLE, OfflineShop, begun, photograph, write
from tests.support.registries import RunningRegistry
from tests.support.terminals import KILNMARK, Terminal, is_there


def picture(seed: int) -> bytes:
    """Return a small photo that is like no other."""
    out = io.BytesIO()
    shade = random.Random(seed)
    Image.frombytes("RGB", (8, 8), shade.randbytes(192)).resize((48, 48)).save(out, "JPEG")
    return out.getvalue()


def test_pieces_wait_for_the_guild_and_go_on_once_it_has_accredited_the_studio(
    registry: RunningRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.tag.is_public_host", lambda base_url: True)
    shop = OfflineShop(tmp_path, capsys, registry=registry.base_url)
    folder = tmp_path / "firing"
    record = begun(shop, folder, 1)
    photograph(folder, record)
    write(folder, {(1, TITLE): "影青盏"})
    code, data, talk = shop.run("firing", folder)
    assert code == 0, talk
    assert data["states"] == {str(record.serials[0]): "held"}
    assert "1 piece waits for the guild: run `kilnmark studio apply`" in talk
    assert not (folder / "out").exists()
    digest = shop.workshop.store.certificate(record.serials[0]).certificate.digest

    shop.done("studio", "apply")
    write_file(tmp_path / "steward.key", bytes(registry.steward._account.key).hex().encode())
    write_file(tmp_path / "policy.json", registry.policy.to_bytes())
    steward = ("--key-file", tmp_path / "steward.key", "--policy", tmp_path / "policy.json")
    shop.done("studio", "accredit", shop.path / "application.json", *steward)
    shop.done("ledger", "pin", registry.base_url)
    code, data, talk = shop.run("firing", folder)
    assert code == 0, talk
    assert data["states"] == {str(record.serials[0]): "anchored"}
    assert "Next: print the files in" in talk
    assert (folder / "out" / "tags.pdf").exists()
    assert shop.workshop.store.certificate(record.serials[0]).certificate.digest == digest


def test_more_photos_than_a_certificate_holds_are_a_fault_of_the_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, folder = OfflineShop(tmp_path, capsys), tmp_path / "firing"
    begun(shop, folder, 2)
    names = [f"{number}.jpg" for number in range(LIMITS.photos + 1)]
    for number, name in enumerate(names):
        (folder / name).write_bytes(picture(number))
    write(folder, {(2, TITLE): "瓶", (2, PHOTOS): ";".join(names)})
    code, data, talk = shop.run("firing", folder, "--check")
    assert code == 4
    assert [fault["line"] for fault in data["faults"]] == [4]
    assert f"has {LIMITS.photos + 1} photos, the limit is {LIMITS.photos}" in talk
    assert "Name those that count" in talk
    write(folder, {(2, PHOTOS): ";".join(names[1:])})
    assert shop.done("firing", folder, "--check")["ready"] == [2]


def test_a_photo_that_is_changed_between_look_and_signature_is_not_signed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, serial = OfflineShop(tmp_path, capsys), Serial.random()
    seen = picture(1)
    (tmp_path / "IMG_1.jpg").write_bytes(picture(2))
    item = Item(serial, 1, False, Piece(serial, title={"en": "Cup"}), (Seen("IMG_1.jpg", Digest.of(seen)),))
    with WorkshopDarkroom(shop.workshop) as darkroom:
        with pytest.raises(MalformedError) as caught:
            with_photos(item, tmp_path, darkroom)
        assert caught.value.code == "photo-was-changed"
        assert caught.value.hint == "Run the command again."
        (tmp_path / "IMG_1.jpg").write_bytes(seen)
        assert [photo.role for photo in with_photos(item, tmp_path, darkroom).photos] == ["overview"]


@pytest.mark.skipif(not is_there(), reason="SKIPPED: tmux is not installed")
def test_a_watched_folder_is_looked_at_again_and_nothing_in_it_is_signed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, folder = OfflineShop(tmp_path, capsys), tmp_path / "firing"
    record = begun(shop, folder, 2)
    command = [*KILNMARK, "-C", shop.path, "firing", folder.name, "--watch"]
    with Terminal(tmp_path, command) as terminal:
        terminal.wait("no title: 1–2; no photo: 1–2.")
        terminal.wait("Ctrl-C ends this.")
        write(folder, {(1, TITLE): "碗", (2, LOST): "是 yes"})
        terminal.wait("1 lost in the kiln; no photo: 1.")
        whole = (folder / BOOK).read_bytes()
        (folder / BOOK).write_bytes(whole[:2_000])  # As while it is being saved.
        terminal.wait("Save it again.")
        (folder / BOOK).write_bytes(whole)
        photograph(folder, record)
        terminal.wait("1 ready to be signed")
        terminal.press("C-c")
        assert terminal.ended() == 130
        assert "Interrupted. Nothing is lost" in terminal.screen()
    assert shop.workshop.store.states() == {}
    with Terminal(tmp_path, command) as terminal:
        terminal.wait("Ctrl-C ends this.")
        folder.rename(tmp_path / "moved")
        terminal.wait("There is no firing in")
        assert terminal.ended() == 5
