"""An English title in the column of Chinese ones is doubted before it is signed, and the potter decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.offline_shops import TITLE, OfflineShop, write

DOUBT = "The Chinese title of number"


def test_an_english_title_in_the_chinese_column_is_doubted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = OfflineShop(tmp_path, capsys)
    folder = shop.path / "firing"
    shop.done("firing", folder, "--pieces", 5)
    write(folder, {(1, TITLE): "Moon jar", (2, TITLE): "Moon jar", (3, TITLE): "“月” jar", (4, TITLE): "62 / 3"})
    write(folder, {(5, "英文名 Title (en)"): "Moon jar"})
    code, data, talk = shop.run("firing", folder, "--check")
    assert (code, data["doubtfulTitle"]) == (0, [1, 2])
    assert f"{DOUBT} 1–2 looks English: put it under “英文名 Title (en)”" in talk
    write(folder, {(1, TITLE): "月白罐", (2, TITLE): None})
    code, data, talk = shop.run("firing", folder, "--check")
    assert (code, data["doubtfulTitle"]) == (0, [])
    assert DOUBT not in talk
