"""Whatever a text holds, it stays within its label and shows no box; what cannot be drawn is named."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from provenance.printing.dots import dot_label
from provenance.printing.fonts import SUBSTITUTE, Face, advances, drawable, name_of, runs, width
from provenance.printing.label import Composition, Label, compose
from provenance.printing.layouts import known_layouts
from provenance.printing.outlines import outline
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
    "korean": "청자 상감운학문 매병 靑磁",
    "jamo": "\u1112\u1161\u11ab\u1100\u1173\u11af \u3131\u3134 \u1112\u119e\u11ab",
    "japanese": "備前焼の徳利 直 骨 角",
    "kana": "か\u3099 は\u309a あ\u3099 ｶﾞﾗｽ ー、「器」",
    "mixed": "青花 청자 備前焼の Vase 白瓷 鶯歌",
    "long korean": "상감운학문매병" * 42 + "청자",
    "long": "青花缠枝莲纹梅瓶" * 37 + "四字",
    "one word": "Donaudampfschifffahrts" * 13,
    "marks": "Ạ̴́̇ Zo\u0308e e\u0301 " + "a" + "\u0301" * 60,
    "unseen": "zero\u200bwidth\u2060 \u202eback\u202c \ufeff \x00\x07\x1b[31m\u2028 tab\t \ufe0f",
    "spaces": " \u3000 \u00a0 ",
    "wide": "﷽ 𒐫 ⸻",
    "nothing": "",
}
WORDS = [*CHINESE.replace("/", "").split(), *TEXTS["korean"].split(), "徳利", "한글", "備前焼の", "鶯歌"]
"""Words that a reader finds again, in whatever faces they are set."""
LAYOUTS = {name: layout for name, layout in known_layouts().items() if name not in ("L4731",)}
_POINT = 25.4 / 72


def label(text: str, demo: bool = False) -> Label:
    return Label(URL, "7K3M-9QX2-VD5T-6", text, (text, "林家窑"), demo)


def assert_set(text: str, language: str, serif: bool) -> None:
    """Every character is in a run, in the text's order, and has a glyph in the run's face."""
    split = runs(text, language, serif)
    assert "".join(run for _, run in split) == text
    for face, run in split:
        assert {ord(character) for character in run} <= set(advances(face)), run
        assert face.serif == serif


def assert_whole(composition: Composition, size: tuple[float, float]) -> None:
    """Words within the label and beside the code, each character with a glyph."""
    width = width_at(600)
    code = composition.code_x + (len(composition.modules) + 4) * composition.module
    for words in composition.words:
        assert_set(words.text, words.language, words.serif)
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
    for language in ("zh-Hans", "zh-Hant", "ja", "ko", "en"):
        assert_set(shown, language, serif=True)
    assert (SUBSTITUTE in shown) == bool({c for c in missing if c != "\u0334"}), missing
    assert bool(missing) == (name in ("emoji", "arabic", "marks", "wide")), missing
    if name == "arabic":
        assert "U+0628 ARABIC LETTER BEH" in {name_of(character) for character in missing}


def test_marks_join_their_letters_and_unseen_characters_vanish() -> None:
    missing = set[str]()
    assert drawable("Zo\u0308e\u0301 \u200b\u202ea\u202c\ufe0f", missing) == "Zöé a"
    assert not missing
    assert drawable("x\u0488", missing) == "x"
    assert missing == {"\u0488"}
    assert drawable("か\u3099 は\u309a ｶﾞ \u1112\u1161\u11ab", missing) == "が ぱ ｶﾞ 한"
    assert drawable("\ufa19", missing) == "\ufa19"  # A form of its own in Japanese names.
    assert missing == {"\u0488"}


@pytest.mark.parametrize(
    ("language", "region"),
    [("zh-Hans", "SC"), ("zh-Hant", "TC"), ("zh-HK", "TC"), ("ja", "JP"), ("ko", "KR")],
)
def test_a_text_is_set_in_the_forms_of_its_language(language: str, region: str) -> None:
    assert runs("直骨 Vase", language) == [(Face(region), "直骨 Vase")]


def test_what_a_face_lacks_comes_from_the_next_one_and_only_that() -> None:
    sans, korean, japanese = Face("SC"), Face("KR"), Face("JP")
    assert runs("青花 청자 매병 vase") == [(sans, "青花 "), (korean, "청자 매병 "), (sans, "vase")]
    assert runs("청자 釉里红 甪", "ko") == [(korean, "청자 釉里"), (sans, "红 "), (Face("TC"), "甪")]
    assert runs("徳利 红釉", "ja") == [(japanese, "徳利 "), (sans, "红"), (japanese, "釉")]
    assert runs("") == []


def test_quotation_marks_are_as_narrow_as_the_text_wants_them() -> None:
    assert runs("The potter’s “moon jar” · 直骨", "en") == [
        (Face("JP"), "The potter’s “moon jar” · "),
        (Face("SC"), "直骨"),
    ]
    assert runs("直骨 jar’s", "de") == [(Face("SC"), "直骨 "), (Face("JP"), "jar’s")]
    assert width("’", 10, "en") < 0.3 * width("’", 10, "zh-Hans")


def test_the_same_character_is_drawn_in_each_languages_own_form() -> None:
    drawn = {language: outline("直骨", 0, 0, 10, language) for language in ("zh-Hans", "zh-Hant", "ja", "ko")}
    assert len(set(drawn.values())) > 2, drawn.keys()
    tags = {language: tag_png(replace(label("直骨"), language=language)) for language in ("zh-Hans", "ja")}
    assert len(set(tags.values())) == 2
    dots = {dot_label(replace(label("直骨"), language=tongue), (50, 30), 300, set()) for tongue in ("zh-Hans", "ja")}
    assert len(dots) == 2


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
    spoken = {"korean": "ko", "jamo": "ko", "japanese": "ja", "kana": "ja"}
    labels = [replace(label(text), language=spoken.get(name, "zh-Hans")) for name, text in TEXTS.items()]
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
    assert all(word in text for word in WORDS)
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
    faces = [line.split()[0].partition("+")[2] for line in lines[2:]]
    assert len(faces) == len(set(faces)), "each face is embedded once"
    assert {"NotoSerifSC", "NotoSerifJP", "NotoSerifKR"} <= set(faces)
    for line in lines[2:]:
        assert line[6] == "+", "a subset has a tag of six letters"
        assert line.split()[-5:-2] == ["yes", "yes", "yes"]  # Embedded, subset, with a map to Unicode.
    text = told("pdftotext", str(sheet), "-")
    assert all(word in text for word in WORDS)
