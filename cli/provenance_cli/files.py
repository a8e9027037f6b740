"""Files written whole or not at all, and text that goes into them."""

from __future__ import annotations

import contextlib
import os
import secrets
import unicodedata
from pathlib import Path

from provenance.durable import sync_folder


def write_file(path: Path, data: bytes, *, public: bool = False) -> None:
    """Write `data` to `path` durably: a reader sees the old file or the new one, never a part.

    It is for its owner alone, unless it is `public`: then the system's usual permissions count, since a print shop's
    program runs under another name, and a shared folder is there to be read.  Raises `OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".kilnmark-{secrets.token_hex(8)}")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(temporary, flags, 0o666 if public else 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def toml_string(text: str) -> str:
    """Return `text` as a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def name_key(name: str) -> str:
    """Return a file's name as it is compared: systems differ in capitals, and in how they store accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
