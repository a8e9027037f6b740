"""Label paper: the sheets that come along, a shop's own, and the pages that are printed on them."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pypdfium2
import pytest
import zxingcpp

from provenance.errors import ConfigurationError, ProvenanceError
from provenance.printing.calibration import print_calibration
from provenance.printing.codes import matrix
from provenance.printing.label import Label
from provenance.printing.layouts import Layout, known_layouts, layout_named, read_layouts
from provenance.printing.readback import read_sheet
from provenance.printing.sheet import print_sheet
from provenance.serial import Serial
from provenance.tag import tag_url

NOW = datetime(2026, 11, 26, tzinfo=UTC)
OWN = """
[[sheet]]
name = "ours"
page = [100, 120]
label = [48, 30.5]
grid = [2, 3]
first = [1, 5]
pitch = [49, 35]
"""


def labels(count: int) -> list[Label]:
    serials = [Serial.random() for _ in range(count)]
    return [
        Label(tag_url("https://registry.example", serial), str(serial), "青花缠枝莲纹梅瓶", ("示例工作室",))
        for serial in serials
    ]


def pages(pdf: bytes) -> list[tuple[float, float]]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        sizes = [page.get_size() for page in document]
        return [(round(width * 25.4 / 72, 1), round(height * 25.4 / 72, 1)) for width, height in sizes]
    finally:
        document.close()


@pytest.mark.parametrize("name", ["L7160", "L7164", "L7651", "22806", "5371", "roll-40x30", "roll-50x30", "roll-60x40"])
def test_a_page_of_tags_reads_back(name: str) -> None:
    layout, out = layout_named(name), io.BytesIO()
    printed = labels(min(layout.per_page + 1, 5))
    start = layout.per_page if layout.per_page > 1 else 1
    print_sheet(printed, out, layout, created=NOW, start=start)
    assert sorted(read_sheet(out.getvalue())) == sorted(label.url for label in printed)
    sides = tuple(round(side, 1) for side in layout.page)
    assert pages(out.getvalue()) == [sides] * (len(printed) if layout.per_page == 1 else 2)


def test_labels_too_small_for_a_code_are_refused_with_the_room_that_is_needed() -> None:
    with pytest.raises(ConfigurationError) as caught:
        print_sheet(labels(1), io.BytesIO(), layout_named("L4731"), created=NOW)
    assert caught.value.code == "label-too-small"
    assert "mm" in (caught.value.hint or "")


@pytest.mark.parametrize("dpi", [None, 203, 300])
def test_a_label_of_the_room_that_is_told_has_room(dpi: int | None) -> None:
    small, (label,) = Layout("small", (10.0, 10.0), (10.0, 10.0)), labels(1)
    with pytest.raises(ConfigurationError) as caught:
        print_sheet([label], io.BytesIO(), small, created=NOW, dpi=dpi or 600)
    wide, high = caught.value.facts["wide"], caught.value.facts["high"]
    assert isinstance(wide, int)
    assert isinstance(high, int)
    for less_wide, less_high, fits in ((0, 0, True), (1, 0, False), (0, 1, False)):
        size = float(wide - less_wide), float(high - less_high)
        try:
            print_sheet([label], io.BytesIO(), Layout("tried", size, size), created=NOW, dpi=dpi or 600)
        except ConfigurationError:
            assert not fits
        else:
            assert fits


def test_labels_are_moved_and_marked_as_asked() -> None:
    (layout,), (label,) = read_layouts(OWN).values(), labels(1)

    def ink(**options: object) -> tuple[int, int, int, int]:
        out = io.BytesIO()
        print_sheet([label], out, layout, created=NOW, **options)  # type: ignore[arg-type]
        document = pypdfium2.PdfDocument(out.getvalue())
        try:
            image = document[0].render(scale=10 * 25.4 / 72, grayscale=True).to_pil()  # 10 pixels a mm.
        finally:
            document.close()
        left, top, right, bottom = image.point(lambda level: 255 if level < 220 else 0).getbbox()
        return left, top, right, bottom

    plain, moved = ink(), ink(shift=(1.5, -0.5))
    assert [after - before for before, after in zip(plain, moved, strict=True)] == pytest.approx(
        [15, -5, 15, -5], abs=1
    )
    left, top, right, bottom = ink(cut_marks=True)
    assert (left, top, right, bottom) == pytest.approx((10, 50, 490, 355), abs=3)


def test_layouts_have_a_calibration_page() -> None:
    known = known_layouts()
    for name, layout in {
        **{name: known[name] for name in ("L4731", "22806", "roll-40x30")},
        **read_layouts(OWN),
    }.items():
        out = io.BytesIO()
        print_calibration(layout, out, created=NOW, words="Print at 100 %.")
        document = pypdfium2.PdfDocument(out.getvalue())
        try:
            told = str(document[0].get_textpage().get_text_range())
        finally:
            document.close()
        assert "Print at 100 %." in told, name
        assert str(layout.per_page) in told.split(), name


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ('name = "ours"', "name = 7"),
        ("page = [100, 120]", 'page = "A3"'),
        ("page = [100, 120]", "page = [100, 99999]"),
        ("label = [48, 30.5]", "label = [0, 30]"),
        ("label = [48, 30.5]", "label = [48]"),
        ("label = [48, 30.5]", 'label = ["48", 30]'),
        ("label = [48, 30.5]", "label = [true, 30]"),
        ("label = [48, 30.5]", "label = [nan, 30]"),
        ("grid = [2, 3]", "grid = [2.5, 3]"),
        ("grid = [2, 3]", "grid = [2, 10000]"),
        ("grid = [2, 3]", "grid = [3, 3]"),
        ("first = [1, 5]", "first = [-1, 5]"),
        ("first = [1, 5]", "frist = [1, 5]"),
        ("pitch = [49, 35]", "pitch = [40, 35]"),
        ("[[sheet]]", "[sheet]"),
        ("[[sheet]]", "[[sheets]]"),
        ("pitch = [49, 35]", "pitch = ["),
    ],
)
def test_a_sheet_that_cannot_be_is_refused(change: str, field: str) -> None:
    assert change in OWN
    with pytest.raises(ProvenanceError) as caught:
        read_layouts(OWN.replace(change, field))
    assert caught.value.code in ("bad-layout", "bad-layout-file")


def test_a_name_stands_once_and_what_is_left_out_is_one_label() -> None:
    with pytest.raises(ProvenanceError):
        read_layouts(OWN + OWN)
    roll = '[[sheet]]\nname = "roll"\npage = [50, 30]\nlabel = [50, 30]\nequals = ["too"]'
    assert read_layouts(roll)["too"] == Layout("roll", (50, 30), (50, 30), pitch_x=50, pitch_y=30)


@pytest.mark.parametrize(("name", "dpi"), [("roll-40x30", None), ("roll-50x30", 203), ("roll-60x40", 300)])
def test_modules_on_rolls_are_whole_printer_dots(name: str, dpi: int | None) -> None:
    """Rendered as the printer does it, every row and column of the code is as wide as the others."""
    layout, out = layout_named(name), io.BytesIO()
    (label,) = labels(1)
    print_sheet([label], out, layout, created=NOW, dpi=dpi)
    dots, module = dpi or 203, 4 if dpi != 300 else 6
    document = pypdfium2.PdfDocument(out.getvalue())
    try:
        page = document[0].render(scale=dots / 72, grayscale=True).to_pil().point(lambda value: 255 * (value > 127))
    finally:
        document.close()
    (code,) = zxingcpp.read_barcodes(page)
    assert code.text == label.url
    left, top = code.position.top_left.x, code.position.top_left.y
    side = len(matrix(label.url)) * module
    timing = [page.getpixel((left + x, top + 6 * module + module // 2)) == 0 for x in range(side)]
    edges = [x for x in range(1, side) if timing[x] != timing[x - 1]]
    assert len(edges) >= side // module - 13
    assert {x % module for x in edges} == {edges[0] % module}


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("l7163", "L7163"),
        ("Avery 5160", "5160"),
        ("avery-l7160", "L7160"),
        ("Roll 50x30", "roll-50x30"),
        ("ROLL_60X40", "roll-60x40"),
    ],
)
def test_a_layout_is_found_as_shops_write_its_name(typed: str, name: str) -> None:
    assert layout_named(typed) == known_layouts()[name]


def test_a_name_that_nothing_has_is_told_the_nearest_or_all() -> None:
    with pytest.raises(ConfigurationError) as caught:
        layout_named("7163")
    assert "L7163" in str(caught.value.hint)
    with pytest.raises(ConfigurationError) as caught:
        layout_named("50x30")
    assert "roll-50x30" in str(caught.value.hint)
    with pytest.raises(ConfigurationError) as caught:
        layout_named("花")
    assert all(known in str(caught.value.hint) for known in known_layouts())
    own = read_layouts(OWN)
    assert layout_named("OURS", own) is own["ours"]
    with pytest.raises(ConfigurationError) as caught:
        layout_named("L7163", own)
    assert str(caught.value.hint).endswith("ours.")
