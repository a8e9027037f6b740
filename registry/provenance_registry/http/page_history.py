"""What became of a piece, as the buyer's page tells it, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date

from provenance.bundle import Bundle
from provenance.catalogs import Words
from provenance.certificate import Certificate
from provenance.ledger import AmendmentRecord
from provenance.piece import Piece
from provenance_registry.http.page_facts import Fact, Said, in_language
from provenance_registry.http.page_formats import day, measure
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
_OF_FIRING = "kiln", "fuel", "atmosphere", "peak"
MAX_SHOWN = 200
"""Characters of what a correction changed that are shown; of longer words only the name of the fact is."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a correction changed: the name of a fact, and its words before and after where they are short enough."""

    name: str
    before: tuple[Said, ...] = ()
    after: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its day, what happened, what it changed, and the address of the certificate's form, if any."""

    iso: str
    date: str
    what: str
    changes: tuple[Change, ...] = ()
    form: str = ""


def history_of(
    bundle: Bundle,
    piece: Piece,
    token: TokenRow | None,
    amended: Sequence[AmendmentRecord],
    language: str,
    facts: Callable[[Certificate], list[Fact]],
) -> list[Step]:
    """Return the steps; every form of the certificate that is here is led to, and corrections say what they changed.

    `piece` is the form whose words are shown, `facts` gives those of any form.
    """
    text = PAGE_TEXTS[language]
    forms = {form.digest: form for form in (bundle.certificate, *bundle.amendments)}
    amends = bool(bundle.amendments)

    def step(moment: date, what: str, form: Certificate | None = None, changes: Sequence[Change] = ()) -> Step:
        form_url = "" if form is None else f"/api/v1/certificates/{form.digest}/document"
        return Step(moment.isoformat()[:10], day(moment, language), what, tuple(changes), form_url)

    steps = []
    if token is not None and token.status_time is not None:
        steps.append(step(token.status_time.date(), _status_set(token, text)))
    for number, record in reversed([*enumerate(amended, start=1)]):
        form = forms.get(record.digest)
        former = None if form is None or form.replaces is None else forms.get(form.replaces)
        changes = [] if form is None or former is None else changes_of(former, form, language, facts)
        steps.append(step(record.time.date(), text["was_amended"].format(number=number), form, changes))
    if bundle.receipts:
        first = bundle.certificate if amends else None
        steps.append(step(bundle.receipts[0].block.time.date(), text["was_anchored"], first))
    firing = piece.firing
    if firing is not None and firing.date is not None:
        peak = "" if firing.peak_celsius is None else f" · {measure(firing.peak_celsius, 'celsius', language)}"
        steps.append(step(date.fromisoformat(firing.date), text["was_fired"] + peak))
    return sorted(steps, key=lambda item: item.iso, reverse=True)


def changes_of(
    before: Certificate, after: Certificate, language: str, facts: Callable[[Certificate], list[Fact]]
) -> list[Change]:
    """Return what differs between two forms of a certificate, each fact once, in words where they fit."""
    text = PAGE_TEXTS[language]
    told = []
    for form in (before, after):
        words = {fact.name: _joined(fact, text) for fact in facts(form)}
        told.append({**words, text["title"]: (in_language(form.piece.title, language),)})
    changes = []
    for name in changed(before.piece, after.piece, text):
        parts = [text[part] for part in _OF_FIRING] if name == text["firing"] else []
        within = [part for part in parts if told[0].get(part) != told[1].get(part)]
        changes += [_change(part, told[0].get(part, ()), told[1].get(part, ())) for part in within or [name]]
    return changes


def _joined(fact: Fact, text: Words) -> tuple[Said, ...]:
    parts = [part for line in fact.lines for part in (*line.parts, Said(text["comma"]))]
    return tuple(parts[:-1])


def _change(name: str, before: tuple[Said, ...], after: tuple[Said, ...]) -> Change:
    longest = max(sum(len(part.text) for part in parts) for parts in (before, after))
    return Change(name) if before == after or longest > MAX_SHOWN else Change(name, before, after)


def changed(before: Piece, after: Piece, text: Words) -> list[str]:
    """Return the names of the facts in which two forms of a piece differ, each once."""
    names = [item.name for item in fields(Piece) if getattr(before, item.name) != getattr(after, item.name)]
    return [*dict.fromkeys(text[_NAMED_OTHERWISE.get(name, name)] for name in names)]


def _status_set(token: TokenRow, text: Words) -> str:
    what = text[f"was_{token.status.name.lower()}"]
    if token.by_steward is None:
        return what
    return text["by_guild" if token.by_steward else "by_studio"].format(what=what)
