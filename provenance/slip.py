"""Slips: small papers that lie beside a piece while it is photographed, and tell its photos from those of others.

A slip's code is no address: it leads nobody anywhere, and does not pass for a tag.
"""

from __future__ import annotations

from provenance.errors import MalformedError
from provenance.serial import Serial

SLIP_PREFIX = "KILNMARK-SLIP:"
"""In the symbols of a QR code's alphanumeric mode, so that a slip's modules are few and large."""


def slip_text(serial: Serial) -> str:
    """Return what the code of a piece's slip says."""
    return SLIP_PREFIX + serial.compact


def parse_slip(text: str) -> Serial | None:
    """Return the piece that a slip's code names, ``None`` for another code."""
    if not text.startswith(SLIP_PREFIX):
        return None
    try:
        return Serial(text.removeprefix(SLIP_PREFIX))
    except MalformedError:
        return None
