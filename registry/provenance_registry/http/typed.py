"""What people type of a number under a damaged code: read generously, and never by searching among pieces.

One symbol that cannot be read follows from the others, whose check symbol fits one alone; that is arithmetic, and asks
no database.  With two missing there are 32 numbers, and whoever could have them tried could have all pieces listed.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress

from provenance.errors import MalformedError
from provenance.serial import ALPHABET, BODY_SYMBOLS, Serial
from provenance_registry.http.print_form import FormError

MAX_TYPED = 120
"""Characters that are read: an address that was pasted has 50."""
_UNREADABLE = re.compile(r"[?_*]")
_ADDRESS = re.compile(r".*/p/([^/?#]*)", re.IGNORECASE | re.DOTALL)
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212.,:;·]+")


def typed_serial(text: str) -> Serial:
    """Return the serial that somebody typed or pasted.

    Full-width letters, any mark between groups and a tag's whole address are read as well; one symbol may be ``?``.
    Raises `FormError` with what is to be said of anything else.
    """
    shown = unicodedata.normalize("NFKC", text[:MAX_TYPED])
    if found := _ADDRESS.match(shown):
        shown = found[1]
    symbols = _BETWEEN.sub("", shown)
    unreadable = _UNREADABLE.findall(symbols)
    if len(unreadable) > 1:
        raise FormError("typed_unreadable")
    if 0 < len(symbols) <= BODY_SYMBOLS:
        raise FormError("typed_short", count=len(symbols))
    for symbol in ALPHABET if unreadable else ("",):
        with suppress(MalformedError):
            return Serial.parse(_UNREADABLE.sub(symbol, symbols))
    raise FormError("wrong_number")
