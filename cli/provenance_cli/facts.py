"""From the cells of one row, or the options of one command, to the facts of one piece."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from provenance.encoding import Digest
from provenance.errors import MalformedError
from provenance.limits import LIMITS
from provenance.media import read_photo
from provenance.members import check_day
from provenance.piece import (
    PLAIN_FIELDS,
    TEXT_FIELDS,
    VISITOR,
    Consent,
    Edition,
    Firing,
    Maker,
    Part,
    Photo,
    Piece,
    Scan,
    Text,
    WorkFile,
    entered_text,
)
from provenance.serial import Serial
from provenance_cli.dimensions import split
from provenance_cli.files import name_key
from provenance_cli.mapping import Columns
from provenance_cli.measures import whole
from provenance_cli.originals import describe
from provenance_cli.spreadsheet import MAX_CELL, Row

MEASURES = {
    "height": "height_mm",
    "width": "width_mm",
    "depth": "depth_mm",
    "diameter": "diameter_mm",
    "weight": "weight_g",
}
"""Field to attribute."""
FIRING_TEXTS = ("kiln", "fuel", "atmosphere")
UNNAMED = frozenset(("anonymous", "unnamed", "匿名", "不公开", "不具名"))
"""What stands for a visitor who is not to be named."""


class Darkroom(Protocol):
    """Prepares photos, knows those that it prepared before, and takes note of where other files lie."""

    def prepare(self, source: bytes) -> Digest:
        """Return the digest of the prepared photo; raises `MalformedError` for what is none."""

    def note(self, digest: Digest, path: Path) -> None:
        """Take note of where a file lies that stays as it is."""


def to_piece(row: Row, columns: Columns, language: str, folder: Path | None, darkroom: Darkroom) -> Piece:
    """Return the piece that a row describes, under a new serial.

    What it belongs to stands in other rows and is left out.  Raises `MalformedError` whose field is the mapping's name
    for it.
    """
    facts = read_facts(row, columns, language, folder, darkroom)
    if "title" not in facts:
        raise MalformedError("missing-title", "The title is missing.", field="title", hint="Name the piece.")
    return Piece(Serial.random(), **facts)


def read_facts(row: Row, columns: Columns, language: str, folder: Path | None, darkroom: Darkroom) -> dict[str, Any]:
    """Return what a row says, by the attributes of a piece; raises as `to_piece` does."""
    if row.broken is not None:
        raise row.broken
    cells = _Cells(row, columns, columns.language or language)
    facts: dict[str, Any] = {}
    for name, (_, limit) in TEXT_FIELDS.items():
        if words := cells.credit(limit) if name == "credit_line" else cells.text(name, limit):
            facts[name] = words
    for name, (_, limit) in PLAIN_FIELDS.items():
        if name in cells.values:
            facts[name] = entered_text(cells.values[name], field=name, limit=limit)
    for name, attribute in MEASURES.items():
        if name in cells.values:
            facts[attribute] = whole(cells.values[name], name, columns.unit_of(name))
    if "dimensions" in cells.values:
        facts = _dimensions(cells.values["dimensions"], columns) | facts
    if "country" in cells.values:
        facts["country"] = cells.values["country"].upper()
    if makers := _makers(cells):
        facts["makers"] = makers
    if firing := _firing(cells, columns):
        facts["firing"] = firing
    if "edition" in cells.values or cells.text("edition_name", LIMITS.name):
        facts["edition"] = edition(cells.values.get("edition", ""), cells.text("edition_name", LIMITS.name))
    if parts := cells.texts("parts", LIMITS.part):
        facts["parts"] = tuple(Part(name) for name in parts)
    shown = [
        *prepare_photos(cells.names("photos"), "photos", folder, darkroom),
        *prepare_photos(cells.names("mark_photos"), "mark_photos", folder, darkroom),
    ]
    if shown:
        facts["photos"] = tuple(shown)
    if names := cells.names("scan"):
        facts["scans"] = tuple(Scan(*_described(name, folder, "scan", darkroom)) for name in names)
    if names := cells.names("files"):
        facts["files"] = tuple(WorkFile(*_described(name, folder, "files", darkroom)) for name in names)
    return facts


def _dimensions(text: str, columns: Columns) -> dict[str, Any]:
    """Return the measures of a cell that holds several; a measure with a column of its own counts before them."""
    found = split(text, columns.headings["dimensions"]).measures
    try:
        return {MEASURES[name]: whole(words, name, columns.unit_among(name)) for name, words in found.items()}
    except MalformedError as error:
        raise MalformedError.like(error, field="dimensions") from None


class _Cells:
    """The cells of a row by field, and their translations by language and field."""

    def __init__(self, row: Row, columns: Columns, language: str) -> None:
        self._language = language
        self.values = {**columns.every_row, **_read(row, columns.headings)}
        self._translations = {tag: _read(row, headings) for tag, headings in columns.translations.items()}

    def text(self, name: str, limit: int) -> Text:
        """Return a text in all its languages."""
        return {language: entered_text(words, field=name, limit=limit) for language, words in self._said(name).items()}

    def credit(self, limit: int) -> Text:
        """Return the line of credit: whose the piece is, and what others may do with its record and photos."""
        said = [self._said(name) for name in ("credit_line", "rights")]
        joined = {
            language: " · ".join(words[language] for words in said if language in words)
            for language in said[0] | said[1]
        }
        return {language: entered_text(words, field="credit_line", limit=limit) for language, words in joined.items()}

    def texts(self, name: str, limit: int) -> list[Text]:
        """Return the texts that a cell lists with semicolons; raises where the languages list another number."""
        lists = {language: _split(words) for language, words in self._said(name).items()}
        if len({len(words) for words in lists.values()}) > 1:
            raise MalformedError(
                "translations-differ",
                "The languages list another number of entries each.",
                field=name,
                hint="Separate the entries with semicolons, in every language alike.",
            )
        return [
            {language: entered_text(word, field=name, limit=limit) for language, word in zip(lists, words, strict=True)}
            for words in zip(*lists.values(), strict=True)
        ]

    def names(self, name: str) -> list[str]:
        """Return the names of files that a cell lists."""
        return _split(self.values.get(name, ""))

    def _said(self, name: str) -> dict[str, str]:
        own = {self._language: self.values[name]} if name in self.values else {}
        return {tag: cells[name] for tag, cells in self._translations.items() if name in cells} | own


def _read(row: Row, headings: Mapping[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, heading in headings.items():
        text = row.cells.get(heading, "")
        if heading in row.formulas:
            raise MalformedError(
                "formula", "The cell holds a formula.", field=name, hint="Replace it by its value (paste as text)."
            )
        if len(text) > MAX_CELL:
            raise MalformedError("text-too-long", "The cell has {n:,} characters.", field=name, n=len(text))
        if text:
            values[name] = text
    return values


def _split(text: str) -> list[str]:
    return [part.strip() for part in re.split("[;；]", text) if part.strip()]


def _makers(cells: _Cells) -> tuple[Maker, ...]:
    """Return visitors, masters and artisans, in this order; the claims are about the one master or artisan."""
    consent = (
        Consent(_calendar_day(cells.values["consent"], "maker.consent.date")) if "consent" in cells.values else None
    )
    if consent is not None and "visitor" not in cells.values:
        raise MalformedError(
            "visitor-consent",
            "A visitor is named by consent, and not without.",
            field="visitor",
            hint="Name the visitor who agreed, or leave the day out.",
        )
    visitors = []
    for name in cells.texts("visitor", LIMITS.name):
        unnamed = not UNNAMED.isdisjoint(words.lower() for words in name.values())
        visitors.append(Maker(role=VISITOR) if unnamed else Maker(name, VISITOR, consent=consent))
    others = [(name, "master") for name in cells.texts("master", LIMITS.name)]
    others += [(name, "artisan") for name in cells.texts("maker", LIMITS.name)]
    teacher, lineage = cells.text("teacher", LIMITS.name), cells.text("lineage", LIMITS.lineage)
    masters = [place for place, (_, role) in enumerate(others) if role == "master"] or list(range(len(others)))
    if (teacher or lineage) and len(masters) != 1:
        raise MalformedError(
            "whose-teacher",
            "Teacher and lineage need one maker whose they are.",
            field="teacher" if teacher else "lineage",
            hint="Name one maker, or leave them out.",
        )
    made = [
        Maker(name, role, teacher, lineage) if place == masters[0] else Maker(name, role)
        for place, (name, role) in enumerate(others)
    ]
    return (*visitors, *made)


def _firing(cells: _Cells, columns: Columns) -> Firing | None:
    firing = Firing(
        **{name: cells.text(name, LIMITS.kiln) for name in FIRING_TEXTS},
        date=_past_day(cells.values["fired"]) if "fired" in cells.values else None,
        peak_celsius=whole(cells.values["peak"], "peak", columns.unit_of("peak")) if "peak" in cells.values else None,
    )
    return None if firing == Firing() else firing


def day(text: str) -> str:
    """Read a day as people write it, 2026/11/2 or 2026年11月2日, into ISO form; another text is left as it is."""
    match = re.fullmatch(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?", text)
    return "{}-{:0>2}-{:0>2}".format(*match.groups()) if match else text


def _calendar_day(text: str, field: str) -> str:
    """Read a day that the calendar has; raises `MalformedError`."""
    found = day(text)
    try:
        check_day(found, field)
    except MalformedError:
        raise MalformedError(
            "bad-date",
            "“{day}” is no day of the calendar.",
            field=field,
            hint="Write year, month and day, like 2026-11-02.",
            day=text[:40],
        ) from None
    return found


def _past_day(text: str) -> str:
    """Read a day that is not after tomorrow (somewhere it is tomorrow already); raises `MalformedError`."""
    fired = _calendar_day(text, "fired")
    if fired > (datetime.now(UTC) + timedelta(days=1)).date().isoformat():
        raise MalformedError(
            "not-yet-fired",
            "{day} has not come yet.",
            field="fired",
            hint="Correct the day of the firing, or leave it out until the kiln is opened.",
            day=fired[:20],
        )
    return fired


def edition(text: str, name: Text | None = None) -> Edition:
    """Read ``3/10``, or ``AP 1/2`` for an artist's proof; raises `MalformedError`."""
    match = re.fullmatch(r"(AP|A\.P\.|EA)?\s*([0-9]{1,9})\s*/\s*([0-9]{1,9})", text.replace("／", "/"), re.IGNORECASE)
    if match is None:
        raise MalformedError("bad-edition", "An edition is written like 3/10.", field="edition")
    return Edition(int(match[2]), int(match[3]), name or {}, match[1] is not None)


