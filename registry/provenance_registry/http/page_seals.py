"""The seals of the verdicts: each has a shape of its own, so that they are told apart without colour."""

from __future__ import annotations

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
"""SVG shapes in a square of 120, by the look of a verdict."""
