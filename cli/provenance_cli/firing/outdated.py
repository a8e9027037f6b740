"""Which papers of a firing bear words of before: those of their pieces were corrected after printing.

The codes on them stay as good as they were.  What the papers bear is kept in the firing's folder, by certificate;
papers of which nothing is kept bear the words that were signed first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from provenance.certificate import Certificate
from provenance.piece import Piece
from provenance.serial import Serial
from provenance_cli.cards import card_of, label_of
from provenance_cli.firing.record import NOTES, keep
from provenance_cli.store import Store

TAGS, CARDS, CODES = "tags", "cards", "codes"
_FILE = "printed.json"


@dataclass(frozen=True, slots=True)
class Papers:
    """What the papers of the firing in `folder` bear, in the language that they are printed in."""

    store: Store
    folder: Path
    language: str

    def outdated(self, kind: str, serials: Iterable[Serial]) -> list[Serial]:
        """Return the pieces whose papers of a kind bear words that were corrected."""
        noted = self._noted().get(kind, {})
        return [serial for serial in serials if self._is_outdated(kind, serial, noted.get(serial.compact))]

    def note(self, kind: str, serials: Collection[Serial]) -> None:
        """Keep that papers of a kind bear the words of today, or that somebody was told; raises `StorageError`."""
        if not serials:
            return
        noted = self._noted()
        noted.setdefault(kind, {}).update({serial.compact: str(self.store.form(serial).digest) for serial in serials})
        keep(self.folder / NOTES / _FILE, msgspec.json.encode(noted))

    def _is_outdated(self, kind: str, serial: Serial, digest: str | None) -> bool:
        now = self.store.form(serial)
        forms = [self.store.certificate(serial).certificate, *self.store.amendments(serial)]
        then = next((form for form in forms if str(form.digest) == digest), forms[0])
        told = _TOLD[kind]
        return then.digest != now.digest and told(then, self.language) != told(now, self.language)

    def _noted(self) -> dict[str, dict[str, str]]:
        try:
            return msgspec.json.decode((self.folder / NOTES / _FILE).read_bytes(), type=dict[str, dict[str, str]])
        except (OSError, msgspec.MsgspecError):  # Without the notes some papers are printed once more.
            return {}


def _title(form: Certificate, language: str) -> str:
    piece: Piece = form.piece
    return piece.title_in(language, "zh-Hans", "en")


_TOLD: dict[str, Callable[[Certificate, str], object]] = {TAGS: label_of, CARDS: card_of, CODES: _title}
"""What stands on a paper of a kind."""
