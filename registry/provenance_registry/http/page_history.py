"""What became of a piece, as the buyer's page tells it, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import date

from babel.dates import format_date

from provenance.bundle import Bundle
from provenance.encoding import Digest
from provenance.ledger import AmendmentRecord
from provenance.piece import Piece
from provenance_registry.http.page_texts import PAGE_TEXTS
from provenance_registry.records import TokenRow

_NAMED_OTHERWISE = {
    "makers": "maker",
    "studio": "workshop",
    "height_mm": "size",
    "width_mm": "size",
    "depth_mm": "size",
    "diameter_mm": "size",
    "weight_g": "weight",
}
"""Attribute of a piece to the name of its fact on the page, where they differ."""


def history_of(
    bundle: Bundle, piece: Piece, token: TokenRow | None, amended: Sequence[AmendmentRecord], language: str
) -> list[dict[str, str]]:
    """Return the steps; every form of the certificate that is here is led to, and corrections say what they changed.

    `piece` is the form whose words are shown.
    """
    text, locale = PAGE_TEXTS[language], language.replace("-", "_")
    pieces = {form.digest: form.piece for form in (bundle.certificate, *bundle.amendments)}
    before = {form.digest: form.replaces for form in bundle.amendments}

    def step(moment: date, what: str, form: Digest | None = None) -> dict[str, str]:
        form_url = "" if form is None else f"/api/v1/certificates/{form}/document"
        shown = format_date(moment, "long", locale=locale)
        return {"iso": moment.isoformat()[:10], "date": shown, "what": what, "form": form_url}

    steps = []
    if token is not None and token.status_time is not None:
        steps.append(step(token.status_time.date(), _status_set(token, text)))
    for number, record in reversed([*enumerate(amended, start=1)]):
        what, form = text["was_amended"].format(number=number), None
        if record.digest in before:
            form, replaced = record.digest, before[record.digest]
            names = [] if replaced is None else changed(pieces[replaced], pieces[form], text)
            what = text["with_changes"].format(what=what, changes=text["comma"].join(names)) if names else what
        steps.append(step(record.time.date(), what, form))
    if bundle.receipts:
        first = bundle.certificate.digest if before else None
        steps.append(step(bundle.receipts[0].block.time.date(), text["was_anchored"], first))
    firing = piece.firing
    if firing is not None and firing.date is not None:
        peak = "" if firing.peak_celsius is None else f" · {firing.peak_celsius} °C"
        steps.append(step(date.fromisoformat(firing.date), text["was_fired"] + peak))
    return sorted(steps, key=lambda item: item["iso"], reverse=True)


def changed(before: Piece, after: Piece, text: dict[str, str]) -> list[str]:
    """Return the names of the facts in which two forms of a piece differ, each once."""
    names = [item.name for item in fields(Piece) if getattr(before, item.name) != getattr(after, item.name)]
    return [*dict.fromkeys(text[_NAMED_OTHERWISE.get(name, name)] for name in names)]


def _status_set(token: TokenRow, text: dict[str, str]) -> str:
    what = text[f"was_{token.status.name.lower()}"]
    if token.by_steward is None:
        return what
    return text["by_guild" if token.by_steward else "by_studio"].format(what=what)
