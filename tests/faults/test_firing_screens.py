"""What goes wrong in a firing is told at the terminal: what it is and what to do, in 80 cells, in either language."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance_cli.columns import width
from provenance_cli.i18n import in_language
from tests.faults.tables import NotPermittedError
from tests.support.firing_screens import failures
from tests.support.offline_shops import OfflineShop
from tests.support.terminals import is_there

TOLD = {
    "wrong-passphrase": (5, ("The passphrase does not open the keystore.",
                             "Nothing is signed yet. Type it once more.")),
    "spreadsheet-open": (5, ("{file} is open in another program.",
                             "pieces.xlsx is open in another program: what is not saved there is not seen here.")),
    "row-twice": (4, ("Delete one of the two rows.",
                      "Mend these rows in pieces.xlsx, save and close it, and run this again.")),
    "moved-folder": (130, ("Was there one, and it was moved? Leave with Ctrl-C, and name it where it is now.",
                           "Interrupted. Nothing is lost; run the same command again.")),
    "disk-full": (5, ("Make room on the disk, then run the command again: it goes on where it stopped.",)),
    "read-only": (5, ("Copy the folder from the stick to this computer, and run the command there.",)),
}  # fmt: skip


@pytest.mark.skipif(not is_there(), reason="SKIPPED: tmux is not installed")
@pytest.mark.parametrize("lang", ["en", "zh-Hans"])
def test_six_failures_at_a_terminal(lang: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop, seen = OfflineShop(tmp_path, capsys, lang), set[str]()
    try:
        for screen in failures(tmp_path, shop.path, lang):
            code, messages = TOLD[screen.name]
            plain = "".join(screen.text.split())
            assert screen.code == code, screen.text
            for message in messages:
                told = in_language(message, lang).format(file="pieces.xlsx")
                assert "".join(told.split()) in plain, screen.text
            assert "Traceback" not in screen.text
            assert all(width(line) <= 80 for line in screen.text.splitlines())
            seen.add(screen.name)
    except NotPermittedError as why:
        pytest.skip(f"SKIPPED: {why}")
    assert seen == set(TOLD)
    assert shop.workshop.store.states() == {}
