"""``kilnmark tag release``: what was printed counts again, after the studio's account or the ledger has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, ngettext

if TYPE_CHECKING:
    from provenance.serial import Serial
    from provenance_cli.secret_codes import Candidate
    from provenance_cli.secret_store import DrawnCode
    from provenance_cli.workshop import Workshop


@click.command(help="Release pieces to their printed secret codes again, where account, ledger or registry changed.")
@click.argument("serials", nargs=-1)
@pass_app
def release(app: App, serials: tuple[str, ...]) -> None:
    """Sign the releases of printed codes anew: the same codes, no paper."""
    from provenance.evm.accounts import Account
    from provenance_cli.commands.revoke import own_token, require_counting
    from provenance_cli.hand_over_client import HandOverClient
    from provenance_cli.ledgers import load_policy, open_pinned
    from provenance_cli.printable import check_anchored
    from provenance_cli.secret_codes import alone, released_before, signed_again

    workshop = app.workshop()
    with alone(workshop):
        store, keystore = workshop.store, workshop.keystore()
        codes = _codes_of(workshop, serials)
        items = [workshop.store.certificate(serial) for serial in codes]
        if not items:
            app.say(_("No secret code was printed from this folder."))
            app.data({"released": 0, "void": 0, "refused": []})
            return
        verdicts = check_anchored(app, workshop, items)
        ledger = open_pinned(load_policy(app))
        require_counting(ledger, keystore.account, keystore.studio)
        good: list[Candidate] = []
        with app.progress(len(items), _("Checking")) as advance:
            for item, verdict in zip(items, verdicts, strict=True):
                before = codes[item.certificate.piece.serial]
                found = released_before(ledger, item, own_token(verdict, keystore.studio), before, keystore.studio)
                good += [found] if found else []
                advance(1)
        void, refused, kept = len(items) - len(good), list[dict[str, str]](), 0
        if good:
            account = Account.from_seed(app.unlock(keystore).seed)
            with app.progress(len(good), _("Signing")) as advance:
                made = signed_again(ledger, account, good, advance)
            client = HandOverClient(workshop.issuer.base_url)
            answers = client.keep_releases([(again.release, again.drawn.signature) for again in made])
            store.sign_again(again.drawn for again, answer in zip(made, answers, strict=True) if answer is None)
            for again, answer in zip(made, answers, strict=True):
                kept += answer is None
                if answer is not None:
                    app.say(f"  {again.drawn.serial}: {answer}", fg="yellow")
                    refused.append({"serial": str(again.drawn.serial), "message": str(answer)})
    text = ngettext(
        "{n} piece is released to its printed code.", "{n} pieces are released to their printed codes.", kept
    )
    app.say(text.format(n=kept))
    if void:
        text = ngettext(
            "{n} code stays void: its piece was handed over, or the code cancelled.",
            "{n} codes stay void: their pieces were handed over, or the codes cancelled.",
            void,
        )
        app.say(text.format(n=void))
    app.data({"released": kept, "void": void, "refused": refused})


def _codes_of(workshop: Workshop, serials: tuple[str, ...]) -> dict[Serial, DrawnCode]:
    """Return the codes on paper, of the pieces named or of all."""
    from provenance.errors import NotFoundError
    from provenance.serial import Serial

    printed = {serial: code for serial, code in workshop.store.drawn_codes().items() if code.printed}
    wanted = list(dict.fromkeys(Serial.parse(serial) for serial in serials)) or list(printed)
    for serial in wanted:
        if serial not in printed:
            raise NotFoundError(
                "no-code-printed",
                "No secret code of {serial} was printed from this folder.",
                hint="Print one: `kilnmark tag secret {serial}`.",
                serial=serial,
            )
    return {serial: printed[serial] for serial in wanted}
