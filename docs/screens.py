"""Takes the pictures of the terminal that stand on the pages: ``python docs/screens.py [FOLDER]``.

A potter's firing is gone through in a terminal of 80 by 24 cells, in English and in Chinese, at a registry that runs
meanwhile.  With a folder, every screen goes there, failures too, as text and as a picture, to be looked at.
"""

from __future__ import annotations

import io
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from html import escape
from pathlib import Path

import pypdfium2
from PIL import Image

from provenance_cli.columns import width
from provenance_cli.firing.beginning import SLIPS
from provenance_cli.firing.contact import SHEET
from provenance_cli.firing.record import FiringRecord
from provenance_cli.firing.workbook import LOST, PHOTOS
from provenance_cli.i18n import in_language
from tests.faults.firings import _RUN, Potter
from tests.support.firing_screens import LOCALES, Screen, Sitting, failures
from tests.support.kiln import Phone, Shoot
from tests.support.offline_shops import TITLE, write
from tests.support.registries import RunningRegistry
from tests.support.terminals import COLUMNS, Terminal

PICTURES = Path(__file__).resolve().parent / "pictures"
KEPT = ("first-run", "later-run", "done")
"""Screens that stand on the pages."""
WIDEST = 760
"""Pixels of a picture of paper or of the contact sheet, at the most."""
CELL, LINE, EDGE = 8.4, 18, 12
"""Width of a cell, height of a line and the margin, in pixels."""
_TITLES = {
    "en": ("Bowl with scrolling lotus", "Carved conical bowl", "Celadon vase", "", "Small cup", "Copper-red dish"),
    "zh-Hans": ("青花缠枝莲纹碗", "影青刻花斗笠盏", "青釉弦纹瓶", "", "白釉小杯", "霁红釉盘"),
}
COLOURS = {"31": "#b3302a", "33": "#8a5a00"}
_STYLE = re.compile(r"\x1b\[([0-9;]*)m")


def svg(styled: str) -> str:
    """Return a picture of a screen: each run of text starts in its own cell, whatever font is there."""
    lines = styled.rstrip().split("\n")
    wide, high = COLUMNS * CELL + 2 * EDGE, len(lines) * LINE + 2 * EDGE
    texts = list[str]()
    weight, colour = "", ""
    for row, line in enumerate(lines):
        column, at = 0, 0
        for found in [*_STYLE.finditer(line), None]:
            text = line[at : found.start() if found else len(line)]
            for part in re.findall(r"[\u2e80-\uffff]+|[^\u2e80-\uffff]+", text):
                if bare := part.strip(" "):
                    x, y = EDGE + (column + len(part) - len(part.lstrip(" "))) * CELL, EDGE + (row + 0.75) * LINE
                    style = f'textLength="{width(bare) * CELL:.1f}"{weight}{colour}'
                    texts.append(f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(bare)}</text>')
                column += width(part)
            if found:
                at = found.end()
                for code in found[1].split(";"):
                    weight = ' font-weight="bold"' if code == "1" else "" if code in ("", "0") else weight
                    if code in COLOURS:
                        colour = f' fill="{COLOURS[code]}"'
                    elif code in ("", "0", "39"):
                        colour = ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" font-size="14" fill="#1b2233" '
        "font-family=\"'DejaVu Sans Mono','Noto Sans Mono CJK SC',Menlo,Consolas,monospace\" xml:space=\"preserve\">"
        f'<rect width="100%" height="100%" rx="8" fill="#f6f5f1" stroke="#dcd9cf"/>{"".join(texts)}</svg>\n'
    )


