from __future__ import annotations

import pytest

from provenance.errors import MalformedError
from provenance_cli.mapping import Columns, guess
from provenance_cli.measures import is_rounded, whole


@pytest.mark.parametrize(
    ("text", "field", "unit", "expected"),
    [
        ("312", "height", "mm", 312),
        ("31.2", "height", "cm", 312),
        ("31,2", "height", "cm", 312),
        ("31.2 cm", "height", "mm", 312),  # The cell's own unit counts before the column's.
        ("31.2厘米", "height", "mm", 312),
        ("３１．２ｃｍ", "height", "mm", 312),
        ("312mm", "height", "cm", 312),
        ("0.312m", "height", "mm", 312),
        ("12 in", "height", "mm", 305),
        ('12"', "height", "mm", 305),
        ("12″", "height", "mm", 305),
        ("1.200", "height", "m", 1200),
        ("1,234.5", "height", "mm", 1234),
        ("1,234,567", "weight", "g", 1_234_567),
        ("2.14公斤", "weight", "g", 2140),
        ("1.2", "weight", "kg", 1200),
        ("1斤", "weight", "g", 500),
        ("1320℃", "peak", "°c", 1320),
        ("1320 °C", "peak", "°c", 1320),
        ("0", "height", "mm", None),
        ("0.2", "height", "mm", 1),
    ],
)
def test_a_measure_is_read(text: str, field: str, unit: str, expected: int | None) -> None:
    assert whole(text, field, unit) == expected


@pytest.mark.parametrize(
    ("text", "field", "code"),
    [
        ("1,234", "height", "ambiguous-number"),
        ("1.200", "height", "ambiguous-number"),
        ("tall", "height", "bad-number"),
        ("", "height", "bad-number"),
        ("-3", "height", "bad-number"),
        ("1e9", "height", "bad-number"),
        ("1.2.3", "height", "bad-number"),
        ("99999999999", "height", "bad-number"),
        ("9" * 10_000, "height", "bad-number"),
        ("9寸", "height", "unknown-unit"),
        ("2 ft", "height", "unknown-unit"),
        ("1 kg", "height", "unknown-unit"),
        ("1300F", "peak", "unknown-unit"),
        ("31 x 18", "height", "bad-number"),
    ],
)
def test_what_could_be_read_wrong_is_refused(text: str, field: str, code: str) -> None:
    with pytest.raises(MalformedError) as caught:
        whole(text, field, "mm" if field != "peak" else "°c")
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("12.34", "mm", True),
        ("31.25", "cm", True),
        ("31.2", "cm", False),
        ("312", "mm", False),
        ("3.5 in", "mm", False),
    ],
)
def test_a_metric_measure_that_loses_decimals_is_told(text: str, unit: str, expected: bool) -> None:
    assert is_rounded(text, "height", unit) is expected


def test_a_headings_unit_counts_before_the_files() -> None:
    columns = guess(("名称", "高(m)", "口径（厘米）", "重量(kg)", "宽 (with handle)"), "in")
    assert {field: columns.unit_of(field) for field in ("height", "diameter", "weight", "width")} == {
        "height": "m",
        "diameter": "厘米",
        "weight": "kg",
        "width": "in",
    }


@pytest.mark.parametrize(
    "heading", ["高（约, cm）", "Height (in cm)", "高度（单位：cm）", "Height [cm, approx.]", "Height (cm with lid)"]
)
def test_a_unit_among_other_words_counts(heading: str) -> None:
    assert Columns({"title": "t", "height": heading}).unit_of("height") == "cm"


@pytest.mark.parametrize("heading", ["高度(寸)", "height (ft)", "高(kg)"])
def test_a_heading_with_a_unit_that_is_not_taken_is_refused(heading: str) -> None:
    with pytest.raises(MalformedError) as caught:
        guess(("名称", heading))
    assert (caught.value.code, caught.value.field) == ("unknown-unit", heading)


def test_a_mapping_comes_back_from_its_file() -> None:
    import tomllib

    columns = Columns({"title": 'Na"me\\ \x07', "height": "高(cm)"}, "in", "zh-Hans")
    values = tomllib.loads(columns.to_toml())
    assert values["columns"] == columns.headings
    assert (values["unit"], values["language"]) == ("in", "zh-Hans")
