"""Taking back the last step of a firing, until one of its pieces is signed.

What a potter decides before that stands in the spreadsheet: each version that a run has read is kept, so that one can
go back to it, and at last to before the firing was begun.  What is taken back is moved aside, and never deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provenance.errors import ConflictError, ProvenanceError
from provenance_cli.firing.record import NOTES, RECORD, FiringRecord, keep
from provenance_cli.firing.workbook import BOOK, SERIAL
from provenance_cli.spreadsheet import read_sheet
from provenance_cli.workshop import Workshop

UNDONE = "undone"
"""The folder within the firing's that holds what was taken back, each time in a folder of its own."""
MAX_KEPT = 50
"""Versions of the spreadsheet that are kept: more changes than an evening has, at 30 kB each."""
_VERSIONS = "spreadsheets"


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier spreadsheet: where it is kept, when a run read it, and which pieces' rows are others than now.

    `numbers` is ``None`` where the present spreadsheet cannot be read.
    """

    path: Path
    read: datetime
    numbers: tuple[int, ...] | None


def keep_version(folder: Path) -> None:
    """Keep a copy of the spreadsheet, unless the newest one says the same; raises `StorageError`."""
    try:
        data = (folder / BOOK).read_bytes()
    except FileNotFoundError:  # It is being saved just now.
        return
    kept = versions(folder)
    if kept and (kept[-1].read_bytes() == data or _rows(kept[-1]) == _rows(folder / BOOK)):
        return
    number = int(kept[-1].stem) + 1 if kept else 1
    keep(folder / NOTES / _VERSIONS / f"{number:06}.xlsx", data)
    for old in kept[: max(0, len(kept) + 1 - MAX_KEPT)]:
        old.unlink(missing_ok=True)


def versions(folder: Path) -> list[Path]:
    """Return the spreadsheets that are kept, the newest last."""
    found = (folder / NOTES / _VERSIONS).glob("*.xlsx")
    return sorted(path for path in found if path.stem.isascii() and path.stem.isdigit())


def version_before(folder: Path, record: FiringRecord) -> Version | None:
    """Return the newest spreadsheet that says something else than the present one, ``None`` where there is none."""
    present = _rows(folder / BOOK)
    for path in reversed(versions(folder)):
        earlier = _rows(path)
        if earlier is None or earlier == present:
            continue
        read = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if present is None:
            return Version(path, read, None)
        then, now = _by_serial(earlier), _by_serial(present)
        changed = (number for serial, number in record.numbers.items() if then.get(str(serial)) != now.get(str(serial)))
        return Version(path, read, tuple(changed))
    return None


def go_back(folder: Path, version: Version) -> Path:
    """Put an earlier spreadsheet in the place of the present one; return the folder that holds that one now."""
    aside = _aside(folder)
    if (folder / BOOK).exists():
        keep(aside / BOOK, (folder / BOOK).read_bytes())
    keep(folder / BOOK, version.path.read_bytes())
    for path in versions(folder):
        if path.name > version.path.name:
            path.unlink(missing_ok=True)
    return aside


def give_up(workshop: Workshop, folder: Path, record: FiringRecord, files: tuple[str, ...]) -> Path:
    """Take a firing back whose pieces are not signed: its serials are given up; return where its `files` are now."""
    store, aside = workshop.store, _aside(folder)
    for piece in store.pieces(unsigned=True):
        if piece.serial in record.numbers:  # A run entered it that was broken off before it signed.
            store.remove_piece(piece.serial)
    keep(aside / RECORD, (folder / RECORD).read_bytes())
    for name in (
        *files,
        f"{NOTES}/{_VERSIONS}",
        RECORD,
    ):  # The record goes last: until then the folder is the firing's.
        if (folder / name).exists():
            (folder / name).replace(aside / Path(name).name)
    return aside


def check_unsigned(workshop: Workshop, record: FiringRecord) -> None:
    """Raise `ConflictError` where one of a firing's pieces is signed."""
    states = workshop.store.states()
    signed = sum(serial.compact in states for serial in record.serials)
    if signed:
        raise ConflictError(
            "firing-signed",
            "Pieces of this firing are signed ({n}), and what is signed stays.",
            hint="A mistake in one of them: change its row in pieces.xlsx and run `kilnmark firing` again. It shows "
            "the correction, and asks before it signs it. A certificate that should not be: `kilnmark revoke SERIAL`.",
            n=signed,
        )


def _rows(path: Path) -> list[dict[str, str]] | None:
    """Return what a spreadsheet says, ``None`` where it cannot be read."""
    try:
        return [row.cells for row in read_sheet(path).rows]
    except ProvenanceError:
        return None


def _by_serial(rows: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    return {cells.get(SERIAL, ""): cells for cells in rows}


def _aside(folder: Path) -> Path:
    number = 1
    while (folder / UNDONE / str(number)).exists():
        number += 1
    return folder / UNDONE / str(number)
