"""``kilnmark piece unsign``: take back certificates that can never be anchored: their pieces are drafts again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, ngettext

if TYPE_CHECKING:
    from provenance.keys import PublicKey
    from provenance_cli.client import RegistryClient
    from provenance_cli.store import Signed

STUCK = frozenset(("key-not-valid", "other-name", "serial-taken", "status-entry-taken"))
"""Reasons of a registry's that no waiting mends: only another certificate does."""
OF_A_KEY = frozenset(("not-accredited", "unknown-key"))
"""Reasons that end with the accreditation of a key: a key that was exchanged is never applied for again."""


@click.command(help="Make drafts again of signed pieces that cannot get onto the ledger, to sign them anew.")
@click.argument("serials", nargs=-1)
@pass_app
def unsign(app: App, serials: tuple[str, ...]) -> None:
    """Take the certificates away that the registry holds for good or never had; the serials stay."""
    from provenance.serial import Serial
    from provenance_cli.client import RegistryClient

    workshop = app.workshop()
    store, present = workshop.store, workshop.keystore().public_key
    client = RegistryClient(workshop.issuer.base_url)
    if serials:
        chosen = [store.certificate(Serial.parse(serial)) for serial in serials]
        for item in chosen:
            check_stuck(item, client, present)
    else:
        chosen = [item for item in store.certificates(("held",)) if is_stuck(item, client, present)]
    count = len(chosen)
    if chosen:
        app.require(
            ngettext(
                "Take back {n} certificate? The piece keeps its serial and its facts.",
                "Take back {n} certificates? The pieces keep their serials and their facts.",
                count,
            ).format(n=count),
            default=True,
        )
        workshop.with_new_list()  # No place of the old ones is given away a second time.
        store.remove_certificates(item.certificate.digest for item in chosen)
    app.say(ngettext("{n} piece is a draft again.", "{n} pieces are drafts again.", count).format(n=count))
    if chosen:
        app.say(_("Next: `kilnmark sign`."))
    app.data({"unsigned": [str(item.certificate.piece.serial) for item in chosen]})


def is_stuck(item: Signed, client: RegistryClient, present: PublicKey) -> bool:
    """Tell whether the registry holds a certificate for a reason that no waiting mends; `present` is the key in use."""
    from provenance.errors import NotFoundError

    if item.bundle is not None:
        return False
    try:
        told = client.state(item.certificate.digest)
    except NotFoundError:  # What was held and is forgotten may have gone on before: `submit` offers it again first.
        return item.state in ("signed", "refused")
    reason, exchanged = told.get("reason"), item.certificate.public_key != present
    return told.get("state") == "held" and (reason in STUCK or (exchanged and reason in OF_A_KEY))


def check_stuck(item: Signed, client: RegistryClient, present: PublicKey) -> None:
    """Raise `ConflictError` for a certificate that is on its way to the ledger, or may yet get there."""
    from provenance.errors import ConflictError

    if not is_stuck(item, client, present):
        raise ConflictError(
            "not-stuck",
            "The certificate of {serial} is on the ledger, or may still get there.",
            hint="`kilnmark submit` tells how far it is. One that is on the ledger is corrected with `kilnmark piece "
            "amend`, or revoked.",
            serial=item.certificate.piece.serial,
        )
