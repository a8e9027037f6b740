"""Which photo is of which piece: each follows the slip that the same camera saw before it.

What is not plain is not guessed: a wrong photo in a certificate stays.  Where a slip may have been missed, the photos
around are left for the potter to say.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from provenance.encoding import Digest
from provenance.serial import Serial
from provenance_cli.files import name_key
from provenance_cli.firing.doubting import Order
from provenance_cli.i18n import later

ALONE = 0.16
"""Share of a photo's width from which on a slip's code is the photo's subject: one in a corner is smaller."""
UNUSUAL, DOUBLE = 1.4, 2
"""How many times the usual number of photos a piece may have before another's slip may have been missed among them:
where something else points to that, and where nothing does."""
_PAIR = 3
"""Fewest photos that are many where nothing else points to a slip that was missed."""
_HABIT = 7
"""Pieces from which on a camera's photos tell what is usual for it: before that those of all cameras do as well."""
_STRETCH = 6
"""Photos in a row, by a camera's own count, from which on another row at the same time is of another camera."""
_COUNTED = re.compile(r"(.*?)([0-9]{1,7})\.[^.]*\Z")
"""A name with a camera's own count at its end; longer numbers are times."""

BEFORE, FOREIGN, TWO_SLIPS, UNREAD, MISSED, TWICE, CONFLICT, OF_LOST, NAMED, UNTIMED, AGAIN, MIXED, LATE, SIGNED = (
    "before-any-slip", "slip-of-another-firing", "two-slips", "after-an-unread-slip", "a-slip-may-be-missing",
    "same-photo-twice", "same-photo-of-two-pieces", "of-a-lost-piece", "another-photo-was-named", "without-a-time",
    "same-slip-again", "two-cameras", "after-the-signature", "on-another-certificate",
)  # fmt: skip
REASONS = {
    BEFORE: later("no slip comes before it"),
    FOREIGN: later("the slip before it is of another firing"),
    TWO_SLIPS: later("two slips are on it, or on the photo before"),
    UNREAD: later("the slip before it cannot be read"),
    MISSED: later("so many photos follow its slip that another may be missing among them"),
    TWICE: later("the same photo is there twice"),
    CONFLICT: later("the same photo follows the slips of two pieces"),
    OF_LOST: later("its piece was lost in the kiln"),
    NAMED: later("the spreadsheet names other photos for its piece"),
    UNTIMED: later("it does not tell when it was taken, as others in its folder do"),
    AGAIN: later("its slip lies beside two pieces, and another piece has none"),
    LATE: later("its piece was signed before it came"),
    MIXED: later("two cameras of one kind, or two clocks, are mixed in its folder"),
    SIGNED: later("the certificate of another piece shows the same photo"),
}
SETTLED = frozenset((OF_LOST, NAMED))
"""Reasons that the potter has given: such photos want nothing more."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A photo as it was looked at: its name within the folder, and what it tells.

    `slips` are the pieces whose slips are on it, or ``None`` for one of another firing; `share` is the largest code's
    side in shares of the photo's width; `is_unread` tells that a code is on it which cannot be read.
    """

    name: str
    digest: Digest
    taken: str = ""
    camera: str = ""
    slips: tuple[Serial | None, ...] = ()
    share: float = 0.0
    is_unread: bool = False


@dataclass(frozen=True, slots=True)
class Loose:
    """A photo of no piece: why, the piece whose slip it follows, the numbers of slips that are missing before it.

    `shown_by` is another piece that was signed with it.
    """

    photo: Seen
    reason: str
    follows: Serial | None = None
    left_out: tuple[int, ...] = ()
    shown_by: Serial | None = None


