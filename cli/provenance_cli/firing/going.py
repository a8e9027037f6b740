"""The steps of a firing that are final: signing, correcting, sending, and the papers for the shop.

Each asks the workshop how far the pieces are, and does what is left: a run that was killed is gone on with by the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance.errors import ConfigurationError, ConflictError, UnreachableError
from provenance.serial import Serial
from provenance_cli import exits
from provenance_cli.alone import alone_at
from provenance_cli.columns import sentences
from provenance_cli.context import App
from provenance_cli.firing.saying import numbers_told
from provenance_cli.firing.stage import Item, Stage, with_photos
from provenance_cli.i18n import _, ngettext
from provenance_cli.report import words
from provenance_cli.standings import standing_of
from provenance_cli.store import Entry

if TYPE_CHECKING:
    from provenance.keystore import Unlocked
    from provenance.piece import Piece
    from provenance_cli.store import Store
    from provenance_cli.workshop import Workshop

OUT = "out"
ANCHORED = "anchored"
OF_ONE_PIECE = frozenset(("code-void", "not-authentic", "piece-handed-over", "piece-lost", "tag-void"))
"""Why nothing is printed for a piece, which keeps no other piece's tag back."""


@contextmanager
def firing_alone(workshop: Workshop) -> Iterator[None]:
    """Keep other runs from the final steps: what one of them prints or signs, the other would once more."""
    taken = ConflictError(
        "firing-under-way",
        "Another program is signing, sending or printing a firing of this workshop.",
        hint="Wait until it is done, then run the command again.",
    )
    with alone_at(workshop.path / "firing.lock", taken):
        yield


def drop_lost(workshop: Workshop, stage: Stage) -> None:
    """Take drafts of pieces that were lost out of the workshop: a run entered them that was broken off, and
    `kilnmark sign` would sign them.
    """
    for piece in workshop.store.pieces(unsigned=True):
        if any(item.serial == piece.serial for item in stage.lost):
            workshop.store.remove_piece(piece.serial)


def sign_ready(app: App, workshop: Workshop, folder: Path, stage: Stage, unlocked: Unlocked) -> int:
    """Prepare the photos of what is ready, enter the pieces, and sign them; return how many."""
    from provenance_cli.commands.sign import sign_pieces
    from provenance_cli.darkroom import WorkshopDarkroom

    ready, pieces = stage.ready, list["Piece"]()
    count = sum(len(item.photos) for item in ready)
    with WorkshopDarkroom(workshop) as darkroom, app.progress(count, _("Preparing photos")) as advance:
        for item in ready:
            pieces.append(with_photos(item, folder, darkroom))
            advance(len(item.photos))
    store = workshop.store
    entries = [Entry(piece, stage.record.origin(piece.serial)) for piece in pieces]
    store.add_pieces(entries)
    store.correct_pieces(entries)  # Those that a run entered which was killed before it signed.
    with app.progress(len(pieces), _("Signing")) as advance:
        return sign_pieces(workshop, pieces, unlocked.signer, app, advance)


def sign_corrections(app: App, workshop: Workshop, items: Sequence[Item], unlocked: Unlocked) -> int:
    """Sign an amendment for each piece whose row says something else than what was signed; return how many."""
    from provenance.issue import issue

    store = workshop.store
    for item in items:
        before = store.amendments_kept(item.serial)
        newest = before[-1].certificate if before else store.certificate(item.serial).certificate
        corrected = item.corrected
        if corrected is not None:
            amendment = issue(
                corrected, newest.issuer, unlocked.signer, status_entry=newest.status_entry, now=app.clock(),
                replaces=newest.digest,
            )  # fmt: skip
            store.add_amendment(amendment)
    return len(items)


def send(app: App) -> int:
    """Send what is signed and wait for the ledger; return the exit code that `kilnmark submit` would have.

    It is 3 without a network.  What is refused, of this firing or another, keeps no other piece from its papers.
    """
    try:
        run_command(app, "submit", "--wait")
    except UnreachableError as error:
        app.say(words(error)[0], fg="yellow")
        return exits.INCONCLUSIVE
    except click.exceptions.Exit as stop:
        return stop.exit_code
    return exits.DONE


@dataclass(frozen=True, slots=True)
class Papers:
    """What was printed: the new files, those of them `to_print`, and the pieces that were left out.

    `corrected` are pieces whose printed papers bore words of before, `coded` those whose secret codes still do.
    """

    files: list[Path]
    left_out: list[Serial]
    to_print: list[Path] = field(default_factory=list)
    corrected: list[Serial] = field(default_factory=list)
    coded: list[Serial] = field(default_factory=list)


