"""From a spreadsheet's row to a piece, with every fault named by line, column and remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from provenance.encoding import Digest
from provenance.errors import ConflictError, MalformedError, ProvenanceError
from provenance.media import read_photo
from provenance.piece import PLAIN_FIELDS, TEXT_FIELDS, Edition, Firing, Maker, Photo, Piece, entered_text
from provenance.serial import Serial
from provenance_cli.mapping import Columns
from provenance_cli.measures import whole
from provenance_cli.spreadsheet import MAX_CELL, Row
from provenance_cli.store import Entry, Known


class Darkroom(Protocol):
    """Prepares photos, and knows those that it prepared before."""

    def prepare(self, source: bytes) -> Digest:
        """Return the digest of the prepared photo; raises `MalformedError` for what is none."""


_FIRING_TEXTS = ("kiln", "fuel", "atmosphere")
_COLUMN_OF = {"firing.date": "fired", "firing.peakTemperature": "peak"}
_MEASURES = {
    "height": "height_mm",
    "width": "width_mm",
    "depth": "depth_mm",
    "diameter": "diameter_mm",
    "weight": "weight_g",
}


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


def take_in(
    rows: Iterable[Row], columns: Columns, language: str, folder: Path, known: Mapping[str, Known], darkroom: Darkroom
) -> Intake:
    """Read rows into pieces; `known` is what the workshop has, by origin.

    A row's origin is its accession number where there is one, else the digest of its cells: importing a file again
    brings in only what is new, and corrects what is not signed yet.
    """
    intake, seen = Intake(), dict[str, int]()
    for row in rows:
        number = row.cells.get(columns.headings.get("accession_number", ""), "")
        origin = f"number:{number[:200]}" if number else f"row:{_digest(row)}"
        before = known.get(origin)
        try:
            if origin in seen:
                raise ConflictError(
                    "row-twice",
                    "The same stands in line {first} already.",
                    hint="Give it a number of its own, or delete it.",
                    first=seen[origin],
                )
            seen[origin] = row.line
            piece = to_piece(row, columns, language, folder, darkroom)
            if before is None:
                intake.entries.append(Entry(piece, origin))
                continue
            piece = replace(piece, serial=before.piece.serial)
            if piece == before.piece:
                intake.known += 1
            elif before.signed:
                raise ConflictError(
                    "number-signed",
                    "A piece of this number was signed with other facts.",
                    hint="Give another piece a number of its own. What is signed is corrected by an amendment.",
                )
            else:
                intake.corrected.append(Entry(piece, origin))
        except ProvenanceError as error:
            intake.faults.append(_fault(row, columns, error))
    return intake


def _fault(row: Row, columns: Columns, error: ProvenanceError) -> Fault:
    name = (error.field or "") if isinstance(error, MalformedError) else "accession_number"
    name = _COLUMN_OF.get(name, name)
    told = error if error.hint else MalformedError.like(error, hint="Correct it, then import the file again.")
    return Fault(row.line, columns.headings.get(name, name if isinstance(error, MalformedError) else ""), told)


def to_piece(row: Row, columns: Columns, language: str, folder: Path | None, darkroom: Darkroom) -> Piece:
    """Return the piece that a row describes; raises `MalformedError` whose field is the mapping's name for it."""
    if row.broken is not None:
        raise row.broken
    values: dict[str, str] = {}
    for name, heading in columns.headings.items():
        text = row.cells.get(heading, "")
        if heading in row.formulas:
            raise MalformedError(
                "formula", "The cell holds a formula.", field=name, hint="Replace it by its value (paste as text)."
            )
        if len(text) > MAX_CELL:
            raise MalformedError("text-too-long", "The cell has {n:,} characters.", field=name, n=len(text))
        if text:
            values[name] = text
    if "title" not in values:
        raise MalformedError("missing-title", "The title is missing.", field="title", hint="Name the piece.")
    tag = columns.language or language
    facts: dict[str, Any] = {}
    for name, (_, limit) in TEXT_FIELDS.items():
        if name in values:
            facts[name] = {tag: entered_text(values[name], field=name, limit=limit)}
    for name, (_, limit) in PLAIN_FIELDS.items():
        if name in values:
            facts[name] = entered_text(values[name], field=name, limit=limit)
    for name, attribute in _MEASURES.items():
        if name in values:
            facts[attribute] = whole(values[name], name, columns.unit_of(name))
    if "maker" in values:
        facts["makers"] = (Maker({tag: entered_text(values["maker"], field="maker", limit=300)}),)
    if "country" in values:
        facts["country"] = values["country"].upper()
    if "edition" in values:
        facts["edition"] = edition(values["edition"])
    if "photos" in values:
        names = [part.strip() for part in values["photos"].split(";") if part.strip()]
        facts["photos"] = prepare_photos(names, folder, darkroom)
    firing = {
        name: {tag: entered_text(values[name], field=name, limit=200)} for name in _FIRING_TEXTS if name in values
    }
    if firing or "fired" in values or "peak" in values:
        facts["firing"] = Firing(
            **firing,
            date=day(values["fired"]) if "fired" in values else None,
            peak_celsius=whole(values["peak"], "peak", columns.unit_of("peak")) if "peak" in values else None,
        )
    return Piece(Serial.random(), **facts)


def day(text: str) -> str:
    """Read a day as people write it, 2026/11/2 or 2026年11月2日, into ISO form; another text is left as it is."""
    match = re.fullmatch(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?", text)
    return "{}-{:0>2}-{:0>2}".format(*match.groups()) if match else text


def edition(text: str) -> Edition:
    """Read ``3/10``; raises `MalformedError`."""
    number, _, of = text.replace("／", "/").partition("/")
    if not (number.strip().isdecimal() and of.strip().isdecimal() and len(text) < 20):
        raise MalformedError("bad-edition", "An edition is written like 3/10.", field="edition")
    return Edition(int(number), int(of))


def prepare_photos(names: list[str], folder: Path | None, darkroom: Darkroom) -> tuple[Photo, ...]:
    """Have photos prepared: made smaller, and freed of what they tell of place and camera.

    A spreadsheet's photos lie in its `folder` or below, since photos become public; without a folder, names are those
    that a person gave.  Raises `MalformedError`.
    """
    photos = []
    for place, name in enumerate(names):
        try:
            digest = darkroom.prepare(read_photo(_photo_path(name, folder)))
        except MalformedError as error:
            raise MalformedError(
                error.code,
                "{photo}: {fault}",
                field="photos",
                hint="{remedy}",
                photo=name,
                fault=error,
                remedy=error.remedy,
            ) from None
        photos.append(Photo(digest, role="overview" if place == 0 else "detail"))
    return tuple(photos)


def _photo_path(name: str, folder: Path | None) -> Path:
    if folder is None:
        return Path(name)
    try:
        path = (folder / name).resolve()
    except (OSError, RuntimeError, ValueError):  # A loop of links, or a character that no file name has.
        raise MalformedError("no-photo", "There is no such photo.", field="photos") from None
    if not path.is_relative_to(folder.resolve()):
        raise MalformedError(
            "photo-outside",
            "The photo lies outside the spreadsheet's folder.",
            field="photos",
            hint="Copy it into the folder.",
        )
    return path


def _digest(row: Row) -> str:
    cells = "\x1f".join(f"{heading}\x1e{text}" for heading, text in sorted(row.cells.items()))
    return Digest.of(cells.encode("utf-8", "replace")).hex()
