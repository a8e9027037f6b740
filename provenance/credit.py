"""Who made a piece, in one line: every name with what that hand did.

A name without its role would credit a visitor's cup to the master who guided the visitor.
"""

from __future__ import annotations

from collections.abc import Sequence

from provenance.catalogs import DEFAULT, nearest, words_of
from provenance.makers import VISITOR, Maker
from provenance.multilingual import language_in

CREDIT_WORDS = {
    "role.artisan": "artisan",
    "role.master": "master",
    "role.visitor": "visitor",
    "role.designer": "design",
    "role.thrower": "throwing",
    "role.carver": "carving",
    "role.painter": "painting",
    "role.glazer": "glazing",
    "role.firer": "firing",
    "credit.unnamed": "Visitor (not named)",
    "credit.with-role": "{name} ({role})",
    "credit.comma": ", ",
}
"""What a maker did, by role, and how makers are told, in English; the catalogue ``verdicts`` has other languages."""


def credited(makers: Sequence[Maker], language: str, *names: str) -> str:
    """Return the makers with their roles in `language`: ``Anna Müller (visitor), 林师傅 (master)``."""
    return "".join(words for words, _ in credits_of(makers, language, *names))


def credits_of(makers: Sequence[Maker], language: str, *names: str) -> list[tuple[str, str]]:
    """Return what `credited` does in parts, each with its language: names, and what stands between them.

    Names are given in the first of the languages `names` that they have, or else in `language`.  Where one kind of
    hand made it all, artisans, the names stand alone.
    """
    spoken = nearest(language)
    words = CREDIT_WORDS if spoken == DEFAULT else words_of("provenance", "verdicts", spoken)
    alone = all(maker.role == "artisan" for maker in makers)
    told = list[tuple[str, str]]()
    for maker in makers:
        if told:
            told.append((words["credit.comma"], language))
        spelling = language_in(maker.name, *(names or (language, "en")))
        if maker.role == VISITOR and not spelling:
            told.append((words["credit.unnamed"], language))
        else:
            before, _, after = ("{name}" if alone else words["credit.with-role"]).partition("{name}")
            role = words[f"role.{maker.role}"]
            told.append((before.format(role=role), language))
            told.append((maker.name.get(spelling, ""), spelling))
            told.append((after.format(role=role), language))
    return [(said, tag) for said, tag in told if said]