def papers(app: App, workshop: Workshop, folder: Path, stage: Stage, *, layout: str, with_codes: bool) -> Papers:
    """Print what is not printed yet of the pieces on the ledger."""
    from provenance_cli.firing import outdated
    from provenance_cli.firing.listing import write_listing
    from provenance_cli.firing.trial import is_trial, trial_papers
    from provenance_cli.tag_store import PRINTED

    store, out = workshop.store, folder / OUT
    states = store.states()
    on_ledger = [item.serial for item in stage.items if states.get(item.serial.compact) == ANCHORED]
    anchored = _on_the_ledger(app, store, stage)
    if not anchored:
        return Papers([], on_ledger)
    if is_trial(workshop):
        files = trial_papers(app, workshop, anchored, out, layout)
        left = [serial for serial in on_ledger if serial not in anchored]
        return Papers([*files, write_listing(workshop, stage, out)], left)
    printer, made = _Printer(app), list[Path]()
    borne, resumed = outdated.Papers(store, folder, app.lang), set[Serial]()
    for job in store.unfinished_jobs()[:1]:
        path = Path(job.settings["path"])
        if path.parent == out.absolute():  # Of a run that was killed: what is in whole files stays.
            if printer.goes("tag", "print", "--resume"):
                made.append(path)
                resumed = {tag.serial for tag in store.job_tags(job)}
            else:
                store.drop_job(job)  # Its rest is printed below, without the piece that is in the way.
    untagged = [s for s in anchored if all(event.state != PRINTED for event in store.tag_history(s))]
    if printer.prints(untagged, "tag", "print", "--layout", layout, "-o", str(path := _free(out / "tags.pdf"))):
        made.append(path)
    borne.note(outdated.TAGS, {*resumed, *untagged} - printer.left_out)
    tagged = [s for s in anchored if s not in untagged and not store.is_void(store.newest_tag(s))]
    old_tags, old_cards = borne.outdated(outdated.TAGS, tagged), borne.outdated(outdated.CARDS, tagged)
    corrected = list[Path]()
    path = _free(out / "tags-corrected.pdf")
    if printer.prints(old_tags, "tag", "print", "--layout", layout, "-o", str(path)):
        corrected.append(path)
        borne.note(outdated.TAGS, set(old_tags) - printer.left_out)
    codes = store.drawn_codes()
    old_codes = borne.outdated(outdated.CODES, [s for s in tagged if s in codes and codes[s].printed])
    uncoded = [serial for serial in anchored if serial not in codes or not codes[serial].printed] if with_codes else []
    if printer.prints(uncoded, "tag", "secret", "--layout", layout, "-o", str(path := _free(out / "seals.pdf"))):
        made.append(path)
        borne.note(outdated.CODES, set(uncoded) - printer.left_out)
    cards = out / "boxcards.pdf"
    is_new = bool(made) or not cards.exists()
    path = _free(out / "boxcards-corrected.pdf")
    if cards.exists() and printer.prints(old_cards, "tag", "boxcard", "-o", str(path)):
        corrected.append(path)
    if (is_new or corrected) and printer.prints(anchored, "tag", "boxcard", "-o", str(cards)):
        borne.note(outdated.CARDS, set(anchored) - printer.left_out)
        made += [cards] if is_new else []
    borne.note(outdated.CODES, old_codes)  # They are told of once.
    to_print = [*made, *corrected]
    new = list(dict.fromkeys([*to_print, *([cards] if corrected else []), write_listing(workshop, stage, out)]))
    left_out = [serial for serial in on_ledger if serial not in anchored or serial in printer.left_out]
    bore = [serial for serial in anchored if corrected and serial in {*old_tags, *old_cards} - printer.left_out]
    return Papers(new, left_out, to_print, bore, old_codes)


