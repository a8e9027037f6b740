"""The files to double-click: what each system makes of their bytes, with the worst paths that it allows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import pytest

from provenance_cli import launchers
from provenance_cli.launchers import LINUX, MACOS, WINDOWS, for_linux, for_macos, for_windows, leave_launcher

HARD = 'a b & c\'s %PATH% $HOME `id` "q" \\n 青花 (1)'
_SHOW = '#!/bin/sh\nfor word in "$@"; do printf \'<%s>\' "$word"; done\npwd\n'


def tool(folder: Path) -> Path:
    """Make what stands for Python: it shows what it was given, and where."""
    folder.mkdir(parents=True)
    path = folder / "python"
    path.write_text(_SHOW, "utf-8")
    path.chmod(0o755)
    return path


def batch(text: bytes) -> list[str]:
    """Return the lines of a batch file after the checks that hold for all."""
    assert text.endswith(b"\r\n")
    assert b"\n" not in text.replace(b"\r\n", b"")
    assert not text.startswith(b"\xef\xbb\xbf")  # cmd would take the mark for a command.
    lines = text.decode("utf-8").split("\r\n")[:-1]
    assert lines[0] == "@echo off"
    change = lines.index("chcp 65001 >nul")
    assert all(line.isascii() for line in lines[: change + 1])
    assert len(text) < 8_000  # cmd reads lines of 8,191 characters.
    return lines


def expanded(line: str, variables: dict[str, str]) -> str:
    """Return a line of a batch file as cmd reads it: percent signs once, from left to right; quotes change nothing."""
    return re.sub(
        r"%%|%~dp0|%([^%]+)%",
        lambda found: {"%%": "%", "%~dp0": variables["%~dp0"]}.get(found[0]) or variables.get(found[1] or "", ""),
        line,
    )


def unquoted(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line)


@pytest.mark.parametrize(
    ("python", "profile", "is_ascii"),
    [
        (r"C:\Users\张伟\kilnmark\.venv\Scripts\python.exe", r"C:\Users\张伟", True),
        (r"c:\users\Li\py\python.exe", "C:\\Users\\Li\\", True),
        (r"D:\工具 & 100%(x)!^\%TEMP%\python.exe", r"C:\Users\张伟", False),
        (r"C:\Users\张伟2\python.exe", r"C:\Users\张伟", False),
        (r"C:\Python\python.exe", "", True),
    ],
)
def test_a_batch_file_starts_python_whatever_its_path(python: str, profile: str, is_ascii: bool) -> None:
    text = for_windows(python, profile)
    lines = batch(text)
    assert text.isascii() == is_ascii
    if is_ascii:
        assert text.decode("cp936") == text.decode("ascii") == text.decode("utf-8")
    folder = "E:\\一窑 & 100%TEMP%\\"
    variables = {"USERPROFILE": profile.rstrip("\\"), "%~dp0": folder, "TEMP": "WRONG"}
    (call,) = [line for line in lines if "provenance_cli" in line]
    seen = expanded(call, variables)
    words = re.findall(r'"([^"]*)"|(\S+)', seen)
    told = [quoted or bare for quoted, bare in words]
    assert PureWindowsPath(told[0]) == PureWindowsPath(python)
    assert told[1:] == ["-P", "-m", "provenance_cli", "-C", folder + ".", "start"]
    assert not set(unquoted(seen)) & set("&|<>^%!")  # What means something to cmd stands within quotes.
    assert PureWindowsPath(told[5]) == PureWindowsPath(folder)
    assert "DisableDelayedExpansion" in lines[1]


def test_names_are_taken_by_every_system() -> None:
    for name in (WINDOWS, MACOS, LINUX):
        assert name.isascii()
        assert not re.search(r'[<>:"/\\|?*]|[. ]$', name)
        assert name.partition(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL", *(f"COM{n}" for n in range(10)),
                                                      *(f"LPT{n}" for n in range(10))}  # fmt: skip


def test_a_command_file_runs_in_its_folder_wherever_that_is_moved(tmp_path: Path) -> None:
    python = tool(tmp_path / HARD)
    folder = tmp_path / f"-moved {HARD}"
    folder.mkdir()
    script = folder / MACOS
    script.write_bytes(for_macos(str(python)))
    done = subprocess.run(["sh", str(script)], capture_output=True, text=True, cwd="/", timeout=120, check=True)
    assert done.stdout == f"<-P><-m><provenance_cli><-C><.><start>{folder}\n"
    assert done.stderr == ""
    python.unlink()
    gone = subprocess.run(["sh", str(script)], capture_output=True, text=True, cwd="/", timeout=120, check=False)
    assert "kilnmark start --launcher" in gone.stdout
    assert gone.returncode != 0


def words_of(value: str) -> list[str]:
    """Return the arguments of an Exec value, read by the letter of the specification."""
    escapes = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
    text = re.sub(r"\\(.)", lambda found: escapes[found[1]], value)
    words = list[str]()
    for quoted, bare in re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', text):
        words.append(re.sub(r'\\(["`$\\])', r"\1", quoted) if quoted else bare)
        assert not set(bare) & set("\"'\\><~|&;$*?#()`"), bare
    return [re.sub(r"%(.)", lambda found: {"%": "%"}[found[1]], word) for word in words]


def test_a_desktop_entry_is_read_by_the_specification(tmp_path: Path) -> None:
    python, folder = tool(tmp_path / HARD), tmp_path / f"shop {HARD}"
    text = for_linux(str(python), str(folder)).decode("utf-8")
    assert text.startswith("[Desktop Entry]\n")
    entry = dict(line.split("=", 1) for line in text.splitlines()[1:])
    assert (entry["Type"], entry["Terminal"]) == ("Application", "true")
    assert entry["Name"]
    assert entry["Name[zh_CN]"] == "窑款"
    command = words_of(entry["Exec"])
    assert command == [str(python), "-P", "-m", "provenance_cli", "-C", str(folder), "start"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert f"<-C><{folder}><start>" in done.stdout


def test_this_systems_launcher_is_executable_and_starts_this_python(tmp_path: Path) -> None:
    path = leave_launcher(tmp_path, os.environ)
    assert path is not None
    assert path.stat().st_mode & 0o111
    if sys.platform == "linux":
        assert path.name == LINUX
        exec_line = next(line for line in path.read_text("utf-8").splitlines() if line.startswith("Exec="))
        *command, word = words_of(exec_line.removeprefix("Exec="))
        assert word == "start"
        paths = os.pathsep.join(str(Path(launchers.__file__).parents[n]) for n in (1, 2))
        done = subprocess.run(
            [*command, "--help"], capture_output=True, text=True, timeout=60, check=True,
            env={**os.environ, "PYTHONPATH": paths, "LANG": "en_GB.UTF-8"},
        )  # fmt: skip
        assert "start" in done.stdout


def test_where_none_can_be_written_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert leave_launcher(tmp_path / "line\nend", os.environ) is None
    (tmp_path / "file").write_text("", "utf-8")
    assert leave_launcher(tmp_path / "file", os.environ) is None
    for platform, name in (("win32", WINDOWS), ("darwin", MACOS)):
        monkeypatch.setattr("sys.platform", platform)
        path = leave_launcher(tmp_path, {"USERPROFILE": ""})
        assert path is not None
        assert path.name == name
