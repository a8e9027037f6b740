"""What a firing's folder keeps of itself: which serials are its, and what its pieces share."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from provenance.canonical import JSONObject, parse
from provenance.errors import ConfigurationError, MalformedError, ProvenanceError, StorageError
from provenance.members import as_object
from provenance.serial import Serial
from provenance_cli.files import write_file

RECORD = "firing.json"
NOTES = ".kilnmark"
"""The folder within the firing's that holds what was seen, and earlier spreadsheets."""
MAX_PIECES = 2_000
"""Pieces of one firing: ten times those of a large kiln."""
MAX_RECORD = 1 << 20
SHARED = ("kiln", "fired", "clay_body", "glaze", "maker")
"""Fields that all pieces of a firing usually share, in the order of the questions."""


@dataclass(frozen=True, slots=True)
class FiringRecord:
    """A firing: its name for machines, when it was begun, its pieces' serials by number from 1, and what they share."""

    id: str
    begun: str
    serials: tuple[Serial, ...]
    shared: dict[str, str] = field(default_factory=dict)

    @classmethod
    def begin(cls, count: int, shared: dict[str, str], now: datetime) -> FiringRecord:
        """Draw serials for `count` pieces; raises `MalformedError` for too many or none."""
        if not 1 <= count <= MAX_PIECES:
            raise MalformedError(
                "bad-count",
                "A firing has 1 to {limit:,} pieces.",
                field="count",
                hint="Give the number of pieces in the kiln; make a second folder for more.",
                limit=MAX_PIECES,
            )
        drawn = dict.fromkeys(Serial.random() for _ in range(count))
        while len(drawn) < count:  # The same serial twice in one folder comes once in a million years.
            drawn[Serial.random()] = None
        begun = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return cls(secrets.token_hex(6), begun, tuple(drawn), shared)

    @property
    def numbers(self) -> dict[Serial, int]:
        """The pieces' numbers, from 1."""
        return {serial: number for number, serial in enumerate(self.serials, 1)}

    def origin(self, serial: Serial) -> str:
        """Return what tells the piece from those of other firings and spreadsheets in the workshop."""
        return f"firing:{self.id}:{self.numbers[serial]}"

    def write(self, folder: Path) -> None:
        """Keep the record in the firing's folder; raises `StorageError`."""
        members: JSONObject = {
            "version": 1,
            "id": self.id,
            "begun": self.begun,
            "shared": dict(self.shared),
            "serials": [str(serial) for serial in self.serials],
        }
        text = json.dumps(members, ensure_ascii=False, indent=1) + "\n"
        keep(folder / RECORD, text.encode())

    @classmethod
    def read(cls, folder: Path) -> FiringRecord | None:
        """Read a folder's record, ``None`` where it has none; raises `MalformedError` or `StorageError`."""
        path = folder / RECORD
        try:
            with path.open("rb") as file:
                data = file.read(MAX_RECORD + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError("unreadable", "{path} cannot be read: {reason}.", path=path, reason=error) from None
        try:
            members = parse(data, limit=MAX_RECORD)
            serials, shared = members["serials"], as_object(members["shared"], "shared")
            if members["version"] != 1 or not isinstance(serials, list) or not 1 <= len(serials) <= MAX_PIECES:
                raise ValueError
            return cls(
                str(members["id"]),
                str(members["begun"]),
                tuple(Serial.parse(str(serial)) for serial in serials),
                {name: str(text) for name, text in shared.items() if name in SHARED},
            )
        except (ProvenanceError, ValueError, KeyError):
            raise MalformedError(
                "bad-firing",
                "{path} is damaged: which serials this firing has is not known any more.",
                hint="Copy it back from a backup. Where nothing was signed yet, begin anew in an empty folder.",
                path=path,
            ) from None


def keep(path: Path, data: bytes) -> None:
    """Write a file of a firing's folder whole; raises `ConfigurationError` or `StorageError` with what to do."""
    try:
        write_file(path, data, public=True)
    except PermissionError:
        if path.exists() and _takes_files(path.parent):
            raise StorageError(
                "file-in-use",
                "{path} is open in another program.",
                hint="Close it there, then run the command again.",
                path=path,
            ) from None
        raise _read_only(path) from None
    except OSError as error:
        import errno

        if error.errno == errno.EROFS:
            raise _read_only(path) from None
        raise StorageError(
            "cannot-write",
            "{path} cannot be written: {reason}.",
            hint="Make room on the disk, then run the command again: it goes on where it stopped.",
            path=path,
            reason=error,
        ) from None


def _takes_files(folder: Path) -> bool:
    import os

    return os.access(folder, os.W_OK)


def _read_only(path: Path) -> ConfigurationError:
    return ConfigurationError(
        "read-only-folder",
        "Nothing can be written in {folder}.",
        hint="Copy the folder from the stick to this computer, and run the command there.",
        folder=next((folder.parent for folder in path.parents if folder.name == NOTES), path.parent),
    )
