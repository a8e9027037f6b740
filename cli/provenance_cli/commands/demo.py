"""``kilnmark demo``: the whole way of a piece on sample data."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, later, ngettext

if TYPE_CHECKING:
    from provenance_cli.demo import Result


@click.command(help="Run the whole way on sample pieces.")
@click.option(
    "--data", type=click.Path(exists=True, dir_okay=False), help="A spreadsheet of your own, instead of the sample."
)
@click.option(
    "--dir", "folder", type=click.Path(file_okay=False), help="The demo's folder (default: in your user data)."
)
@click.option("--exit", "exit_", is_flag=True, help="End when done, instead of staying up.")
@click.option("--lan", is_flag=True, help="Let other devices in this network reach the registry.")
@pass_app
def demo(app: App, data: str | None, folder: str | None, exit_: bool, lan: bool) -> None:
    """Set everything up, go the whole way, and stay up until interrupted."""
    from provenance_cli import exits
    from provenance_cli.commands.serve import need_registry
    from provenance_cli.demo import Result, dumps, run
    from provenance_cli.demo_guild import Demo

    need_registry()
    name = "demo-lan" if lan else "demo"
    if data:  # A spreadsheet of one's own gets a folder of its own: the sample's pieces stay apart.
        from provenance.encoding import Digest

        name += "-" + Digest.of(str(Path(data).resolve()).encode()).hex()[:8]
    target = Path(folder) if folder else Path(click.get_app_dir("kilnmark")) / name
    app.say(_("Kilnmark demo in {folder}").format(folder=target.resolve()), bold=True)
    app.say()
    result = Result()
    running = Demo(app, target.resolve(), lan=lan)
    try:
        run(running, Path(data) if data else None, result)
        _summary(app, result)
        good = result.authentic == result.pieces and result.tampered == result.revoked == "NOT_AUTHENTIC"
        app.data(dumps(result))
        if not good:
            _tell_what_differs(app, result)
            click.get_current_context().exit(exits.NOT_AUTHENTIC)
        if not exit_:
            _stay(app, result, lan=lan)
    finally:
        running.stop_registry()


def _summary(app: App, result: Result) -> None:
    from provenance.texts import sentence

    app.say()
    app.say(
        ngettext(
            "{n:,} piece certified, anchored, tagged and verified: {a:,} AUTHENTIC.",
            "{n:,} pieces certified, anchored, tagged and verified: {a:,} AUTHENTIC.",
            result.pieces,
        ).format(n=result.pieces, a=result.authentic),
        bold=True,
    )
    for reason, number in result.others.items():
        words = ngettext("  {number:,} is not: {reason}", "  {number:,} are not: {reason}", number)
        app.say(words.format(number=number, reason=sentence(reason, app.lang)), fg="red")
    times = [
        _("{step} {seconds:.2f} s").format(step=_(step), seconds=seconds) for step, seconds in result.seconds.items()
    ]
    app.say("  " + " · ".join(times) + " · " + _("{gas:,.0f} gas a piece").format(gas=result.gas))
    tags = ngettext(
        "Tags: {sheet} ({pages} page, marked DEMO)", "Tags: {sheet} ({pages} pages, marked DEMO)", result.pages
    )
    app.say("  " + tags.format(sheet=result.sheet, pages=result.pages))
    app.say("  " + _("A card for the box: {card}").format(card=result.card))
    if result.certificate:
        app.say("  " + _("A certificate of authenticity: {path}").format(path=result.certificate))


def _tell_what_differs(app: App, result: Result) -> None:
    """Say of a demo that does not end as it should what is so, and how to have one that does."""
    app.say()
    app.say(_("This demo does not end as it should:"), fg="red")
    if result.authentic != result.pieces:
        told = ngettext(
            "{n:,} of its {all:,} pieces is not AUTHENTIC, see above.",
            "{n:,} of its {all:,} pieces are not AUTHENTIC, see above.",
            result.pieces - result.authentic,
        )
        app.say("  " + told.format(n=result.pieces - result.authentic, all=result.pieces))
    for outcome, words in (
        (result.tampered, later("The changed certificate is {outcome}, and should be NOT_AUTHENTIC.")),
        (result.revoked, later("The piece to be revoked is {outcome}, and should be NOT_AUTHENTIC.")),
    ):
        if outcome != "NOT_AUTHENTIC":
            app.say("  " + _(words).format(outcome=_(outcome)))
    app.say(
        _(
            "Somebody has used the keys in its folder, the steward's or the studio's, and changed what is on its "
            "ledger. Undo that, or begin anew: name another folder with --dir, or delete this one."
        )
    )


def _stay(app: App, result: Result, *, lan: bool) -> None:
    app.say()
    app.say(_("Look at a piece's page: {url}").format(url=result.url), bold=True)
    if lan:
        _show_code(app, result.url)
        explanation = _(
            "Scan it with a phone in this network. A phone could check a record itself only over https, which browsers "
            "demand for cryptography; over plain http the page shows the registry's answer."
        )
        app.say(explanation)
    else:
        app.say(_("To try it with a phone in this network: `kilnmark demo --lan`."))
    app.say(_("Press Ctrl-C to end; run it again to go on."))
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        app.say()
        app.say(_("Ended. Everything is kept in the demo's folder."))


def _show_code(app: App, url: str) -> None:
    """Draw a QR code in the terminal, two modules a character."""
    from provenance.printing.codes import matrix

    rows = [(False,) * 2 + row + (False,) * 2 for row in matrix(url)]
    blank = (False,) * len(rows[0])
    rows = [blank, blank, *rows, blank, blank]
    if len(rows) % 2:
        rows.append(blank)
    shapes = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        app.say("  " + "".join(shapes[pair] for pair in zip(upper, lower, strict=True)))
