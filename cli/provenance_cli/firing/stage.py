"""How far a firing is: what its spreadsheet and its photos say, put together piece by piece."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.encoding import Digest
from provenance.errors import ConflictError, MalformedError
from provenance.limits import LIMITS
from provenance.media import read_photo
from provenance.piece import Photo, Piece
from provenance.serial import Serial
from provenance_cli.context import Advance
from provenance_cli.darkroom import WorkshopDarkroom
from provenance_cli.facts import Darkroom
from provenance_cli.firing.assigning import LATE, SETTLED, Assignment, Loose, Seen, assign
from provenance_cli.firing.correcting import put_right
from provenance_cli.firing.looking import Looked, forget, look_at
from provenance_cli.firing.record import FiringRecord
from provenance_cli.firing.rows import read_piece, title_of, with_heading
from provenance_cli.firing.workbook import LOST, PHOTOS, BookRow, columns_for, read_book
from provenance_cli.mapping import Columns
from provenance_cli.store import Store
from provenance_cli.workshop import Workshop

DRAFT = "draft"
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of a firing: its facts where its row can be read, without photos, and the photos that are its own.

    `state` is that of its certificate, ``draft`` without one; `signed` is the newest that was signed, and `corrected`
    the same with the facts of its row, where they are others.  `title` is as it stands in the row, ``None`` where the
    row is not found.  Where a cell of the row has a fault (`is_faulty`), there are no facts.
    """

    serial: Serial
    number: int
    is_lost: bool
    piece: Piece | None
    photos: tuple[Seen, ...]
    state: str = DRAFT
    signed: Piece | None = None
    corrected: Piece | None = None
    title: str | None = None
    is_faulty: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether nothing is missing, and it is not signed yet."""
        return self.state == DRAFT and not self.is_lost and self.piece is not None and bool(self.photos)


@dataclass(frozen=True, slots=True)
class Stage:
    """All that is known of a firing at a moment."""

    record: FiringRecord
    items: tuple[Item, ...]
    faults: tuple[tuple[int, MalformedError], ...]
    assignment: Assignment
    looked: Looked

    @property
    def ready(self) -> list[Item]:
        """The pieces that can be signed."""
        return [item for item in self.items if item.is_ready]

    @property
    def lost(self) -> list[Item]:
        """The pieces that were lost in the kiln."""
        return [item for item in self.items if item.is_lost]

    @property
    def loose(self) -> list[Loose]:
        """The photos of no piece that the potter has not settled."""
        return [found for found in self.assignment.unassigned if found.reason not in SETTLED]

    @property
    def set_aside(self) -> list[Loose]:
        """The photos of pieces that were lost, or have other photos by the potter's word."""
        return [found for found in self.assignment.unassigned if found.reason in SETTLED]

    @property
    def is_signed(self) -> bool:
        """Whether each piece is signed or was lost in the kiln."""
        return all(item.is_lost or item.state != DRAFT for item in self.items)

    @property
    def untitled(self) -> list[Item]:
        """Drafts without a title."""
        return [item for item in self._drafts() if item.title == ""]

    @property
    def unphotographed(self) -> list[Item]:
        """Drafts without a photo."""
        return [item for item in self._drafts() if not item.photos]

    @property
    def misplaced(self) -> list[Item]:
        """Pieces whose Chinese title, about to be signed, has letters and no Chinese character."""
        unsigned = [item for item in self.items if item.corrected is not None or item.state == DRAFT]
        titles = [(item, item.piece.title.get("zh-Hans", "")) for item in unsigned if item.piece is not None]
        return [item for item, title in titles if any(map(str.isalpha, title)) and not _HAN.search(title)]

    def in_states(self, *states: str) -> list[Item]:
        """Return the pieces whose certificates are in one of some states."""
        return [item for item in self.items if item.state in states]

    def _drafts(self) -> Iterator[Item]:
        return (item for item in self.items if item.state == DRAFT and not item.is_lost)


def survey(workshop: Workshop, folder: Path, record: FiringRecord, advance: Advance) -> Stage:
    """Read the spreadsheet, look at the photos, and put both together; nothing is entered or changed."""
    store = workshop.store
    states = store.states()
    rows, faults = read_book(folder, record)
    for serial in [serial for serial, row in rows.items() if row.is_lost and serial.compact in states]:
        error = MalformedError(
            "lost-and-signed",
            "{serial} is signed, and cannot be marked as lost in the kiln.",
            hint="Clear the mark. A piece that broke later is retired: `kilnmark revoke --retire {serial}`.",
            field=LOST,
            serial=serial,
        )
        faults.append((rows[serial].row.line, error))
        rows[serial] = replace(rows[serial], is_lost=False)
    looked = look_at(folder, record.serials, advance)
    lost = {serial for serial, row in rows.items() if row.is_lost}
    named = {serial: row.photos for serial, row in rows.items() if row.photos}
    assignment = assign(looked.photos, record.numbers, lost, named, _signed_with(store, states, looked.photos))
    faults += [(rows[serial].row.line, _not_one(name, count)) for serial, name, count in assignment.unclear_names]
    columns = columns_for(workshop.language)
    items, darkroom = list[Item](), WorkshopDarkroom(workshop, dry=True)  # Rows name no files: it prepares nothing.
    for serial, number in record.numbers.items():
        row = rows.get(serial)
        piece, wrong = None, list[MalformedError]()
        if row is not None and not row.is_lost:
            piece, wrong = read_piece(serial, row.row, columns, workshop.language, darkroom)
            faults += [(row.row.line, error) for error in wrong]
        photos = tuple(assignment.photos.get(serial, ()))
        if len(photos) > LIMITS.photos and row is not None:
            faults.append((row.row.line, _too_many(len(photos))))
            photos = photos[: LIMITS.photos]
        signed = _signed(workshop, serial) if serial.compact in states else None
        if signed is not None and (late := _late(workshop, signed, photos)):
            assignment.unassigned += [Loose(photo, LATE, serial) for photo in late]
            photos = tuple(photo for photo in photos if photo not in late)
        state = states.get(serial.compact, DRAFT)
        corrected = None if row is None else _corrected(signed, piece, row, columns, faults)
        title = None if row is None else title_of(row.row, columns)
        items.append(
            Item(
                serial, number, row is not None and row.is_lost, piece, photos, state, signed, corrected, title,
                is_faulty=row is None or bool(wrong),
            )
        )  # fmt: skip
    return Stage(record, tuple(items), tuple(sorted(faults, key=lambda fault: fault[0])), assignment, looked)


