"""Bringing back from the registry what a lost folder held: the bundles of the studio's pieces, and their photos."""

from __future__ import annotations

from dataclasses import replace

from provenance.bundle import Bundle
from provenance.encoding import Digest
from provenance.errors import NotFoundError, VerificationError
from provenance.serial import Serial
from provenance_cli.amendments import is_chain
from provenance_cli.client import RegistryClient
from provenance_cli.context import App
from provenance_cli.files import write_file
from provenance_cli.i18n import _
from provenance_cli.named_files import acknowledged
from provenance_cli.standing import Standing, standing_at
from provenance_cli.workshop import Workshop

GROUP = 100
"""Bundles written in one transaction: a broken connection loses no more than a few seconds' work."""


def fetch_pieces(workshop: Workshop, client: RegistryClient, app: App) -> int:
    """Fetch the bundles of the studio's pieces that are not here; return how many came.

    What is not signed in this studio's name by a key that counted when it was anchored, like a thief's work, is left
    out and said.
    """
    store, studio = workshop.store, workshop.keystore().studio
    standing = standing_at(client, studio)
    here = store.states()
    wanted = [serial for serial in client.pieces(studio) if serial.compact not in here] if standing else []
    added, group = 0, list[tuple[Bundle, bytes]]()
    with app.progress(len(wanted), _("Fetching")) as advance:
        for serial in dict.fromkeys(wanted):
            data = client.bundle(serial)
            bundle = Bundle.from_bytes(data)
            if standing is not None and _is_ours(bundle, serial, workshop, standing):
                if not is_chain(bundle):
                    bundle = replace(bundle, amendments=())
                group.append((bundle, data))
            else:
                words = _("{serial} is left out: it was not anchored under a valid key of this studio.")
                app.say(words.format(serial=serial), fg="yellow")
            if len(group) == GROUP:
                added += store.add_fetched(group)
                group.clear()
            advance(1)
        return added + store.add_fetched(group)


def _is_ours(bundle: Bundle, serial: Serial, workshop: Workshop, standing: Standing) -> bool:
    certificate = bundle.certificate
    try:
        certificate.check_signature()
    except VerificationError:
        return False
    key = certificate.public_key.multikey
    counted = any(standing.is_open(key, receipt.block.time) for receipt in bundle.receipts)
    return counted and certificate.piece.serial == serial and certificate.issuer.did == workshop.issuer.did


def fetch_photos(workshop: Workshop, client: RegistryClient, app: App) -> int:
    """Fetch the photos of anchored pieces that are not here and that the registry has; return how many came."""
    named = dict.fromkeys(photo.digest for item in acknowledged(workshop) for photo in item.piece.photos)
    wanted = [digest for digest in named if not workshop.photo_path(digest).exists()]
    added = 0
    with app.progress(len(wanted), _("Photos")) as advance:
        for digest in wanted:
            advance(1)
            try:
                data = client.photo(digest)
            except NotFoundError:
                continue
            if Digest.of(data) != digest:
                continue  # A photo that is another is as good as none: the certificate says which it is.
            write_file(workshop.photo_path(digest), data)
            workshop.store.mark_photo_sent(digest)
            added += 1
    return added
