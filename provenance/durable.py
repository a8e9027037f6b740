"""Names that outlast a power cut: a file that was renamed is there for good only once its folder is on the disk too."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable; where a folder cannot be synchronised, the file system does so by itself."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
