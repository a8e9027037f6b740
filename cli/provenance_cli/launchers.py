"""The file in a workshop's folder that is double-clicked: it opens a terminal with ``kilnmark start``.

Windows runs a ``.cmd``, macOS a ``.command``, Linux desktops a ``.desktop``.  The first two find the workshop beside
themselves, so that it can be moved; a desktop entry must name it, and is written anew where it was moved.
"""

from __future__ import annotations

import ntpath
import re
import shlex
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from provenance_cli.files import write_file

WINDOWS, MACOS, LINUX = "Kilnmark.cmd", "Kilnmark.command", "Kilnmark.desktop"
"""Names in ASCII, which every system, archive and memory stick keeps."""
_ARGUMENTS = "-P -m provenance_cli -C"
"""``-P``: a file in the workshop could otherwise be taken for one of Python's own modules."""
_GONE = "Python is not where it was: install Kilnmark again, then run: kilnmark start --launcher"


def leave_launcher(folder: Path, env: Mapping[str, str]) -> Path | None:
    """Write this system's launcher into a workshop's folder; return ``None`` where none can be made or written."""
    python, here = sys.executable, str(folder.resolve())
    if not python or not (python + here).isprintable():
        return None
    match sys.platform:
        case "win32":
            name, text = WINDOWS, for_windows(python, env.get("USERPROFILE", ""))
        case "darwin":
            name, text = MACOS, for_macos(python)
        case _:
            name, text = LINUX, for_linux(python, here)
    path = folder / name
    try:
        write_file(path, text)
        path.chmod(0o755)  # What is not executable is opened in an editor.
    except OSError:
        with suppress(OSError):
            path.unlink()
        return None
    return path


def for_windows(python: str, profile: str) -> bytes:
    """Return a batch file that starts `python`, shown by way of the user's `profile` folder where it lies in there.

    So it is ASCII on most computers, whatever the user is called: cmd reads a batch file in the code page of the
    system, cp936 in China, until the file changes it.
    """
    inside = profile and ntpath.normcase(python).startswith(ntpath.normcase(profile).rstrip("\\") + "\\")
    rest = python[len(profile.rstrip("\\")) :] if inside else python
    # A percent sign is doubled; all else is plain within quotes, which no path on Windows contains.
    place = ("%USERPROFILE%" if inside else "") + rest.replace("%", "%%")
    lines = (
        "@echo off",
        "setlocal DisableDelayedExpansion",
        "chcp 65001 >nul",
        f'"{place}" {_ARGUMENTS} "%~dp0." start',
        "if not errorlevel 1 exit /b",
        f'if not exist "{place}" echo {_GONE}',
        "pause",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()


def for_macos(python: str) -> bytes:
    """Return a shell script, which Finder opens in a terminal."""
    place = shlex.quote(python)
    lines = (
        "#!/bin/sh",
        'cd -- "$(dirname -- "$0")" || exit',
        f"[ -x {place} ] || echo {shlex.quote(_GONE)}",
        f"exec {place} {_ARGUMENTS} . start",
    )
    return "".join(f"{line}\n" for line in lines).encode()


def for_linux(python: str, folder: str) -> bytes:
    """Return a desktop entry (Desktop Entry Specification 1.5)."""
    lines = (
        "[Desktop Entry]",
        "Type=Application",
        "Version=1.5",
        "Name=Kilnmark",
        "Name[zh_CN]=窑款",
        "Comment=A new firing, or go on with one",
        "Comment[zh_CN]=新开一窑，或继续一窑",
        f"Exec={_word(python)} {_ARGUMENTS} {_word(folder)} start",
        "Terminal=true",
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _word(text: str) -> str:
    """Return an argument of Exec: quoted (section "The Exec key"), and then escaped as every string's value is."""
    quoted = '"' + re.sub(r'(["`$\\])', r"\\\1", text) + '"'
    return quoted.replace("\\", "\\\\").replace("%", "%%")
