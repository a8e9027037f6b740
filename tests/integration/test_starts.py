"""What a registry refuses at its start: a folder, a chain or a port that is not its own."""

from __future__ import annotations

from pathlib import Path

from tests.support.registries import RunningRegistry


def test_a_second_process_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "data")
    registry.start()
    second = RunningRegistry(tmp_path / "data")
    second.start(wait=False)
    assert second.wait_dead(asked=False) == 5
    assert "Another registry has the folder" in registry.log
    assert "Traceback" not in registry.log
    registry.stop()


def test_a_chain_made_anew_does_not_pass_for_the_one_that_was(tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "data")
    registry.start()
    registry.stop()
    for file in registry.folder.glob("chain.db*"):
        file.unlink()
    registry.start(wait=False)
    assert registry.wait_dead(asked=False) == 5
    assert "There is no contract at" in registry.log
    assert "Traceback" not in registry.log


def test_a_port_that_another_program_has_is_refused(tmp_path: Path) -> None:
    registry, second = RunningRegistry(tmp_path / "first"), RunningRegistry(tmp_path / "second")
    registry.start()
    second.start(wait=False, KILNMARK_PORT=str(registry.port))
    assert second.wait_dead(asked=False) == 5
    assert "Nothing can listen at" in second.log
    assert "Traceback" not in second.log
    registry.stop()
