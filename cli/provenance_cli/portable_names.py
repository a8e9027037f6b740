"""Names that files and folders can have on every system, memory sticks included.

Windows and the file systems of sticks refuse more than others do; a folder that cannot be copied there cannot be moved.
"""

from __future__ import annotations

import re
from pathlib import Path

from provenance.errors import MalformedError

FORBIDDEN = frozenset('<>:"/\\|?*')
"""Characters that Windows, FAT and exFAT have in no name; controls are none either."""
RESERVED = frozenset(
    (
        "CON",
        "PRN",
        "AUX",
        "NUL",
        "CONIN$",
        "CONOUT$",
        *(f"{port}{n}" for port in ("COM", "LPT") for n in "123456789¹²³"),
    )
)
"""Names that are devices on Windows, with any ending."""
MAX_NAME = 100
"""Characters of a name that a person chooses: Windows has 260 for a whole path, and ours go at most 100 further."""


def is_portable(name: str) -> bool:
    """Tell whether a file or folder can have `name` on every system."""
    device = re.split("[.:]", name, maxsplit=1)[0].rstrip(" ").upper()
    return (
        bool(name)
        and device not in RESERVED
        and FORBIDDEN.isdisjoint(name)
        and not any(ord(character) < 0x20 for character in name)
        and not name.endswith((" ", "."))
    )


def check_new_name(name: str, field: str) -> None:
    """Check the name that a person chose for a new folder; raises `MalformedError`."""
    if not is_portable(name) or len(name) > MAX_NAME:
        raise MalformedError(
            "bad-folder-name",
            "“{name}” can be no folder's name on Windows or on a memory stick.",
            field=field,
            hint="Choose a short name without {signs}, that does not end with a dot, like 2026-11-02.",
            name=name[:60],
            signs='< > : " / \\ | ? *',
        )


def check_new_folder(folder: Path, field: str) -> None:
    """Check the name of a folder in which something new begins, wherever it is named from; raises `MalformedError`.

    The root of a stick has no name, and is a place like any other.
    """
    if name := folder.resolve().name:
        check_new_name(name, field)
