"""A row of a firing's spreadsheet puts right what it has columns for, and takes nothing else back."""

from __future__ import annotations

from dataclasses import replace

from provenance.encoding import Digest
from provenance.piece import Consent, Edition, Firing, Maker, Photo, Piece
from provenance.serial import Serial
from provenance_cli.firing.correcting import put_right
from provenance_cli.firing.workbook import columns_for

SERIAL = Serial.random()
COLUMNS = columns_for("zh-Hans")
ROW = Piece(
    SERIAL, title={"zh-Hans": "碗", "en": "Bowl"}, makers=(Maker({"zh-Hans": "林师傅"}),), height_mm=62,
    glaze={"zh-Hans": "青釉"}, firing=Firing(kiln={"zh-Hans": "龙窑"}, date="2026-11-02"), edition=Edition(1, 3),
)  # fmt: skip
AMENDED = replace(
    ROW,
    title={**ROW.title, "ja": "茶碗"},
    makers=(
        Maker({"zh-Hans": "客"}, "visitor", consent=Consent("2026-11-01")),
        Maker({"zh-Hans": "林师傅", "en": "Master Lin"}, teacher={"zh-Hans": "王师傅"}),
    ),
    glaze={"zh-Hans": "青釉", "en": "Celadon"},
    firing=Firing({"zh-Hans": "龙窑", "en": "Dragon kiln"}, {"zh-Hans": "松柴"}, date="2026-11-02", peak_celsius=1_300),
    edition=Edition(1, 3, {"en": "Moon"}),
    country="CN",
    depth_mm=50,
    made="2026",
    credit_line={"en": "Gift"},
    photos=(Photo(Digest.of(b"photo")),),
)
"""The row's piece with facts that no column of the spreadsheet holds."""


def test_what_stands_in_no_column_is_not_taken_back() -> None:
    assert put_right(AMENDED, ROW, COLUMNS) == AMENDED
    assert put_right(ROW, ROW, COLUMNS) == ROW


def test_what_a_row_says_otherwise_is_put_right_beside_it() -> None:
    row = replace(
        ROW, title={"zh-Hans": "盏"}, makers=(Maker({"zh-Hans": "陈师傅"}),), height_mm=None, glaze={},
        firing=Firing(date="2026-11-03"), edition=None,
    )  # fmt: skip
    right = put_right(AMENDED, row, COLUMNS)
    assert right.title == {"zh-Hans": "盏", "ja": "茶碗"}
    assert right.makers == (AMENDED.makers[0], row.makers[0])
    assert (right.height_mm, right.glaze, right.edition) == (None, {"en": "Celadon"}, None)
    assert right.firing == replace(AMENDED.firing or Firing(), kiln={"en": "Dragon kiln"}, date="2026-11-03")
    assert (right.country, right.photos) == ("CN", AMENDED.photos)
    bare = replace(ROW, firing=None, makers=())
    assert put_right(ROW, bare, COLUMNS) == bare
