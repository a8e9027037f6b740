"""``kilnmark firing``: the whole way of a kiln's pieces, in one folder, one run after the other."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from provenance_cli import exits
from provenance_cli.columns import sentences
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, ngettext

if TYPE_CHECKING:
    from provenance.errors import ConfigurationError
    from provenance.keystore import Unlocked
    from provenance_cli.firing.record import FiringRecord
    from provenance_cli.firing.stage import Stage
    from provenance_cli.workshop import Workshop

GLANCE = 2.0
"""Seconds between two looks at a folder that is watched."""
ATTEMPTS = 3
"""How often the passphrase is asked for: whoever mistypes it need not look at all photos again."""


@click.command(help="Go the whole way with a kiln's pieces, in one folder.")
@click.argument("folder", type=click.Path(file_okay=False))
@click.option("--pieces", type=int, help="How many pieces are in the kiln; asked for in a new folder.")
@click.option("--kiln", help="The kiln, the same for all.")
@click.option("--fired", help="Day of the firing, like 2026-11-02.")
@click.option("--clay-body", help="The clay, the same for all.")
@click.option("--glaze", help="The glaze, the same for all.")
@click.option("--maker", help="Who made them, the same for all.")
@click.option("--check", is_flag=True, help="Only say what is missing, and write the contact sheet.")
@click.option("--watch", is_flag=True, help="Check again whenever a photo or the spreadsheet changes, until Ctrl-C.")
@click.option("--undo", is_flag=True, help="Take the last step back; possible until something is signed.")
@click.option("--layout", default="L7160", show_default=True, help="The label sheet of tags and secret codes.")
@click.option("--codes/--no-codes", default=True, help="Print secret codes for the buyers as well (default).")
@pass_app
def firing(
    app: App,
    /,
    folder: str,
    pieces: int | None,
    check: bool,
    watch: bool,
    undo: bool,
    layout: str,
    codes: bool,
    **shared: str | None,
) -> None:
    """Begin a firing, or say what is missing, or sign, send and print: what is next."""
    from provenance_cli.firing.beginning import begin, complete
    from provenance_cli.firing.record import FiringRecord
    from provenance_cli.paper import layout_of

    layout_of(layout, None)  # A wrong name is told before all is signed, and not after.
    place = Path(folder)
    workshop = _workshop(app, place)
    record = FiringRecord.read(place)
    if record is None and (check or watch or undo):
        raise _no_firing(place)
    if record is None:
        record = begin(app, workshop, place, pieces, {name: text for name, text in shared.items() if text})
        complete(app, workshop, place, record)
        app.say(_("Next: cut the slips, photograph each before its piece, copy the photos into the folder, fill in the "
                  "spreadsheet, and run this again."))  # fmt: skip
        app.data({"folder": str(place.resolve()), "serials": [str(serial) for serial in record.serials]})
        return
    if undo:
        _undo(app, workshop, place, record)
        return
    complete(app, workshop, place, record)
    if watch:
        _watch(app, workshop, place, record)
    stage = _look(app, workshop, place, record)
    if stage.faults:
        app.data(_members(stage))
        click.get_current_context().exit(exits.MALFORMED)
    if check:
        app.data(_members(stage))
        return
    _go(app, workshop, place, stage, layout, codes=codes)


def _workshop(app: App, folder: Path) -> Workshop:
    """Open the workshop that the folder lies in, else the one that any command would open."""
    from provenance_cli.workshop import SETTINGS, Workshop

    if app.workshop_path is None:
        here = folder.resolve()
        for place in (here, *here.parents):
            if (place / SETTINGS).is_file():
                return Workshop.open(place)
    return app.workshop()


def _look(app: App, workshop: Workshop, folder: Path, record: FiringRecord) -> Stage:
    """Look at everything, say in one sentence what is missing, and write the contact sheet."""
    from provenance_cli.firing.contact import write_contact_sheet
    from provenance_cli.firing.looking import photo_files
    from provenance_cli.firing.saying import doubts, fault_place, remedies, sentence
    from provenance_cli.firing.stage import survey
    from provenance_cli.firing.undoing import keep_version
    from provenance_cli.firing.workbook import lock_of
    from provenance_cli.report import words

    with app.progress(len(photo_files(folder)), _("Looking at photos")) as advance:
        stage = survey(workshop, folder, record, advance)
    told = sentence(stage)
    app.say(told, bold=True)
    for line, error in stage.faults:
        message, remedy = words(error)
        app.say("  " + fault_place(line, error.field) + sentences(message, remedy), fg="yellow")
    if lock_of(folder) is not None:
        app.say(_("pieces.xlsx is open in another program: what is not saved there is not seen here."), fg="yellow")
    keep_version(folder)
    path = write_contact_sheet(stage, folder, folder.resolve().name, told)
    app.say(_("Look through every piece with its photos and facts:\n  {file}").format(file=path))
    for text in remedies(stage):
        app.say(text)
    for text in doubts(stage):
        app.say(text, fg="yellow")
    return stage


def _undo(app: App, workshop: Workshop, folder: Path, record: FiringRecord) -> None:
    """Take the last step back: the last change of the spreadsheet, or where there is none the beginning."""
    from provenance_cli.firing.beginning import SLIPS
    from provenance_cli.firing.contact import SHEET
    from provenance_cli.firing.going import firing_alone
    from provenance_cli.firing.saying import numbers_told
    from provenance_cli.firing.undoing import check_unsigned, give_up, go_back, version_before
    from provenance_cli.firing.workbook import BOOK, check_closed

    check_unsigned(workshop, record)
    check_closed(folder)
    version = version_before(folder, record)
    if version is not None:
        aside = go_back(folder, version)
        if version.numbers:
            rows = numbers_told(version.numbers)
            app.say(_("Taken back: what was changed in pieces.xlsx at number {numbers}.").format(numbers=rows))
        else:
            app.say(_("Taken back: the last change of pieces.xlsx."))
        app.say(_("What was taken back is kept in {folder}.").format(folder=aside))
        app.say(_("Next: run this again without --undo, to see how it is now; with --undo for one more step back."))
        app.data({"undone": "spreadsheet", "numbers": version.numbers, "kept": str(aside.resolve())})
        return
    count = len(record.serials)
    question = ngettext(
        "Take the beginning of this firing back? Its serial is given up; a slip that is printed is of no use any more.",
        "Take the beginning of this firing back? Its {n} serials are given up; slips that are printed are of no use "
        "any more.",
        count,
    )
    app.require(question.format(n=count))
    with firing_alone(workshop):
        check_unsigned(workshop, record)  # Another run may have signed meanwhile.
        aside = give_up(workshop, folder, record, (BOOK, SLIPS, SHEET))
    app.say(_("Taken back: the beginning of the firing. Photos stay where they are."))
    app.say(_("What was taken back is kept in {folder}.").format(folder=aside))
    app.say(_("Next: run this again without --undo, to begin anew."))
    app.data({"undone": "beginning", "numbers": [], "kept": str(aside.resolve())})


def _no_firing(folder: Path) -> ConfigurationError:
    from provenance.errors import ConfigurationError

    return ConfigurationError(
        "no-firing",
        "There is no firing in {folder}.",
        hint="Was the folder moved or renamed? Name it where it is now.",
        folder=folder.resolve(),
    )


def _go(app: App, workshop: Workshop, folder: Path, stage: Stage, layout: str, *, codes: bool) -> None:
    """Sign what is ready, send it, and print: each once the potter has agreed."""
    from provenance_cli.amending import changes
    from provenance_cli.firing.going import firing_alone
    from provenance_cli.firing.stage import require_unchanged
    from provenance_cli.firing.workbook import check_closed

    ready, corrected = stage.ready, [item for item in stage.items if item.corrected is not None]
    if ready or corrected:
        check_closed(folder)
    if ready:
        _ask_to_sign(app, stage)
    for item in corrected:
        app.say(_("Number {number}, {serial}, was signed otherwise:").format(number=item.number, serial=item.serial))
        if item.signed is not None and item.corrected is not None:
            for label, was, now in changes(item.signed, item.corrected):
                app.say(_("  {label}: {was} → {now}").format(label=label, was=was, now=now))
    if corrected:
        count = len(corrected)
        text = ngettext(
            "Sign {n} correction? Everybody can read both.", "Sign {n} corrections? Everybody can read both.", count
        )
        app.require(text.format(n=count))
    agreed = [*ready, *corrected]
    if agreed:
        require_unchanged(workshop, folder, stage, agreed)  # Before the passphrase is typed in vain,
        app = replace(app, unlocked=_unlocked(app, workshop))
    with firing_alone(workshop):
        if agreed:
            require_unchanged(workshop, folder, stage, agreed)  # and in the end.
        _finish(app, workshop, folder, stage, layout, codes=codes)


def _finish(app: App, workshop: Workshop, folder: Path, stage: Stage, layout: str, *, codes: bool) -> None:
    """Sign what was agreed to, where there is any, send it, and print."""
    from provenance_cli.firing.going import drop_lost, papers, send, sign_corrections, sign_ready, told_next
    from provenance_cli.firing.saying import states_told

    drop_lost(workshop, stage)
    corrected = [item for item in stage.items if item.corrected is not None]
    if app.unlocked is not None:
        count = sign_ready(app, workshop, folder, stage, app.unlocked)
        count += sign_corrections(app, workshop, corrected, app.unlocked)
        app.say(ngettext("{n} certificate signed.", "{n} certificates signed.", count).format(n=count))
    states = workshop.store.states()
    if not any(item.serial.compact in states for item in stage.items):
        app.say(_("Nothing is ready to be signed yet: a piece needs a title and a photo."))
        app.data(_members(stage))
        return
    code = send(app)
    if code == exits.INCONCLUSIVE:
        app.say(_("All that is signed is kept. Run this again when there is a network."))
        app.data(_members(stage))
        click.get_current_context().exit(code)
    app.say(states_told(_states(workshop, stage).values()))
    made = papers(app, workshop, folder, stage, layout=layout, with_codes=codes)
    for text in told_next(workshop, folder, stage, made):
        app.say(text)
    app.data({**_members(stage), "states": _states(workshop, stage), "files": [str(path) for path in made.files],
              "leftOut": [str(serial) for serial in made.left_out]})  # fmt: skip
    if code:
        click.get_current_context().exit(code)


def _ask_to_sign(app: App, stage: Stage) -> None:
    count = len(stage.ready)
    text = ngettext(
        "Sign {n} piece? Until now everything can be changed; what is signed stays.",
        "Sign {n} pieces? Until now everything can be changed; what is signed stays.",
        count,
    )
    if not app.confirm(text.format(n=count), default=False):
        app.say(_("Nothing is signed. Change what you like, and run this again; --undo takes the last change back."))
        click.get_current_context().exit(exits.INTERRUPTED)


def _unlocked(app: App, workshop: Workshop) -> Unlocked:
    """Open the keystore, and ask again where the passphrase was mistyped."""
    from provenance.errors import KeystoreError
    from provenance_cli.report import words

    keystore = workshop.keystore()
    for _attempt in range(ATTEMPTS - 1 if app.passphrase_source is None else 0):
        try:
            return app.unlock(keystore)
        except KeystoreError as error:
            if error.code != "wrong-passphrase":
                raise
            app.say(sentences(words(error)[0], _("Nothing is signed yet. Type it once more.")), fg="yellow")
    return app.unlock(keystore)


def _watch(app: App, workshop: Workshop, folder: Path, record: FiringRecord) -> NoReturn:
    """Look again whenever something changes; a spreadsheet that is just being saved is read the next time."""
    from provenance.errors import MalformedError, StorageError
    from provenance_cli.report import words

    while True:
        before = _traces(folder)
        try:
            _look(app, workshop, folder, record)
        except (MalformedError, StorageError) as error:
            app.say(sentences(*words(error)), fg="yellow")
        app.say(_("Waiting for a change in {folder}. Ctrl-C ends this.").format(folder=folder))
        _wait_for_change(folder, before)


def _wait_for_change(folder: Path, before: dict[str, tuple[int, int]]) -> None:
    """Return once a photo or the spreadsheet is other than `before`; raises `ConfigurationError` for a lost folder."""
    while True:
        time.sleep(GLANCE)
        if (now := _traces(folder)) != before:
            time.sleep(GLANCE)  # What is copied in is often not alone.
            if _traces(folder) == now:
                return


def _traces(folder: Path) -> dict[str, tuple[int, int]]:
    from provenance_cli.firing.looking import photo_files
    from provenance_cli.firing.workbook import BOOK

    if not folder.is_dir():
        raise _no_firing(folder)
    traces = dict[str, tuple[int, int]]()
    for name in (*photo_files(folder), BOOK):
        try:
            state = (folder / name).stat()
        except OSError:  # It is being replaced.
            continue
        traces[name] = state.st_size, state.st_mtime_ns
    return traces


def _states(workshop: Workshop, stage: Stage) -> dict[str, str]:
    states = workshop.store.states()
    return {str(item.serial): states[item.serial.compact] for item in stage.items if item.serial.compact in states}


def _members(stage: Stage) -> dict[str, object]:
    unassigned, set_aside = (
        [{"photo": loose.photo.name, "reason": loose.reason} for loose in found]
        for found in (stage.loose, stage.set_aside)
    )
    return {
        "pieces": len(stage.items),
        "lost": [item.number for item in stage.lost],
        "ready": [item.number for item in stage.ready],
        "withoutTitle": [item.number for item in stage.untitled],
        "withoutPhoto": [item.number for item in stage.unphotographed],
        "doubtfulTitle": [item.number for item in stage.misplaced],
        "unassigned": unassigned,
        "setAside": set_aside,
        "broken": [name for name, _fault in stage.looked.broken],
        "faults": [
            {"line": line, "column": error.field, "message": error.message, "hint": error.hint}
            for line, error in stage.faults
        ],
    }
