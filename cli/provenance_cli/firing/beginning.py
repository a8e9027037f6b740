"""The beginning of a firing: what is asked once, the serials, the slips and the spreadsheet."""

from __future__ import annotations

import sys
from pathlib import Path

from provenance.errors import ConfigurationError, ConflictError, MalformedError
from provenance_cli.alone import alone_at
from provenance_cli.columns import sentences
from provenance_cli.context import App
from provenance_cli.darkroom import WorkshopDarkroom
from provenance_cli.facts import read_facts
from provenance_cli.firing.looking import photo_files
from provenance_cli.firing.record import RECORD, FiringRecord, keep
from provenance_cli.firing.saying import name_of
from provenance_cli.firing.undoing import keep_version, versions
from provenance_cli.firing.workbook import BOOK, new_book
from provenance_cli.i18n import _, later, ngettext
from provenance_cli.mapping import Columns
from provenance_cli.portable_names import check_new_folder
from provenance_cli.report import words
from provenance_cli.spreadsheet import Row
from provenance_cli.workshop import SETTINGS, Workshop

SLIPS = "slips.pdf"
QUESTIONS = {
    "kiln": later("Which kiln?"),
    "fired": later("Day of the firing, like 2026-11-02"),
    "clay_body": later("Clay, if all have the same"),
    "glaze": later("Glaze, if all have the same"),
    "maker": later("Maker, if all have the same"),
}


def begin(app: App, workshop: Workshop, folder: Path, pieces: int | None, shared: dict[str, str]) -> FiringRecord:
    """Ask how many pieces there are and what they share, and reserve their serials."""
    _require_free(folder)
    check_new_folder(folder, "folder")
    _check_shared(workshop, shared)
    is_asked = sys.stdin.isatty() and not app.yes
    if pieces is None:
        app.say(_("A new firing begins in {folder}.").format(folder=folder.resolve()), bold=True)
        if is_asked and not folder.exists():
            app.say(_("Was there one, and it was moved? Leave with Ctrl-C, and name it where it is now."))
    if folder.exists() and photo_files(folder):
        app.say(_("Photos that were taken before the slips cannot be told apart by them."), fg="yellow")
    while pieces is None:
        try:
            pieces = _count(app.ask(_("How many pieces are in the kiln?"), option="--pieces"))
        except MalformedError as error:
            app.say(sentences(*words(error)), fg="yellow")
    for name, question in QUESTIONS.items() if is_asked else ():
        while name not in shared:
            answer = app.ask(_(question), default="", option=f"--{name.replace('_', '-')}")
            try:
                _check_shared(workshop, {name: answer} if answer else {})
            except MalformedError as error:
                app.say(sentences(*words(error)), fg="yellow")
            else:
                shared[name] = answer
    record = FiringRecord.begin(pieces, {name: text for name, text in shared.items() if text}, app.clock())
    with alone_at(workshop.path / "begin.lock", _begun_elsewhere()):
        _require_free(folder)  # Two may have been asked at the same time.
        record.write(folder)
    count = len(record.serials)
    app.say(ngettext("{n} serial is reserved.", "{n} serials are reserved.", count).format(n=count))
    return record


def _begun_elsewhere() -> ConflictError:
    return ConflictError(
        "firing-begun-elsewhere",
        "Another program begins a firing of this workshop at this moment.",
        hint="Run the command again.",
    )


def _require_free(folder: Path) -> None:
    if any((folder / name).exists() for name in (SETTINGS, BOOK, RECORD)):
        raise ConfigurationError(
            "folder-taken",
            "{folder} is no place for a new firing: something else is in it.",
            hint="Name a new folder, like `kilnmark firing 2026-11-02`.",
            folder=folder.resolve(),
        )


def complete(app: App, workshop: Workshop, folder: Path, record: FiringRecord) -> None:
    """Write the slips and the spreadsheet where they are not there."""
    from provenance.printing.slips import Slip, print_slips

    if not (folder / BOOK).exists():
        kept = versions(folder)
        keep(folder / BOOK, kept[-1].read_bytes() if kept else new_book(record))
        keep_version(folder)
        text = (
            _("{file} was gone: it is there again as it was read last.") if kept else _("{file}: a row for each piece.")
        )
        app.say(text.format(file=folder / BOOK))
    if not (folder / SLIPS).exists():
        slips = [Slip(number, serial) for serial, number in record.numbers.items()]
        title = _("{studio}: slips of the firing {name}").format(
            studio=workshop.issuer.name, name=name_of(record, folder)
        )
        with app.progress(len(slips), _("Printing")) as advance:
            keep(folder / SLIPS, print_slips(slips, title, language=app.lang, created=app.clock(), progress=advance))
        app.say(_("{file}: a slip for each piece, every code read back.").format(file=folder / SLIPS))


def _count(answer: str) -> int:
    """Return how many pieces were answered; raises `MalformedError`."""
    if not answer.isascii() or not answer.isdigit() or not 1 <= len(answer) <= 6:
        raise MalformedError(
            "bad-number", "“{text}” is no number.", field="pieces", hint="Type digits, like 200.", text=answer[:20]
        )
    return int(answer)


def _check_shared(workshop: Workshop, shared: dict[str, str]) -> None:
    """Raise `MalformedError` for a shared fact that could not stand in a certificate."""
    columns = Columns({name: name for name in shared}, "mm", workshop.language)
    read_facts(Row(1, shared), columns, workshop.language, None, WorkshopDarkroom(workshop, dry=True))
