"""A tag as SVG: exact, safe to open, and read back from the file itself."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from provenance.errors import ConfigurationError, VerificationError
from provenance.printing.label import Label
from provenance.printing.svg import check_svg, tag_svg

LABEL = Label("https://registry.kilnmark.org/P/7K3M9QX2VD5T6", "7K3M-9QX2-VD5T-6", "青花梅瓶", ("示例工作室",))
SVG = "{http://www.w3.org/2000/svg}"


def test_it_is_as_large_as_it_says_and_needs_no_typeface() -> None:
    svg = tag_svg(LABEL, size=(60, 40.5))
    root = ElementTree.fromstring(svg)
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("60mm", "40.5mm", "0 0 60 40.5")
    assert root.find(f"{SVG}title").text == "青花梅瓶 · 7K3M-9QX2-VD5T-6"  # type: ignore[union-attr]
    assert LABEL.url in str(root.findtext(f"{SVG}desc"))
    assert not root.findall(f".//{SVG}text"), "words are outlines"
    assert len([path for path in root.iter(f"{SVG}path") if path.get("id") == "code"]) == 1
    assert svg == tag_svg(LABEL, size=(60, 40.5)), "the same bytes for the same label"


@pytest.mark.parametrize("level", ["M", "Q"])
@pytest.mark.parametrize("demo", [False, True])
def test_whatever_it_holds_its_code_reads_back(level: str, demo: bool) -> None:
    for title in (
        "长题" * 150,
        "W" * 300,
        "𠮷野家 مرحبا 👨‍👩‍👧",
        "<script>alert(1)</script>&amp;]]>",
        "\x00\x0b\ufffe\ud800 a",
        "",
    ):
        missing = set[str]()
        label = replace(LABEL, title=title, lines=(title, title), demo=demo)
        svg = tag_svg(label, level=level, missing=missing)  # type: ignore[arg-type]
        check_svg(svg, LABEL.url)
        root = ElementTree.fromstring(svg)
        assert {child.tag.removeprefix(SVG) for child in root.iter()} <= {
            "svg", "title", "desc", "rect", "path", "circle", "g"
        }  # fmt: skip
        assert bool(missing) == any(ord(letter) > 0xD7FF or "\u0600" < letter < "\u0700" for letter in title)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rb"h0\.5v", b"h1.5v"),
        (rb"<path id=\"code\"", b'<path id="coda"'),
        (rb"viewBox=\"0 0 63", b'viewBox="0 0 126'),
        (rb"width=\"63\.5mm\"", b'width="127mm"'),
        (rb"<path fill=\"#[0-9a-f]{6}\" d=\"", rb"\g<0>M9 9L12 12Z"),
        (rb"d=\"M", b'd="m'),
        (rb"</svg>", b""),
    ],
)
def test_a_changed_file_is_not_handed_over(old: bytes, new: bytes) -> None:
    svg = tag_svg(LABEL)
    changed = re.sub(old, new, svg)
    assert changed != svg
    check_svg(svg, LABEL.url)
    for bad, expected in ((changed, LABEL.url), (svg, LABEL.url + "/2")):
        with pytest.raises(VerificationError):
            check_svg(bad, expected)


def test_a_label_without_room_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        tag_svg(LABEL, size=(30, 14))
