"""``kilnmark sign``: certificates for all pieces that have none.  Needs no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from provenance_cli.context import Advance, App, pass_app
from provenance_cli.i18n import _, later, ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provenance.keys import Signer
    from provenance.piece import Piece
    from provenance_cli.workshop import Workshop

KEY_ENDED = later("The studio's key is no longer valid: the guild must add a new one.")
"""Why the registry holds what was signed with a key that the guild has ended; signing hears no later news."""
GROUP = 250
"""Certificates written in one transaction: a kill loses a fraction of a second's signing, and no certificate twice."""


@click.command(help="Sign certificates for new pieces; needs no network.")
@pass_app
def sign(app: App) -> None:
    """Sign what is not signed yet."""
    workshop = app.workshop()
    drafts = len(workshop.store.pieces(unsigned=True))
    if not drafts:
        app.say(_("Every piece has its certificate already."))
        app.data({"signed": 0})
        return
    keystore = workshop.keystore()
    held = workshop.store.certificates(("held",))
    if any(item.error == KEY_ENDED and item.certificate.public_key == keystore.public_key for item in held):
        app.say(_(KEY_ENDED) + " " + _("Take the next with `kilnmark key rotate`, and sign then."), fg="yellow")
    unlocked = app.unlock(keystore)
    with app.progress(drafts, _("Signing")) as advance:
        count = sign_pieces(workshop, workshop.store.pieces(unsigned=True), unlocked.signer, app, advance)
    app.say(ngettext("{n} certificate signed.", "{n} certificates signed.", count).format(n=count))
    app.say(_("Next: `kilnmark submit`, when there is a network."))
    app.data({"signed": count})


def sign_pieces(workshop: Workshop, drafts: Sequence[Piece], signer: Signer, app: App, advance: Advance) -> int:
    """Sign certificates for pieces that have none, group by group; return how many."""
    from provenance.certificate import StatusEntry
    from provenance.issue import issue

    store = workshop.store
    for start in range(0, len(drafts), GROUP):
        group = drafts[start : start + GROUP]
        index = store.next_index()
        entries = [StatusEntry(workshop.list_id, index + place) for place in range(len(group))]
        now = app.clock()
        store.add_certificates(
            [
                issue(piece, workshop.issuer, signer, status_entry=entry, now=now)
                for piece, entry in zip(group, entries, strict=True)
            ]
        )
        advance(len(group))
    return len(drafts)
