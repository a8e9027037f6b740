"""Long jobs in volumes: files of a number of pages each, so that no more than one is ever held in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VOLUME_LABELS = 1_000
"""Labels of a volume where no number of pages is named; the last page is filled."""


@dataclass(frozen=True, slots=True)
class Volume:
    """The labels from place `first` to before `last` of a job, from 0, beginning at label `start` of their page."""

    number: int
    first: int
    last: int
    start: int
    pages: int


@dataclass(frozen=True, slots=True)
class Division:
    """How `total` labels, of which `per_page` go on a page from label `start` of the first on, become volumes."""

    total: int
    per_page: int = 1
    start: int = 1
    pages: int | None = None

    @property
    def volume_pages(self) -> int:
        """Pages of a volume; the last may have fewer."""
        return self.pages or -(-VOLUME_LABELS // self.per_page)

    @property
    def page_count(self) -> int:
        """Pages of all volumes."""
        return -(-(self.start - 1 + self.total) // self.per_page)

    @property
    def count(self) -> int:
        """How many volumes there are."""
        return -(-self.page_count // self.volume_pages)

    def volumes(self, done: int = 0) -> Iterator[Volume]:
        """Yield the volumes with labels that are not among the first `done`."""
        room, before = self.volume_pages * self.per_page, self.start - 1
        for number in range(self.count):
            first, last = max(number * room - before, 0), min((number + 1) * room - before, self.total)
            start = self.start if number == 0 else 1
            if last > done:
                yield Volume(number + 1, first, last, start, -(-(start - 1 + last - first) // self.per_page))

    def path(self, whole: Path, number: int) -> Path:
        """Return the file of a volume: `whole` where there is only one, else ``tags-01.pdf`` and so on."""
        if self.count == 1:
            return whole
        digits = max(2, len(str(self.count)))
        return whole.with_name(f"{whole.stem}-{number:0{digits}}{whole.suffix}")

    def place(self, page: int, label: int) -> int | None:
        """Return the place in the job of a label of a page, both from 1; ``None`` where nothing was printed there."""
        place = (page - 1) * self.per_page + label - self.start
        fits = page >= 1 and 1 <= label <= self.per_page and 0 <= place < self.total
        return place if fits else None

    def position(self, place: int) -> tuple[int, int]:
        """Return page and label, from 1, of a place in the job."""
        page, label = divmod(place + self.start - 1, self.per_page)
        return page + 1, label + 1
