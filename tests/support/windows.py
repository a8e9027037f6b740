"""What Windows would say of a folder's files, asked of their names alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PureWindowsPath

from provenance_cli.files import name_key

MAX_PATH = 260
"""Characters of a path on Windows, where nobody has changed that."""
DEEP = PureWindowsPath("C:\\Users\\a name of twenty signs\\Documents\\Kilnmark")
"""Where a folder may lie: as deep as people put them."""


def windows_faults(folder: Path) -> list[str]:
    """Return what Windows could not hold of the files in `folder` and below."""
    faults = list[str]()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder.parent)
        there = DEEP.joinpath(*inside.parts)
        if there.is_reserved() or there.parts[-len(inside.parts) :] != inside.parts:
            faults.append(f"{inside}: another file there")
        if set(path.name) & set('<>:"|?*\\') or path.name != path.name.rstrip(" ."):
            faults.append(f"{inside}: no name there")
        if len(str(there)) >= MAX_PATH:
            faults.append(f"{inside}: too long there")
        if path.is_dir():
            twice = Counter(name_key(item.name) for item in path.iterdir())
            faults += [f"{inside}/{name}: twice there" for name, count in twice.items() if count > 1]
    return faults
