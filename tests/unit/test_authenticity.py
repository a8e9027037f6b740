"""The certificate of authenticity as a file: what a reader, an archive and a scanner find in it."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime

import pypdfium2
import pytest

from provenance.errors import VerificationError
from provenance.printing.authenticity import AuthenticityPage, Picture, print_authenticity
from provenance.printing.label import RED
from provenance.printing.readback import check_page, read_sheet
from tests.support.photos import photo_bytes

URL = "https://registry.example/P/7K3M9QX2VD5TC"
PAGE = AuthenticityPage(
    heading="Certificate of authenticity",
    title="Meiping vase with scrolling lotus",
    subtitle="青花缠枝莲纹梅瓶",
    byline="林美华 · Guild Workshop",
    facts=(("Glaze", "Clear, slightly blue"), ("胎", "高岭土"), ("Edition", "3 / 10")),
    pictures=(Picture.of(photo_bytes((600, 800)), "The whole piece"),),
    credit="© 2026 Guild Workshop",
    url=URL,
    serial="7K3M-9QX2-VD5T-C",
    record=("Recorded on the ledger on 2026-11-02, in block 12 of chain 1337.", "This sheet proves nothing by itself."),
    signature="Signature or seal",
    bundle=b'{"type":"KilnmarkBundle"}',
    bundle_name="7K3M-9QX2-VD5T-C.kilnmark.json",
    language="en",
)
NOW = datetime(2026, 11, 26, tzinfo=UTC)


def printed(page: AuthenticityPage) -> tuple[bytes, tuple[str, ...]]:
    out = io.BytesIO()
    missing = print_authenticity(page, out, created=NOW)
    return out.getvalue(), missing


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        assert len(document) == 1
        return str(document[0].get_textpage().get_text_range()).replace("\r\n", "\n")
    finally:
        document.close()


def test_all_that_it_says_can_be_read_and_scanned() -> None:
    pdf, missing = printed(PAGE)
    assert missing == ()
    assert read_sheet(pdf) == [URL]
    told = text_of(pdf)
    for words in (PAGE.heading, PAGE.title, PAGE.subtitle, PAGE.byline, PAGE.credit, PAGE.serial, PAGE.signature):
        assert words in told
    for name, value in PAGE.facts:
        assert name in told
        assert value in told


def test_a_page_of_the_demo_says_so_in_the_face_of_whoever_reads_it() -> None:
    assert "DEMO" not in text_of(printed(PAGE)[0])
    pdf, _ = printed(replace(PAGE, demo=True))
    assert "DEMO" in text_of(pdf)
    document = pypdfium2.PdfDocument(pdf)
    try:
        image = document[0].render(scale=1).to_pil()
    finally:
        document.close()
    assert image.getpixel((round(158 / 25.4 * 72), round(18 / 25.4 * 72))) == RED


def test_it_is_an_archive_of_the_bundle() -> None:
    pdf, _ = printed(PAGE)
    document = pypdfium2.PdfDocument(pdf)
    try:
        assert document.count_attachments() == 1
        attachment = document.get_attachment(0)
        assert attachment.get_name() == PAGE.bundle_name
        assert bytes(attachment.get_data()) == PAGE.bundle
    finally:
        document.close()
    assert pdf.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>3</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>U</pdfaid:conformance>" in pdf
    assert re.search(rb"/OutputIntents?\b", pdf)
    assert re.search(rb"/AFRelationship /Data\b", pdf)
    assert len(re.findall(rb"/BaseFont /[A-Z]{6}\+", pdf)) >= 2, "fonts are subsets"


@pytest.mark.parametrize(
    ("title", "count"),
    [
        ("长题" * 150, 9),
        ("W" * 300, 0),
        ("word " * 60, 2),
        ("👨‍👩‍👧‍👦 \u202e𠮷野家 مرحبا", 1),
        (" ", 2),
        ("鬥彩 斗彩 甪 埏 龑 喆 堃 昇", 3),
    ],
)
def test_whatever_it_holds_stays_within_the_frame(title: str, count: int) -> None:
    pictures = tuple(Picture.of(photo_bytes((90, 400 if number % 2 else 40)), title) for number in range(count))
    facts = tuple((f"{title[:40]} {number}", title) for number in range(30))
    page = replace(PAGE, title=title, subtitle=title, byline=title, facts=facts, credit=title, pictures=pictures)
    page = replace(page, record=(title, title, title), signature=title)
    pdf, missing = printed(page)
    check_page(pdf, URL)
    assert all(name.startswith("U+") for name in missing)
    assert bool(missing) == ("👨" in title)
    document = pypdfium2.PdfDocument(pdf)
    try:
        image = document[0].render(scale=1, grayscale=True).to_pil()
    finally:
        document.close()
    edge = 24  # Points: outside the frame nothing is printed.
    width, height = image.size
    for box in (
        (0, 0, edge, height),
        (width - edge, 0, width, height),
        (0, 0, width, edge),
        (0, height - edge, width, height),
    ):
        assert image.crop(box).getextrema() == (255, 255)


def test_a_code_that_is_not_there_is_told() -> None:
    pdf, _ = printed(PAGE)
    with pytest.raises(VerificationError) as caught:
        check_page(pdf, URL[:-1] + "D")
    assert caught.value.code == "sheet-unreadable"
