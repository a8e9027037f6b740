"""Who made a piece, in one line: every name with what that hand did.

A name without its role would credit a visitor's cup to the master who guided the visitor.
"""

from __future__ import annotations

from collections.abc import Sequence

from provenance.makers import VISITOR, Maker
from provenance.multilingual import text_in

ROLE_WORDS = {
    "en": {
        "artisan": "artisan",
        "master": "master",
        "visitor": "visitor",
        "designer": "design",
        "thrower": "throwing",
        "carver": "carving",
        "painter": "painting",
        "glazer": "glazing",
        "firer": "firing",
    },
    "zh": {
        "artisan": "匠人",
        "master": "师傅",
        "visitor": "体验者",
        "designer": "设计",
        "thrower": "拉坯",
        "carver": "刻花",
        "painter": "绘画",
        "glazer": "施釉",
        "firer": "烧成",
    },
}
"""What a maker did, by language and role."""
_UNNAMED = {"en": "Visitor (not named)", "zh": "体验者（未具名）"}
_WITH_ROLE = {"en": "{name} ({role})", "zh": "{name}（{role}）"}
_COMMA = {"en": ", ", "zh": "、"}


def credited(makers: Sequence[Maker], language: str, *names: str) -> str:
    """Return the makers with their roles in `language`, English or Chinese: ``Anna Müller (visitor), 林师傅 (master)``.

    Names are given in the first of the languages `names` that they have, or else in `language`.  Where one kind of
    hand made it all, artisans, the names stand alone.
    """
    spoken = "zh" if language.partition("-")[0] == "zh" else "en"
    alone = all(maker.role == "artisan" for maker in makers)
    told = []
    for maker in makers:
        name = text_in(maker.name, *(names or (language, "en")))
        if maker.role == VISITOR and not name:
            told.append(_UNNAMED[spoken])
        elif alone:
            told.append(name)
        else:
            told.append(_WITH_ROLE[spoken].format(name=name, role=ROLE_WORDS[spoken][maker.role]))
    return _COMMA[spoken].join(told)
