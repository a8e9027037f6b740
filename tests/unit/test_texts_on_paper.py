"""Whatever a text holds, it stays within its label and shows no box; what cannot be drawn is named."""

from __future__ import annotations

import io
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from provenance.printing.fonts import SUBSTITUTE, characters, drawable, name_of
from provenance.printing.label import Composition, Label, compose
from provenance.printing.layouts import known_layouts
from provenance.printing.png import tag_png
from provenance.printing.raster import width_at
from provenance.printing.readback import check_image, check_sheet
from provenance.printing.sheet import print_sheet
from provenance.serial import Serial
from provenance.tag import tag_url

URL = tag_url("https://registry.kilnmark.org", Serial("7K3M9QX2VD5T6"))
CHINESE = "鬥彩 / 斗彩 甪埏龑 喆堃昇"
TEXTS = {
    "chinese": CHINESE,
    "emoji": "青花 😀🏺👩‍🎨🇨🇳 vase",
    "arabic": "إبريق خزفي ١٢٣",
    "korean": "청자 주전자",
    "japanese": "備前焼の徳利 直 骨 角",
    "long": "青花缠枝莲纹梅瓶" * 37 + "四字",
    "one word": "Donaudampfschifffahrts" * 13,
    "marks": "Ạ̴́̇ Zo\u0308e e\u0301 " + "a" + "\u0301" * 60,
    "unseen": "zero\u200bwidth\u2060 \u202eback\u202c \ufeff \x00\x07\x1b[31m\u2028 tab\t \ufe0f",
    "spaces": " \u3000 \u00a0 ",
    "wide": "﷽ 𒐫 ⸻",
    "nothing": "",
}
LAYOUTS = {name: layout for name, layout in known_layouts().items() if name not in ("L4731",)}
_POINT = 25.4 / 72


def label(text: str, demo: bool = False) -> Label:
    return Label(URL, "7K3M-9QX2-VD5T-6", text, (text, "林家窑"), demo)


def assert_whole(composition: Composition, size: tuple[float, float]) -> None:
    """Words within the label and beside the code, each character with a glyph."""
    width = width_at(600)
    code = composition.code_x + (len(composition.modules) + 4) * composition.module
    for words in composition.words:
        assert {ord(character) for character in words.text} <= characters(words.serif), words.text
        left, right = words.x, words.x + width(words.text, words.size, words.serif)
        top, bottom = words.y - 0.9 * words.size * _POINT, words.y + 0.25 * words.size * _POINT
        assert -0.01 <= left <= right <= size[0] + 0.01, words
        assert top >= -0.01, words
        assert bottom <= size[1] + 0.01, words
        if words.text not in ("7K3M-9QX2-VD5T-6",):
            assert left >= code - 0.01, words
    if composition.seal is None:
        return
    x, y, radius = composition.seal
    for words in composition.words:
        right = words.x + width(words.text, words.size, words.serif)
        low = words.y > y - radius and right > x - radius
        assert not low, f"{words} runs into the seal"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_text_leaves_its_label_or_shows_a_box(layout: str) -> None:
    size = LAYOUTS[layout].label
    for text in TEXTS.values():
        for demo in (False, True):
            assert_whole(compose(label(text, demo), size, width_at(600), set()), size)


@pytest.mark.parametrize("name", TEXTS)
def test_what_has_no_glyph_is_named_and_nothing_else(name: str) -> None:
    missing = set[str]()
    shown = drawable(TEXTS[name], missing, serif=True)
    assert {ord(character) for character in shown} <= characters(serif=True)
    assert (SUBSTITUTE in shown) == bool({c for c in missing if c != "\u0334"}), missing
    if name in ("chinese", "japanese", "long", "one word", "unseen", "spaces", "nothing"):
        assert not missing
    if name == "korean":
        assert {name_of(character) for character in missing} >= {"U+CCAD HANGUL SYLLABLE CEONG"}
    if name == "arabic":
        assert "U+0628 ARABIC LETTER BEH" in {name_of(character) for character in missing}


def test_marks_join_their_letters_and_unseen_characters_vanish() -> None:
    missing = set[str]()
    assert drawable("Zo\u0308e\u0301 \u200b\u202ea\u202c\ufe0f", missing) == "Zöé a"
    assert not missing
    assert drawable("x\u0488", missing) == "x"
    assert missing == {"\u0488"}
    assert drawable("\ufa19", missing) == "神"
    assert missing == {"\u0488", "\ufa19"}


@pytest.mark.parametrize("name", TEXTS)
def test_pictures_of_all_texts_read_back_within_their_edges(name: str) -> None:
    png = tag_png(label(TEXTS[name]), dpi=300)
    check_image(png, URL)
    with Image.open(io.BytesIO(png)) as image:
        grey = image.convert("L")
        for box in (
            (0, 0, grey.width, 2),
            (0, grey.height - 2, grey.width, grey.height),
            (grey.width - 2, 0, *grey.size),
        ):
            assert grey.crop(box).getextrema() == (255, 255)


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    drawn = io.BytesIO()
    labels = [label(text) for text in TEXTS.values()]
    report = print_sheet(labels, drawn, known_layouts()["L7160"], created=datetime(2026, 1, 1, tzinfo=UTC))
    assert "U+0628 ARABIC LETTER BEH" in report.missing
    path = tmp_path_factory.mktemp("sheet") / "tags.pdf"
    path.write_bytes(drawn.getvalue())
    return path


def test_a_sheet_of_all_texts_is_within_its_labels_and_gives_its_words_back(sheet: Path) -> None:
    check_sheet(sheet.read_bytes(), [URL] * len(TEXTS))
    document = pypdfium2.PdfDocument(sheet)
    try:
        page = document[0]
        text = page.get_textpage().get_text_range()
        image = page.render(scale=150 / 72, grayscale=True).to_pil()
    finally:
        document.close()
    assert all(word in text for word in CHINESE.split() if word != "/")
    layout, scale = known_layouts()["L7160"], 150 / 25.4
    assert image.getextrema()[0] < 50
    for position in range(layout.per_page):
        x, y = layout.place(position)
        width, height = layout.label
        image.paste(255, tuple(round(value * scale) for value in (x, y, x + width, y + height)))
    assert image.getextrema() == (255, 255)


def test_poppler_finds_fonts_embedded_and_subset_and_the_titles(sheet: Path) -> None:
    if shutil.which("pdffonts") is None or shutil.which("pdftotext") is None:
        pytest.skip("poppler-utils (pdffonts, pdftotext) is not installed")

    def told(*command: str) -> str:
        return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout.decode()

    lines = told("pdffonts", str(sheet)).splitlines()
    assert len(lines) == 4
    for line in lines[2:]:
        assert line[6] == "+", "a subset has a tag of six letters"
        assert line.split()[-5:-2] == ["yes", "yes", "yes"]  # Embedded, subset, with a map to Unicode.
    text = told("pdftotext", str(sheet), "-")
    assert all(word in text for word in CHINESE.split() if word != "/")
