"""Hang-tags and box cards: what stands on them, where, and that it keeps to its room."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pypdfium2
import pytest
from PIL import Image

from provenance.errors import ConfigurationError
from provenance.printing.cards import CARDS, Card, CardReport, Fact, print_cards
from provenance.printing.hangtags import LAYOUT, print_hangtags, secret_place
from provenance.printing.layouts import Layout
from provenance.printing.pen import BLEED
from provenance.printing.readback import check_sheet

NOW = datetime(2026, 11, 26, tzinfo=UTC)
DPI = 127
"""Five dots a millimetre."""
CARD = Card(
    url="https://registry.kilnmark.org/P/7K3M9QX2VD5T6",
    serial="7K3M-9QX2-VD5T-6",
    title="青花缠枝莲纹梅瓶",
    subtitle="Meiping vase with scrolling lotus",
    studio="示例工作室 Sample Studio",
    facts=(
        Fact("作者 Maker", "林美华", "Lin Meihua"),
        Fact("烧成日期 Fired", "2026-11-02"),
        Fact("窑 Kiln", "柴窑", "Wood-fired kiln"),
        Fact("尺寸 Size", "高 312 · 径 54 mm", "Height 312 · Diameter 54 mm"),
    ),
    hint=("扫码看记录，再与实物核对。", "Scan to see the record."),
    secret="私密码位置",
)
BEYOND = tuple(
    replace(
        CARD,
        url=CARD.url[:-1] + str(number),
        title=words,
        subtitle=words,
        studio=words,
        facts=tuple(Fact(words[:40], words, words) for _ in range(30)),
        hint=(words, words),
        secret=words,
        demo=True,
    )
    for number, words in enumerate(("长题" * 150, "W" * 300, "word " * 60, "鬥彩 斗彩 甪 埏 龑 喆 堃 昇", " ", ""))
)
Printer = Callable[..., CardReport]
FORMS = [
    *((partial(print_cards, size=name), layout) for name, layout in CARDS.items()),
    (print_hangtags, LAYOUT),
]


def printed(printer: Printer, *cards: Card) -> tuple[bytes, CardReport]:
    out = io.BytesIO()
    report = printer(cards, out, created=NOW)
    return out.getvalue(), report


def pixels(left: float, top: float, right: float, bottom: float) -> tuple[int, int, int, int]:
    """Return a box in mm as pixels."""
    dots = DPI / 25.4
    return round(left * dots), round(top * dots), round(right * dots), round(bottom * dots)


def pages(pdf: bytes) -> tuple[list[str], list[Image.Image]]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        texts = [str(page.get_textpage().get_text_range()) for page in document]
        return texts, [page.render(scale=DPI / 72, grayscale=True).to_pil() for page in document]
    finally:
        document.close()


@pytest.mark.parametrize(("printer", "layout"), FORMS)
def test_a_card_says_in_both_languages_what_the_piece_is(printer: Printer, layout: Layout) -> None:
    pdf, report = printed(printer, CARD)
    assert report.missing == ()
    check_sheet(pdf, [CARD.url])
    told = "".join(pages(pdf)[0])
    for words in (CARD.title, CARD.subtitle, CARD.studio, CARD.serial, "Maker", "林美华", "Lin Meihua", "312", "柴窑"):
        assert words in told
    assert "DEMO" not in told
    assert printed(printer, CARD)[0] == pdf, "the same bytes for the same card"
    assert "DEMO" in pages(printed(printer, replace(CARD, demo=True))[0])[0][0]


@pytest.mark.parametrize(("printer", "layout"), FORMS)
def test_whatever_it_holds_stays_on_the_card(printer: Printer, layout: Layout) -> None:
    """Outside a card and its bleed stand cut marks alone, and they are near its corners."""
    pdf, report = printed(printer, *BEYOND)
    check_sheet(pdf, [card.url for card in BEYOND])
    assert report.cards == len(BEYOND)
    for image in pages(pdf)[1]:
        for position in range(layout.per_page):
            x, y = layout.place(position)
            edge = BLEED + 0.3
            box = (x - edge, y - edge, x + layout.label[0] + edge, y + layout.label[1] + edge)
            image.paste(255, pixels(*box))
            for corner_x in (x, x + layout.label[0]):
                for corner_y in (y, y + layout.label[1]):
                    around = (corner_x - 4.8, corner_y - 4.8, corner_x + 4.8, corner_y + 4.8)
                    image.paste(255, pixels(*around))
            if layout is LAYOUT:  # The fold's dashes.
                image.paste(255, pixels(*(x - 5, y + 44, x + 55, y + 46)))
        assert image.getextrema() == (255, 255)


@pytest.mark.parametrize(("printer", "layout"), FORMS)
def test_what_the_face_lacks_is_named(printer: Printer, layout: Layout) -> None:
    _, report = printed(printer, replace(CARD, subtitle="مرحبا 👨"))
    assert "U+1F468 MAN" in report.missing
    assert all(name.startswith("U+") for name in report.missing)


@pytest.mark.parametrize(("printer", "layout"), FORMS)
def test_a_code_that_is_too_large_for_the_card_is_refused(printer: Printer, layout: Layout) -> None:
    with pytest.raises(ConfigurationError) as caught:
        printed(printer, replace(CARD, url=f"https://{'long.' * 100}org/P/7K3M9QX2VD5T6"))
    assert caught.value.code == "card-too-small"
    with pytest.raises(ConfigurationError):
        printed(printer)


def test_the_place_for_the_secret_code_is_empty_and_behind_the_front() -> None:
    count = LAYOUT.per_page + 1
    cards = [replace(CARD, url=CARD.url[:-2] + f"{number:02}") for number in range(count)]
    pdf, report = printed(print_hangtags, *cards)
    texts, images = pages(pdf)
    assert report.pages == len(texts) == 4
    for number in range(count):
        place = secret_place(number)
        inside = images[place.page]
        side = place.side
        box = (place.x + 0.4, place.y + 0.4, place.x + side - 0.4, place.y + side - 0.4)
        assert inside.crop(pixels(*box)).getextrema() == (255, 255)
        corner = (place.x - 0.4, place.y - 0.4, place.x + 0.4, place.y + 2.0)
        assert sum(inside.crop(pixels(*corner)).histogram()[:200]) > 0
        # Turned over the long edge it lies behind the front, which is the upper half of the tag's place.
        x, y = LAYOUT.place(number % LAYOUT.per_page)
        behind = LAYOUT.page[0] - place.x - side
        assert x < behind < behind + side < x + LAYOUT.label[0]
        assert y < place.y < place.y + side < y + 45
