from __future__ import annotations

from pathlib import Path

import pytest

from provenance.errors import MalformedError
from provenance_cli.facts import day
from provenance_cli.spreadsheet import decode, read_sheet


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-02", "2026-11-02"),
        ("2026/11/2", "2026-11-02"),
        ("2026.1.2", "2026-01-02"),
        ("2026年11月3日", "2026-11-03"),
        ("autumn", "autumn"),
        ("2026-11-02T00:00", "2026-11-02T00:00"),
    ],
)
def test_days_as_people_write_them(text: str, expected: str) -> None:
    assert day(text) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_byte_order_mark_is_no_part_of_the_first_heading(tmp_path: Path, encoding: str, mark: str) -> None:
    if mark and encoding in ("utf-8-sig", "utf-16"):
        mark = ""  # The encoding writes one of its own.
    path = tmp_path / "firing.csv"
    path.write_bytes(f"{mark}编号,名称\r\nA-1,青花梅瓶\r\n".encode(encoding))
    assert read_sheet(path).headings == ("编号", "名称")


@pytest.mark.parametrize(
    "data",
    ["青花徳利".encode("shift_jis") * 5, "Céladon".encode("cp1252"), b"\xff\xff\x81\x20", b"a\x00b", b"\xaa\xa1" * 4],
)
def test_text_that_only_looks_like_gb18030_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        decode(data, "x.csv")
    assert caught.value.code == "unknown-encoding"


def test_traditional_characters_in_gb18030_are_read() -> None:
    text = "名稱,作者\n鬥彩雞紋小杯，景德鎮御窯廠,無名氏\n"
    assert decode(text.encode("gb18030"), "x.csv") == (text, "gb18030")