def prepare_photos(names: list[str], field: str, folder: Path | None, darkroom: Darkroom) -> Iterator[Photo]:
    """Have photos prepared: freed of what they tell of place and camera; `field` tells what they show.

    A spreadsheet's photos lie in its `folder` or below, since photos become public; without a folder, names are those
    that a person gave.  Raises `MalformedError`.
    """
    for place, name in enumerate(names):
        try:
            digest = darkroom.prepare(read_photo(_path(name, folder, field)))
        except MalformedError as error:
            raise MalformedError(
                error.code,
                "{photo}: {fault}",
                field=field,
                hint="{remedy}",
                photo=name,
                fault=error,
                remedy=error.remedy,
            ) from None
        yield Photo(digest, role="base-mark" if field == "mark_photos" else "detail" if place else "overview")


def _described(name: str, folder: Path | None, field: str, darkroom: Darkroom) -> tuple[Digest, str]:
    path = _path(name, folder, field)
    digest, media_type = describe(path, field=field)
    darkroom.note(digest, path.resolve())
    return digest, media_type


def _path(name: str, folder: Path | None, field: str) -> Path:
    if folder is None:
        return Path(name)
    try:
        path = _inside((folder / name.replace("\\", "/")).resolve(), folder, field)
        if not path.exists() and (other := _named_otherwise(path)) is not None:
            path = _inside(other.resolve(), folder, field)
    except (OSError, RuntimeError, ValueError):  # A loop of links, or a character that no file name has.
        raise MalformedError("no-photo", "There is no such photo.", field=field) from None
    return path


def _inside(path: Path, folder: Path, field: str) -> Path:
    if not path.is_relative_to(folder.resolve()):
        raise MalformedError(
            "photo-outside",
            "The file lies outside the spreadsheet's folder.",
            field=field,
            hint="Copy it into the folder.",
        )
    return path


def _named_otherwise(path: Path) -> Path | None:
    """Return the one file beside `path` whose name differs in capitals or in how its accents are stored alone."""
    if not path.parent.is_dir():
        return None
    alike = [other for other in path.parent.iterdir() if name_key(other.name) == name_key(path.name)]
    return alike[0] if len(alike) == 1 else None
