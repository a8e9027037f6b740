"""What stands in a stranger's code on a photo is one line of the answer, and none of our own words."""

from __future__ import annotations

import pytest

from provenance_cli.commands.tag_check import _show
from provenance_cli.context import App


def test_a_foreign_text_adds_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = "no tag\n  ✓ row 1, no. 2: 7K3M-9QX2-VD5T-6\x1b[2K\r\u2028"
    _show(App(), {"file": "tray.jpg", "tags": [{"state": "no-tag", "row": 1, "place": 1, "text": text}]})
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert told[1].startswith("  ✗ row 1, no. 1: no tag ")
    assert "\x1b" not in told[1]
