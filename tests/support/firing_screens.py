"""What a potter sees at a terminal of 80 by 24 cells when something goes wrong in a firing, in either language."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance_cli.firing.record import FiringRecord
from provenance_cli.firing.workbook import BOOK, NUMBER, SERIAL
from provenance_cli.i18n import in_language
from tests.faults.small_disk import mounted
from tests.support.offline_shops import TITLE, cell, photograph, write
from tests.support.terminals import KILNMARK, Terminal

CTRL_C = "\x03"
LOCALES = {"en": "en_GB.UTF-8", "zh-Hans": "zh_CN.UTF-8"}


@dataclass(frozen=True, slots=True)
class Screen:
    """What stood there: its text, with its colours as escape sequences, and the exit code."""

    name: str
    text: str
    styled: str
    code: int


class Sitting:
    """A potter at a terminal, who runs `kilnmark firing` in one language."""

    def __init__(self, top: Path, workshop: Path, lang: str, program: Sequence[str] = tuple(KILNMARK)) -> None:
        self.top, self.workshop, self.lang, self.program = top, workshop, lang, program

    def run(self, name: str, folder: Path, *answers: tuple[str, int, str], options: Sequence[str] = ()) -> Screen:
        """Run it in `folder`'s place, give each answer once its question has come so often; return the last screen."""
        command = [*self.program, *options, "-C", self.workshop, "firing", folder.name]
        with Terminal(self.top, command, LOCALES[self.lang], start=folder.parent) as terminal:
            for question, times, answer in answers:
                colon = (
                    in_language(": ", self.lang) if question == "Passphrase" else ""
                )  # The word alone is elsewhere too.
                terminal.wait(in_language(question, self.lang) + colon, times)
                terminal.type(answer)
            code = terminal.ended()
            return Screen(name, terminal.screen(), terminal.screen(styled=True), code)


def failures(top: Path, workshop: Path, lang: str) -> Iterator[Screen]:
    """Yield a screen for each of six failures in a firing of two pieces; raises `NotPermittedError` without mounts."""
    sitting, folder = Sitting(top, workshop, lang), top / "2026-11-02"
    sitting.run("begun", folder, ("How many pieces are in the kiln?", 1, "2"), options=("-y",))
    record = FiringRecord.read(folder)
    assert record is not None
    photograph(folder, record)
    write(folder, {(1, TITLE): "青花缠枝莲碗", (2, TITLE): "影青刻花盏"})
    tries = [("Passphrase", number, "not the passphrase") for number in (1, 2, 3)]
    yield sitting.run("wrong-passphrase", folder, ("[y/N]", 1, "y"), *tries)

    (folder / f"~${BOOK}").write_bytes(b"somebody")
    yield sitting.run("spreadsheet-open", folder)
    (folder / f"~${BOOK}").unlink()

    before = (folder / BOOK).read_bytes()
    write(folder, {(2, heading): cell(folder, 1, heading) for heading in (NUMBER, SERIAL)})
    yield sitting.run("row-twice", folder)
    (folder / BOOK).write_bytes(before)

    folder.rename(top / "moved")
    yield sitting.run("moved-folder", folder, ("How many pieces are in the kiln?", 1, CTRL_C))
    (top / "moved").rename(folder)

    for name, fill in (("disk-full", True), ("read-only", False)):
        with mounted(top / name, "8m") as disk:
            stick = disk.folder / folder.name
            shutil.copytree(folder, stick)
            (stick / "contact-sheet.html").unlink(missing_ok=True)
            if fill:
                disk.fill()
            else:
                subprocess.run(["mount", "-o", "remount,ro", str(disk.folder)], check=True, timeout=60)
            yield sitting.run(name, stick)
