"""The papers of a firing at a registry that buyers cannot reach: a trial, marked as the demo's are.

They count as printed nowhere: no tag is numbered, no secret code drawn, and no record checked against the ledger for
them.  `kilnmark tag print` refuses such a registry as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.serial import Serial
from provenance_cli.context import App
from provenance_cli.i18n import _

if TYPE_CHECKING:
    from provenance_cli.workshop import Workshop

TRIAL_TAGS, TRIAL_CARDS = "tags-DEMO.pdf", "boxcards-DEMO.pdf"


def is_trial(workshop: Workshop) -> bool:
    """Tell whether buyers cannot reach the workshop's registry, so that nothing printed for it may be sold."""
    from provenance.tag import is_public_host

    return not is_public_host(workshop.issuer.base_url)


def trial_papers(app: App, workshop: Workshop, serials: Sequence[Serial], out: Path, layout: str) -> list[Path]:
    """Print tags and cards that are marked DEMO, all anew in each run; return the files."""
    from functools import partial

    from provenance.printing.cards import print_cards
    from provenance_cli.cards import card_of, label_of
    from provenance_cli.commands.cards import write_cards
    from provenance_cli.paper import layout_of
    from provenance_cli.tag_formats import Job, write_pdf

    store, tags, cards = workshop.store, out / TRIAL_TAGS, out / TRIAL_CARDS
    text = _("A trial: buyers cannot reach {url}, so its tags and cards are marked DEMO, and none belongs on a pot.")
    app.say(text.format(url=workshop.issuer.base_url), fg="yellow")
    forms = [[store.certificate(serial).certificate, *store.amendments(serial)][-1] for serial in serials]
    labels = [label_of(form, app.lang, demo=True) for form in forms]
    with app.progress(2 * len(forms), _("Printing")) as advance:
        write_pdf(Job(labels, layout_of(layout, None), app.clock()), tags, advance)
        drawn = [card_of(form, app.lang, demo=True) for form in forms]
        write_cards(drawn, cards, app, advance, partial(print_cards, size="A7"))
    return [tags, cards]
