"""Dimensions as museums write them, and headings as they write them."""

from __future__ import annotations

import pytest

from provenance.errors import MalformedError
from provenance.piece import Piece
from provenance_cli.dimensions import MAX_CELL, split
from provenance_cli.facts import to_piece
from provenance_cli.headings import ALL, plain
from provenance_cli.mapping import Columns, guess
from provenance_cli.measures import whole
from provenance_cli.spreadsheet import Row
from tests.unit.test_intake import NoDarkroom


def read(cell: str, heading: str = "Dimensions", **more: str) -> Piece:
    cells = {"Title": "Cup", heading: cell, **more}
    return to_piece(Row(2, cells), guess(tuple(cells)), "en", None, NoDarkroom())


@pytest.mark.parametrize(
    ("cell", "heading", "expected"),
    [
        ("H: 10 1/2 in. (26.7 cm)", "Dimensions", {"height": 267}),
        ("H. 10½ in. (26.7 cm); Diam. 5 in. (12.7 cm)", "Dimensions", {"height": 267, "diameter": 127}),
        ("10 1/2 × 5 in. (26.7 × 12.7 cm)", "Dimensions (H x W)", {"height": 267, "width": 127}),
        ("26.7 x 12.7 x 5 cm", "Dimensions (H x W x D)", {"height": 267, "width": 127, "depth": 50}),
        ("26,7 × 12,7 × 5", "尺寸（高×宽×厚，cm）", {"height": 267, "width": 127, "depth": 50}),
        ("Overall: 10 in. high, 5 in. wide", "Size", {"height": 254, "width": 127}),
        ("5 in. in diameter", "Measurements", {"diameter": 127}),
        ("Hauteur : 12,5 cm ; Diamètre : 4 cm", "Mesures", {"height": 125, "diameter": 40}),
        ("高31.2厘米，口径5.6厘米，足径12厘米", "尺寸", {"height": 312, "diameter": 56}),
        ("通高31厘米 腹径12厘米", "外形尺寸", {"height": 310}),
        ("高31.2口径5.6cm", "尺寸", {"height": 312, "diameter": 56}),
        ("Height: 6 in., Weight: 2 kg", "Dimensions", {"height": 152, "weight": 2000}),
    ],
)
def test_a_cell_of_dimensions_is_read(cell: str, heading: str, expected: dict[str, int]) -> None:
    piece = read(cell, heading)
    sides = {side: getattr(piece, f"{side}_mm") for side in ("height", "width", "depth", "diameter")}
    assert {name: value for name, value in (sides | {"weight": piece.weight_g}).items() if value} == expected


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("26.7 x 12.7 cm", "unclear-dimensions"),
        ("H. 26.7 cm; D. 12.7 cm", "unclear-dimensions"),  # A depth or a diameter.
        ("H 3 in; H 4 in", "unclear-dimensions"),
        ("various", "unclear-dimensions"),
        (";;", "unclear-dimensions"),
        ("H 3 cm;" * MAX_CELL, "unclear-dimensions"),
        ("H 26,700 mm", "ambiguous-number"),
        ("H. 10 1/2 in. (27.7 cm)", "measures-differ"),
        ("H 2 ft", "unknown-unit"),
        ("H 2 ft 3 in", "bad-number"),
        ("Weight 2 lb 3 oz", "bad-number"),
    ],
)
def test_what_is_not_told_by_the_cell_is_not_guessed(cell: str, code: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read(cell)
    assert (caught.value.code, caught.value.field) == (code, "dimensions")
    assert caught.value.hint


def test_a_measure_in_a_column_of_its_own_counts_before_one_of_several() -> None:
    assert read("H 26.7 cm; W 3 cm", Height="250").height_mm == 250
    assert split("L 3 cm; 足径 4 cm; H 2 cm", "x").left_out == ("l 3 cm", "足径 4 cm")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 1/2 in", 267),
        ("10½ in.", 267),
        ("½ in", 13),
        ("3/4 in (1.9 cm)", 19),
        ('26.7 cm (10 1/2")', 267),
        ("26.7 cm (10.51 in)", 267),
    ],
)
def test_a_measure_in_fractions_or_in_two_units_is_read(text: str, expected: int) -> None:
    assert whole(text, "height", "mm") == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("10 5/2 in", "bad-number"),
        ("10 1/3 in", "bad-number"),
        ("10½", "ambiguous"),
        ("26 cm (10)", "bad-number"),
        ("(26 cm)", "bad-number"),
        ("26 cm (12 in) (3 in)", "bad-number"),
        ("30 cm (10.5 in)", "measures-differ"),
        ("26 cm (3 ft)", "unknown-unit"),
    ],
)
def test_other_measures_are_refused(text: str, code: str) -> None:
    if code == "ambiguous":
        assert whole(text, "height", "mm") == 10  # Told as a rounding, and asked for its unit before.
        return
    with pytest.raises(MalformedError) as caught:
        whole(text, "height", "mm")
    assert caught.value.code == code


