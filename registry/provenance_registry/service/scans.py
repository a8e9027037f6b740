"""How many people scan a tag, counted without keeping who.

A reader is a network address, a browser's name and its first language, hashed under a key that is drawn each day (UTC)
and is nowhere but in memory.  On disk are numbers alone.  After a restart there is another key: what is kept of a day
is the larger of the counts before and after, so that nobody is counted twice, and a day says "at least so many".
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b

from provenance.errors import ProvenanceError
from provenance.serial import Serial
from provenance_registry.records import ScanCount
from provenance_registry.repository import Repository
from provenance_registry.service.clock import Clock
from provenance_registry.service.limits import Monotonic, network_of, site_of

MAX_READERS = 200_000
"""Readers of all tags that one day counts, 100 MB at most: what comes after them is not counted that day."""
MAX_TAG_READERS = 10_000
"""Readers of one tag that one day counts: more tell nothing more."""
MAX_NETWORK_READERS = 2_000
"""Readers that one network address can count for in a day, by changing browsers or tags."""
MAX_TAG_NETWORK_READERS = 5
"""Those of one tag: a stall's shared address is many people, and one machine under a thousand names is one."""
MAX_SITE_READERS = 10_000
"""Readers that a /48 of IPv6 can count for in a day: one line may have its 65,536 networks, and not the day."""
MAX_TAG_SITE_READERS = 40
"""Those of one tag: such a line is no crowd."""
FLUSH_SECONDS = 5.0
"""Seconds after which counts go to disk; a registry that is killed forgets those of its last seconds."""
KEPT_DAYS = 400
"""Days for which counts are kept: a year of a piece's own history, and room."""
REGIONS = ("zh", "en", "ja", "ko", "fr")
"""Languages that are told apart; all others are ``other``."""
_NOT_PEOPLE = ("bot", "crawl", "spider", "preview", "externalhit")
"""Parts of the names by which programs call themselves that fetch pages and show them to nobody."""


class Scans:
    """Counts in memory; `flush` brings them to disk."""

    def __init__(self, repository: Repository, clock: Clock, monotonic: Monotonic = time.monotonic) -> None:
        self._repository, self._clock, self._monotonic = repository, clock, monotonic
        self._lock = threading.Lock()
        self._pending: dict[tuple[Serial, int, int, str], int] = {}
        self._flushed = monotonic()
        self._begin(day_of(clock()))

    def _begin(self, day: int) -> None:
        """Forget who was counted; what was counted stays until it is on disk."""
        self._day, self._key = day, secrets.token_bytes(32)
        self._readers = set[bytes]()
        self._places = Counter[bytes]()
        self._tags, self._counts = Counter[tuple[Serial, int]](), Counter[tuple[Serial, int, str]]()

    def note(self, serial: Serial, number: int, client: str, agent: str, languages: str) -> None:
        """Count whoever was shown the page of a tag: `client` is a network address, the others are headers."""
        name = agent[:300].lower()
        if not name or any(part in name for part in _NOT_PEOPLE):
            return
        day, region, tag = day_of(self._clock()), region_of(languages), (serial, number)
        with self._lock:
            if day != self._day:
                self._begin(day)
            network = self._hash(network_of(client))
            near = self._hash(network, serial.compact, number)
            reader = self._hash(near, name, region)
            places = {network: MAX_NETWORK_READERS, near: MAX_TAG_NETWORK_READERS}
            if (line := site_of(client)) != network_of(client):
                site = self._hash(line)
                places |= {site: MAX_SITE_READERS, self._hash(site, serial.compact, number): MAX_TAG_SITE_READERS}
            if (
                reader in self._readers
                or len(self._readers) >= MAX_READERS
                or self._tags[tag] >= MAX_TAG_READERS
                or any(self._places[place] >= most for place, most in places.items())
            ):
                return
            self._readers.add(reader)
            self._places.update(places.keys())
            self._tags[tag] += 1
            self._counts[*tag, region] += 1
            if len(self._pending) < MAX_READERS:
                self._pending[serial, number, day, region] = self._counts[*tag, region]

    def close(self) -> None:
        """Bring to disk what is counted, as far as it can be: counts are worth no failure at the end."""
        with contextlib.suppress(ProvenanceError):
            self.flush(now=True)

    def _hash(self, *parts: object) -> bytes:
        """Return eight bytes: two readers of 200,000 are one by chance in one of a billion days."""
        text = "\0".join(part.hex() if isinstance(part, bytes) else str(part) for part in parts)
        return blake2b(text.encode("utf-8", "replace"), digest_size=8, key=self._key).digest()

    def today(self, serial: Serial, number: int) -> int:
        """Return how many readers of a tag were counted since the day or this process began."""
        with self._lock:
            return self._tags[serial, number] if day_of(self._clock()) == self._day else 0

    def flush(self, *, now: bool = False) -> Sequence[ScanCount]:
        """Bring what changed to disk where it is time, or `now`, and return it; what cannot be written is kept."""
        if not now and self._monotonic() - self._flushed < FLUSH_SECONDS:
            return ()
        self._flushed = self._monotonic()
        with self._lock:
            pending, self._pending = self._pending, {}
        counts = [ScanCount(*key, readers) for key, readers in pending.items()]
        if not counts:
            return ()
        oldest = day_of(self._clock()) - KEPT_DAYS
        try:
            self._repository.write(lambda transaction: transaction.note_scans(counts, oldest))
        except BaseException:
            with self._lock:
                self._pending = {**pending, **self._pending}
            raise
        return counts


def day_of(moment: datetime) -> int:
    """Return the day of a moment in UTC, counted from 1970."""
    return int(moment.timestamp()) // 86_400


def region_of(languages: str) -> str:
    """Return the coarse region that a language header tells: its first language, where it is one of ours."""
    first = languages[:200].partition(",")[0].partition(";")[0].partition("-")[0].strip().lower()
    return first if first in REGIONS else "other"
