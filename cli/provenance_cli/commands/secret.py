"""``kilnmark tag secret``: secret codes, by which a buyer takes a piece over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, ngettext
from provenance_cli.paper import layout_of, paper_options, pdf_path, say_missing, shift_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from provenance.certificate import Certificate
    from provenance.encoding import Digest
    from provenance.printing.cards import CardReport
    from provenance.printing.sheet import SheetReport
    from provenance_cli.secret_codes import Choice, Made
    from provenance_cli.secret_store import DrawnCode
    from provenance_cli.workshop import Workshop

    Report = SheetReport | CardReport

FILE = "seals.pdf"
"""What the sheet is called where no name is given: it says nothing of what is on it."""


@click.command(help="Print secret codes, to go under foil or into a fold: whoever has one can claim the piece.")
@click.argument("serials", nargs=-1)
@click.option("--reprint", is_flag=True, help="Cancel the codes that the pieces have, and print new ones.")
@click.option("--fold", is_flag=True, help="Print whole hang-tags on A4, each with its code within the fold.")
@paper_options
@click.option("--cut-marks", is_flag=True, help="Mark the corners of each label, for paper that is to be cut.")
@click.option("--start", default=1, show_default=True, help="First free label of the first page.")
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="The PDF (default: out/seals.pdf in the workshop).")
@pass_app
def secret(
    app: App,
    serials: tuple[str, ...],
    reprint: bool,
    fold: bool,
    layout: str,
    sheets: str | None,
    shift: str,
    cut_marks: bool,
    start: int,
    out: str | None,
) -> None:
    """Draw secrets, release the pieces to their claim keys, and print the codes once the registry has the releases."""
    from provenance.evm.accounts import Account
    from provenance_cli.commands.revoke import own_token, require_counting
    from provenance_cli.hand_over_client import HandOverClient
    from provenance_cli.ledgers import load_policy, open_pinned
    from provenance_cli.printable import check_anchored, check_host
    from provenance_cli.secret_codes import alone, cancel, choose, draw
    from provenance_cli.tag_life import newest_tags

    if reprint and not serials:
        raise click.UsageError(_("Name the pieces whose codes are to be printed anew."))
    if fold and (given := _given("layout", "sheets", "shift", "cut_marks", "start")):
        text = _("With --fold there is no {option}: hang-tags have a page of their own.")
        raise click.UsageError(text.format(option=given))
    sheet, moved = layout_of(layout, sheets), shift_of(shift)
    workshop = app.workshop()
    check_host(workshop)
    path = pdf_path(out, workshop.out / FILE)
    with alone(workshop):
        store, keystore = workshop.store, workshop.keystore()
        drawn = store.drawn_codes()
        _require_free(path, drawn)
        chosen = _chosen(app, workshop, serials, drawn)
        if not chosen and not serials:
            _say_none(app, printed=len(drawn))
            return
        verdicts = check_anchored(app, workshop, chosen)
        ledger = open_pinned(load_policy(app))
        pieces = [(item, own_token(verdict, keystore.studio)) for item, verdict in zip(chosen, verdicts, strict=True)]
        require_counting(ledger, keystore.account, keystore.studio)
        with app.progress(len(pieces), _("Checking")) as advance:
            choice = choose(
                ledger, pieces, drawn, keystore.studio, named=bool(serials), reprint=reprint, advance=advance
            )
        choice.printed += sum(1 for code in drawn.values() if code.printed) if not serials else 0
        if not choice.fresh and not choice.cancelled:
            _say_none(app, printed=choice.printed, sold=choice.sold)
            return
        _announce(app, choice, reprint=reprint)
        account = Account.from_seed(app.unlock(keystore).seed)
        client = HandOverClient(workshop.issuer.base_url)
        store.mark_unfinished(piece.before for piece in choice.cancelled if piece.before is not None)
        drawn = store.drawn_codes()
        with app.progress(len(choice.cancelled), _("Cancelling")) as advance:
            anew = cancel(client, ledger, account, choice.cancelled, advance)
        with app.progress(len(choice.fresh) + len(anew), _("Drawing")) as advance:
            made = draw(workshop, ledger, account, [*choice.fresh, *anew], str(path.resolve()), advance)

        numbers = newest_tags(app, workshop, [item.piece.serial for item in made]) if fold else {}
        shown = {item.certificate.digest: verdict.shown for item, verdict in zip(chosen, verdicts, strict=True)}

        def printed(codes: Sequence[Made]) -> tuple[bytes, Report]:
            from provenance.printing.secret_sheet import print_folded, print_secrets

            with app.progress(len(codes), _("Printing")) as advance:
                if fold:
                    cards = [
                        _card(app, item, shown[item.piece.item.certificate.digest], numbers[item.piece.serial].number)
                        for item in codes
                    ]
                    return print_folded(cards, [item.code for item in codes], created=app.clock(), progress=advance)
                return print_secrets(
                    [_label(app, item, shown[item.piece.item.certificate.digest]) for item in codes],
                    sheet, created=app.clock(), start=start, shift=moved,
                    cut_marks=cut_marks, progress=advance,
                )  # fmt: skip

        kept, report, refused = _release_and_write(workshop, client, made, path, drawn, printed)
    _tell(app, path, kept, report, refused, choice)


def _chosen(app: App, workshop: Workshop, serials: Sequence[str], drawn: dict[Any, DrawnCode]) -> list[Any]:
    from provenance_cli.printable import named

    if serials:
        return [workshop.store.certificate(serial) for serial in named(app, workshop.store, serials)]
    done = {serial for serial, code in drawn.items() if code.printed}
    items = workshop.store.certificates(("anchored",))
    return [item for item in items if item.certificate.piece.serial not in done]


def _require_free(path: Path, drawn: dict[Any, DrawnCode]) -> None:
    """Require that no sheet is overwritten: its codes are nowhere else."""
    from provenance.errors import ConflictError

    if not path.exists():
        return
    if any(not code.printed and code.file == str(path.resolve()) for code in drawn.values()):
        raise ConflictError(
            "codes-unfinished",
            "{path} is of a run that did not end: its codes are about to be cancelled.",
            hint="Delete it, and what was printed from it, then run the command again.",
            path=path,
        )
    raise ConflictError(
        "codes-waiting",
        "{path} is there already, and its codes are nowhere else.",
        hint="Print it, delete it, then run the command again; or choose another file with --out.",
        path=path,
    )


def _say_none(app: App, *, printed: int, sold: int = 0) -> None:
    app.say(_("Every piece that is on the ledger and still the studio's has a secret code."))
    app.data({"codes": 0, "pages": 0, "file": None, "cancelled": 0, "printed": printed, "sold": sold, "refused": [],
              "missing": []})  # fmt: skip


def _announce(app: App, choice: Choice, *, reprint: bool) -> None:
    count = len(choice.cancelled)
    if count and reprint:
        question = ngettext(
            "Cancel the secret code of {n} piece for ever, and print a new one?",
            "Cancel the secret codes of {n} pieces for ever, and print new ones?",
            count,
        )
        app.require(question.format(n=count))
    elif count:
        text = ngettext(
            "{n} secret code is of a run that did not end. It is cancelled, and a new one drawn: use no sheet of "
            "that run.",
            "{n} secret codes are of a run that did not end. They are cancelled, and new ones drawn: use no sheet of "
            "that run.",
            count,
        )
        app.say(text.format(n=count), fg="yellow")


def _label(app: App, made: Made, shown: Digest | None) -> Any:
    from provenance.printing.secret_sheet import SecretLabel

    piece, asked = _form(made, shown).piece, (app.lang, "zh-Hans", "en")
    lines = _("Secret code"), _("Cover it before the sale")
    return SecretLabel(made.code, piece.title_in(*asked), lines, piece.title_language(*asked))


def _card(app: App, made: Made, shown: Digest | None, number: int) -> Any:
    from dataclasses import replace

    from provenance_cli.cards import card_of

    return replace(card_of(_form(made, shown), app.lang, number=number), secret=_("Secret code"))


def _form(made: Made, shown: Digest | None) -> Certificate:
    """Return the certificate of a piece that its record shows: the newest."""
    from provenance.bundle import Bundle

    return Bundle.from_bytes(made.piece.item.bundle or b"").form(shown)


def _given(*names: str) -> str:
    """Return the first option of `names` that was given, as it is written."""
    from click.core import ParameterSource

    context = click.get_current_context()
    given = (name for name in names if context.get_parameter_source(name) is not ParameterSource.DEFAULT)
    return "".join("--" + name.replace("_", "-") for name in list(given)[:1])


def _release_and_write(
    workshop: Workshop,
    client: Any,
    made: Sequence[Made],
    path: Path,
    drawn: dict[Any, DrawnCode],
    printed: Callable[[Sequence[Made]], tuple[bytes, Report]],
) -> tuple[list[Made], Report | None, list[Any]]:
    """Hand the releases in, and write the sheet of those that are kept.

    All that can fail without the registry is done before: the sheet is drawn and read back, and its room is taken.
    """
    from provenance.errors import StorageError
    from provenance_cli.private_file import reserved
    from provenance_cli.secret_codes import hand_in

    store = workshop.store
    data, report = printed(made)
    try:
        with reserved(path, len(data)) as file:
            store.add_drawn([item.drawn for item in made], drawn)
            kept, refused = hand_in(client, made)
            if refused:
                store.forget_drawn([item.drawn for item, _reason in refused])
                if not kept:
                    return [], None, refused
                data, report = printed(kept)
            file.fill(data)
            store.mark_printed([item.drawn for item in kept])
    except OSError as error:
        raise StorageError(
            "codes-not-written",
            "{path} cannot be written: {reason}. The secret codes of this run are gone.",
            hint="Make room or choose another place, and run the command again: it draws new ones, and cancels these "
            "where they were released.",
            path=path,
            reason=error,
        ) from None
    return kept, report, refused


def _tell(
    app: App, path: Path, kept: Sequence[Made], report: Report | None, refused: Sequence[Any], choice: Choice
) -> None:
    for item, reason in refused:
        app.say(f"  {item.piece.serial}: {reason}", fg="yellow")
    if report is None:
        raise refused[0][1]
    pages, missing = report.pages, list(report.missing)
    text = ngettext(
        "{n} secret code in {path}, read back, and its piece released to whoever has it.",
        "{n} secret codes in {path}, read back, and their pieces released to whoever has them.",
        len(kept),
    )
    app.say(text.format(n=len(kept), path=path))
    app.say(_("Print it, cover the codes, and delete the file: the secrets are nowhere else."))
    say_missing(app, missing)
    app.data(
        {
            "codes": len(kept),
            "pages": pages,
            "file": str(path),
            "cancelled": len(choice.cancelled),
            "printed": choice.printed,
            "sold": choice.sold,
            "refused": [{"serial": str(item.piece.serial), "message": str(reason)} for item, reason in refused],
            "missing": missing,
        }
    )
