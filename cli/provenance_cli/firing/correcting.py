"""What a row of the spreadsheet puts right in a certificate: the facts that it has columns for, and no others.

A fact that `kilnmark piece amend` has added, like a teacher or a third language, stands in no column.  Its absence
there takes nothing back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from provenance.firing import Firing
from provenance.piece import TEXT_FIELDS, Edition, Maker, Piece, Text
from provenance_cli.mapping import Columns

_ARTISAN = "artisan"
"""The one role for which the spreadsheet has a column."""
_OF_ROWS = ("height_mm", "width_mm", "diameter_mm", "weight_g", "accession_number")
"""Facts that are whatever the row says."""


def put_right(signed: Piece, row: Piece, columns: Columns) -> Piece:
    """Return a signed piece with what its `row` says, which was read by `columns`; raises `MalformedError`."""
    language = columns.language or ""
    facts: dict[str, Any] = {name: getattr(row, name) for name in _OF_ROWS}
    for name in TEXT_FIELDS:
        tags = {tag for tag, headings in columns.translations.items() if name in headings}
        tags |= {language} if name in columns.headings else set()
        facts[name] = _texts(getattr(signed, name), getattr(row, name), tags)
    facts["makers"] = _makers(signed, row, language)
    facts["firing"] = _firing(signed.firing or Firing(), row.firing or Firing(), language)
    facts["edition"] = _edition(signed.edition, row.edition)
    return replace(signed, **facts)


def _texts(signed: Text, row: Text, tags: set[str]) -> Text:
    return {**{tag: words for tag, words in signed.items() if tag not in tags}, **row}


def _makers(signed: Piece, row: Piece, language: str) -> tuple[Maker, ...]:
    """Return the makers: those of the certificate as they are, where the row names the same artisans."""
    artisans = [maker.name.get(language) for maker in signed.makers if maker.role == _ARTISAN]
    if artisans == [maker.name.get(language) for maker in row.makers]:
        return signed.makers
    return (*(maker for maker in signed.makers if maker.role != _ARTISAN), *row.makers)


def _firing(signed: Firing, row: Firing, language: str) -> Firing | None:
    firing = replace(signed, date=row.date, kiln=_texts(signed.kiln, row.kiln, {language}))
    return None if firing == Firing() else firing


def _edition(signed: Edition | None, row: Edition | None) -> Edition | None:
    return row if signed is None or row is None else replace(row, name=signed.name)