def _signed_with(store: Store, states: Mapping[str, str], photos: Sequence[Seen]) -> dict[Digest, set[Serial]]:
    """Return by photo the pieces whose certificates show it already: of this firing and of any other."""
    prepared = {photo.digest: digest for photo in photos if (digest := store.prepared_photo(photo.digest)) is not None}
    if not prepared:
        return {}
    shown = defaultdict[Digest, set[Serial]](set)
    for piece in store.pieces():
        if piece.serial.compact in states:
            for photo in piece.photos:
                shown[photo.digest].add(piece.serial)
    return {source: shown[digest] for source, digest in prepared.items() if digest in shown}


def require_unchanged(workshop: Workshop, folder: Path, stage: Stage, agreed: Sequence[Item]) -> None:
    """Raise `ConflictError` where pieces are not any more what the potter has agreed to.

    A question waits while they look at the contact sheet, and correct what they find there.
    """
    now = survey(workshop, folder, stage.record, lambda number: None)
    items = {item.serial: item for item in now.items}
    if now.faults or any(items[item.serial] != item for item in agreed):
        raise ConflictError(
            "firing-changed",
            "The spreadsheet or the photos were changed since the question was asked: nothing of it is signed.",
            hint="Run the command again: it shows what there is now, and asks anew.",
        )


def _corrected(
    signed: Piece | None,
    piece: Piece | None,
    row: BookRow,
    columns: Columns,
    faults: list[tuple[int, MalformedError]],
) -> Piece | None:
    """Return a signed piece as its row puts it right, ``None`` where they agree."""
    if signed is None or piece is None:
        return None
    try:
        corrected = put_right(signed, piece, columns)
    except MalformedError as error:
        faults.append((row.row.line, with_heading(error, columns)))
        return None
    return None if corrected == signed else corrected


def _late(workshop: Workshop, signed: Piece, photos: Sequence[Seen]) -> list[Seen]:
    """Return those of a signed piece's photos that its certificate does not name.

    A workshop that knows none of them was restored, and cannot tell.
    """
    prepared = {photo: workshop.store.prepared_photo(photo.digest) for photo in photos}
    named = {photo.digest for photo in signed.photos}
    late = [photo for photo, digest in prepared.items() if digest not in named]
    return late if len(late) < len(photos) else []


def _signed(workshop: Workshop, serial: Serial) -> Piece:
    amendments = workshop.store.amendments_kept(serial)
    newest = amendments[-1].certificate if amendments else workshop.store.certificate(serial).certificate
    return newest.piece


def _not_one(name: str, count: int) -> MalformedError:
    if not count:
        return MalformedError(
            "no-such-photo",
            "There is no photo “{name}” in the folder.",
            field=PHOTOS,
            hint="Write the name as it is shown on the contact sheet.",
            name=name[:80],
        )
    return MalformedError(
        "photos-of-one-name",
        "{n} photos in the folder are called “{name}”.",
        field=PHOTOS,
        hint="Write the folder before the name, as it is shown on the contact sheet.",
        n=count,
        name=name[:80],
    )


def _too_many(count: int) -> MalformedError:
    return MalformedError(
        "too-many-photos-of-one",
        "The piece has {n} photos, the limit is {limit}.",
        field=PHOTOS,
        hint="Name those that count in the row's column of photos.",
        n=count,
        limit=LIMITS.photos,
    )


def with_photos(item: Item, folder: Path, darkroom: Darkroom) -> Piece:
    """Return a piece that is ready with its photos, prepared as certificates name them; raises `MalformedError`."""
    shown = dict[Digest, Photo]()
    for photo in item.photos:
        data = read_photo(folder / photo.name)
        if Digest.of(data) != photo.digest:
            forget(folder)
            raise MalformedError(
                "photo-was-changed",
                "{name} was changed while it was looked at.",
                field="photos",
                hint="Run the command again.",
                name=photo.name,
            )
        digest = darkroom.prepare(data)
        shown.setdefault(digest, Photo(digest, role="detail" if shown else "overview"))
    if item.piece is None:
        raise MalformedError("missing-title", "The title is missing.", field="title", hint="Name the piece.")
    return replace(item.piece, photos=tuple(shown.values()))