class _Printer:
    """Runs commands that print, and tells once of each piece that is left out, whatever is printed."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.left_out = set[Serial]()

    def prints(self, serials: Sequence[Serial], *command: str) -> bool:
        """Print for pieces, without those for which nothing may be printed; tell whether one was left to print."""
        wanted = list(serials)
        while wanted:
            try:
                run_command(self._app, *command, *map(str, wanted))
            except (ConfigurationError, ConflictError) as error:
                wanted.remove(self._left_out(error, wanted))
            else:
                return True
        return False

    def goes(self, *command: str) -> bool:
        """Run a command that names no pieces; tell whether none was in its way."""
        try:
            run_command(self._app, *command)
        except (ConfigurationError, ConflictError) as error:
            if error.code not in OF_ONE_PIECE:
                raise
            return False
        return True

    def _left_out(self, error: ConfigurationError | ConflictError, wanted: Sequence[Serial]) -> Serial:
        """Return the piece that is in the way, and say so; raises the error where it is not of one piece."""
        serial = next((serial for serial in wanted if str(serial) == error.facts.get("serial")), None)
        if serial is None or error.code not in OF_ONE_PIECE:
            raise error
        if serial not in self.left_out:
            self._app.say(_("Left out, while the others are printed: {why}").format(why=sentences(*words(error))),
                          fg="yellow")  # fmt: skip
        self.left_out.add(serial)
        return serial


def _on_the_ledger(app: App, store: Store, stage: Stage) -> list[Serial]:
    """Return the pieces of a firing whose papers can be printed, and say which others are on the ledger.

    One that is revoked or on hold keeps the others from nothing.
    """
    states, reasons = store.states(), store.reasons()
    anchored = [item for item in stage.items if states.get(item.serial.compact) == ANCHORED]
    good = [item for item in anchored if standing_of(ANCHORED, reasons.get(item.serial.compact)) is None]
    if left := [item.number for item in anchored if item not in good]:
        text = _("No papers are printed for number {numbers}: see `kilnmark piece list`.")
        app.say(text.format(numbers=numbers_told(left)), fg="yellow")
    return [item.serial for item in good]


def _free(path: Path) -> Path:
    """Return `path`, or one numbered after it where that is taken: what was printed is never written over."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def run_command(app: App, *arguments: str) -> None:
    """Run another command of this program as a person would, but that its data are not written out."""
    from importlib import import_module

    from provenance_cli.help import localised
    from provenance_cli.main import COMMANDS

    entry = COMMANDS[arguments[0]]
    command: click.Command = localised(
        getattr(import_module(f"provenance_cli.commands.{entry.module}"), entry.attribute)
    )
    parent = click.get_current_context()
    with command.make_context(
        arguments[0], list(arguments[1:]), parent=parent, obj=replace(app, json=False, is_guided=True)
    ) as context:
        command.invoke(context)


def told_next(workshop: Workshop, folder: Path, stage: Stage, made: Papers) -> Iterator[str]:
    """Yield what is to be done next, and what became of papers with words of before."""
    from provenance_cli.firing.trial import is_trial

    states, out = workshop.store.states(), folder / OUT
    counted = [states.get(item.serial.compact, "") for item in stage.items]
    held = counted.count("held")
    if held:
        text = ngettext(
            "{n} piece waits for the guild: run `kilnmark studio apply`, give it the file, and run this again after it "
            "has accredited the studio.",
            "{n} pieces wait for the guild: run `kilnmark studio apply`, give it the file, and run this again after it "
            "has accredited the studio.",
            held,
        )
        yield text.format(n=held)
    elif ANCHORED not in counted:
        yield _("Nothing can be printed yet. Do what is said above, then run this again.")
    elif is_trial(workshop):
        text = _("Next: look at the files in {folder}. Real tags need a registry with a public name and https.")
        yield text.format(folder=out)
    elif not made.to_print:
        yield _("There is nothing new to print; what was made lies in {folder}.").format(folder=out)
    elif set(out.glob("*.pdf")) <= set(made.to_print):
        yield _("Next: print the files in {folder} at 100 %.").format(folder=out)
    else:
        names = _(", ").join(path.name for path in made.to_print)
        yield _("Next: print {files} in {folder} at 100 %.").format(files=names, folder=out)
    of = stage.record.numbers
    if made.corrected:
        numbers = numbers_told([of[serial] for serial in made.corrected])
        text = _("Number {numbers} was corrected after printing: throw its papers with the old words away. The codes "
                 "on the new ones are the same.")  # fmt: skip
        yield text.format(numbers=numbers)
    if made.coded:
        numbers = numbers_told([of[serial] for serial in made.coded])
        command = f"kilnmark tag secret --reprint -o {out / 'seals-corrected.pdf'} " + " ".join(map(str, made.coded))
        text = _("The secret code of number {numbers} stands beside the old title, and is good all the same. A new one "
                 "cancels it: `{command}`.")  # fmt: skip
        yield text.format(numbers=numbers, command=command)
