"""Photos, 3D scans and the files of digital works on their way to the registry and back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from provenance.certificate import Certificate
from provenance.encoding import Digest
from provenance.errors import LimitError, MalformedError, NotFoundError, ProvenanceError, StorageError, UnreachableError
from provenance.piece import Scan, WorkFile
from provenance_cli.amendments import ACKNOWLEDGED
from provenance_cli.client import RegistryClient
from provenance_cli.context import App
from provenance_cli.i18n import _
from provenance_cli.originals import KINDS
from provenance_cli.records import RECORDED, REGISTERED
from provenance_cli.workshop import Workshop

Unsent: TypeAlias = tuple[str, ProvenanceError]
"""The serial of a piece, and what keeps something that it names from being sent."""


def acknowledged(workshop: Workshop) -> Iterator[Certificate]:
    """Yield the certificates and amendments whose files the registry takes.

    Those of held ones wait: a registry keeps files only of studios that the guild vouches for.
    """
    store = workshop.store
    amended = store.amended()
    for item in store.certificates(ACKNOWLEDGED):
        yield item.certificate
        serial = item.certificate.piece.serial
        for amendment in store.amendments_kept(serial) if serial in amended else ():
            if amendment.state in (REGISTERED, RECORDED):
                yield amendment.certificate


def _originals(certificate: Certificate) -> list[Scan | WorkFile]:
    return [*certificate.piece.scans, *certificate.piece.files]


def send_photos(workshop: Workshop, client: RegistryClient, app: App) -> tuple[int, list[Unsent]]:
    """Send the photos of acknowledged certificates from the workshop; see `_send`."""
    named = ((item, photo.digest) for item in acknowledged(workshop) for photo in item.piece.photos)
    return _send(workshop, app, _("Photos"), named, lambda digest: client.upload(digest, _photo(workshop, digest)))


def send_files(workshop: Workshop, client: RegistryClient, app: App) -> tuple[int, list[Unsent]]:
    """Send the scans and files of acknowledged certificates from where they lie; see `_send`."""
    named = ((item, original.digest) for item in acknowledged(workshop) for original in _originals(item))

    def send(digest: Digest) -> None:
        client.send_file(digest, _original(workshop, digest))

    return _send(workshop, app, _("Scans and files"), named, send)


def _send(
    workshop: Workshop,
    app: App,
    label: str,
    named: Iterable[tuple[Certificate, Digest]],
    send: Callable[[Digest], None],
) -> tuple[int, list[Unsent]]:
    """Send what the registry is not known to have.

    Returns how many were sent, and what keeps others from being sent, each with the serial of its piece.  Raises
    `UnreachableError` and `LimitError`: then the others would fare alike.
    """
    store = workshop.store
    sent, count, left = store.photos_sent(), 0, list[Unsent]()
    todo = dict[Digest, str]()
    for certificate, digest in named:
        if digest not in sent:
            todo.setdefault(digest, str(certificate.piece.serial))
    with app.progress(len(todo), label) as advance:
        for digest, serial in todo.items():
            try:
                send(digest)
            except (UnreachableError, LimitError):
                raise
            except ProvenanceError as error:
                left.append((serial, error))
            else:
                store.mark_photo_sent(digest)
                count += 1
            advance(1)
    return count, left


def ask_again(workshop: Workshop, client: RegistryClient, app: App) -> int:
    """Ask the registry for every photo, scan and file that it had; return how many it lost: they are to be sent."""
    store = workshop.store
    sent = store.photos_sent()
    items = ([*item.piece.photos, *_originals(item)] for item in acknowledged(workshop))
    named = dict.fromkeys(item.digest for found in items for item in found)
    asked = [digest for digest in named if digest in sent]
    lost = 0
    with app.progress(len(asked), _("Asking the registry")) as advance:
        for digest in asked:
            if not client.has_file(digest):
                store.mark_photos_lost([digest])
                lost += 1
            advance(1)
    return lost


def _photo(workshop: Workshop, digest: Digest) -> bytes:
    """Return a prepared photo; raises `NotFoundError`, `MalformedError` where it is gone or another."""
    path = workshop.photo_path(digest)
    try:
        data = path.read_bytes()
    except OSError:
        raise NotFoundError(
            "file-gone",
            "{path} is not there any more.",
            hint="Put it back from a backup of the workshop, or try `kilnmark piece fetch`, which brings back what the "
            "registry has; then run `kilnmark submit` again.",
            path=path,
        ) from None
    if Digest.of(data) != digest:
        raise MalformedError(
            "file-changed",
            "{path} is not the file any more that the certificate names.",
            hint="Take it away, and put it back from a backup of the workshop, or try `kilnmark piece fetch`, which "
            "brings back what the registry has; then run `kilnmark submit` again.",
            path=path,
        )
    return data


def _original(workshop: Workshop, digest: Digest) -> Path:
    """Return where a file lies with the bytes that were named; raises `NotFoundError`, `MalformedError`."""
    noted = workshop.store.original(digest)
    places = [*([noted] if noted else []), *([workshop.originals / noted.name] if noted else [])]
    changed: Path | None = None
    for path in (*places, *sorted(workshop.originals.glob(f"{digest.hex()}.*"))):
        try:
            with path.open("rb") as file:
                if Digest(hashlib.file_digest(file, "sha256").digest()) == digest:
                    return path
            changed = path
        except OSError:
            continue
    if changed is not None:
        raise MalformedError(
            "file-changed",
            "{path} is not the file any more that the certificate names.",
            hint="Put the file of before back, there or into {folder}, and run `kilnmark submit` again.",
            path=changed,
            folder=workshop.originals,
        )
    raise NotFoundError(
        "file-gone",
        "{path} is not there any more.",
        hint="Put the file back, there or into {folder}, and run `kilnmark submit` again.",
        path=noted or digest,
        folder=workshop.originals,
    )


def fetch_files(workshop: Workshop, client: RegistryClient, app: App) -> int:
    """Fetch the scans and files that are not here and that the registry has; return how many came."""
    wanted = dict[Digest, Scan | WorkFile]()
    for certificate in acknowledged(workshop):
        for item in _originals(certificate):
            try:
                _original(workshop, item.digest)
            except (NotFoundError, MalformedError):
                wanted[item.digest] = item
    endings = {media_type: ending for ending, media_type in KINDS.items()}
    added = 0
    with app.progress(len(wanted), _("Scans and files")) as advance:
        for digest, item in wanted.items():
            path = workshop.originals / f"{digest.hex()}{endings[item.media_type]}"
            try:
                path.parent.mkdir(exist_ok=True)
                added += client.fetch_file(digest, path)
            except OSError as error:
                raise StorageError(
                    "unwritable", "{path} cannot be written: {reason}.", path=path, reason=error
                ) from None
            if path.exists():
                workshop.store.mark_photo_sent(digest)
            advance(1)
    return added
