"""A piece with facts put right: what an amendment says instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from provenance.errors import MalformedError
from provenance.piece import TEXT_FIELDS, VISITOR, Firing, Maker, Piece, Resource
from provenance_cli.facts import FIRING_TEXTS, MEASURES
from provenance_cli.headings import FIELDS
from provenance_cli.i18n import _
from provenance_cli.mapping import LABELS
from provenance_cli.telling import in_all, known_of

_FIRING = {**{name: name for name in FIRING_TEXTS}, "fired": "date", "peak": "peak_celsius"}
_MAKERS = ("maker", "master", "visitor", "consent", "teacher", "lineage")
_ATTRIBUTE = {
    **MEASURES,
    "pair": "set",
    "scan": "scans",
    "edition_name": "edition",
}
"""Field to attribute, where they differ."""
_EMPTY: Mapping[str, Any] = {"parts": (), "scans": (), "files": ()}


def amended(piece: Piece, facts: Mapping[str, Any], removed: Iterable[str] = ()) -> Piece:
    """Return `piece` without the fields `removed`, and with `facts` as `read_facts` reads them.

    A text is put in the place of that of the same language; a firing keeps the facts that are not given; makers, parts,
    photos and files are replaced as a whole.  Raises `MalformedError`.
    """
    for field in removed:
        piece = _without(piece, field)
    changes = dict(facts)
    for name in TEXT_FIELDS.keys() & changes.keys():
        changes[name] = {**getattr(piece, name), **changes[name]}
    given, before = changes.get("firing"), piece.firing
    if given is not None and before is not None:
        told = {name: getattr(given, name) for name in _FIRING.values() if getattr(given, name)}
        for name in FIRING_TEXTS:
            told[name] = {**getattr(before, name), **getattr(given, name)}
        changes["firing"] = replace(before, **told)
    return replace(piece, **changes)


def changes(before: Piece, after: Piece) -> Iterator[tuple[str, str, str]]:
    """Yield what an amendment changes, as it is read: label, what stood there, and what stands there now."""
    was, now = known_of(before), known_of(after)
    for field in ("photos", "scan", "files"):  # Their number tells nothing where one takes the place of another.
        names = [[item.digest.hex()[:8] for item in _resources(piece, field)] for piece in (before, after)]
        if names[0] != names[1]:
            was[field], now[field] = (" ".join(listed) for listed in names)
    for field, label in LABELS.items():
        if was[field] != now[field]:
            yield _(label), *_apart(was[field], now[field])


def _apart(was: Any, now: Any) -> tuple[str, str]:
    """Return two values as they are read; of texts only the languages in which they differ, named where several do."""
    sides: list[Mapping[str, str]] = [
        value if isinstance(value, Mapping) else {"": value} if value else {} for value in (was, now)
    ]
    tags = [tag for tag in dict.fromkeys((*sides[0], *sides[1])) if sides[0].get(tag) != sides[1].get(tag)]
    told = [{tag: side[tag] for tag in tags if tag in side} for side in sides]
    words = [in_all(side) if len(tags) > 1 else "".join(side.values()) for side in told]
    return " ".join(words[0].split()) or "-", " ".join(words[1].split()) or "-"


def _resources(piece: Piece, field: str) -> Sequence[Resource]:
    return piece.photos if field == "photos" else piece.scans if field == "scan" else piece.files


def _without(piece: Piece, field: str) -> Piece:
    if field not in FIELDS:
        raise MalformedError(
            "no-such-field",
            "There is no field “{name}”.",
            field=field,
            hint="Fields are {fields}.",
            name=field,
            fields=", ".join(FIELDS),
        )
    if field in _FIRING:
        firing = piece.firing or Firing()
        nothing: dict[str, Any] = {_FIRING[field]: {} if field in FIRING_TEXTS else None}
        firing = replace(firing, **nothing)
        return replace(piece, firing=None if firing == Firing() else firing)
    if field == "edition_name" and piece.edition is not None:
        return replace(piece, edition=replace(piece.edition, name={}))
    if field in _MAKERS:
        makers = (_without_claim(maker, field) for maker in piece.makers)
        return replace(piece, makers=tuple(maker for maker in makers if maker is not None))
    if field in ("photos", "mark_photos"):
        marks = field == "mark_photos"
        return replace(piece, photos=tuple(item for item in piece.photos if (item.role == "base-mark") != marks))
    name = _ATTRIBUTE.get(field, field)
    empty: dict[str, Any] = {name: {} if name in TEXT_FIELDS else _EMPTY.get(name)}
    return replace(piece, **empty)


def _without_claim(maker: Maker, field: str) -> Maker | None:
    """Return a maker without what a field tells; a visitor who takes back the consent is not named any more."""
    told_as = maker.role if maker.role in (VISITOR, "master") else "maker"
    if told_as == field:
        return None
    if field == "consent":
        return replace(maker, name={}, consent=None) if maker.role == VISITOR else replace(maker, consent=None)
    if field == "teacher":
        return replace(maker, teacher={})
    return replace(maker, lineage={}) if field == "lineage" else maker