def way(top: Path, potter: Potter, lang: str) -> Iterator[Screen]:
    """Go the whole way of six pieces, and yield its screens."""
    program = [sys.executable, "-c", _RUN]  # Which takes the registry's address for one that buyers reach.
    sitting = Sitting(top, potter.path, lang, program)
    chinese, folder = lang == "zh-Hans", potter.path / "2026-11-02"
    kiln, clay = ("龙窑", "高岭土") if chinese else ("Dragon kiln", "Kaolin")
    yield sitting.run(
        "first-run", folder, ("How many pieces are in the kiln?", 1, "6"), ("Which kiln?", 1, kiln),
        ("Day of the firing, like 2026-11-02", 1, "2026-11-02"), ("Clay, if all have the same", 1, clay),
        ("Glaze, if all have the same", 1, ""), ("Maker, if all have the same", 1, ""),
    )  # fmt: skip
    record = FiringRecord.read(folder)
    if record is None:
        raise RuntimeError("The firing was not begun.")
    shoot = Shoot(folder, random.Random(5), (900, 700))  # noqa: S311
    first, second, third, _fourth, fifth, sixth = record.serials
    phone = Phone("Phone", datetime(2026, 11, 2, 10, 0))  # noqa: DTZ001
    shoot.all_of(phone, [first, second, third, fifth, sixth], (0, 1), unreadable=[second])
    titles = _TITLES[lang]
    heading = TITLE if chinese else "英文名 Title (en)"
    write(folder, {(n, heading): title for n, title in enumerate(titles, 1) if title} | {(4, LOST): "是 yes"})
    yield sitting.run("later-run", folder, ("[y/N]", 1, "n"))
    shutil.copy(folder / SHEET, top / f"contact-sheet.{lang}.html")
    shutil.copy(folder / SLIPS, top / f"slips.{lang}.pdf")
    shown = {n: [name for name, piece in shoot.truth.items() if piece == s] for n, s in ((1, first), (2, second))}
    write(folder, {(n, PHOTOS): ";".join(names) for n, names in shown.items()})
    command = [*program, "-C", potter.path, "firing", folder.name]
    with Terminal(top, command, LOCALES[lang], start=folder.parent) as terminal:
        for name, question, answer in (
            ("one-question", "[y/N]", "y"),
            ("passphrase", in_language("Passphrase", lang) + in_language(": ", lang), "four words of mine"),
        ):
            text = terminal.wait(question)
            yield Screen(name, text, terminal.screen(styled=True), 0)
            terminal.type(answer)
        yield _busiest(terminal)
        code = terminal.ended(300)
        yield Screen("done", terminal.screen(), terminal.screen(styled=True), code)


def _busiest(terminal: Terminal) -> Screen:
    """Return a screen with a bar of progress on it."""
    seen = Screen("signing", "", "", 0)
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not terminal.has_ended:
        text = terminal.screen()
        if "━" in text:
            seen = Screen("signing", text, terminal.screen(styled=True), 0)
            if "0/" not in text:
                break
        time.sleep(0.02)
    return seen


def save_paper(page: Image.Image, path: Path) -> None:
    """Save a picture of paper, small."""
    page.thumbnail((WIDEST, WIDEST))
    page.convert("P", palette=Image.Palette.ADAPTIVE, colors=48).save(path, optimize=True)


def main(arguments: list[str]) -> None:
    """Take all pictures."""
    out, top = Path(arguments[0]) if arguments else None, Path(tempfile.gettempdir()) / "pottery"
    top.mkdir()  # Its name stands on the pictures.
    registry = RunningRegistry(top / "registry")
    registry.start()
    try:
        for lang in LOCALES:
            potter = Potter(top / lang, registry, f"screens-{lang.lower()}")
            for screen in way(top, potter, lang):
                _save(screen, lang, out)
            save_sheets(top, lang)
            if out is not None:
                (top / lang / "failures").mkdir()
                for screen in failures(top / lang / "failures", potter.path, lang):
                    _save(screen, lang, out)
    finally:
        registry.stop()
        shutil.rmtree(top)


def save_sheets(top: Path, lang: str) -> None:
    """Take pictures of the slips and of the contact sheet."""
    from playwright.sync_api import sync_playwright

    page = pypdfium2.PdfDocument(top / f"slips.{lang}.pdf")[0].render(scale=1.3).to_pil()
    save_paper(page.crop((0, 0, page.width, page.height // 2)), PICTURES / f"slips.{lang}.png")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        sheet = browser.new_page(viewport={"width": 800, "height": 900})
        sheet.goto((top / f"contact-sheet.{lang}.html").as_uri())
        save_paper(Image.open(io.BytesIO(sheet.screenshot())), PICTURES / f"contact-sheet.{lang}.png")
        browser.close()


def _save(screen: Screen, lang: str, out: Path | None) -> None:
    # The folder of the pictures' potter stands for any home.
    drawn = svg(screen.styled.replace(f"{Path(tempfile.gettempdir()) / 'pottery' / lang}/", "~/"))
    if screen.name in KEPT:
        (PICTURES / f"{screen.name}.{lang}.svg").write_text(drawn, "utf-8")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{screen.name}.{lang}.txt").write_text(screen.text + "\n", "utf-8")
        (out / f"{screen.name}.{lang}.svg").write_text(drawn, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
