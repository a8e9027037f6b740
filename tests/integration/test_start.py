"""`kilnmark start` in a terminal, by keys alone: three choices, a folder remembered, and a calm end."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provenance_cli.firing.record import FiringRecord
from tests.support.offline_shops import OfflineShop
from tests.support.terminals import KILNMARK, Terminal, is_there

pytestmark = pytest.mark.skipif(not is_there(), reason="SKIPPED: tmux is not installed")


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> OfflineShop:
    return OfflineShop(tmp_path, capsys)


@pytest.fixture
def terminal(shop: OfflineShop, tmp_path: Path) -> Iterator[Terminal]:
    with Terminal(tmp_path, [*KILNMARK, "-C", shop.path, "start"]) as made:
        yield made


def test_what_can_be_no_folder_is_none(shop: OfflineShop) -> None:
    from provenance_cli.commands.start import _is_firing, _place

    for typed in ("~nobody-of-that-name", "x" * 300):
        assert not _is_firing(_place(shop.workshop, typed))


def test_a_firing_is_begun_and_found_again_after_a_move(shop: OfflineShop, terminal: Terminal, tmp_path: Path) -> None:
    screen = terminal.wait("Enter alone leaves")
    assert "Sample Studio" in screen
    assert all(len(line) <= 80 for line in screen.splitlines())
    terminal.type("no")
    terminal.wait("Type 1, 2 or 3")
    terminal.type("2")
    terminal.wait("Which?")
    terminal.type("")
    terminal.wait("There is no firing yet. Choose 1")
    terminal.type("1")
    terminal.wait(f"[{datetime.now(UTC):%Y-%m-%d}]")
    terminal.type("第一窑 & 100%")
    terminal.wait("How many pieces")
    terminal.type("two")
    terminal.wait("Type digits")
    terminal.type("2")
    terminal.wait("Which kiln?")
    terminal.type("")
    terminal.wait("Day of the firing")
    terminal.type("2026-13-40")
    terminal.type("")
    for question in ("Clay", "Glaze", "Maker"):
        terminal.wait(question)
        terminal.type("")
    terminal.wait("(last: 第一窑 & 100%)")
    folder = shop.path / "第一窑 & 100%"
    record = FiringRecord.read(folder)
    assert record is not None
    assert len(record.serials) == 2
    terminal.type("2")
    terminal.wait("[1]")
    terminal.type("")
    terminal.wait("no title: 1–2")

    moved = tmp_path / "stick" / "it's moved"
    moved.parent.mkdir()
    shutil.move(folder, moved)
    terminal.type("2")
    terminal.wait("Which?")
    terminal.type(folder.name)
    terminal.wait("Was the folder moved?")
    terminal.type("2")
    terminal.wait("Which?")
    terminal.type(f"'{tmp_path}/stick/it'\\''s moved'")  # As a terminal writes a folder that is dragged into it.
    terminal.wait("(last: it's moved)")
    assert FiringRecord.read(moved) == record
    assert not folder.exists()

    terminal.type("3")
    terminal.wait("serial on its tag")
    terminal.type("7K3M")
    terminal.wait("Error:")
    terminal.wait("Enter alone leaves")
    terminal.type("")
    terminal.wait("Goodbye. Nothing is lost")
    assert terminal.ended() == 0


@pytest.mark.parametrize("key", ["C-c", "C-d"])
def test_it_is_left_calmly_from_anywhere(terminal: Terminal, key: str) -> None:
    terminal.wait("Enter alone leaves")
    terminal.type("1")
    terminal.wait("Name of its new folder")
    terminal.type("firing")
    terminal.wait("How many pieces")
    terminal.press(key)
    terminal.wait("Nothing is lost; run the same command again")
    terminal.asked("Enter alone leaves:")
    terminal.press(key)
    screen = terminal.wait("Goodbye.")
    assert terminal.ended() == 0
    assert "Traceback" not in screen


def test_it_speaks_the_systems_language(shop: OfflineShop, tmp_path: Path) -> None:
    with Terminal(tmp_path, [*KILNMARK, "-C", shop.path, "start"], lang="zh_CN.UTF-8") as terminal:
        screen = terminal.wait("1  新开一窑")
        assert "2  继续一窑" in screen
        assert "3  查看一件器物" in screen
        terminal.type("")
        terminal.wait("再见")


def test_it_asks_nobody_where_nobody_is(shop: OfflineShop) -> None:
    code, data, _talk = shop.run("start")
    assert (code, data["error"]) == (5, "no-terminal")
    launcher = Path(shop.done("start", "--launcher")["launcher"])
    assert launcher.parent == shop.path.resolve()
    launcher.unlink()
    launcher.mkdir()
    code, data, _talk = shop.run("start", "--launcher")
    assert (code, data["error"]) == (5, "no-launcher")