@dataclass(slots=True)
class Assignment:
    """Photos by piece in their order, and those of none.

    `unclear_names` are names that the potter gave which not one photo has, with how many have it.
    """

    photos: dict[Serial, list[Seen]] = field(default_factory=dict)
    slips: list[Seen] = field(default_factory=list)
    unassigned: list[Loose] = field(default_factory=list)
    unclear_names: list[tuple[Serial, str, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Run:
    """What follows one slip, until the next of the same camera; `at` is the slip's place among its photos."""

    slip: Serial | None
    reason: str = ""
    photos: list[Seen] = field(default_factory=list)
    is_alone: bool = False
    at: int = 0
    left_out: tuple[int, ...] = ()
    is_odd: bool = False


def assign(
    photos: Sequence[Seen],
    numbers: Mapping[Serial, int],
    lost: Collection[Serial] = (),
    named: Mapping[Serial, Sequence[str]] | None = None,
    signed: Mapping[Digest, Collection[Serial]] | None = None,
) -> Assignment:
    """Assign photos to the pieces of a firing, given with their numbers.

    `lost` are those that no photo may be of; `named` are photos that the potter has assigned by name; `signed` are the
    pieces whose certificates show a photo already.
    """
    found = Assignment()
    left = _without_untimed(_take_named(photos, named or {}, found), set(named or {}), found)
    by_camera = defaultdict[tuple[str, str], list[Seen]](list)
    for photo in left:
        by_camera[_roll(photo)].append(photo)
    rolls = list[list[Seen]]()
    for _key, roll in sorted(by_camera.items()):
        if _is_mixed(roll):
            found.unassigned += [Loose(photo, MIXED) for photo in roll]
        else:
            rolls.append(sorted(roll, key=_order))
    seen = {slip for roll in rolls for photo in roll for slip in photo.slips if slip is not None}
    missing = set(numbers) - seen - set(lost) - set(found.photos)
    shown = [[{numbers[slip] for slip in photo.slips if slip is not None} for photo in roll] for roll in rolls]
    order = Order(shown, {number for serial, number in numbers.items() if serial not in lost})
    all_runs = list[list[_Run]]()
    for place, roll in enumerate(rolls):
        runs = list(_runs(roll, found))
        _expect(runs, place, order, numbers, is_odd=bool(missing) or not order.is_kept(place))
        all_runs.append([part for run in runs for part in _parts(run, found, is_doubtful=bool(missing))])
    if missing:
        _doubt_repeated(all_runs)
    of_all = [length for runs in all_runs for length in _lengths(runs)]
    for runs in all_runs:
        _settle(runs, of_all, set(named or {}), found)
    _drop_twins(found)
    _drop_signed(found, signed or {}, set(named or {}))
    for serial in lost:
        found.unassigned += [Loose(photo, OF_LOST, serial) for photo in found.photos.pop(serial, [])]
    found.unassigned.sort(key=lambda loose: _natural(loose.photo.name))
    return found


def _take_named(photos: Sequence[Seen], named: Mapping[Serial, Sequence[str]], found: Assignment) -> list[Seen]:
    """Give pieces the photos that were named for them; return the rest."""
    by_name = defaultdict[str, list[Seen]](list)
    for photo in photos:
        for name in {photo.name, photo.name.rpartition("/")[2]}:
            by_name[name_key(name)].append(photo)
    taken = set[str]()
    for serial, names in named.items():
        for name in names:
            matches = by_name.get(name_key(name.replace("\\", "/")), [])
            if len(matches) != 1:
                found.unclear_names.append((serial, name, len(matches)))
                continue
            if matches[0] not in (own := found.photos.setdefault(serial, [])):
                own.append(matches[0])
            taken.add(matches[0].name)
    return [photo for photo in photos if photo.name not in taken]


def _without_untimed(photos: Sequence[Seen], named: Collection[Serial], found: Assignment) -> list[Seen]:
    """Return the photos without those that tell no time in a folder whose others do: nothing tells where they belong.

    Programs that send or change photos take the time away.  A slip in such a photo's own corner tells enough.
    """
    timed = {_folder(photo) for photo in photos if photo.taken}
    left = list[Seen]()
    for photo in photos:
        slips = set(photo.slips)
        if photo.taken or _folder(photo) not in timed:
            left.append(photo)
        elif len(slips) == 1 and (slip := slips.pop()) is not None and slip not in named and photo.share < ALONE:
            found.photos.setdefault(slip, []).append(photo)
        else:
            found.unassigned.append(Loose(photo, UNTIMED))
    return left


def _folder(photo: Seen) -> str:
    return photo.name.rpartition("/")[0]


def _roll(photo: Seen) -> tuple[str, str]:
    """Return what tells one camera's photos from another's: without its name, the folder that they lie in."""
    return (photo.camera if photo.taken else "", _folder(photo))


def _is_mixed(roll: Sequence[Seen]) -> bool:
    """Tell whether photos are of two cameras of one kind, or of one whose clock was turned back.

    By a camera's own count time only goes on.  Where it goes back, and long stretches before and after are of the same
    time, the order by time mixes them.  Names that no camera counted go back at every other photo, and tell nothing.
    """
    counted = defaultdict[str, list[tuple[int, str]]](list)
    for photo in roll:
        if photo.taken and (match := _COUNTED.match(photo.name)):
            counted[match[1]].append((int(match[2]), photo.taken))
    for photos in counted.values():
        stretches = list[list[str]]()
        for _number, taken in sorted(photos):
            if not stretches or taken < stretches[-1][-1]:
                stretches.append([])
            stretches[-1].append(taken)
        if len(stretches) in (2, 3) and min(map(len, stretches)) >= _STRETCH:
            spans = sorted((times[0], times[-1]) for times in stretches)
            if any(after[0] < before[1] for before, after in pairwise(spans)):
                return True
    return False


def _order(photo: Seen) -> tuple[str, list[tuple[int, int, str]]]:
    return photo.taken, _natural(photo.name)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Return what sorts IMG_9 before IMG_10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return [(0, int(part[:30]), "") if part[0] in "0123456789" else (1, 0, part) for part in parts]


def _runs(roll: Sequence[Seen], found: Assignment) -> Iterator[_Run]:
    """Cut a roll at the slips that can be read."""
    run = _Run(None, BEFORE)
    for place, photo in enumerate(roll):
        slips = set(photo.slips)
        if not slips:
            run.photos.append(photo)
            continue
        slip = slips.pop() if len(slips) == 1 else None
        yield run
        reason = "" if slip else TWO_SLIPS if len(photo.slips) > 1 else FOREIGN
        run = _Run(slip, reason, at=place)
        if slip is not None and photo.share >= ALONE:
            run.is_alone = True
            found.slips.append(photo)
        elif slip is not None or photo.share < ALONE or reason == TWO_SLIPS:
            run.photos.append(photo)
        else:
            found.slips.append(photo)
    yield run


def _expect(runs: Sequence[_Run], roll: int, order: Order, numbers: Mapping[Serial, int], *, is_odd: bool) -> None:
    """Note for each run which slips should have come within it; `is_odd` where any may have, for all of the roll."""
    follower: _Run | None = None
    for run in reversed(runs):
        if run.slip is None:
            continue
        run.is_odd = is_odd or any(photo.is_unread and not photo.slips for photo in run.photos)
        if follower is not None and follower.slip is not None:
            slip, after = numbers[run.slip], numbers[follower.slip]
            run.left_out = order.left_out(roll, slip, after, follower.at)
            run.is_odd = run.is_odd or bool(order.between(slip, after))
        follower = run


def _parts(run: _Run, found: Assignment, *, is_doubtful: bool) -> Iterator[_Run]:
    """Cut a run at codes that cannot be read: slips only where one is missing, there or (`is_doubtful`) anywhere.

    Where as many were seen as are missing, what comes before the first is of the slip that was read.
    """
    unread = [photo for photo in run.photos if photo.is_unread and not photo.slips]
    if not unread or not (run.left_out or is_doubtful):
        yield run
        return
    place = run.photos.index(unread[0])
    rest, run.photos = run.photos[place:], run.photos[:place]
    if len(unread) >= len(run.left_out):
        run.left_out = ()
    yield run
    found.slips += [photo for photo in rest if photo in unread and photo.share >= ALONE]
    yield _Run(None, UNREAD, [photo for photo in rest if photo not in unread or photo.share < ALONE])


def _doubt_repeated(all_runs: Sequence[Sequence[_Run]]) -> None:
    """Doubt what follows a slip that is photographed for two pieces, with others between: one of them is not its own.

    It is asked only while a slip is missing; a slip beside the same piece once more is no fault.
    """
    times = Counter[Serial]()
    for runs in all_runs:
        before: Serial | None = None
        for run in runs:
            if run.slip is not None and run.is_alone and run.photos and run.slip != before:
                times[run.slip] += 1
            before = run.slip if run.photos else before
    for run in (run for runs in all_runs for run in runs):
        if run.slip is not None and run.is_alone and times[run.slip] > 1:
            run.reason = AGAIN


def _lengths(runs: Sequence[_Run]) -> list[int]:
    return [len(run.photos) for run in runs if run.slip is not None and run.photos]


def _settle(runs: Sequence[_Run], of_all: Sequence[int], named: Collection[Serial], found: Assignment) -> None:
    """Give each run's photos to its slip's piece, unless another's slip may have been missed among them.

    `of_all` are the lengths of all cameras' runs.
    """
    lengths = _lengths(runs)
    for run in runs:
        if run.slip is None:
            found.unassigned += [Loose(photo, run.reason) for photo in run.photos]
            continue
        reason = NAMED if run.slip in named else run.reason
        if not reason and (run.left_out or _is_long(run, lengths, of_all)):
            reason = MISSED
        if reason:
            left_out = run.left_out if reason == MISSED else ()
            found.unassigned += [Loose(photo, reason, run.slip, left_out) for photo in run.photos]
        else:
            found.photos.setdefault(run.slip, []).extend(run.photos)


def _is_long(run: _Run, own: Sequence[int], of_all: Sequence[int]) -> bool:
    """Tell whether a run has more photos than is usual; where nothing else is odd, twice as many as the others."""
    count = len(run.photos)
    if not count:
        return False
    habits = (own,) if len(own) >= _HABIT else (own, of_all)
    if run.is_odd:
        return count > 1 and count > UNUSUAL * min(statistics.median(habit) for habit in habits)
    others = [rest for habit in habits if (rest := _without(habit, count))]
    return bool(others) and count >= max(_PAIR, DOUBLE * min(statistics.median(rest) for rest in others))


def _without(lengths: Sequence[int], one: int) -> list[int]:
    place = lengths.index(one)
    return [*lengths[:place], *lengths[place + 1 :]]


def _drop_twins(found: Assignment) -> None:
    """Take photos out that are there more than once: under one piece all but the first, under two pieces all."""
    pieces = defaultdict[Digest, set[Serial]](set)
    for serial, photos in found.photos.items():
        for photo in photos:
            pieces[photo.digest].add(serial)
    for serial, photos in found.photos.items():
        kept, digests = list[Seen](), set[Digest]()
        for photo in photos:
            if len(pieces[photo.digest]) > 1:
                found.unassigned.append(Loose(photo, CONFLICT))
            elif photo.digest in digests:
                found.unassigned.append(Loose(photo, TWICE, serial))
            else:
                kept.append(photo)
                digests.add(photo.digest)
        found.photos[serial] = kept
    found.photos = {serial: photos for serial, photos in found.photos.items() if photos}


def _drop_signed(found: Assignment, signed: Mapping[Digest, Collection[Serial]], named: Collection[Serial]) -> None:
    """Take photos out that another piece was signed with, unless the potter has named them."""
    for serial in set(found.photos) - set(named):
        kept = list[Seen]()
        for photo in found.photos[serial]:
            others = signed.get(photo.digest, ())
            if others and serial not in others:
                found.unassigned.append(Loose(photo, SIGNED, shown_by=min(others, key=str)))
            else:
                kept.append(photo)
        found.photos[serial] = kept
    found.photos = {serial: photos for serial, photos in found.photos.items() if photos}
