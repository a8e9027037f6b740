"""What a potter has agreed to is what is signed, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provenance_cli.firing.going import firing_alone
from provenance_cli.firing.record import FiringRecord
from tests.integration.test_firing_paths import picture
from tests.support.offline_shops import TITLE, OfflineShop, begun, photograph, write
from tests.support.terminals import KILNMARK, Terminal, is_there


@pytest.mark.skipif(not is_there(), reason="SKIPPED: tmux is not installed")
def test_a_row_that_is_corrected_while_the_question_waits_is_not_signed_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, folder = OfflineShop(tmp_path, capsys), tmp_path / "firing"
    record = begun(shop, folder, 1)
    photograph(folder, record)
    write(folder, {(1, TITLE): "a misspelled bowl"})
    command = [*KILNMARK, "--passphrase-file", shop.passphrase_file, "-C", shop.path, "firing", folder.name]
    with Terminal(tmp_path, command) as terminal:
        terminal.wait("Sign 1 piece?")
        write(folder, {(1, TITLE): "Bowl"})
        terminal.type("y")
        terminal.wait("nothing of it is signed")
        assert terminal.ended() == 3
    assert shop.workshop.store.states() == {}
    assert shop.run("firing", folder)[0] == 3  # Signed now; there is no network.
    assert shop.workshop.store.certificate(record.serials[0]).certificate.piece.title == {"zh-Hans": "Bowl"}


def test_a_photo_that_came_after_the_question_stops_its_piece_and_one_of_another_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from provenance.errors import ConflictError
    from provenance_cli.firing.stage import require_unchanged, survey

    shop, folder = OfflineShop(tmp_path, capsys), tmp_path / "firing"
    record = begun(shop, folder, 2)
    (folder / "1.jpg").write_bytes(picture(1))
    write(folder, {(1, TITLE): "Bowl", (1, "照片 Photos"): "1.jpg"})
    stage = survey(shop.workshop, folder, record, lambda number: None)
    write(folder, {(2, TITLE): "Cup"})
    require_unchanged(shop.workshop, folder, stage, stage.ready)
    (folder / "1.jpg").write_bytes(picture(2))
    with pytest.raises(ConflictError) as caught:
        require_unchanged(shop.workshop, folder, stage, stage.ready)
    assert caught.value.code == "firing-changed"


def test_a_photo_that_was_turned_in_place_is_seen_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop, folder = OfflineShop(tmp_path, capsys), tmp_path / "firing"
    begun(shop, folder, 1)
    photo = folder / "1.jpg"
    photo.write_bytes(picture(1) + b"a")
    write(folder, {(1, TITLE): "Bowl", (1, "照片 Photos"): "1.jpg"})
    shop.done("firing", folder, "--check")
    state = photo.stat()
    photo.write_bytes(picture(1) + b"b")  # Of the same size, and with its time of before.
    os.utime(photo, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert shop.run("firing", folder)[1]["error"] == "photo-was-changed"
    assert shop.run("firing", folder)[0] == 3  # Signed now; there is no network.
    assert len(shop.workshop.store.states()) == 1


def test_a_photo_that_comes_after_the_signature_does_not_pass_for_signed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, folder = OfflineShop(tmp_path, capsys), tmp_path / "firing"
    begun(shop, folder, 1)
    for number in (1, 2):
        (folder / f"{number}.jpg").write_bytes(picture(number))
    write(folder, {(1, TITLE): "Bowl", (1, "照片 Photos"): "1.jpg"})
    assert shop.run("firing", folder)[0] == 3  # Signed; there is no network.
    assert len(shop.done("firing", folder, "--check")["unassigned"]) == 1
    write(folder, {(1, "照片 Photos"): "1.jpg; 2.jpg"})
    unassigned = shop.done("firing", folder, "--check")["unassigned"]
    assert unassigned == [{"photo": "2.jpg", "reason": "after-the-signature"}]


def test_two_runs_do_not_sign_send_and_print_at_the_same_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, folder = OfflineShop(tmp_path, capsys), tmp_path / "firing"
    record = begun(shop, folder, 1)
    photograph(folder, record)
    write(folder, {(1, TITLE): "Bowl"})
    with firing_alone(shop.workshop):
        assert shop.done("firing", folder, "--check")["ready"] == [1]
        for arguments in ((), ("--undo",), ("--undo",)):
            code, data, _talk = shop.run("firing", folder, *arguments)
            if code:
                assert (code, data["error"]) == (3, "firing-under-way")
    assert shop.workshop.store.states() == {}
    assert FiringRecord.read(folder) == record


def test_links_and_names_that_are_no_text_are_told_and_stop_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, folder = OfflineShop(tmp_path, capsys), tmp_path / "firing"
    begun(shop, folder, 1)
    (tmp_path / "private.jpg").write_bytes(picture(1))
    (folder / "link.jpg").symlink_to(tmp_path / "private.jpg")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/\xd5\xd5\xc6\xac.jpg")).write_bytes(picture(2))  # 照片 in cp936.
    except OSError:
        pytest.skip("SKIPPED: this file system takes only text as names")
    found = shop.done("firing", folder, "--check")
    assert found["broken"] == ["link.jpg", "loop.jpg", "\ufffd\ufffdƬ.jpg"]
    assert found["unassigned"] == []
