"""From a spreadsheet's row to a piece, with every fault named by line, column and remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from provenance.encoding import Digest
from provenance.errors import ConflictError, MalformedError, ProvenanceError
from provenance.piece import PLAIN_FIELDS, TEXT_FIELDS, Edition, Firing, Photo, Piece, entered_text
from provenance.serial import Serial
from provenance_cli.mapping import UNITS, Mapping
from provenance_cli.spreadsheet import MAX_CELL, Row

Keep = Callable[[Digest, bytes], None]
"""Takes a prepared photo by its digest."""

_FIRING_TEXTS = ("kiln", "fuel", "atmosphere")
_COLUMN_OF = {"firing.date": "fired", "firing.peakTemperature": "peak"}
_MEASURES = {"height": "height_mm", "width": "width_mm", "depth": "depth_mm", "diameter": "diameter_mm"}


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
    """The outcome of reading rows: the good pieces with their origins, the faults, and what was seen before."""

    pieces: list[tuple[Piece, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    known: int = 0


def take_in(rows: Iterable[Row], mapping: Mapping, language: str, folder: Path, known: set[str], keep: Keep) -> Intake:
    """Read rows into pieces with new serials; `known` are the origins that the workshop has already.

    A row's origin is its accession number where there is one, else the digest of its cells: importing a file again
    brings in only what is new.
    """
    intake, seen = Intake(), dict[str, int]()
    for row in rows:
        origin = _origin(row, mapping)
        if origin in known:
            intake.known += 1
            continue
        if origin in seen:
            error = ConflictError(
                "row-twice",
                "The same stands in line {first} already.",
                hint="Give it a number of its own, or delete it.",
                first=seen[origin],
            )
            intake.faults.append(Fault(row.line, mapping.columns.get("accession_number", ""), error))
            continue
        seen[origin] = row.line
        try:
            intake.pieces.append((to_piece(row, mapping, language, folder, keep), origin))
        except ProvenanceError as error:
            name = (error.field or "") if isinstance(error, MalformedError) else ""
            name = _COLUMN_OF.get(name, name)
            told = error if error.hint else MalformedError.like(error, hint="Correct it, then import the file again.")
            intake.faults.append(Fault(row.line, mapping.columns.get(name, name), told))
    return intake


def to_piece(row: Row, mapping: Mapping, language: str, folder: Path, keep: Keep) -> Piece:
    """Return the piece that a row describes; raises `MalformedError` whose field is the mapping's name for it."""
    if row.broken is not None:
        raise row.broken
    values: dict[str, str] = {}
    for name, heading in mapping.columns.items():
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
    tag = mapping.language or language
    facts: dict[str, Any] = {}
    for name, (_, limit) in TEXT_FIELDS.items():
        if name in values:
            facts[name] = {tag: entered_text(values[name], field=name, limit=limit)}
    for name, (_, limit) in PLAIN_FIELDS.items():
        if name in values:
            facts[name] = entered_text(values[name], field=name, limit=limit)
    for name, attribute in _MEASURES.items():
        if name in values:
            facts[attribute] = measure(values[name], mapping.unit_of(name), name)
    if "weight" in values:
        facts["weight_g"] = measure(values["weight"], "mm", "weight")
    if "country" in values:
        facts["country"] = values["country"].upper()
    if "edition" in values:
        facts["edition"] = edition(values["edition"])
    if "photos" in values:
        names = [part.strip() for part in values["photos"].split(";") if part.strip()]
        facts["photos"] = prepare_photos(names, folder, keep)
    firing = {
        name: {tag: entered_text(values[name], field=name, limit=200)} for name in _FIRING_TEXTS if name in values
    }
    if firing or "fired" in values or "peak" in values:
        facts["firing"] = Firing(
            **firing,
            date=values["fired"].replace("/", "-").replace(".", "-") if "fired" in values else None,
            peak_celsius=measure(values["peak"].rstrip("°CcF℃ "), "mm", "peak") if "peak" in values else None,
        )
    return Piece(Serial.random(), **facts)


def measure(text: str, unit: str, name: str) -> int | None:
    """Return a measure in whole millimetres (or grams, or degrees); ``None`` for zero, which means not recorded."""
    cleaned = (
        text.strip().lower().replace(",", ".") if text.count(",") == 1 and "." not in text else text.strip().lower()
    )
    for suffix in ("millimetres", "mm", "cm", "g", "in", "毫米", "厘米", "克"):
        cleaned = cleaned.removesuffix(suffix).strip()
    try:
        number = Decimal(cleaned) * Decimal(UNITS[unit])
        if not number.is_finite() or number < 0 or number > 10_000_000:
            raise InvalidOperation
    except InvalidOperation:
        raise MalformedError(
            "bad-number",
            "“{text}” is not a measure.",
            field=name,
            hint="Write a plain number, like 31.5.",
            text=text[:40],
        ) from None
    whole = int(number.to_integral_value(ROUND_HALF_EVEN))
    return None if number == 0 else max(whole, 1)


def edition(text: str) -> Edition:
    """Read ``3/10``; raises `MalformedError`."""
    number, _, of = text.replace("／", "/").partition("/")
    if not (number.strip().isdecimal() and of.strip().isdecimal() and len(text) < 20):
        raise MalformedError("bad-edition", "An edition is written like 3/10.", field="edition")
    return Edition(int(number), int(of))


def prepare_photos(names: list[str], folder: Path, keep: Keep) -> tuple[Photo, ...]:
    """Read photos, strip what they tell of place and camera, and hand each to `keep`.

    `folder` is where relative names start from.  Raises `MalformedError`.
    """
    from provenance.media import load_photo

    photos = []
    for place, name in enumerate(names):
        try:
            prepared = load_photo(folder / name)
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
        keep(prepared.digest, prepared.data)
        photos.append(Photo(prepared.digest, prepared.media_type, "overview" if place == 0 else "detail"))
    return tuple(photos)


def _origin(row: Row, mapping: Mapping) -> str:
    column = mapping.columns.get("accession_number")
    number = row.cells.get(column, "") if column else ""
    if number:
        return f"number:{number[:200]}"
    cells = "\x1f".join(f"{heading}\x1e{text}" for heading, text in sorted(row.cells.items()))
    return "row:" + Digest.of(cells.encode("utf-8", "replace")).hex()
