"""Photos, 3D scans and the files of digital works on their way to the registry and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

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


def send_photos(workshop: Workshop, client: RegistryClient, app: App) -> int:
    """Send the photos of acknowledged certificates; return how many were sent."""
    store = workshop.store
    sent = store.photos_sent()
    named = (photo.digest for certificate in acknowledged(workshop) for photo in certificate.piece.photos)
    todo = list(dict.fromkeys(digest for digest in named if digest not in sent))
    with app.progress(len(todo), _("Photos")) as advance:
        for digest in todo:
            client.upload(digest, workshop.photo_path(digest).read_bytes())
            store.mark_photo_sent(digest)
            advance(1)
    return len(todo)


def send_files(workshop: Workshop, client: RegistryClient, app: App) -> tuple[int, list[tuple[str, ProvenanceError]]]:
    """Send the scans and files of acknowledged certificates from where they lie.

    Returns how many were sent, and what keeps others from being sent, each with the serial of its piece.  Raises
    `UnreachableError` and `LimitError`: then the others would fare alike.
    """
    store = workshop.store
    sent, count, left = store.photos_sent(), 0, list[tuple[str, ProvenanceError]]()
    todo = dict[Digest, str]()
    for certificate in acknowledged(workshop):
        for item in _originals(certificate):
            if item.digest not in sent:
                todo.setdefault(item.digest, str(certificate.piece.serial))
    with app.progress(len(todo), _("Scans and files")) as advance:
        for digest, serial in todo.items():
            try:
                client.send_file(digest, _original(workshop, digest))
            except (UnreachableError, LimitError):
                raise
            except ProvenanceError as error:
                left.append((serial, error))
            else:
                store.mark_photo_sent(digest)
                count += 1
            advance(1)
    return count, left


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
