"""Labels of a print job as a person names them: page and label, like 2.5, a range like 1.3-1.7, or a whole page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from provenance.errors import MalformedError, NotFoundError

if TYPE_CHECKING:
    from provenance.printing.volumes import Division

_NAME = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,6})(?:\.([0-9]{1,5}))?(?:-([0-9]{1,6})(?:\.([0-9]{1,5}))?)?")
"""``FILE:PAGE.LABEL-PAGE.LABEL``, most of it optional."""


def places_of(names: Iterable[str], division: Division) -> list[int]:
    """Return the places in a job, in order, each once; raises `MalformedError`, `NotFoundError`."""
    places = set[int]()
    for name in names:
        match = _NAME.fullmatch(name)
        if match is None:
            raise _bad(name)
        file, page, label, last_page, last_label = (None if part is None else int(part) for part in match.groups())
        if page is None or (last_page is not None and (label is None) != (last_label is None)):
            raise _bad(name)
        before = 0 if file is None else (file - 1) * division.volume_pages
        outside = file is not None and (
            not 1 <= file <= division.count or max(page, last_page or 0) > division.volume_pages
        )
        first = (page + before, label or 1)
        last = first if last_page is None else (last_page + before, last_label or division.per_page)
        if label is None and last_page is None:
            last = (page + before, division.per_page)
        if outside or last < first or page < 1 or last[0] > division.page_count:
            raise _nowhere(name)
        if max(first[1], last[1]) > division.per_page or min(first[1], last[1]) < 1:
            raise _nowhere(name)
        found = _between(first, last, division)
        exact = label is not None
        ends = (division.place(*first), division.place(*last))
        if not found or (exact and None in ends):
            raise _nowhere(name)
        places.update(found)
    return sorted(places)


def _between(first: tuple[int, int], last: tuple[int, int], division: Division) -> list[int]:
    begin, end = ((page - 1) * division.per_page + label - division.start for page, label in (first, last))
    return list(range(max(begin, 0), min(end + 1, division.total)))


def _bad(name: str) -> MalformedError:
    return MalformedError(
        "not-a-label",
        "“{name}” names no label.",
        hint="Give page and label, counted from the upper left, row by row: 2.5, a range 1.3-1.7, a whole page 2; in "
        "the third file 3:2.5.",
        name=name[:40],
    )


def _nowhere(name: str) -> NotFoundError:
    return NotFoundError(
        "no-such-label",
        "Nothing was printed at {name} in this job.",
        hint="Give page and label, counted from the upper left, row by row.",
        name=name[:40],
    )