def test_headings_are_named_as_they_are_compared() -> None:
    for field, names in ALL.items():
        assert [name for name in names if plain(name) != name] == [], field


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (
            ("Object Number", "Object Name", "Title", "Artist Display Name", "Object Date", "Medium", "Dimensions",
             "Credit Line", "Rights and Reproduction", "Link Resource"),
            {"accession_number": "Object Number", "form": "Object Name", "title": "Title", "made": "Object Date",
             "maker": "Artist Display Name", "technique": "Medium", "dimensions": "Dimensions",
             "credit_line": "Credit Line", "rights": "Rights and Reproduction"},
        ),
        (
            ("藏品编号", "文物名称", "年代", "质地", "尺寸", "入藏来源", "版权声明", "完残程度"),
            {"accession_number": "藏品编号", "title": "文物名称", "made": "年代", "technique": "质地",
             "dimensions": "尺寸", "credit_line": "入藏来源", "rights": "版权声明"},
        ),
        (
            ("Numéro_inventaire", "Titre", "Auteur", "Matériaux et techniques", "Période", "Mesures", "Droits",
             "Localisation"),
            {"accession_number": "Numéro_inventaire", "title": "Titre", "maker": "Auteur", "made": "Période",
             "technique": "Matériaux et techniques", "dimensions": "Mesures", "rights": "Droits"},
        ),
        (("objectNumber", "Object name"), {"accession_number": "objectNumber", "title": "Object name"}),
        (("N° d’inventaire", "Désignation"), {"accession_number": "N° d’inventaire", "title": "Désignation"}),
    ],
)  # fmt: skip
def test_headings_of_museums_are_known(headings: tuple[str, ...], expected: dict[str, str]) -> None:
    columns = guess(headings)
    assert columns.headings == expected
    assert columns.unread(headings) == [name for name in headings if name not in expected.values()]


def test_credit_and_rights_are_one_line_in_every_language() -> None:
    cells = {
        "Title": "Cup", "Credit": "Gift of the Sample family", "Credit (zh)": "示例家族捐赠", "Rights": "CC BY 4.0",
        "Rights (zh)": "知识共享署名 4.0",
    }  # fmt: skip
    piece = to_piece(Row(2, cells), guess(tuple(cells)), "en", None, NoDarkroom())
    assert piece.credit_line == {
        "en": "Gift of the Sample family · CC BY 4.0",
        "zh-Hans": "示例家族捐赠 · 知识共享署名 4.0",
    }
    shared = Columns({"title": "Title", "credit_line": "Credit"}, every_row={"rights": "CC0 1.0", "made": "c. 1750"})
    piece = to_piece(Row(2, cells), shared, "en", None, NoDarkroom())
    assert (piece.credit_line, piece.made) == ({"en": "Gift of the Sample family · CC0 1.0"}, "c. 1750")
