"""Secrets from files and descriptors, for scripts: never from arguments or the environment, which others can list."""

from __future__ import annotations

import os
from pathlib import Path

from provenance.errors import KeystoreError

MAX_SECRET_BYTES = 4_096
"""Bytes read for a passphrase or a phrase: a hundred times what people remember."""


def first_line(source: str | int) -> str:
    """Return the first line of a file, or of an open descriptor, which is read to its end and closed.

    What stands there is never repeated; raises `KeystoreError`.
    """
    try:
        with os.fdopen(source, "rb") if isinstance(source, int) else Path(source).open("rb") as file:
            data = file.read(MAX_SECRET_BYTES + 1)
        if len(data) > MAX_SECRET_BYTES:
            raise ValueError
        line = data.decode("utf-8-sig").partition("\n")[0].rstrip("\r")  # Some editors begin a file with a mark.
        if not line:
            raise ValueError
    except (OSError, OverflowError, ValueError):
        raise KeystoreError(
            "no-secret",
            "No passphrase or phrase can be read from {source}.",
            hint="It must be the first line, in UTF-8.",
            source=f"fd {source}" if isinstance(source, int) else source,
        ) from None
    return line
