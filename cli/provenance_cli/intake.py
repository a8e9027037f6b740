"""From a spreadsheet's rows to pieces, with every fault named by line, column and remedy.

Rows are read one by one first; what a piece belongs to, a set, a pair or a whole, stands in other rows and is seen to
when all are read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from provenance.encoding import Digest
from provenance.errors import ConflictError, MalformedError, ProvenanceError
from provenance.limits import LIMITS
from provenance.piece import SET_KINDS, Piece, PieceSet, Whole, entered_text
from provenance.serial import Serial
from provenance_cli.context import Advance
from provenance_cli.facts import Darkroom, to_piece
from provenance_cli.mapping import COLUMN_OF, Columns
from provenance_cli.spreadsheet import Row
from provenance_cli.store import Entry, Known

_ANSWERS = frozenset(("yes", "no", "y", "n", "true", "false", "是", "否", "有", "无", "-"))
"""What stands in a column that asks whether there is a set: rows of one answer are none."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row, and where."""

    line: int
    column: str
    error: ProvenanceError

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"line": self.line, "column": self.column, "message": self.error.message, "hint": self.error.hint}


@dataclass(slots=True)
class Intake:
    """The outcome of reading rows: new entries, corrected ones, faults, and how many were known as they are."""

    entries: list[Entry] = field(default_factory=list)
    corrected: list[Entry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    known: int = 0


@dataclass(frozen=True, slots=True)
class _Read:
    """A row that was read: its piece has the serial that it will have."""

    row: Row
    origin: str
    piece: Piece


def take_in(
    rows: Sequence[Row],
    columns: Columns,
    language: str,
    folder: Path,
    known: Mapping[str, Known],
    darkroom: Darkroom,
    advance: Advance = lambda _: None,
) -> Intake:
    """Read rows into pieces; `known` is what the workshop has, by origin, and `advance` hears of each row.

    A row's origin is its accession number, with the register that gave it where that is named; in a spreadsheet without
    numbers it is the digest of its cells.  Importing a file again brings in only what is new, and corrects what is not
    signed yet.
    """
    intake, seen, read = Intake(), dict[str, int](), list[_Read]()
    broken = set[tuple[str, str]]()
    is_numbered = any(_number(row, columns) for row in rows)
    for row in rows:
        advance(1)
        origin = _origin(row, columns)
        try:
            if is_numbered and not _number(row, columns):
                raise MalformedError(
                    "no-number",
                    "The row has no number, while others have one.",
                    field="accession_number",
                    hint="Give it a number of its own: by that a row is known when the file is imported again.",
                )
            if origin in seen:
                raise ConflictError(
                    "row-twice",
                    "The same stands in line {first} already.",
                    hint="Give it a number of its own, or delete it.",
                    first=seen[origin],
                )
            seen[origin] = row.line
            piece = to_piece(row, columns, language, folder, darkroom)
            if origin in known:
                piece = replace(piece, serial=known[origin].piece.serial)
            read.append(_Read(row, origin, piece))
        except ProvenanceError as error:
            intake.faults.append(_fault(row, columns, error))
            broken.update(_groups(row, columns))
    belonging = _Belonging(read, columns, columns.language or language, known, broken)
    for item in read:
        try:
            _enter(intake, item, belonging.piece(item), known.get(item.origin))
        except ProvenanceError as error:
            intake.faults.append(_fault(item.row, columns, error))
    intake.faults.sort(key=lambda fault: fault.line)
    return intake


def _enter(intake: Intake, item: _Read, piece: Piece, before: Known | None) -> None:
    if before is None:
        intake.entries.append(Entry(piece, item.origin))
    elif piece == before.piece:
        intake.known += 1
    elif before.signed:
        raise ConflictError(
            "number-signed",
            "A piece of this number was signed with other facts.",
            hint="Give another piece a number of its own. What is signed is corrected by an amendment.",
        )
    else:
        intake.corrected.append(Entry(piece, item.origin))


class _Belonging:
    """What the pieces of a file belong to: rows of one word in the set's column are a set."""

    def __init__(
        self,
        read: list[_Read],
        columns: Columns,
        language: str,
        known: Mapping[str, Known],
        broken: set[tuple[str, str]],
    ) -> None:
        self._columns, self._language, self._broken = columns, language, broken
        self._serials = {origin: before.piece.serial for origin, before in known.items()}
        self._serials |= {item.origin: item.piece.serial for item in read}
        self._members = defaultdict[tuple[str, str], list[Serial]](list)
        for item in read:
            for group in _groups(item.row, columns):
                self._members[group].append(item.piece.serial)

    def piece(self, item: _Read) -> Piece:
        """Return the piece with what it belongs to; raises `MalformedError`."""
        piece = item.piece
        for kind, name in _groups(item.row, self._columns):
            piece = replace(piece, set=self._set(kind, name))
        whole = item.row.cells.get(self._columns.headings.get("part_of", ""), "")
        return replace(piece, part_of=self._whole(whole, piece)) if whole else piece

    def _set(self, kind: str, name: str) -> PieceSet:
        members = self._members[kind, name]
        if name.lower() in _ANSWERS:
            raise MalformedError(
                "no-set-name",
                "“{name}” is an answer, and names no set.",
                field=kind,
                hint="Write the same name in every row that belongs together, or map the column to nothing.",
                name=name,
            )
        if (kind, name) in self._broken:
            raise MalformedError(
                "set-incomplete",
                "Another row of the same set has a fault.",
                field=kind,
                hint="Correct that row; then all of them are entered together.",
            )
        if len(members) < 2 or (kind == "pair" and len(members) != 2):
            raise MalformedError(
                "set-incomplete",
                "“{name}” stands in {n} rows.",
                field=kind,
                hint="A pair has two rows of the same word, a set two or more.",
                name=name[:40],
                n=len(members),
            )
        if len(members) > LIMITS.set_pieces:
            raise MalformedError("too-many", "There may be at most {limit}.", field=kind, limit=LIMITS.set_pieces)
        text = {self._language: entered_text(name, field=kind, limit=LIMITS.name)}
        return PieceSet(tuple(members), len(members), kind, text)

    def _whole(self, text: str, piece: Piece) -> Whole:
        serial = self._serials.get(_number_origin(text, self._columns))
        if serial is None:
            try:
                serial = Serial.parse(text)
            except MalformedError:
                raise MalformedError(
                    "unknown-whole",
                    "There is no piece “{number}”.",
                    field="part_of",
                    hint="Write the number of another row, or a serial.",
                    number=text[:40],
                ) from None
        return Whole(serial, piece.form)


def _origin(row: Row, columns: Columns) -> str:
    number = _number(row, columns)
    return _number_origin(number, columns) if number else f"row:{_digest(row)}"


def _number(row: Row, columns: Columns) -> str:
    return row.cells.get(columns.headings.get("accession_number", ""), "")


def _number_origin(number: str, columns: Columns) -> str:
    return f"of:{columns.source}:{number[:200]}" if columns.source else f"number:{number[:200]}"


def _groups(row: Row, columns: Columns) -> Iterator[tuple[str, str]]:
    for kind in SET_KINDS:
        name = row.cells.get(columns.headings.get(kind, ""), "")
        if name:
            yield kind, name


def _fault(row: Row, columns: Columns, error: ProvenanceError) -> Fault:
    name = (error.field or "") if isinstance(error, MalformedError) else "accession_number"
    name = COLUMN_OF.get(name, name)
    told = error if error.hint else MalformedError.like(error, hint="Correct it, then import the file again.")
    heading = columns.heading(name) or (name if isinstance(error, MalformedError) else "")
    return Fault(row.line, heading, told)


def _digest(row: Row) -> str:
    cells = "\x1f".join(f"{heading}\x1e{text}" for heading, text in sorted(row.cells.items()))
    return Digest.of(cells.encode("utf-8", "replace")).hex()
