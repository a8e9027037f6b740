"""A piece as people read it: in one line, fact by fact, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provenance.credit import credited
from provenance.piece import (
    MEASURES,
    PLAIN_FIELDS,
    TEXT_FIELDS,
    VISITOR,
    Firing,
    Piece,
    Resource,
    Text,
    joined,
    text_in,
)
from provenance_cli.i18n import _, current
from provenance_cli.mapping import LABELS


def line_of(piece: Piece) -> str:
    """Return title, makers and size in one line."""
    sizes = [f"{mm / 10:g}" for mm in (piece.height_mm, piece.width_mm, piece.depth_mm, piece.diameter_mm) if mm]
    parts = [
        piece.title_in("zh-Hans", "en"),
        credited(piece.makers, current(), "zh-Hans", "en"),
        " × ".join(sizes) + " cm" if sizes else "",
    ]
    return " · ".join(part for part in parts if part)[:100]


def facts_of(piece: Piece, language: str = "") -> Iterator[tuple[str, str]]:
    """Yield what is known of a piece, each fact with its label; texts in all their languages, or in one."""
    known = known_of(piece)
    for field, label in LABELS.items():
        value = known[field]
        if isinstance(value, Mapping):
            value = text_in(value, language, "zh-Hans", "en") if language else in_all(value)
        if value:
            yield _(label), " ".join(value.split())


def in_all(words: Text) -> str:
    """Return a text in all its languages, each behind its tag."""
    return "  ".join(f"{tag}: {text}" for tag, text in words.items())


def known_of(piece: Piece) -> dict[str, Any]:
    """Return what is known of a piece, by field: words, a text in its languages, or nothing."""
    known: dict[str, Any] = {"serial": str(piece.serial)}
    known |= {name: getattr(piece, name) for name in (*TEXT_FIELDS, *PLAIN_FIELDS, "country")}
    known |= _makers(piece) | _firing(piece.firing or Firing()) | _belonging(piece)
    for name in MEASURES:
        field, _underscore, unit = name.rpartition("_")
        value = getattr(piece, name)
        known[field] = value and f"{value:,} {unit}"
    marks = tuple(photo for photo in piece.photos if photo.role == "base-mark")
    others = tuple(photo for photo in piece.photos if photo.role != "base-mark")
    for field, items in (("photos", others), ("mark_photos", marks), ("scan", piece.scans), ("files", piece.files)):
        known[field] = str(len(items)) if items else None
    return known


def _makers(piece: Piece) -> dict[str, Any]:
    names = {
        "visitor": [maker.name for maker in piece.makers if maker.role == VISITOR],
        "master": [maker.name for maker in piece.makers if maker.role == "master"],
        "maker": [maker.name for maker in piece.makers if maker.role not in (VISITOR, "master")],
    }
    told: dict[str, Any] = {field: joined(texts) for field, texts in names.items()}
    if any(maker.role == VISITOR and not maker.name for maker in piece.makers) and not told["visitor"]:
        told["visitor"] = _("not named")
    told["teacher"] = joined(maker.teacher for maker in piece.makers)
    told["lineage"] = joined(maker.lineage for maker in piece.makers)
    told["consent"] = next((maker.consent.date for maker in piece.makers if maker.consent is not None), None)
    return told


def _firing(firing: Firing) -> dict[str, Any]:
    return {
        "kiln": firing.kiln,
        "fuel": firing.fuel,
        "atmosphere": firing.atmosphere,
        "fired": firing.date,
        "peak": firing.peak_celsius and f"{firing.peak_celsius:,} °C",
    }


def _belonging(piece: Piece) -> dict[str, Any]:
    told: dict[str, Any] = dict.fromkeys(("edition", "edition_name", "set", "pair", "part_of"))
    told["parts"] = joined(part.name for part in piece.parts)
    if piece.edition is not None:
        proof = "AP " if piece.edition.artist_proof else ""
        told["edition"] = f"{proof}{piece.edition.number}/{piece.edition.of}"
        told["edition_name"] = piece.edition.name
    if piece.set is not None:
        others = [str(serial) for serial in piece.set.pieces if serial != piece.serial]
        told[piece.set.kind] = " ".join(word for word in (_plain(piece.set.name), *others) if word)
    if piece.part_of is not None:
        told["part_of"] = " ".join(word for word in (str(piece.part_of.serial), _plain(piece.part_of.name)) if word)
    return told


def _plain(text: Text) -> str:
    return " / ".join(text.values())


def members_of(piece: Piece, state: str, standing: str | None = None) -> dict[str, Any]:
    """Return the members of a piece's JSON: those of the certificate's subject, its state, and digests of its files.

    `standing` tells of an anchored one that does not plainly count.
    """
    resources: dict[str, tuple[Resource, ...]] = {"photos": piece.photos, "scans": piece.scans, "files": piece.files}
    digests = {name: [str(item.digest) for item in items] for name, items in resources.items() if items}
    told = {"state": state} if standing is None else {"state": state, "standing": standing}
    return {**piece.to_json(), **told, **digests}
