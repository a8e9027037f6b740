"""The looks of the verdicts, and a seal for each: told apart by their shapes, without colour."""

from __future__ import annotations

from provenance.verdict import Outcome, Verdict

_RING = '<circle cx="60" cy="60" r="55"/><circle cx="60" cy="60" r="48" class="thin"/>'
SEALS = {
    "authentic": f'{_RING}<path class="mark" d="M38 62l15 15 30-33"/>',
    "revoked": f'{_RING}<path class="mark" d="M42 42l36 36M78 42L42 78"/>',
    "altered": '<path d="M54 6a54 54 0 0 0 0 108l-8-22 12-16-12-18 12-16-10-16z"/>'
    '<path d="M68 7a54 54 0 0 1 0 106l-6-20 12-16-12-18 12-16-10-16z"/>',
    "pending": '<circle cx="60" cy="60" r="55" class="dash"/><circle cx="60" cy="60" r="46" class="thin"/>'
    '<path class="mark" d="M60 32v30l18 14"/>',
    "unsure": '<circle cx="60" cy="60" r="55" class="dots"/>'
    '<path class="mark" d="M45 46c0-22 32-20 30 0-1 12-15 12-15 26"/><circle cx="60" cy="88" r="4.5" class="dot"/>',
}
SEALS["unknown"] = SEALS["unsure"]
SEALS["suspicious"] = (
    '<path class="dash" d="M68 9l50 92H80"/><path d="M53 17L6 104h94z"/>'
    '<path class="mark" d="M53 46v26"/><circle cx="53" cy="89" r="5.5" class="dot"/>'
)
SEALS["lost"] = (
    '<circle cx="50" cy="50" r="42"/><circle cx="50" cy="50" r="35" class="thin"/><path class="mark" d="M82 82l26 26"/>'
    '<path class="mark" d="M50 32v20"/><circle cx="50" cy="67" r="5" class="dot"/>'
)
IN_DOUBT = {"lost": "lost", "possible-copy": "suspicious", "tag-voided": "suspicious"}
"""The looks of genuine records of which something is said that a buyer must see first, by their advisories."""
"""SVG shapes in a square of 120, by the look of a verdict."""

_STYLES = {
    Outcome.AUTHENTIC: "authentic",
    Outcome.NOT_AUTHENTIC: "altered",
    Outcome.PENDING: "pending",
    Outcome.INCONCLUSIVE: "unsure",
    Outcome.UNKNOWN: "unknown",
}


def style_of(verdict: Verdict) -> str:
    """Return the look of a verdict, a key of `SEALS`."""
    return "revoked" if verdict.reason == "revoked" else _STYLES[verdict.outcome]


def look_of(verdict: Verdict) -> str:
    """Return the look of a piece's page: that of the verdict, or of what is to be seen before a genuine record."""
    if verdict.outcome is not Outcome.AUTHENTIC:
        return style_of(verdict)
    return next((look for code, look in IN_DOUBT.items() if code in verdict.advisories), style_of(verdict))
